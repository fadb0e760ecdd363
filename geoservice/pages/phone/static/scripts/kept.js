// Reports kept on this phone: written down before they are sent, sent once, tried again until the service has answered.
// Every try to hand in a report carries the same Idempotency-Key, so that the service stores it once.
import { ask, Refused, sentence } from './interface.js';

const SHELF = 'geoservice-reports';
const LOCK = 'geoservice-send-reports';
const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 300000;

// What the phone does not let us write down is held here until the page is closed.
let held = null;
let timer = 0;
let sending = false;
const listeners = [];

export const keeps = () => held === null;

export function reports() {
  if (held) return held;
  try {
    const read = JSON.parse(localStorage.getItem(SHELF) || '[]');
    return Array.isArray(read) ? read : [];
  } catch {
    return [];
  }
}

function write(all) {
  if (!held) {
    try {
      localStorage.setItem(SHELF, JSON.stringify(all));
    } catch {
      held = all;
    }
  } else held = all;
  listeners.forEach((listener) => listener());
}

export function onChange(listener) {
  listeners.push(listener);
  window.addEventListener('storage', (event) => event.key === SHELF && listener());
}

export function change(key, changes) {
  write(reports().map((one) => (one.key === key ? { ...one, ...changes } : one)));
}

export function forget(key) {
  write(reports().filter((one) => one.key !== key));
}

// randomUUID is there on https only.
function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

// body: as POST /v1/report takes it; title: how the list names it.
export function keep(body, title) {
  const key = newKey();
  const report = { key, at: new Date().toISOString(), title, body, state: 'waiting', tries: 0, due: 0 };
  write([report, ...reports()]);
  return key;
}

// Twice as long after each try, give or take a quarter, so that phones do not come back all at once.
function wait(tries) {
  const plain = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** tries);
  return plain * (0.75 + Math.random() / 2);
}

async function sendOne(report) {
  try {
    const told = await ask('/v1/report', { body: report.body, headers: { 'Idempotency-Key': report.key } });
    const sides = told.asks_for_side ? told.sides : null;
    const { jurisdiction } = report.body;
    // The words are with the service now; the phone needs them no longer.
    change(report.key, { state: 'sent', token: told.token, body: null, jurisdiction, sides, fresh: true });
  } catch (error) {
    if (error instanceof Refused && !error.passes) change(report.key, { state: 'refused', why: sentence(error) });
    else change(report.key, { tries: report.tries + 1, due: Date.now() + wait(report.tries) });
  }
}

// One page of those that are open sends; where a phone knows no locks, the service tells doubles by their key.
function alone(work) {
  if (!navigator.locks) return work();
  return navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => (lock ? work() : null));
}

const waiting = () => reports().filter((one) => one.state === 'waiting');

function comeBack() {
  clearTimeout(timer);
  const due = waiting().map((one) => one.due);
  if (due.length === 0 || !navigator.onLine) return;
  timer = setTimeout(() => sendKept(), Math.max(500, Math.min(...due) - Date.now()));
}

// Sends what is due; all that waits when `now`. Some phones say wrongly that they have no network: `insist` tries.
export async function sendKept({ now = false, insist = false } = {}) {
  if (sending || !(navigator.onLine || insist)) return;
  sending = true;
  try {
    await alone(async () => {
      for (const { key } of waiting().reverse()) {
        const report = waiting().find((one) => one.key === key);
        if (report && (now || report.due <= Date.now())) await sendOne(report);
      }
    });
  } finally {
    sending = false;
    comeBack();
  }
}

export function startSending() {
  window.addEventListener('online', () => sendKept({ now: true }));
  document.addEventListener('visibilitychange', () => document.hidden || sendKept({ now: true }));
  sendKept({ now: true });
}
