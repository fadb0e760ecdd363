/* global L */
// What came: the three newest in words (service, grid, time), and for a while a ring where each new one is. Never more of either.
import { byId, clock, count, el, language, map, moment, say, words } from '../../maps/scripts/parts.js';
import { matters } from '../../maps/scripts/matters.js';
import { sign } from '../../shell/scripts/symbols.js';

const LINES = 3;
const RINGS_MOST = 8;
const NEW_MS = 30000;
const EARLIER_S = 600; // what was in hand before and comes back is not new

let known = null;
let latest = 0;
let recent = []; // ids and when they were told
let gridName = (code) => code;

function serviceName({ service }) {
  const [name, english] = matters.services[service] || [service, null];
  return (language === 'en' && english) || name;
}


// The time of day; the day as well where it is another.
function timeOf(one) {
  const at = new Date(one.reported * 1000);
  const [day] = moment(at).split(' ');
  return day === moment(new Date()).split(' ')[0] ? clock(at) : moment(at);
}

const placeOf = (one) => (one.grid ? gridName(one.grid) : words.no_grid);

function lineOf(one, isNew) {
  const line = el('li', isNew ? 'new' : '', sign(one.status), el('span', 'service', serviceName(one)), el('span', 'where', placeOf(one)), el('time', '', timeOf(one)));
  line.dataset.id = one.id;
  return line;
}

function showLines() {
  const since = Date.now() - NEW_MS;
  recent = recent.filter(({ at }) => at > since);
  const isNew = new Set(recent.map(({ id }) => id));
  const newest = [];
  for (const one of matters.byId.values()) {
    if (newest.length === LINES && one.reported <= newest[LINES - 1].reported) continue;
    newest.push(one);
    newest.sort((a, b) => b.reported - a.reported);
    newest.length = Math.min(newest.length, LINES);
  }
  byId('newest').replaceChildren(...(newest.length ? newest.map((one) => lineOf(one, isNew.has(one.id))) : [el('li', '', words.nothing)]));
  const others = recent.filter(({ id }) => matters.byId.has(id) && !newest.some((one) => one.id === id)).length;
  byId('more').hidden = !others;
  byId('more').textContent = others ? say('more', { n: count(others) }) : '';
}

const rings = new Map();

function ring(one) {
  if (one.lat === null) return;
  if (rings.size >= RINGS_MOST) unring(rings.keys().next().value);
  const icon = L.divIcon({ className: 'ring-anchor', iconSize: [0, 0], html: el('span', 'ring') });
  rings.set(one.id, L.marker([one.lat, one.lon], { icon, interactive: false, keyboard: false, pane: 'names' }).addTo(map));
}

function unring(id) {
  rings.get(id)?.remove();
  rings.delete(id);
}

function announce(fresh) {
  const now = Date.now();
  fresh.sort((a, b) => a.reported - b.reported);
  recent.push(...fresh.slice(-RINGS_MOST * 100).map(({ id }) => ({ id, at: now })));
  fresh.slice(-RINGS_MOST).forEach(ring);
  const last = fresh[fresh.length - 1];
  byId('said').textContent = say('came', { service: serviceName(last), grid: placeOf(last), time: timeOf(last) });
}

// Told whenever what is in hand was read.
export function showArrivals() {
  if (!matters.ready) return;
  const fresh = [];
  let newest = latest;
  for (const one of matters.byId.values()) {
    if (known && !known.has(one.id) && one.reported >= latest - EARLIER_S) fresh.push(one);
    newest = Math.max(newest, one.reported);
  }
  known = new Set(matters.byId.keys());
  latest = newest;
  if (fresh.length) announce(fresh);
  showLines();
}

// What was new is no longer; the ring goes.
export function ageArrivals() {
  if (!known || !recent.length) return;
  showLines();
  const still = new Set(recent.map(({ id }) => id));
  [...rings.keys()].filter((id) => !still.has(id) || !matters.byId.has(id)).forEach(unring);
}

export function startArrivals(nameOfGrid) {
  gridName = nameOfGrid;
}
