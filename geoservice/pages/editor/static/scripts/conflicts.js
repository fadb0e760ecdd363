// Two at one draft: a step from elsewhere is seen and told; a step that met it is kept, to be taken on what is now, or left.
import { draft, load, look } from './draft.js';
import { announce, button, byId, el, say, settings, words } from './parts.js';
import { refreshSteps, steps, stepTold } from './steps.js';

let busy = () => false;
let onMet = () => null;

function show(...children) {
  byId('conflict').replaceChildren(...children);
  byId('conflict').hidden = children.length === 0;
}

export const clearConflict = () => show();

// What others did since a revision that was seen.
async function tellSince(revision) {
  await refreshSteps();
  const since = steps.list.filter((one) => one.number > revision);
  return since.slice(-3).map((one) => el('p', '', stepTold(one)));
}

export async function takeIn() {
  const before = draft.revision;
  await load();
  await onMet();
  return tellSince(before);
}

// A step was refused as the draft is another by now: what it is now is drawn, and the step waits for a word.
export async function keepStep(again) {
  const lines = await takeIn();
  const ways = el('p', 'ways', button('button first', words['conflict.again'], () => {
    clearConflict();
    again();
  }), button('button', words['conflict.leave'], clearConflict));
  show(el('p', '', el('b', '', words['conflict.met'])), ...lines, ways);
  byId('conflict').querySelector('button').focus();
}

async function ask() {
  if (document.hidden || draft.status !== 'draft') return;
  const now = await look();
  if (now.status !== 'draft') {
    draft.status = now.status;
    show(el('p', '', words[`status.${now.status}`] || now.status));
    document.body.dataset.closed = 'true';
    return;
  }
  if (now.revision === draft.revision) return;
  if (busy()) { // what somebody is drawing stays under his hand
    show(el('p', '', say('conflict.waits', { n: now.revision })));
    return;
  }
  const lines = await takeIn();
  const close = button('link', words['conflict.close'], clearConflict);
  show(el('p', '', el('b', '', words['conflict.taken'])), ...lines, el('p', 'ways', close));
  announce(words['conflict.taken']);
}

export function startConflicts(isBusy, met) {
  busy = isBusy;
  onMet = met;
  const again = () => ask().catch(() => null);
  setInterval(again, settings.asked_every_s * 1000);
  document.addEventListener('visibilitychange', again);
}
