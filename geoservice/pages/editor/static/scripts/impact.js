// What the draft changes for every grid, beside the map: households against what is wanted, open incidents, who serves there.
import { inOrder } from '../../maps/scripts/labels.js';
import { ask, draft } from './draft.js';
import { balance } from './drawing.js';
import { button, byId, count, el, named, say, urls, word, words } from './parts.js';

export const impact = { told: null };
let open = () => null;
let chosen = null;

export function markGrid(code) {
  chosen = code;
  for (const row of byId('impact-rows')?.children || []) row.toggleAttribute('data-chosen', row.dataset.grid === code);
}

const told = (value) => (value === null || value === undefined ? words.not_told : count(value));
const changed = (before, after) => before !== null && after !== null && before !== after;

// Before and after, where they differ; one number where they do not.
function span(before, after) {
  if (before === undefined || after === undefined || !changed(before, after)) return [told(after === undefined ? before : after)];
  return [el('s', 'was', told(before)), ' ', el('b', '', told(after))];
}

function nameCell(one) {
  const name = named(one) || one.code;
  const node = one.after ? button('link', name, () => open(one.code)) : el('span', '', name);
  return el('th', '', node, name === one.code ? '' : el('small', 'muted', one.code));
}

// What is as it should be is not said.
function state(one) {
  if (!one.after) return el('span', 'state gone', words['grid.gone']);
  const told = [one.before ? '' : el('span', 'state new', words['grid.new'])];
  if (one.balance && one.balance !== 'within') told.push(' ', el('span', `state ${one.balance}`, words[`balance.${one.balance}`]));
  return el('span', 'states', ...told);
}

function officers({ officers: those }) {
  const signs = those.map(({ call_sign: sign }) => sign);
  const node = el('td', 'who', signs.length ? signs[0] : words.nobody, signs.length > 1 ? el('span', 'muted', ` +${signs.length - 1}`) : '');
  node.title = signs.join(words.and);
  return node;
}

function line(one) {
  const cell = (name) => el('td', 'number', ...span(one.before?.[name], one.after?.[name]));
  const households = cell('households');
  households.append(state(one));
  const row = el('tr', '', nameCell(one), households, cell('in_hand'), officers(one));
  row.firstChild.scope = 'row';
  Object.assign(row.dataset, { grid: one.code, households: one.after?.households ?? '', inHand: one.after?.in_hand ?? '' });
  return row;
}

function summary({ grids, flows, is_exact: isExact, households_min: least, households_max: most }) {
  const there = grids.filter((one) => one.after);
  const outside = there.filter((one) => one.balance && one.balance !== 'within').length;
  const moves = flows.reduce((sum, one) => sum + one.count, 0);
  return [say('impact.wanted', { least, most, x: outside, y: there.length }), moves ? say('impact.moves', { n: count(moves) }) : words['impact.none'],
    isExact ? '' : words['impact.neighbourhoods']].filter(Boolean);
}

function show(now) {
  impact.told = now;
  const byCode = new Map(now.grids.map((one) => [one.code, one]));
  const ordered = inOrder(now.grids.map((one) => ({ properties: { code: one.code } }))).map((one) => byCode.get(one.properties.code));
  byId('impact-rows').replaceChildren(...ordered.map(line));
  markGrid(chosen);
  byId('impact-summary').replaceChildren(...summary(now).map((sentence) => el('p', '', sentence)));
  balance(now.grids.filter((one) => one.after).map((one) => [one.code, one.balance]));
  byId('impact').dataset.revision = now.revision;
}

// Of what came in meanwhile only the latest is asked for and told.
export async function refreshImpact() {
  const asked = draft.revision;
  byId('impact').classList.add('busy');
  try {
    const { told: now } = await ask('GET', `${urls.edition}/impact`);
    if (draft.revision === asked) show(now);
  } finally {
    if (draft.revision === asked) byId('impact').classList.remove('busy');
  }
}

export function startImpact(openGrid) {
  open = openGrid;
}
