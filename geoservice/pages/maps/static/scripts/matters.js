// What is in hand, all of it, as the service last told it, or what was at the end of days that are past; and which of it is shown.
import { address, fetchJson, urls } from './parts.js';
import { KINDS, state } from './state.js';

const DAY_S = 86400;
const NAMED_MOST = 100; // of an address
const SINGLY_MOST = 400;

export const matters = {
  byId: new Map(), total: 0, services: {}, officers: {}, soonBefore: {}, ready: false,
  asOf: null, // of past days: from when and to before when they are told, seconds since 1970
};
const listeners = [];
export const onMatters = (listener) => listeners.push(listener);
export const tellMatters = () => listeners.forEach((listener) => listener());

function taken({ columns, rows }) {
  return rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]])));
}

// Page by page, until there are no more: every one is there, however many they are.
let asking = 0;
export async function loadAll() {
  asking += 1;
  const mine = asking;
  const days = state.to ? { from: state.from || null, to: state.to } : {};
  const every = new Map();
  let first = null;
  let after = null;
  do {
    const page = await fetchJson(address(urls.incidents, { ...days, after }), { cache: 'no-store' });
    if (mine !== asking) return; // of another day than is looked at by now
    taken(page).forEach((one) => every.set(one.id, one));
    first = first || page;
    after = page.next;
  } while (after);
  const { services, officers, since, until } = first;
  Object.assign(matters, {
    byId: every, total: every.size, ready: true, services, officers, soonBefore: first.soon_before || {},
    asOf: first.as_of ? { since, until, instant: first.as_of } : null,
  });
  tellMatters();
}

// Those that something happened to, or all where that is less work; one that is no longer in hand goes. Without any, what is due soon is asked for alone.
export async function loadSome(ids) {
  if (ids.length > SINGLY_MOST) {
    await loadAll();
    return;
  }
  for (let from = 0; from === 0 || from < ids.length; from += NAMED_MOST) {
    const some = ids.slice(from, from + NAMED_MOST);
    const page = await fetchJson(address(urls.incidents, { ids: some.join(',') }), { cache: 'no-store' });
    if (state.to) return;
    some.forEach((id) => matters.byId.delete(id));
    taken(page).forEach((one) => matters.byId.set(one.id, one));
    matters.soonBefore = page.soon_before;
  }
  matters.total = matters.byId.size;
  tellMatters();
}

// As of when all this is, seconds since 1970.
const instant = () => (matters.asOf ? matters.asOf.until : Date.now() / 1000);

// By when: late, soon, open, stands, done (resolved waits for nobody's clock) or none.
export function dueOf(one, now = instant()) {
  if (matters.asOf) return one.late ? 'late' : one.status === 'resolved' ? 'done' : 'none';
  if (one.status === 'resolved') return 'done';
  if (one.stands) return 'stands';
  if (one.due === null) return one.late ? 'late' : 'none';
  if (one.due <= now) return 'late';
  const soon = matters.soonBefore[one.service];
  return soon && one.due < soon ? 'soon' : 'open';
}

// Of an incident of past days: which of the three it is, one or more.
const IS = {
  reported: (one) => one.reported >= matters.asOf.since,
  in_hand: (one) => one.in_hand,
  closed: (one) => one.closed !== null && one.closed >= matters.asOf.since,
};
export const isThen = (one, kind) => IS[kind](one);
const isOfKind = (one) => !matters.asOf || KINDS.some((kind) => state.then.has(kind) && isThen(one, kind));
export const isInHand = (one) => !matters.asOf || one.in_hand;

export const isMeant = (one, now = instant()) =>
  isOfKind(one) && (!isInHand(one) || state.statuses.has(one.status)) && passesFilters(one, now);

// Whether the filters let it pass, whatever statuses are switched on.
export function passesFilters(one, now = instant()) {
  const { service, source, officer, age, late, soon } = state.filters;
  const isSoon = soon && !matters.asOf; // of what is past nobody knows what was due soon
  const due = late || isSoon ? dueOf(one, now) : '';
  return (
    (!service || one.service === service) &&
    (!source || one.source === source) &&
    (!officer || one.officer === officer) &&
    (!age || one.reported < now - Number(age) * DAY_S) &&
    (!due || (late && due === 'late') || (isSoon && due === 'soon'))
  );
}

export function meant() {
  const now = instant();
  return [...matters.byId.values()].filter((one) => isMeant(one, now));
}
