/* global L */
// What stands on the map itself: nearer and farther, the whole of it, its centre, how long things are, where the pointer is.
import { lonOf } from './across.js';
import { button, el, map, metres, settings, words } from './parts.js';

function bar(position, ...nodes) {
  const control = L.control({ position });
  control.onAdd = () => {
    const node = el('div', 'leaflet-bar', ...nodes);
    L.DomEvent.disableClickPropagation(node);
    return node;
  };
  control.addTo(map);
}

function sign(className, text, title, act) {
  const node = button(className, text, act);
  node.title = title;
  node.setAttribute('aria-label', title);
  return node;
}

// Names whoever made the data, where maps do. Leaflet's own control takes credits for markup; this one is text.
function credit(text) {
  if (!text) return;
  const control = L.control({ position: 'bottomright' });
  control.onAdd = () => el('div', 'leaflet-control-attribution', text);
  control.addTo(map);
}

function pointer() {
  const control = L.control({ position: 'bottomleft' });
  const told = el('output', 'pointer');
  control.onAdd = () => told;
  control.addTo(map);
  map.on('mousemove', ({ latlng }) => (told.textContent = `${lonOf(latlng.lng).toFixed(6)}, ${latlng.lat.toFixed(6)}`));
  map.on('mouseout', () => (told.textContent = ''));
}

// A line from click to click, and how long it is on the ground; after two clicks at once the next one begins another.
const measure = { points: [], line: null, told: null, on: false, done: false };

function length() {
  return measure.points.slice(1).reduce((sum, point, i) => sum + map.distance(measure.points[i], point), 0);
}

function endMeasure(node) {
  measure.on = false;
  measure.line.remove();
  measure.told.remove();
  node.setAttribute('aria-pressed', 'false');
  map.doubleClickZoom.enable();
  map.getContainer().classList.remove('measuring');
}

function beginMeasure(node) {
  Object.assign(measure, { points: [], on: true, done: false });
  measure.line = L.polyline([], { color: '#1f2d3d', weight: 3, dashArray: '6 5', interactive: false }).addTo(map);
  measure.told = el('output', 'measured', words['measure.hint']);
  map.getContainer().append(measure.told);
  map.getContainer().classList.add('measuring');
  node.setAttribute('aria-pressed', 'true');
  map.doubleClickZoom.disable(); // whoever ends a line with two clicks means the line, not the map
}

// Whether a click was one of measuring, and is done with.
export function measured(latlng) {
  if (!measure.on) return false;
  if (measure.done) Object.assign(measure, { points: [], done: false });
  measure.points.push(latlng);
  measure.line.setLatLngs(measure.points);
  measure.told.textContent = measure.points.length > 1 ? metres(Math.max(length(), 0.5)) : words['measure.hint'];
  return true;
}

export function startControls(goHome, askCentre) {
  bar('topright', sign('sign', '+', words.zoom_in, () => map.zoomIn()), sign('sign', '−', words.zoom_out, () => map.zoomOut()),
    sign('sign', '⌂', words.home, goHome), sign('sign', '◎', words.centre, askCentre));
  const ruler = sign('sign', '↔', words.measure, () => (measure.on ? endMeasure(ruler) : beginMeasure(ruler)));
  ruler.setAttribute('aria-pressed', 'false');
  map.on('dblclick', () => (measure.done = measure.on));
  bar('topright', ruler);
  document.addEventListener('keydown', (event) => event.key === 'Escape' && measure.on && endMeasure(ruler));
  L.control.scale({ imperial: false, position: 'bottomleft' }).addTo(map);
  pointer();
  credit(settings.attribution);
}
