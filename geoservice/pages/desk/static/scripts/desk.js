// The desk: puts its parts together. Without this script the page can be read, and its forms sent.
import { Stream } from '../../shell/scripts/live.js';
import * as detail from './detail.js';
import * as keys from './keys.js';
import * as map from './map.js';
import { byId, desk, list, listUrl } from './parts.js';
import * as rows from './rows.js';

const GATHER_MS = 300;
const MINUTE_MS = 60000;

document.documentElement.classList.add('scripted');

// Events are gathered for a moment: of fifty in a second the rows are asked for once.
const heard = new Set();
const came = new Set(); // of these, those that may not have been in the list before
let gathering = null;

function take(event) {
  if (!event.incident) return;
  heard.add(event.incident);
  if (rows.mayHaveCome(event)) came.add(event.incident);
  gathering = gathering || setTimeout(tell, GATHER_MS);
}

async function tell() {
  const [ids, news] = [[...heard], new Set(came)];
  heard.clear();
  came.clear();
  gathering = null;
  try {
    await rows.refresh(ids, news);
    if (ids.includes(detail.shownId())) await detail.freshen();
  } catch {
    ids.forEach((id) => heard.add(id)); // with the next one, or the next minute
    news.forEach((id) => came.add(id));
  }
}

function listClicks(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const link = event.target.closest('a');
  if (event.target.closest('#fresh')) {
    rows.take();
    return;
  }
  if (!link || link.hasAttribute('download')) return;
  const row = link.closest('.row');
  event.preventDefault();
  if (row) {
    rows.choose(row);
    detail.open(row.dataset.id);
  } else if (link.id === 'more') rows.more();
  else rows.load(link.href, { push: link.closest('#views') ? 'push' : 'replace' }).then(openFirst);
}

function filtered(event) {
  if (!event.target.closest('.filters')) return;
  const form = byId('filters');
  const url = new URL(form.action, location.href);
  for (const [name, value] of new FormData(form)) if (value) url.searchParams.set(name, value);
  const { name } = event.target;
  rows.load(url, { push: 'replace' }).then(() => byId('filters').elements[name]?.focus({ preventScroll: true }));
}

// On a wide page the first is open: what it says is read, not looked for.
function openFirst() {
  const first = rows.rows()[0];
  if (!first || matchMedia('(max-width: 1099px)').matches || detail.form()) return;
  rows.choose(first, false);
  detail.open(first.dataset.id, { push: false });
}

async function followAddress() {
  const url = new URL(location.href);
  const id = url.searchParams.get('open');
  const same = [...new Set([...url.searchParams.keys(), ...listUrl().searchParams.keys()])].every(
    (name) => name === 'open' || name === 'do' || url.searchParams.get(name) === listUrl().searchParams.get(name),
  );
  if (!same) await rows.load(url);
  if (id) await detail.open(id, { push: false });
  else desk.classList.remove('opened');
  const row = id && rows.rowOf(id);
  if (row) rows.choose(row);
}

function listen() {
  const url = document.body.dataset.stream;
  const again = () => rows.refreshShown().catch(() => null);
  if (url) {
    const stream = new Stream(url, { heard: take, gap: again, jurisdiction: document.body.dataset.jurisdiction });
    stream.start();
  }
  // What is late becomes so without an event, by working time that only the server knows.
  setInterval(() => document.hidden || again(), MINUTE_MS);
  document.addEventListener('visibilitychange', () => document.hidden || again());
}

function start() {
  rows.start();
  detail.start();
  keys.start();
  const goTo = map.start((id) => {
    const row = rows.rowOf(id);
    if (row) rows.choose(row);
    detail.open(id);
  });
  detail.onOpened(goTo);
  list.addEventListener('click', listClicks);
  list.addEventListener('change', filtered);
  list.addEventListener('submit', (event) => event.target.id === 'filters' && event.preventDefault()); // a change is sent already
  window.addEventListener('popstate', followAddress);
  if (!desk.classList.contains('opened')) openFirst();
  listen();
  document.body.dataset.ready = 'true';
}

start();
