/* global L */
// The draft on the map: its grids, which is chosen, how many live in each, and what is in force beneath.
import { inOrder, labels, nameGrids } from '../../maps/scripts/labels.js';
import { draft, onDraft } from './draft.js';
import { map } from './parts.js';

const INK = '#1f2d3d';
const FILLS = { few: '#e69f00', many: '#a11d1d', within: '#2f4b7c' };
const canvases = Object.fromEntries(['base', 'draft', 'marks', 'findings'].map((pane) => [pane, L.canvas({ pane, padding: 0.2 })]));
const drawn = new Map();
const balances = new Map();
let chosen = null;

export const canvas = (pane) => ({ pane, renderer: canvases[pane], interactive: false });
export const latLngs = (line) => line.map(([lon, lat]) => [lat, lon]);

const shapeOf = ({ type, coordinates }) =>
  (type === 'Polygon' ? [coordinates] : coordinates).map((part) => part.map(latLngs));

function paintOf(code) {
  const balance = balances.get(code);
  const isChosen = code === chosen;
  const strong = balance && balance !== 'within';
  return {
    color: INK, weight: isChosen ? 3 : 1.75, fillColor: FILLS[balance] || FILLS.within,
    fillOpacity: (strong ? 0.2 : 0.05) + (isChosen ? 0.12 : 0),
  };
}

function draw(code) {
  drawn.get(code)?.remove();
  drawn.delete(code);
  const grid = draft.grids.get(code);
  if (!grid) return;
  drawn.set(code, L.polygon(shapeOf(grid.geometry), { ...canvas('draft'), ...paintOf(code), smoothFactor: 0.3 }).addTo(map));
}

const repaint = (code) => drawn.get(code)?.setStyle(paintOf(code));

onDraft((codes) => {
  for (const code of codes || new Set([...drawn.keys(), ...draft.grids.keys()])) draw(code);
  nameGrids(inOrder([...draft.grids.values()]));
});

export function choose(code) {
  const before = chosen;
  chosen = code;
  [before, code].forEach((one) => one && repaint(one));
}

// How many live in each, told by a colour and beside the map in words.
export function balance(told) {
  balances.clear();
  told.forEach(([code, one]) => one && balances.set(code, one));
  drawn.forEach((_, code) => repaint(code));
}

export const boundsOf = (code) => drawn.get(code)?.getBounds() || null;

export function startDrawing() {
  map.addLayer(labels);
}
