/* global L */
// Borders that a program proposes, drawn beside the draft's, with what would become of every grid; all or some are taken over.
import { chosen } from './choosing.js';
import { ask, draft, onDraft } from './draft.js';
import { canvas, latLngs } from './drawing.js';
import { impact } from './impact.js';
import { hint } from './marks.js';
import { announce, button, byId, count, el, map, mayEdit, named, say, urls, words } from './parts.js';
import { inOrder } from '../../maps/scripts/labels.js';
import { refuse, take } from './stepping.js';

const DASHED = { color: '#5b2a86', weight: 3.5, dashArray: '9 6' };
const group = L.layerGroup().addTo(map);
// What is looked at: what was asked for, and what was answered.
let wish = null;
let proposal = null;
let isReckoning = false;
let isTaking = false;

const numberIn = (id) => (byId(id).value === '' ? null : Number(byId(id).value));

function wishFor(grid) {
  return { grid, minimum: numberIn('propose-least'), maximum: numberIn('propose-most'), grids: grid ? null : numberIn('propose-count'), seed: 0 };
}

export function hideProposal() {
  group.clearLayers();
  proposal = null;
  byId('proposal').hidden = true;
  delete document.body.dataset.proposal;
}

function draw() {
  group.clearLayers();
  proposal.borders.coordinates.forEach((line) => L.polyline(latLngs(line), { ...canvas('findings'), ...DASHED }).addTo(group));
}

const boundsOf = (code) => L.geoJSON(proposal.changed.find((one) => one.id === code) || draft.grids.get(code)).getBounds();

// What is different is what may be taken; a split is taken as a whole.
function rowsOf() {
  const now = new Map((impact.told?.grids || []).filter((one) => one.after).map((one) => [one.code, one.after.households]));
  const different = new Set(proposal.otherwise);
  const grids = proposal.impact.grids.filter((one) => one.after || draft.grids.has(one.code));
  const byCode = new Map(grids.map((one) => [one.code, one]));
  return inOrder(grids.map((one) => ({ properties: { code: one.code } }))).map(({ properties: { code } }) => {
    const one = byCode.get(code);
    return { ...one, now: now.get(code), then: one.after?.households, isNew: !draft.grids.has(code), isDifferent: different.has(code) };
  });
}

const households = (value) => (value === null || value === undefined ? words.not_told : count(value));

function stateOf({ after, isNew, balance }) {
  if (!after) return el('span', 'state gone', words['grid.gone']);
  const strange = balance && balance !== 'within';
  return el('span', 'states', isNew ? el('span', 'state new', words['grid.new']) : '', ' ',
    strange ? el('span', `state ${balance}`, words[`balance.${balance}`]) : '');
}

function box(one) {
  const input = Object.assign(el('input'), { type: 'checkbox', value: one.code, disabled: !one.isDifferent });
  input.setAttribute('aria-label', say('proposal.take_one', { grid: one.code }));
  input.addEventListener('change', countChosen);
  return el('td', '', input);
}

function line(one) {
  const name = named(one) || one.code;
  const open = button('link', name, () => map.fitBounds(boundsOf(one.code), { padding: [40, 40], animate: false }));
  const head = el('th', '', open, name === one.code ? '' : el('small', 'muted', one.code));
  head.scope = 'row';
  const then = el('td', 'number', el(one.now === one.then ? 'span' : 'b', '', households(one.then)), stateOf(one));
  const row = el('tr', '', wish.grid ? '' : box(one), head, el('td', 'number', households(one.now)), then);
  row.dataset.grid = one.code;
  return row;
}

const chosenCodes = () => [...byId('proposal-rows').querySelectorAll('input:checked')].map((one) => one.value);

function countChosen() {
  const { length } = chosenCodes();
  byId('proposal-some').hidden = length === 0;
  byId('proposal-some').textContent = say('proposal.some', { n: count(length) });
}

function summary(rows) {
  const { households_min: least, households_max: most, flows, is_exact: isExact } = proposal.impact;
  const there = rows.filter((one) => one.after);
  const outside = there.filter((one) => one.balance && one.balance !== 'within').length;
  const moves = flows.reduce((sum, one) => sum + one.count, 0);
  return [wish.grid ? say('proposal.split', { grid: wish.grid }) : words['proposal.whole'],
    say('proposal.wanted', { least, most, x: outside, y: there.length }),
    rows.some((one) => one.isDifferent) ? say('proposal.moves', { n: count(moves) }) : words['proposal.same'],
    isExact ? '' : words['impact.neighbourhoods']].filter(Boolean);
}

function show() {
  const rows = rowsOf();
  draw();
  byId('proposal-summary').replaceChildren(...summary(rows).map((sentence) => el('p', '', sentence)));
  byId('proposal-take-head').hidden = wish.grid !== null;
  byId('proposal-torn').hidden = wish.grid !== null;
  byId('proposal-rows').replaceChildren(...rows.map(line));
  byId('proposal-all').hidden = !rows.some((one) => one.isDifferent);
  countChosen();
  byId('proposal').hidden = false;
  document.body.dataset.proposal = proposal.proposal;
}

async function propose(asked) {
  if (isReckoning || !mayEdit()) return;
  isReckoning = true;
  const { revision } = draft;
  byId('propose-busy').hidden = false;
  try {
    const { told } = await ask('POST', `${urls.edition}/propose`, asked);
    if (draft.revision !== revision) return;
    wish = asked;
    proposal = told;
    show();
    announce([...byId('proposal-summary').children].map((one) => one.textContent).join(' '));
  } catch (error) {
    hideProposal();
    refuse(error);
  } finally {
    isReckoning = false;
    byId('propose-busy').hidden = true;
  }
}

// As it was looked at, or not at all. Of what is left it is proposed anew.
async function takeOver(codes) {
  const body = { ...wish, proposal: proposal.proposal, codes };
  isTaking = true;
  const isTaken = await take('take-proposal', body, () => (codes ? null : hideProposal()));
  isTaking = false;
  if (!isTaken) return;
  hint(words['proposal.taken']);
  if (codes) await propose(wish);
}

// Another draft by now: what is drawn beside it was proposed for another one.
onDraft(() => {
  if (!proposal || isTaking) return;
  hideProposal();
  hint(words['proposal.stale']);
});

function startFields() {
  const { households_min: least, households_max: most } = impact.told || {};
  if (byId('propose-least').value === '' && least) byId('propose-least').value = Math.max(least, Number(byId('propose-least').min));
  if (byId('propose-most').value === '' && most) byId('propose-most').value = Math.max(most, Number(byId('propose-most').min));
}

export function startProposing() {
  if (!byId('propose-box')) return;
  byId('propose-box').addEventListener('toggle', startFields);
  byId('propose').addEventListener('submit', (event) => {
    event.preventDefault();
    propose(wishFor(null));
  });
  byId('propose-split').addEventListener('click', () => chosen.code && propose(wishFor(chosen.code)));
  byId('proposal-all').addEventListener('click', () => takeOver(null));
  byId('proposal-some').addEventListener('click', () => takeOver(chosenCodes()));
  byId('proposal-other').addEventListener('click', () => propose({ ...wish, seed: wish.seed + 1 }));
  byId('proposal-close').addEventListener('click', hideProposal);
}
