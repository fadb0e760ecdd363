// What is looked at stands in the address: centre and zoom, layers, filters, what is open. Who opens the address sees the same.
import { map, settings, todayThere } from './parts.js';

const FILTERS = ['service', 'source', 'officer', 'age', 'late', 'soon'];
const STATUSES = ['reported', 'dispatched', 'accepted', 'resolved', 'returned'];
export const KINDS = ['reported', 'in_hand', 'closed']; // of past days
const OURS = ['map', 'layers', 'off', 'status', 'shade', 'open', 'place', 'from', 'to', 'then', 'heat', 'base', ...FILTERS];
const shownAtFirst = settings.layers.filter((spec) => spec.shown).map((spec) => spec.key);
const NO_STATUS = 'none'; // what is left empty counts for nothing in an address
const listed = (text) => (text ? text.split(',') : []);

const numbers = (text, many) => {
  const found = (text || '').split('/').map(Number);
  return found.length === many && found.every(Number.isFinite) ? found : null;
};

function viewOf(text) {
  const found = numbers(text, 3);
  return found && Math.abs(found[2]) <= 90 ? { zoom: found[0], lon: found[1], lat: found[2] } : null;
}

function placeOf(text) {
  const found = numbers((text || '').replace(',', '/'), 2);
  return found && Math.abs(found[1]) <= 90 ? { lon: found[0], lat: found[1] } : null;
}

const DAY_MS = 86400000;
const FIRST_DAY = '1900-01-01'; // that is understood
const written = (instant) => new Date(instant).toISOString().slice(0, 10);
export const dayAfter = (day, days) => written(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS);

// A day of the calendar that there is; Date knows a 31st of every month.
function dayOf(text) {
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text || '') && !Number.isNaN(Date.parse(text)) && written(Date.parse(text)) === text;
  return isDay && text >= FIRST_DAY ? text : '';
}

// The first day from which so many are told at once.
export const firstDayTo = (to) => [dayAfter(to, 1 - settings.days), FIRST_DAY].sort()[1];

// Days as they are told: up to today, and not more than are told at once; a first day alone is none.
export function spanOf(from, to) {
  const today = todayThere();
  const last = to > today ? today : to;
  const first = from && last && from < firstDayTo(last) ? firstDayTo(last) : from;
  return { to: last, from: first < last ? first : '' };
}

// What the page does not offer narrows nothing, or whoever was sent the address of somebody who is told more sees an empty map.
const CAN_BE = { age: /^[1-9]\d{0,4}$/, late: /^true$/, soon: /^true$/ };
const isOffered = (name) => document.querySelector(`#filters [name=${name}]`) !== null;
const filterOf = (name, text) => (text && isOffered(name) && (CAN_BE[name] || /./).test(text) ? text : '');

export const state = {};

// Brings the state to what the address says.
export function readAddress() {
  const asked = new URLSearchParams(window.location.search);
  Object.assign(state, {
    ...spanOf(dayOf(asked.get('from')), settings.days ? dayOf(asked.get('to')) : ''),
    then: new Set(asked.has('then') ? listed(asked.get('then')).filter((one) => KINDS.includes(one)) : KINDS),
    view: viewOf(asked.get('map')),
    layers: new Set(asked.has('layers') ? listed(asked.get('layers')) : shownAtFirst),
    off: new Set(listed(asked.get('off'))),
    statuses: new Set(asked.has('status') ? listed(asked.get('status')) : STATUSES),
    shade: asked.get('shade') || '',
    heat: asked.get('heat') === 'true',
    base: asked.get('base') || '',
    open: asked.get('open'),
    place: placeOf(asked.get('place')),
    filters: Object.fromEntries(FILTERS.map((name) => [name, filterOf(name, asked.get(name))])),
  });
}

const same = (set, list) => set.size === list.length && list.every((one) => set.has(one));

// Slashes and commas mean nothing in a query: people read it.
const plain = (query) => query.toString().replaceAll('%2F', '/').replaceAll('%2C', ',');

function query() {
  const said = new URLSearchParams(window.location.search);
  OURS.forEach((name) => said.delete(name));
  const put = (name, value) => value && said.set(name, value);
  const { lng, lat } = map.getCenter();
  put('map', state.view && `${Number(map.getZoom().toFixed(2))}/${lng.toFixed(6)}/${lat.toFixed(6)}`);
  if (!same(state.layers, shownAtFirst)) said.set('layers', [...state.layers].join(','));
  put('off', [...state.off].join(','));
  if (!same(state.statuses, STATUSES)) said.set('status', [...state.statuses].join(','));
  for (const name of FILTERS) put(name, state.filters[name]);
  put('shade', state.shade);
  put('base', state.base);
  put('heat', state.heat && 'true');
  put('from', state.from);
  put('to', state.to);
  if (state.to && !same(state.then, KINDS)) said.set('then', [...state.then].join(','));
  put('open', state.open);
  put('place', state.place && `${state.place.lon.toFixed(7)},${state.place.lat.toFixed(7)}`);
  return plain(said);
}

// What is printed is what is looked at: the print's address has the same words.
function turnPrint(said) {
  const link = document.getElementById('print');
  if (!link) return;
  const url = new URL(link.href);
  for (const name of ['map', 'layers', 'off', 'status', ...FILTERS]) {
    const shown = new URLSearchParams(said).get(name);
    const value = name === 'status' && shown === '' ? NO_STATUS : shown;
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  link.href = `${url.pathname}?${plain(url.searchParams)}`;
}

// The page in its other languages is the same view, and so is what signing in leads back to.
function turnLinks(said) {
  const signIn = document.querySelector('a.account');
  if (signIn) {
    const url = new URL(signIn.href);
    url.searchParams.set('next', window.location.pathname + (said ? `?${said}` : ''));
    signIn.href = url.pathname + url.search;
  }
  for (const link of document.querySelectorAll('.languages a')) {
    const url = new URL(link.href);
    const lang = url.searchParams.get('lang');
    const own = new URLSearchParams(said);
    own.delete('lang');
    if (lang) own.set('lang', lang);
    link.href = `${url.pathname}?${plain(own)}`;
  }
}

// Filters and views replace the address, opening something adds one: so Back leads to what was open before.
export function writeAddress({ push = false } = {}) {
  const said = query();
  const url = window.location.pathname + (said ? `?${said}` : '');
  turnLinks(said);
  turnPrint(said);
  if (url === window.location.pathname + window.location.search) return;
  window.history[push ? 'pushState' : 'replaceState'](null, '', url);
}

export const isNarrowed = () => FILTERS.some((name) => state.filters[name]) || !same(state.statuses, STATUSES);

export function clearFilters() {
  FILTERS.forEach((name) => (state.filters[name] = ''));
  state.statuses = new Set(STATUSES);
}

readAddress();
