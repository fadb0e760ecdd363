// Parts of the page, which the server renders by the same templates as the page itself.
/* global Idiomorph */
export const list = document.getElementById('list');
export const detail = document.getElementById('detail');
export const desk = document.getElementById('desk');
export const words = document.getElementById('desk-words').dataset;
const said = document.getElementById('said');

export const byId = (id) => document.getElementById(id);

// The address of the list that is shown, and of one of its parts.
export const listUrl = () => new URL(byId('rows').dataset.url, location.href);

export function partUrl(part, more = {}) {
  const url = listUrl();
  url.pathname += part;
  for (const [name, value] of Object.entries(more)) url.searchParams.set(name, value);
  return url;
}

// The server says no, or is not there: `part` is what it says instead, if anything.
export class Refused extends Error {
  constructor(status, part) {
    super(String(status));
    Object.assign(this, { status, part });
  }
}

export async function fetchPart(url, options = {}) {
  const headers = { 'X-Fragment': '1', Accept: 'text/html', ...options.headers };
  let answer;
  try {
    answer = await fetch(url, { ...options, headers, cache: 'no-store', credentials: 'same-origin' });
  } catch {
    throw new Refused(0, '');
  }
  const text = await answer.text();
  if (!answer.ok) throw new Refused(answer.status, text);
  return text;
}

// Parsed and not run: there is no script in what the server renders, and none would run.
export function parsed(text) {
  const template = document.createElement('template');
  template.innerHTML = text;
  return template.content;
}

// Puts new content in the place of old and leaves alone what is the same: the focus, and what somebody is writing.
export function morph(node, content, inside = true) {
  Idiomorph.morph(node, content, { morphStyle: inside ? 'innerHTML' : 'outerHTML', ignoreActiveValue: true });
}

export function say(sentence) {
  said.textContent = sentence;
}

// Says that something takes long, and not when it does not.
export async function slowly(node, work) {
  const timer = setTimeout(() => node.classList.add('busy'), 300);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    node.classList.remove('busy');
  }
}
