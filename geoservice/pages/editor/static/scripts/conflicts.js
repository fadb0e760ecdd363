// Two at one draft, and steps that were not taken: what was done elsewhere is seen and told; a step that met it, or that nobody
// answered, is kept until its analyst says whether it is taken again or left.
import { draft, load, look } from './draft.js';
import { announce, button, byId, el, say, settings, word, words } from './parts.js';
import { refreshSteps, steps, stepTold } from './steps.js';

const TOLD_MOST = 3;
const kept = [];
let told = { sentence: '', lines: [] };
// The step whose answer was lost: what it was, and at which revision it was asked for.
let unanswered = null;
let page = null;

export const isKeeping = () => kept.length > 0 || unanswered !== null;

const leave = (one) => {
  kept.splice(kept.indexOf(one), 1);
  clearConflict();
};

function way(one) {
  const again = button('button first', words['conflict.again'], () => {
    leave(one);
    one.again();
  });
  return el('p', 'ways', el('b', '', word(`verb.${one.verb}`)), again, button('button', words['conflict.leave'], () => leave(one)));
}

function show() {
  const close = kept.length ? '' : el('p', 'ways', button('link', words['conflict.close'], clearConflict));
  byId('conflict').replaceChildren(el('p', '', el('b', '', told.sentence)), ...told.lines.map((line) => el('p', '', line)), ...kept.map(way), close);
  byId('conflict').hidden = false;
}

function tell(sentence, lines = []) {
  told = { sentence, lines };
  show();
}

// What was told is away; a step that waits for a word is not.
export function clearConflict() {
  if (kept.length) show();
  else byId('conflict').hidden = true;
}

// Draws the draft as it is now; returns what was done since the revision that was seen.
async function takeIn() {
  const before = draft.revision;
  await load();
  await page.met();
  await refreshSteps();
  const since = steps.list.filter((one) => one.number > before);
  return since.length ? since.slice(-TOLD_MOST).map(stepTold) : told.lines;
}

// A step that was not taken waits for a word, whatever else is told meanwhile.
export function keep(verb, again, sentence, lines = []) {
  kept.push({ verb, again });
  tell(sentence, lines);
  byId('conflict').querySelector('button').focus();
}

// The draft is another by now: what it is now is drawn first.
export async function keepMet(verb, again) {
  const lines = await takeIn().catch(() => []); // kept all the same
  keep(verb, again, words['conflict.met'], lines);
}

// Whether it was taken is known when the service is there again.
export function awaitAnswer(verb, again, revision) {
  if (unanswered) keep(verb, again, words['conflict.untaken']);
  else unanswered = { verb, again, revision };
}

async function settle(now) {
  const { verb, again, revision } = unanswered;
  const lines = now.revision > revision ? await takeIn() : [];
  unanswered = null;
  const next = steps.list.find((one) => one.number === revision + 1);
  if (now.revision > revision && next?.verb === verb && next.actor === settings.actor) {
    page.answered(true);
    tell(words['conflict.was_taken'], lines);
  } else {
    page.answered(false);
    keep(verb, again, words[now.revision > revision ? 'conflict.met' : 'conflict.untaken'], lines);
  }
}

export async function lookElsewhere() {
  if (document.hidden || draft.status !== 'draft') return;
  const now = await look();
  if (now.status !== 'draft') {
    page.closed(now.status);
    tell(words[`status.${now.status}`] || now.status);
  } else if (page.isBusy()) { // what somebody is drawing stays under his hand
    if (now.revision > draft.revision && !page.isSaving()) tell(say('conflict.waits', { n: now.revision }));
  } else if (unanswered) {
    await settle(now);
  } else if (now.revision > draft.revision) { // an answer may be older than a step of one's own
    const lines = await takeIn();
    tell(words[kept.length ? 'conflict.met' : 'conflict.taken'], lines);
    announce(told.sentence);
  } else if (page.isUntold()) {
    await page.met();
  }
}

export function startConflicts(those) {
  page = those;
  let isLooking = false;
  const again = async () => {
    if (isLooking) return;
    isLooking = true;
    await lookElsewhere().catch(() => null);
    isLooking = false;
  };
  setInterval(again, settings.asked_every_s * 1000);
  document.addEventListener('visibilitychange', again);
}
