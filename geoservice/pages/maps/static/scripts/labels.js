/* global L */
// Names of grids on a map of staff: where each stands, and which is seen where there is no room for all.
import { el, map, named } from './parts.js';

const SCAN_LINES = 15;
const CODE_FROM_ZOOM = 17;

// Where a horizontal line at a latitude crosses the rings, from west to east.
function crossings(rings, lat) {
  const found = [];
  for (const ring of rings) {
    for (let i = 1; i < ring.length; i += 1) {
      const [[x1, y1], [x2, y2]] = [ring[i - 1], ring[i]];
      if (y1 > lat !== y2 > lat) found.push(x1 + ((lat - y1) * (x2 - x1)) / (y2 - y1));
    }
  }
  return found.sort((a, b) => a - b);
}

// A place well inside a polygon: the middle of its widest chord, those near its waist preferred.
export function insideOf(geometry) {
  const parts = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
  let best = null;
  for (const rings of parts) {
    const lats = rings[0].map((position) => position[1]);
    const [south, north] = [Math.min(...lats), Math.max(...lats)];
    for (let i = 1; i < SCAN_LINES; i += 1) {
      const share = i / SCAN_LINES;
      const lat = south + (north - south) * share;
      const xs = crossings(rings, lat);
      for (let j = 1; j < xs.length; j += 2) {
        const worth = (xs[j] - xs[j - 1]) * (1 - Math.abs(share - 0.5));
        if (!best || worth > best.worth) best = { worth, latlng: L.latLng(lat, (xs[j] + xs[j - 1]) / 2) };
      }
    }
  }
  return best && best.latlng;
}

export const nameOf = ({ properties }) => named(properties) || properties.code;

// People call a grid by its name; the code follows where there is room for it.
function labelOf(feature) {
  const { code } = feature.properties;
  const node = el('span', 'grid-label', el('b', '', nameOf(feature)), nameOf(feature) === code ? '' : el('small', '', code));
  const icon = L.divIcon({ className: 'label-anchor', iconSize: [0, 0], html: node });
  const marker = L.marker(insideOf(feature.geometry), { icon, interactive: false, keyboard: false, pane: 'names' });
  marker.node = node;
  return marker;
}

export const labels = L.layerGroup();

// Of labels that would lie on each other only the first is seen; nearer, there is room for more.
export function thin(on, group) {
  const taken = [];
  const apart = (one, other) => one.some((low, i) => i < 2 && (low >= other[i + 2] || other[i] >= one[i + 2]));
  group.eachLayer((marker) => {
    const { node } = marker;
    if (!node.isConnected) return;
    const { x, y } = on.latLngToLayerPoint(marker.getLatLng());
    const [across, down] = [node.offsetWidth / 2, node.offsetHeight / 2];
    const place = [x - across, y - down, x + across, y + down];
    const free = taken.every((other) => apart(place, other));
    node.classList.toggle('hidden', !free);
    if (free) taken.push(place);
  });
}

export function thinOut() {
  map.getContainer().classList.toggle('near', map.getZoom() >= CODE_FROM_ZOOM);
  thin(map, labels);
}

// Puts the names of grids in the place of those before.
export function nameGrids(features) {
  labels.clearLayers();
  features.forEach((feature) => labelOf(feature).addTo(labels));
  thinOut();
}

// By code, as people count them (G2 before G10).
export const inOrder = (features) => [...features].sort((a, b) =>
  String(a.properties.code).localeCompare(String(b.properties.code), 'en', { numeric: true }));

map.on('zoomend', thinOut);
