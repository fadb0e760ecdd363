// Steps: each is asked for, drawn when it is answered, and told where it is refused; what it changes is told after it.
import { awaitAnswer, clearConflict, keep, keepMet, lookElsewhere } from './conflicts.js';
import { draft, step } from './draft.js';
import { refreshFindings } from './findings.js';
import { handles } from './handles.js';
import { refreshImpact } from './impact.js';
import { clearBad, hint, showBad, turnGhostBad } from './marks.js';
import { announce, button, byId, el, language, mayEdit, words } from './parts.js';
import { refreshPublishing } from './publishing.js';
import { refusalOf } from './refusals.js';
import { canRedo, canUndo, refreshSteps } from './steps.js';

let pending = 0;
const followers = [];

export const isSaving = () => pending > 0;
// Called after each step, when what it changes was told.
export const onTold = (listener) => followers.push(listener);

export function tellState(key) {
  byId('saved').textContent = words[key];
  byId('saved').dataset.state = key;
}

async function refreshAll() {
  if (draft.status !== 'draft') return;
  await Promise.all([refreshSteps(), refreshImpact()]); // what is looked at first
  await refreshFindings(); // which takes longest of a large draft
  await refreshPublishing();
  byId('undo').setAttribute('aria-disabled', String(!canUndo()));
  byId('redo').setAttribute('aria-disabled', String(!canRedo()));
  document.body.dataset.told = draft.revision;
}

export async function followStep() {
  try {
    await refreshAll();
    if (byId('saved').dataset.state === 'untold') tellState('saved');
    for (const follow of followers) await follow();
  } catch {
    if (byId('saved').dataset.state === 'saved') tellState('untold');
  }
}

function signIn() {
  const link = el('a', '', words['refused.sign_in']);
  Object.assign(link, { href: `/signin?lang=${language}`, target: '_blank', rel: 'noopener' });
  return link;
}

export function refuse(error) {
  turnGhostBad();
  showBad(error.problem?.position || null);
  const close = button('button', words['refused.close'], () => {
    clearBad();
    hint();
  });
  hint(...refusalOf(error), error.status === 401 ? signIn() : '', close);
  byId('hint').classList.add('bad');
  byId('hint').dataset.refused = error.status ?? 0;
  announce(refusalOf(error).map((part) => part.textContent || part).join(' '));
}

// Nobody says no to the step: it may be asked for again when its time has come, or was taken though its answer was lost.
const UNANSWERED = [0, 502, 504];
const POSTPONED = [401, 429, 503];

export async function notTaken(error, verb, again, revision) {
  tellState(UNANSWERED.includes(error.status) ? 'unanswered' : 'unsaved');
  if (error.status === 412) {
    await keepMet(verb, again);
    return;
  }
  refuse(error);
  if (UNANSWERED.includes(error.status)) awaitAnswer(verb, again, revision);
  else if (POSTPONED.includes(error.status)) keep(verb, again, words['conflict.untaken']);
  else if (error.status === 409) await lookElsewhere(); // it may have been published meanwhile
}

export function beginStep() {
  clearConflict();
  byId('hint').classList.remove('bad');
  delete byId('hint').dataset.refused;
  pending += 1;
  tellState('saving');
}

export async function endStep() {
  pending -= 1;
  await followStep();
}

// Asks for a step; what was drawn stays until it is answered, and is told to be refused where it is. What `body` returns is asked
// for when the steps before it are answered; `taken` is called with the answer, before what the step changes is told. Returns
// whether it was taken.
export async function take(verb, body, taken = () => null) {
  if (!mayEdit()) {
    clearBad();
    return false;
  }
  const { revision } = draft;
  beginStep();
  handles.moved = null; // the hand is off it
  try {
    await step(verb, body, (told) => {
      if (pending === 1) { // what was drawn for those that wait stays
        clearBad();
        hint();
      }
      tellState('saved');
      taken(told);
    });
    return true;
  } catch (error) {
    await notTaken(error, verb, () => take(verb, body, taken), revision);
    return false;
  } finally {
    await endStep();
  }
}
