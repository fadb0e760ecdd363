// The large numbers, and the grids: those with the most overdue first. What does not fit is summed up below.
import { byId, count, el, say, words } from '../../maps/scripts/parts.js';
import { tally } from '../../maps/scripts/grids.js';
import { inOrder, nameOf } from '../../maps/scripts/labels.js';
import { dueOf, matters } from '../../maps/scripts/matters.js';

const ROWS_MOST = 11;
const NONE = { all: 0, late: 0, soon: 0 };

// Each grid with what is in hand there, worst first; among equals as people count them.
export function ranked(layer) {
  const told = tally();
  const lines = inOrder(layer.features).map((feature) => ({
    feature, code: feature.properties.code, name: nameOf(feature), ...(told.get(feature.properties.code) || NONE),
  }));
  const known = new Set(lines.map(({ code }) => code));
  const elsewhere = [...told].filter(([code]) => !known.has(code)).map(([, of]) => of);
  if (elsewhere.length) lines.push(elsewhere.reduce((sum, of) => ({
    ...sum, all: sum.all + of.all, late: sum.late + of.late, soon: sum.soon + of.soon,
  }), { feature: null, code: '', name: words.no_grid, ...NONE }));
  return lines.sort((a, b) => b.late - a.late || b.soon - a.soon || b.all - a.all);
}

function rowOf({ feature, code, name, all, late, soon }) {
  const row = el('tr', '', el('th', 'name', name), el('td', late ? 'is-late' : '', count(late)), el('td', soon ? 'is-soon' : '', count(soon)),
    el('td', '', count(all)), el('td', 'duty', feature ? feature.properties.officer || words.nobody : '–'));
  row.firstChild.scope = 'row';
  row.dataset.grid = code;
  return row;
}

function numbers() {
  const found = { late: 0, soon: 0, in_hand: matters.byId.size, queue: 0 };
  const now = Date.now() / 1000;
  for (const one of matters.byId.values()) {
    const due = dueOf(one, now);
    if (due === 'late' || due === 'soon') found[due] += 1;
    if (one.status === 'reported') found.queue += 1;
  }
  return found;
}

export function showNumbers() {
  if (!matters.ready) return;
  for (const [name, value] of Object.entries(numbers())) document.querySelector(`[data-number="${name}"]`).textContent = count(value);
}

export function showGrids(lines, current) {
  const shown = lines.slice(0, ROWS_MOST);
  byId('wall').style.setProperty('--rows', String(Math.max(1, shown.length)));
  byId('grids').replaceChildren(...shown.map(rowOf));
  for (const row of byId('grids').children) if (current !== null && row.dataset.grid === current) row.setAttribute('aria-current', 'true');
  const others = lines.slice(ROWS_MOST);
  byId('rest').hidden = !others.length;
  const sum = (key) => count(others.reduce((all, one) => all + one[key], 0));
  if (others.length) byId('rest').textContent = say('rest', { x: shown.length, y: lines.length, late: sum('late'), hand: sum('all') });
}
