// What every part of the map page knows: the map that folium drew, its settings, words, and elements made of text nodes only.
export const { map, settings } = window.geoservice;
export const { words, urls } = settings;
export const { jurisdiction, language, zone } = document.body.dataset;
export const phone = window.matchMedia('(max-width: 900px)');

export const byId = (id) => document.getElementById(id);

// el('p', 'note', 'text', child): strings become text nodes, never markup.
export function el(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ''));
  return node;
}

export function button(className, text, act) {
  const node = el('button', className, text);
  node.type = 'button';
  node.addEventListener('click', act);
  return node;
}

export const count = (value) => Number(value).toLocaleString('en-US');
export const say = (key, holes = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => holes[name]);
export const xOfY = (x, y) => (x === y ? count(x) : say('x_of_y', { x: count(x), y: count(y) }));

// A property in the page's language: name_en on an English page where there is one.
export const named = (properties, name = 'name') => (language === 'en' && properties[`${name}_en`]) || properties[name];

const partsOf = new Intl.DateTimeFormat('en-GB', {
  year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: zone,
});

function clockParts(instant) {
  return Object.fromEntries(partsOf.formatToParts(instant).map(({ type, value }) => [type, value]));
}

// An instant by the jurisdiction's clocks; the year where it is another.
export function moment(instant) {
  const at = clockParts(instant);
  const year = at.year === clockParts(new Date()).year ? '' : `${at.year}-`;
  return `${year}${at.month}-${at.day} ${at.hour}:${at.minute}`;
}

// Today by the clocks there, such as 2026-11-12.
export const todayThere = () => new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(new Date());

// A day of the calendar, as people write it; browsers do not know how Tibetan is written, so it stays as it is.
const DAY_FORMS = { zh: 'zh-CN', en: 'en-GB' };
const dayForm = DAY_FORMS[language]
  && new Intl.DateTimeFormat(DAY_FORMS[language], { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
export const dayWords = (day) => (dayForm ? dayForm.format(new Date(`${day}T00:00:00Z`)) : day);

export function clock(instant) {
  const at = clockParts(instant);
  return `${at.hour}:${at.minute}`;
}

export function metres(value) {
  if (value < 0.5) return words.inside;
  return value < 1000 ? say('metres', { m: Math.round(value) }) : say('kilometres', { km: (value / 1000).toFixed(1) });
}

// A value as people read it, by the field's format.
export function written(value, { property, format }, spec) {
  if (value === null || value === undefined || value === '') return '—';
  if (format === 'count') return count(value);
  if (format === 'degrees') return `${Math.round(Number(value))}°`;
  if (format === 'metres') return `${Math.round(Number(value))} m`;
  if (format === 'time') return Number.isNaN(Date.parse(value)) ? String(value) : moment(new Date(value));
  if (format === 'yes_no') return value ? words.yes : words.no;
  if (format === 'coded') return spec.values[property]?.[value] || String(value);
  return String(value);
}

// Whoever does not answer for so long does not answer: a network that went away without a word leaves questions open.
const PATIENCE_MS = 60000;

export async function ask(url, options = {}) {
  const answer = await fetch(url, { credentials: 'same-origin', signal: AbortSignal.timeout(PATIENCE_MS), ...options });
  if (!answer.ok) throw Object.assign(new Error(`${url} answered ${answer.status}`), { status: answer.status });
  return answer;
}

export async function fetchJson(url, options = {}) {
  const answer = await ask(url, options);
  return answer.json();
}

export function address(path, parameters) {
  const url = new URL(path, window.location.href);
  for (const [name, value] of Object.entries(parameters)) if (value !== null && value !== undefined) url.searchParams.set(name, value);
  return url;
}
