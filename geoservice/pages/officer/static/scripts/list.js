// What the own grids have in hand: the most urgent first, page after page. What is new or changed is put in its place,
// and what is under the hand stays where it is.
import { byId, tell } from '../../phone/scripts/elements.js';
import { Refused, sentence } from '../../phone/scripts/interface.js';
import { count, moment, say, settings } from '../../phone/scripts/page.js';
import { drawCard, isInHand, isOwn, statusOf, stepLine, titleOf } from './cards.js';
import { onMoved } from './near.js';
import { showFresh } from './notice.js';
import { askAs, keepTold, who } from './session.js';
import * as steps from './steps.js';
import * as visits from './visits.js';

// So many are shown, and so many more when asked.
const STEP = 200;
// The interface gives so many at once.
const MOST = 1000;
const STATUSES = 'dispatched,accepted';
const GATHER_MS = 300;
const ONE_BY_ONE = 20;

const incidents = new Map();
const fresh = new Set(); // ids that came by themselves and were not looked at
const heard = new Set();
let next = null;
let total = 0;
let gathering = 0;
let hooks = null;
const redrawn = [];

export const onRedrawn = (listener) => redrawn.push(listener);
export const all = () => [...incidents.values()].filter((one) => isInHand(one) && isOwn(one));
export { titleOf };
export const cardOf = (id) => byId(`c-${id}`);
const list = () => byId('list');

// As the interface sorts them: late ones, longest first, then by when they are due, then what waits longest.
function isBefore(one, other) {
  const rank = ({ expected_at, overdue_at }) => (overdue_at ? 0 : expected_at ? 1 : 2);
  if (rank(one) !== rank(other)) return rank(one) < rank(other);
  const when = ({ expected_at, reported_at }) => new Date(expected_at || reported_at);
  return when(one) < when(other);
}

// Under the hand: what has the focus, or is written in; else what stands at the top of the screen.
function underTheHand() {
  const held = document.activeElement?.closest('.card');
  if (held) return held;
  const writing = list().querySelector('.card form');
  if (writing) return writing.closest('.card');
  const top = document.querySelector('.bar').getBoundingClientRect().bottom;
  return [...list().children].find((card) => card.getBoundingClientRect().bottom > Math.max(0, top));
}

// Changes the page, and scrolls by what that has moved.
export function still(change) {
  const hand = underTheHand();
  const before = hand?.getBoundingClientRect().top;
  change();
  if (!hand?.isConnected || byId('room-list').hidden) return;
  const moved = hand.getBoundingClientRect().top - before;
  if (!moved) return;
  const room = document.documentElement.scrollHeight - window.innerHeight - window.scrollY;
  if (moved > room) list().style.paddingBottom = `${Math.ceil(moved - room)}px`;
  window.scrollBy(0, moved);
}

function showCounts() {
  const inHand = all().length;
  const of = Math.max(total, inHand);
  byId('count').textContent = of > inHand ? say('x_of_y', { x: count(inHand), y: count(of) }) : count(inHand);
  byId('tab-count').textContent = count(of);
  byId('more').hidden = !next;
  byId('empty').hidden = inHand > 0;
  byId('fresh').hidden = fresh.size === 0;
  byId('fresh').textContent = say('fresh', { n: count(fresh.size) });
  showFresh(fresh.size);
}

// The words of a step that was refused are changed in the card, and sent anew.
function mend(step) {
  const card = cardOf(step.incident);
  const words = step.body.reason;
  steps.drop(step);
  card.querySelector('.steps')?.dispatchEvent(new CustomEvent('mend', { detail: { action: step.action, words } }));
  card.scrollIntoView({ block: 'center' });
}

function isOpenTo({ incident, action }) {
  const now = incidents.get(incident);
  return Boolean(now && cardOf(incident) && (settings.steps[statusOf(now)] || []).some((one) => one.action === action));
}

function showKept() {
  const kept = steps.open();
  const unsent = kept.length + visits.unsent().length;
  const others = steps.strangers().length;
  const seen = kept.filter(({ incident, state }) => state !== 'waiting' || !cardOf(incident));
  byId('outbox').replaceChildren(...seen.map((step) => stepLine(step, steps.drop, isOpenTo(step) ? mend : null)));
  tell(byId('unsent'), unsent ? say('unsent', { n: count(unsent) }) : '');
  tell(byId('strangers'), others ? say('strangers', { n: count(others) }) : '');
}

function redraw() {
  for (const incident of incidents.values()) {
    const card = cardOf(incident.id);
    if (card) drawCard(incident, hooks, card);
  }
  showKept();
  showCounts();
  redrawn.forEach((listener) => listener());
}

export const refresh = () => still(redraw);

function put(incident, { isNew = false } = {}) {
  incidents.set(incident.id, incident);
  const known = cardOf(incident.id);
  if (known) {
    drawCard(incident, hooks, known);
    return;
  }
  const after = [...list().children].find((card) => isBefore(incident, incidents.get(card.dataset.id)));
  // What comes after all that is shown comes with the next page.
  if (!after && next) return;
  const card = drawCard(incident, hooks);
  if (isNew) {
    card.classList.add('fresh');
    fresh.add(incident.id);
  }
  list().insertBefore(card, after || null);
}

function keep() {
  keepTold(all(), Math.max(total, all().length));
}

const query = (limit, after) => {
  const more = after ? `&after=${encodeURIComponent(after)}` : '';
  const code = encodeURIComponent(who.now.jurisdiction.code);
  return `/v1/incidents?jurisdiction=${code}&own=true&status=${STATUSES}&sort=due&limit=${limit}${more}`;
};

