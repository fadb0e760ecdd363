// What was done to the draft, by whom and by what door, the latest first; what can be undone, and done again.
import { stepsOf } from './draft.js';
import { byId, count, el, moment, say, word, words } from './parts.js';

const SHOWN_MOST = 100;
export const steps = { list: [] };

const personOf = (actor) => actor.replace(/^[^:]*:/, '');

export const stepTold = ({ verb, actor }) => say('step.told', { verb: word(`verb.${verb}`), who: personOf(actor) });

function line(one) {
  const item = el('li', `step ${one.state}`, el('b', '', `${count(one.number)} ${word(`verb.${one.verb}`)}`),
    one.state === 'done' || one.state === 'turning' ? '' : el('span', 'state', word(`state.${one.state}`)),
    el('small', 'muted', `${personOf(one.actor)} · ${moment(new Date(one.at))}`),
    el('small', 'muted', one.grid_codes.slice(0, 4).join(', ') + (one.grid_codes.length > 4 ? ` +${one.grid_codes.length - 4}` : '')));
  item.dataset.number = one.number;
  return item;
}

export const canUndo = () => steps.list.some((one) => one.state === 'done');
export const canRedo = () => steps.list.some((one) => one.state === 'undone');

export async function refreshSteps() {
  steps.list = await stepsOf();
  const last = steps.list.slice(-SHOWN_MOST).reverse();
  byId('steps').replaceChildren(...last.map(line));
  byId('steps-summary').textContent = steps.list.length
    ? say(last.length === steps.list.length ? 'steps.all' : 'steps.count', { x: count(last.length), y: count(steps.list.length) }) : words['steps.none'];
}
