// Putting the draft in force: what keeps it from that, a note, asking somebody else where four eyes are wanted, or publishing it.
import { ask, draft, editions, step } from './draft.js';
import { impact } from './impact.js';
import { button, byId, count, edition, el, mayEdit, say, urls, word, words } from './parts.js';
import { refusalOf } from './refusals.js';

const personOf = (actor) => actor.replace(/^[^:]*:/, '');
let seen = null;
let onDone = () => null;

const item = (sentence, className = '') => el('li', className, sentence);

function stateOf(now, told) {
  const lines = [item(say('publish.drawn_by', { who: told.drawn_by.map(personOf).join(words.and) }))];
  if (told.four_eyes) lines.push(item(told.is_own ? words['publish.own'] : words['publish.four_eyes'], told.is_own ? 'waits' : ''));
  if (now.asked_by) lines.push(item(say('publish.asked', { who: personOf(now.asked_by) }), 'asked'));
  if (now.note) lines.push(item(say('publish.note_is', { note: now.note })));
  told.blockers.filter((one) => one.code !== 'not-validated').forEach((one) => lines.push(item(words[`blocker.${one.code}`], 'blocks')));
  return lines;
}

// What can be done by whoever looks, as the draft stands.
export async function refreshPublishing() {
  const { told: now } = await ask('GET', urls.edition);
  const { told } = impact;
  if (!told || now.status !== 'draft') return;
  byId('publish-state').replaceChildren(...stateOf(now, told));
  byId('rebase').hidden = !mayEdit() || !told.blockers.some((one) => one.code === 'published-since');
  byId('ask').hidden = !mayEdit();
  byId('publish').hidden = !edition.may_publish || told.is_own;
  byId('publish-box').dataset.state = now.asked_by ? 'asked' : 'open';
  if (document.activeElement !== byId('note')) byId('note').value = now.note || byId('note').value;
}

function flowsOf({ flows }) {
  return flows.map((one) => item(say('flow', {
    n: count(one.count), kind: word(`kind.${one.kind}`), from: one.from_grid || words.nobodys, to: one.to_grid || words.nobodys,
  })));
}

// The preview first: exactly what it shows is moved.
async function preview() {
  const { told } = await ask('POST', `${urls.edition}/preview`, {});
  seen = told.id;
  const lines = flowsOf(told);
  byId('preview-list').replaceChildren(...(lines.length ? lines : [item(words['preview.nothing'])]),
    ...told.officers_leaving.map((one) => item(say('preview.leaving', { who: one.call_sign, grid: one.grid_code }))),
    ...told.grids_unstaffed.map((code) => item(say('preview.unstaffed', { grid: code }))));
  byId('preview').hidden = false;
  byId('confirm').focus();
}

async function note() {
  const text = byId('note').value.trim();
  if (!mayEdit() || !text) return;
  await step('ask', { note: text });
}

export function showPublishError(error) {
  byId('publish-error').replaceChildren(...refusalOf(error));
  byId('publish-error').hidden = false;
}

async function trying(work) {
  byId('publish-error').hidden = true;
  try {
    await work();
  } catch (error) {
    showPublishError(error);
  }
}

async function confirm() {
  const told = await step('publish', { preview: seen });
  draft.status = 'published';
  byId('preview').hidden = true;
  onDone(told);
}

export function startPublishing({ done, changed, rebase }) {
  onDone = done;
  byId('ask').addEventListener('click', () => trying(async () => {
    await step('ask', { note: byId('note').value.trim() || null });
    await changed();
  }));
  byId('publish').addEventListener('click', () => trying(async () => {
    await note();
    await preview();
  }));
  byId('confirm').addEventListener('click', () => trying(confirm));
  byId('leave').addEventListener('click', () => (byId('preview').hidden = true));
  byId('rebase').addEventListener('click', rebase);
}

// Drafts of the same base, which can be looked at and taken over.
export async function showOthers(onLook, onTake) {
  const others = (await editions()).filter((one) => one.status === 'draft' && one.id !== edition.id && one.base === edition.base);
  byId('others').replaceChildren(...others.map((one) => el('li', '', el('b', '', one.title), el('small', 'muted', say('draft.number', { n: one.id })),
    el('span', 'ways', button('link', words['other.look'], () => onLook(one)), mayEdit() ? button('link', words['other.take'], () => onTake(one)) : ''))));
  byId('others-box').hidden = others.length === 0;
}
