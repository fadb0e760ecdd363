// What is in hand, all of it, as the service last told it; and which of it is shown.
import { address, fetchJson, urls } from './parts.js';
import { state } from './state.js';

const DAY_S = 86400;
const NAMED_MOST = 100; // of an address
const SINGLY_MOST = 400;

export const matters = {
  byId: new Map(), total: 0, services: {}, officers: {}, soonBefore: {}, ready: false,
};
const listeners = [];
export const onMatters = (listener) => listeners.push(listener);
export const tellMatters = () => listeners.forEach((listener) => listener());

function taken({ columns, rows }) {
  return rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]])));
}

// Page by page, until there are no more: every one is there, however many they are.
export async function loadAll() {
  const every = new Map();
  let after = null;
  do {
    const page = await fetchJson(address(urls.incidents, { after }), { cache: 'no-store' });
    taken(page).forEach((one) => every.set(one.id, one));
    matters.soonBefore = page.soon_before;
    if (!after) Object.assign(matters, { services: page.services, officers: page.officers, total: page.total });
    after = page.next;
  } while (after);
  Object.assign(matters, { byId: every, total: Math.max(every.size, matters.total), ready: true });
  if (every.size < matters.total) matters.total = every.size; // some were done with meanwhile
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
    some.forEach((id) => matters.byId.delete(id));
    taken(page).forEach((one) => matters.byId.set(one.id, one));
    matters.soonBefore = page.soon_before;
  }
  matters.total = matters.byId.size;
  tellMatters();
}

// By when: late, soon, open, stands, done (resolved waits for nobody's clock) or none.
export function dueOf(one, now = Date.now() / 1000) {
  if (one.status === 'resolved') return 'done';
  if (one.stands) return 'stands';
  if (one.due === null) return one.late ? 'late' : 'none';
  if (one.due <= now) return 'late';
  const soon = matters.soonBefore[one.service];
  return soon && one.due < soon ? 'soon' : 'open';
}

export const isMeant = (one, now = Date.now() / 1000) => state.statuses.has(one.status) && passesFilters(one, now);

// Whether the filters let it pass, whatever statuses are switched on.
export function passesFilters(one, now = Date.now() / 1000) {
  const { service, source, officer, age, late } = state.filters;
  return (
    (!service || one.service === service) &&
    (!source || one.source === source) &&
    (!officer || one.officer === officer) &&
    (!age || one.reported < now - Number(age) * DAY_S) &&
    (!late || ['late', 'soon'].includes(dueOf(one, now)))
  );
}

export function meant() {
  const now = Date.now() / 1000;
  return [...matters.byId.values()].filter((one) => isMeant(one, now));
}
