/* global L */
// A line drawn on the map, by clicks or by keys: arrows move a cross, Space puts a corner, Enter ends, Escape drops the line.
import { hint, clearGhost, showGhost } from './marks.js';
import { button, el, map, word } from './parts.js';
import { endSnapping, prepareSnapping, rounded, snapped } from './snapping.js';

const STEP_PX = 8;
const LONG_STEP_PX = 40;
const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
const cross = L.marker([0, 0], {
  icon: L.divIcon({ className: 'cross', iconSize: [24, 24], html: el('span', '', '＋') }), interactive: false, keyboard: false,
});
let drawing = null;

export const isDrawing = () => drawing !== null;
export const isDrawn = () => drawing !== null && drawing.points.length > 0;

const show = (rubber) => showGhost(drawing.points.length + (rubber ? 1 : 0) > 1 ? [[...drawing.points, ...(rubber ? [rubber] : [])]] : []);

function add(place) {
  const last = drawing.points.at(-1);
  if (last && last[0] === place[0] && last[1] === place[1]) return;
  drawing.points.push(place);
  document.body.dataset.points = drawing.points.length;
  show();
}

function takeBack() {
  drawing.points.pop();
  document.body.dataset.points = drawing.points.length;
  show();
}

function end(isKept) {
  const { points, done } = drawing;
  if (isKept && points.length < 2) {
    hint(word('line.short'), ...buttons());
    return;
  }
  drawing = null;
  cross.remove();
  endSnapping();
  map.doubleClickZoom.enable();
  map.getContainer().classList.remove('measuring');
  delete document.body.dataset.points;
  hint();
  if (!isKept) clearGhost();
  done(isKept ? points : null);
}

function buttons() {
  return [button('button first', word('line.end'), () => end(true)), button('button', word('line.drop'), () => end(false))];
}

// Resolves with the corners of the line, null when it was dropped. What was drawn stays to be seen until it is answered.
export function drawLine(sentence) {
  if (drawing) end(false);
  prepareSnapping();
  map.doubleClickZoom.disable();
  map.getContainer().classList.add('measuring');
  clearGhost();
  hint(sentence, ...buttons());
  cross.setLatLng(map.getCenter()).addTo(map);
  map.getContainer().focus({ preventScroll: true });
  return new Promise((done) => {
    drawing = { points: [], done };
    document.body.dataset.points = 0;
  });
}

export const dropLine = () => drawing && end(false);

function moveCross([x, y], far) {
  const at = map.latLngToContainerPoint(cross.getLatLng()).add(L.point(x, y).multiplyBy(far ? LONG_STEP_PX : STEP_PX));
  cross.setLatLng(map.containerPointToLatLng(at));
  if (!map.getBounds().pad(-0.05).contains(cross.getLatLng())) map.panTo(cross.getLatLng(), { animate: false });
  show(rounded(cross.getLatLng()));
}

// Returns whether a key was meant for the line.
export function lineKey(event) {
  if (!drawing) return false;
  const { key } = event;
  if (key === 'Escape') end(false);
  else if (key === 'Enter') end(true);
  else if (key === 'Backspace') takeBack();
  else if (key === ' ') add(snapped(cross.getLatLng(), { alt: event.altKey }));
  else if (ARROWS[key]) moveCross(ARROWS[key], event.shiftKey);
  else return false;
  return true;
}

export function startLines() {
  map.on('click', ({ latlng, originalEvent }) => drawing && add(snapped(latlng, { alt: originalEvent.altKey })));
  map.on('dblclick', () => drawing && end(true));
  map.on('mousemove', ({ latlng, originalEvent }) => drawing && show(snapped(latlng, { alt: originalEvent.altKey })));
  map.on('moveend', () => drawing && prepareSnapping());
}
