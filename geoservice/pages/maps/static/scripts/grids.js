// The list of the grids beside the map, how much is in hand in each and how much of that is late; and their names on it.
import { inOrder, labels, nameGrids, nameOf, thinOut } from './labels.js';
import { button, byId, count, el, map, say, words } from './parts.js';
import { dueOf, isInHand, matters, meant, onMatters } from './matters.js';

// By grid: how much of what is shown is in hand there, late, and due soon.
export function tally() {
  const found = new Map();
  for (const one of meant().filter(isInHand)) {
    if (!found.has(one.grid)) found.set(one.grid, { all: 0, late: 0, soon: 0 });
    const of = found.get(one.grid);
    const due = dueOf(one);
    of.all += 1;
    if (due === 'late' || due === 'soon') of[due] += 1;
  }
  return found;
}

function lineOf(feature, { all, late }, most, open) {
  const bar = el('progress', 'bar-of-grid');
  Object.assign(bar, { max: most, value: all });
  bar.setAttribute('aria-hidden', 'true');
  const number = el('span', 'grid-count', count(all));
  number.title = words.in_hand;
  const lateNumber = late ? el('span', 'grid-late', `${words.late} ${count(late)}`) : '';
  const { code } = feature.properties;
  const line = button('grid-line', '', () => open(feature));
  line.append(el('b', '', nameOf(feature)), el('span', 'grid-code', nameOf(feature) === code ? '' : code), lateNumber, number, bar);
  line.dataset.grid = code;
  return el('li', '', line);
}

// Ties the list to the layer of the grids; `open` is called with the grid that was picked from it.
export function startList(layer, open) {
  const show = () => {
    const told = tally();
    const none = { all: 0, late: 0 };
    const of = ({ properties }) => told.get(properties.code) || (matters.ready ? none : { all: properties.in_hand || 0, late: 0 });
    const most = Math.max(1, ...layer.features.map((feature) => of(feature).all));
    byId('grid-list').replaceChildren(...inOrder(layer.features).map((feature) => lineOf(feature, of(feature), most, open)));
    // Of a grid that is no longer drawn, such as where another edition was put in force for days that were over; or of none.
    const listed = new Set(layer.features.map(({ properties }) => properties.code));
    const others = [...told].reduce((sum, [code, { all }]) => (listed.has(code) ? sum : sum + all), 0);
    byId('grid-others').hidden = !others || !listed.size;
    byId('grid-others').textContent = say('others', { n: count(others) });
  };
  layer.onChanged(show);
  onMatters(show);
}

// Ties the names on the map to the layer; returns what shows them or not.
export function startNames(layer, isShown) {
  layer.onChanged(() => nameGrids(layer.features));
  return () => {
    if (isShown()) map.addLayer(labels);
    else map.removeLayer(labels);
    thinOut();
  };
}

export const gridName = (layer, code) => {
  const found = layer.features.find((feature) => feature.properties.code === code);
  return found ? nameOf(found) : code;
};

export const gridFeature = (layer, code) => layer.features.find((feature) => feature.properties.code === code);
