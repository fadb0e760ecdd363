// The draft beside others: then and now, another draft's changes, what was published since; whose counts where both changed the same.
import { keepAddress } from './choosing.js';
import { hideDifference, showDifference } from './difference.js';
import { draft, step } from './draft.js';
import { clearBad } from './marks.js';
import { button, byId, edition, el, say, words } from './parts.js';
import { showPublishError } from './publishing.js';
import { beginStep, endStep, notTaken, onTold, tellState } from './stepping.js';

const isComparing = () => byId('compare').getAttribute('aria-pressed') === 'true';

export async function compare(on) {
  byId('compare').setAttribute('aria-pressed', String(on));
  if (on && edition.base) await showDifference(edition.base, edition.id, say('diff.base', { n: edition.base }));
  else hideDifference();
  keepAddress();
}

export const toggleCompare = () => compare(!isComparing());

onTold(() => isComparing() && compare(true));

export const lookAt = (other) => showDifference(edition.id, other.id, say('diff.other', { title: other.title, n: other.id }));

// Another draft's changes, all that nobody here changed as well; where both did, whose counts is asked border by border.
export async function takeOver(other, settle = {}) {
  const { revision } = draft;
  beginStep();
  try {
    await step('merge-draft', { other: other.id, settle });
    clearBad();
    tellState('saved');
    byId('settling').hidden = true;
  } catch (error) {
    tellState('unsaved');
    if (error.problem?.conflicts) askWhose(error.problem.conflicts, (sides) => takeOver(other, sides));
    else await notTaken(error, 'merge-draft', () => takeOver(other, settle), revision);
  } finally {
    await endStep();
  }
}

export async function rebase(settle = {}) {
  beginStep();
  try {
    await step('rebase', { settle });
    window.location.reload(); // another base: what is compared and listed is another, too
  } catch (error) {
    tellState('unsaved');
    await endStep();
    if (error.problem?.conflicts) askWhose(error.problem.conflicts, rebase);
    else showPublishError(error);
  }
}

function choice(conflict, number) {
  const option = (side) => {
    const input = Object.assign(el('input'), { type: 'radio', name: `whose-${number}`, value: side, checked: side === 'ours' });
    return el('label', '', input, ' ', words[`settle.${side}`]);
  };
  const item = el('fieldset', '', el('legend', '', conflict.grid_codes.join(words.and)), option('ours'), option('theirs'));
  item.dataset.codes = JSON.stringify(conflict.grid_codes);
  return item;
}

function askWhose(conflicts, then) {
  const sides = () => Object.fromEntries([...byId('settling-list').children].flatMap((item) =>
    JSON.parse(item.dataset.codes).map((code) => [code, item.querySelector('input:checked').value])));
  byId('settling-list').replaceChildren(...conflicts.map(choice));
  byId('settling-ways').replaceChildren(button('button first', words['settle.do'], () => then(sides())),
    button('button', words['settle.leave'], () => (byId('settling').hidden = true)));
  byId('settling').hidden = false;
  byId('settling').scrollIntoView({ block: 'nearest' });
}
