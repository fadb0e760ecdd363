/* global L */
// One view after the other: the whole, each grid in which something is overdue, the figures of the week and their bars.
import { isOfTown } from '../../maps/scripts/across.js';
import { byId, count, map, say, settings, words } from '../../maps/scripts/parts.js';

const VIEWS_MOST = 12; // of grids
const wide = window.matchMedia('(min-aspect-ratio: 5/2)');

const [west, south, east, north] = settings.bbox;
const home = L.latLngBounds([south, west], [north, east]);
const view = { at: 0, key: 'all', since: Date.now() };
let framed = ''; // what the map shows, and on how large a screen

// The grid that is shown; null: none by itself.
export const shownGrid = () => (view.key.startsWith('grid ') ? view.key.slice(5) : null);

// Cut off, the map stays where its ground is drawn; what needs no network goes on.
function views(lines, isCutOff) {
  if (isCutOff) return [framed.split('@')[0] || 'all', 'week', 'bars'];
  const late = lines.filter((line) => line.late && line.feature).slice(0, VIEWS_MOST);
  return ['all', ...late.map(({ code }) => `grid ${code}`), 'week', 'bars'];
}

function captionOf(key, lines) {
  if (key === 'week') return words.week;
  if (key === 'bars') return words.week_grids;
  const line = lines.find(({ code }) => `grid ${code}` === key);
  return line ? say('late_in', { name: line.name, n: count(line.late) }) : words.all;
}

function frame(key, lines) {
  const line = lines.find(({ code, feature }) => feature && `grid ${code}` === key);
  const size = map.getSize();
  const now = `${key}@${size.x}x${size.y}`;
  if (now === framed) return; // to be moved to where it is would have it draw its ground anew
  framed = now;
  const padding = Array(2).fill(size.y * 0.04);
  const box = line && L.geoJSON(line.feature).getBounds();
  map.fitBounds(box && isOfTown(box) ? box : home, { padding, animate: false });
}

export function showView(lines) {
  const isFigures = view.key === 'week' || view.key === 'bars';
  byId('map-view').classList.toggle('behind', isFigures && !wide.matches);
  byId('figures-view').classList.toggle('behind', !isFigures && !wide.matches);
  byId('figures-view').dataset.chart = view.key === 'bars' ? 'grids' : 'week';
  byId('view-name').textContent = captionOf(view.key, lines);
  document.body.dataset.view = view.key;
  if (!isFigures) frame(view.key, lines);
}

export function next(lines, isCutOff) {
  const every = views(lines, isCutOff);
  // What is no longer late is left out; it goes on where it was.
  view.at = ((every.indexOf(view.key) + 1 || view.at) % every.length);
  view.key = every[view.at];
  view.since = Date.now();
  showView(lines);
}

export function recaption(lines) {
  byId('view-name').textContent = captionOf(view.key, lines);
}

export const isOver = (period) => Date.now() - view.since >= period * 1000;
