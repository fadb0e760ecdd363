// The grid that is chosen: what becomes of it, its code and name, its neighbours, and its vertices one by one.
import { neighboursOf } from './coverage.js';
import { draft } from './draft.js';
import { handles, movable, told } from './handles.js';
import { byId, count, el, mayEdit, named, say, words } from './parts.js';

const nameOf = (code) => {
  const { properties } = draft.grids.get(code);
  const name = named(properties) || code;
  return name === code ? code : `${name} (${code})`;
};

function showNeighbours(code) {
  const before = byId('neighbour').value;
  const those = neighboursOf(code);
  byId('neighbour').replaceChildren(...those.map((one) => {
    const option = el('option', '', nameOf(one));
    option.value = one;
    return option;
  }));
  if (those.includes(before)) byId('neighbour').value = before;
  byId('with-neighbour').hidden = those.length === 0;
}

function fill(field, value) {
  if (document.activeElement !== field) field.value = value;
}

export function showGrid(code) {
  const grid = code && draft.grids.get(code);
  byId('grid').hidden = !grid;
  byId('no-grid').hidden = Boolean(grid) || !mayEdit();
  byId('grid-forms').hidden = !mayEdit();
  if (!grid) return;
  byId('grid-title').textContent = nameOf(code);
  byId('grid').dataset.grid = code;
  byId('disown-box').hidden = Boolean(grid.properties.unowned_reason);
  byId('propose-split')?.toggleAttribute('hidden', Boolean(grid.properties.unowned_reason));
  byId('nobodys').hidden = !grid.properties.unowned_reason;
  byId('nobodys').textContent = grid.properties.unowned_reason ? say('unowned.told', { reason: grid.properties.unowned_reason }) : '';
  fill(byId('recode-code'), code);
  fill(byId('recode-name'), grid.properties.name || '');
  showNeighbours(code);
  showVertex();
}

export function showVertex() {
  const those = movable();
  const number = those.indexOf(handles.chosen);
  byId('vertex-count').textContent = number < 0
    ? say('vertex.many', { n: count(those.length) })
    : say('vertex.one', { x: count(number + 1), y: count(those.length) });
  byId('vertex-told').textContent = handles.chosen ? told(handles.chosen) : words['vertex.none'];
  byId('vertex').dataset.chosen = number;
  byId('vertex-moves').hidden = !handles.chosen;
}