// Shows the list anew, as much of it as is shown.
export async function load() {
  byId('reload').disabled = true;
  try {
    const wanted = Math.min(MOST, Math.max(STEP, Math.ceil(list().childElementCount / STEP) * STEP));
    const told = await askAs(query(wanted));
    if (!who.now) return;
    show(told.incidents, told.total, Date.now());
    next = told.next;
    keep();
    showCounts();
    tell(byId('notice'), '');
  } catch (error) {
    if (error instanceof Refused && error.status === 401) hooks.over();
    else tell(byId('notice'), sentence(error));
  } finally {
    byId('reload').disabled = false;
  }
}

// Looks whether the list is as it is shown; unlike loading it anew this changes no order, and takes nothing away.
export async function look() {
  if (!list().childElementCount) {
    await load();
    return;
  }
  try {
    const told = await askAs(query(Math.min(MOST, Math.max(STEP, list().childElementCount))));
    if (!who.now) return;
    const ids = new Set(told.incidents.map(({ id }) => id));
    const last = told.incidents[told.incidents.length - 1];
    const missing = all().filter((one) => !ids.has(one.id) && (!told.next || isBefore(one, last)));
    still(() => {
      told.incidents.forEach(take);
      total = told.total;
      settle();
    });
    byId('loaded').textContent = say('loaded_at', { time: moment(Date.now()).slice(11) });
    tell(byId('notice'), '');
    missing.forEach(({ id }) => heard.add(id));
    if (missing.length > ONE_BY_ONE) await load();
    else if (missing.length) await gather();
  } catch (error) {
    if (error instanceof Refused && error.status === 401) hooks.over();
    else tell(byId('notice'), sentence(error));
  }
}

// Shows what is told, or was kept; what somebody writes in a card stays.
export function show(told, howMany, at) {
  total = howMany;
  next = null;
  still(() => {
    const ids = new Set(told.map(({ id }) => id));
    for (const card of [...list().children]) {
      if (ids.has(card.dataset.id) || card.querySelector('form')) continue;
      incidents.delete(card.dataset.id);
      card.remove();
    }
    list().style.paddingBottom = '';
    fresh.clear();
    let before = null;
    for (const incident of told) {
      incidents.set(incident.id, incident);
      const card = drawCard(incident, hooks, cardOf(incident.id) || undefined);
      card.classList.remove('fresh');
      const place = before ? before.nextSibling : list().firstChild;
      if (card !== place) list().insertBefore(card, place);
      before = card;
    }
    byId('loaded').textContent = say('loaded_at', { time: moment(at).slice(11) });
    redraw();
  });
}

export async function more() {
  byId('more').disabled = true;
  try {
    const told = await askAs(query(STEP, next));
    if (!who.now) return;
    next = told.next;
    for (const incident of told.incidents) {
      incidents.set(incident.id, incident);
      if (!cardOf(incident.id)) list().append(drawCard(incident, hooks));
    }
    keep();
    redraw();
  } catch (error) {
    tell(byId('notice'), sentence(error));
  } finally {
    byId('more').disabled = false;
  }
}

// Live

const concerns = (event) =>
  incidents.has(event.incident) || who.now?.grids.includes(event.grid) || event.officer === who.now?.officer_code;

export function hear(event) {
  if (!event.incident || !concerns(event)) return;
  heard.add(event.incident);
  gathering = gathering || setTimeout(gather, GATHER_MS);
}

async function gather() {
  const ids = [...heard];
  heard.clear();
  gathering = 0;
  if (ids.length > ONE_BY_ONE) return look();
  try {
    const now = await Promise.all(ids.map((id) => askAs(`/v1/incidents/${id}`)));
    if (!who.now) return null;
    still(() => {
      now.forEach(take);
      settle();
    });
  } catch {
    ids.forEach((id) => heard.add(id)); // with the next one, or when the page is looked at again
  }
  return null;
}

function take(incident) {
  const before = incidents.get(incident.id);
  const wasIn = before && isInHand(before) && isOwn(before);
  const isIn = isInHand(incident) && isOwn(incident);
  if (!before && !isIn) return;
  total += Number(isIn) - Number(Boolean(wasIn));
  if (!isIn) fresh.delete(incident.id);
  put(incident, { isNew: isIn && !wasIn });
}

function settle() {
  keep();
  showKept();
  showCounts();
  redrawn.forEach((listener) => listener());
}

// A step of this phone was taken: the answer is how it is now.
export function took(incident) {
  if (!incidents.has(incident.id)) return;
  still(() => {
    take(incident);
    settle();
  });
}

export function lookAtFresh() {
  const first = [...list().children].find((card) => fresh.has(card.dataset.id));
  fresh.clear();
  list().querySelectorAll('.fresh').forEach((card) => card.classList.remove('fresh'));
  showCounts();
  if (!first) return;
  first.scrollIntoView({ block: 'center' });
  first.focus({ preventScroll: true });
}

export function clear() {
  incidents.clear();
  fresh.clear();
  heard.clear();
  next = null;
  total = 0;
  list().replaceChildren();
  byId('outbox').replaceChildren();
  showFresh(0);
}

export function start(given) {
  hooks = given;
  byId('reload').addEventListener('click', load);
  byId('more').addEventListener('click', more);
  byId('fresh').addEventListener('click', lookAtFresh);
  const afresh = () => who.now && still(redraw);
  steps.onChange(afresh);
  visits.onChange(afresh);
  onMoved(afresh);
  window.addEventListener('offline', afresh);
  window.addEventListener('online', afresh);
}
