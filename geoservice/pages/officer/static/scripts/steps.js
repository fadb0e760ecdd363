// Steps that were taken on this phone: written down, handed in once each, in order for each incident. What was decided on
// goes along: the version that the officer saw. Where the incident is another by then he is told, and decides again.
import { Refused, sentence, Unreachable } from '../../phone/scripts/interface.js';
import { Outbox } from '../../phone/scripts/outbox.js';
import { say } from '../../phone/scripts/page.js';
import { askAs, signature, who } from './session.js';

// Of those that are done so many are still told.
const DONE_TOLD = 20;

const box = new Outbox({ shelf: 'geoservice-steps', handIn, mayGo });
const listeners = [];

export const onDone = (listener) => listeners.push(listener);
export const onChange = (listener) => box.onChange(listener);
export const keeps = () => box.keeps;
export const send = (how) => box.send(how);

const isOpen = ({ state }) => state !== 'done';
const mine = ({ by }) => by === signature();

// First things first.
export const open = () => box.all().filter(isOpen).filter(mine).reverse();
export const strangers = () => box.all().filter(isOpen).filter((one) => !mine(one));
export const openOf = (incident) => open().filter((one) => one.incident === incident);


// One that is refused holds back what follows it with the same incident, and nothing else.
function mayGo(step) {
  return mine(step) && openOf(step.incident)[0]?.key === step.key;
}

// title: how the list names it; action and ends: as the page was told them.
export function keep(incident, title, { action, ends }, reason) {
  openOf(incident.id).filter(({ state }) => state === 'refused').forEach(drop); // this one takes its place
  const first = openOf(incident.id).length === 0;
  const body = reason ? { reason } : {};
  box.keep({ by: signature(), incident: incident.id, title, action, ends, body, version: first ? incident.version : null });
  return box.send({ now: true });
}

function doneWith(step, told) {
  const next = openOf(step.incident).find((one) => one.key !== step.key);
  box.change(step.key, { state: 'done', body: null, done_at: new Date().toISOString() });
  if (next) {
    const asMeant = told.status === step.ends && [null, who.now.officer_code].includes(told.officer_code);
    // What came after ours was seen by nobody here: then only the version of before ours is known.
    box.change(next.key, { version: asMeant ? told.version : step.version });
  }
  const done = box.all().filter((one) => !isOpen(one));
  done.slice(DONE_TOLD).forEach((one) => box.forget(one.key));
  listeners.forEach((listener) => listener(step, told));
}

async function handIn(step) {
  const headers = { 'Idempotency-Key': step.key };
  if (step.version !== null) headers['If-Match'] = `"${step.version}"`;
  try {
    doneWith(step, await askAs(`/v1/incidents/${step.incident}/actions/${step.action}`, { body: step.body, headers }));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.status === 401) {
      listeners.forEach((listener) => listener(step, null));
      throw new Unreachable(); // it waits until he has signed in again
    }
    const { problem, kind } = error;
    if (kind === 'incident-changed') {
      const { version, incident_status: status, legal_actions: legal, changes } = problem;
      box.change(step.key, { state: 'changed', now: { version, status, legal, changes } });
    } else if (kind === 'step-not-allowed' || !error.passes) {
      box.change(step.key, { state: 'refused', why: sentence(error, { action: say(`action.${step.action}`) }) });
    } else throw error;
    listeners.forEach((listener) => listener(step, undefined));
  }
}

// He has read what changed, and means it as it is now.
export function doStill(step) {
  box.change(step.key, { state: 'waiting', version: step.now.version, now: null, due: 0 });
  return box.send({ now: true, insist: true });
}

// What waited for it is judged by what was seen before it.
export function drop(step) {
  const next = openOf(step.incident).find((one) => one.key !== step.key);
  box.forget(step.key);
  if (next && next.version === null) box.change(next.key, { version: step.version });
}

export const start = () => box.start();
