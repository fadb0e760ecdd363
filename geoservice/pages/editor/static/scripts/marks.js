/* global L */
// What a gesture shows before the service has answered: lines as they would run, what they snap to, and where a step was refused.
import { canvas, latLngs } from './drawing.js';
import { byId, el, map } from './parts.js';

const GHOST = { color: '#b3126b', weight: 3, dashArray: '7 5' };
const BAD = { color: '#a11d1d', weight: 4, dashArray: null };
const ghost = L.layerGroup().addTo(map);
const snapMark = L.circleMarker([0, 0], { ...canvas('marks'), radius: 9, color: '#b3126b', weight: 2, fill: false });
const badMark = L.circleMarker([0, 0], { ...canvas('marks'), radius: 12, color: '#a11d1d', weight: 3, fillColor: '#fff', fillOpacity: 0.4 });

// Lines as they would run, each a list of longitudes and latitudes.
export function showGhost(lines) {
  ghost.clearLayers();
  lines.forEach((line) => L.polyline(latLngs(line), { ...canvas('marks'), ...GHOST, smoothFactor: 0 }).addTo(ghost));
}

export const turnGhostBad = () => ghost.eachLayer((line) => line.setStyle(BAD));
export const clearGhost = () => ghost.clearLayers();

export function showSnap(place) {
  if (place) snapMark.setLatLng([place[1], place[0]]).addTo(map);
  else snapMark.remove();
}

// The sentence over the map: what to do next, or why something was not done.
export function hint(...children) {
  byId('hint').replaceChildren(...children.map((child) => (typeof child === 'string' ? el('span', '', child) : child)));
  byId('hint').hidden = children.length === 0;
}

export function showBad(place) {
  if (!place) return;
  badMark.setLatLng([place[1], place[0]]).addTo(map);
  if (!map.getBounds().contains([place[1], place[0]])) map.panTo([place[1], place[0]], { animate: false });
}

export function clearBad() {
  badMark.remove();
  clearGhost();
}
