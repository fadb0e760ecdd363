/* global L */
// A heat map of the incidents that are shown, as the filters and days leave them: each counts once, over a radius on the ground.
import { byId, count, map, metres, say } from './parts.js';
import { meant, onMatters } from './matters.js';
import { state, writeAddress } from './state.js';

const RADIUS_M = 100;
const MARKS_BELOW = '0.35'; // opacity of the marks that lie upon it: they are still there to be clicked
const PX = { least: 6, most: 160 }; // of the radius on the screen: fewer are no spot, more are slow
const DARKEST_LEAST = 3;
// From few to many by lightness, so that nobody needs to tell hues apart.
const GRADIENT = { 0.15: '#fff3b0', 0.45: '#fdae61', 0.75: '#d7301f', 1: '#67000d' };
const EQUATOR_M = 40075016.686;
const box = byId('heat');
const layer = L.heatLayer([], { maxZoom: 0, minOpacity: 0.15, gradient: GRADIENT });

const metresAPixel = () => (EQUATOR_M * Math.cos((map.getCenter().lat * Math.PI) / 180)) / 2 ** (map.getZoom() + 8);

// How many lie at the fullest place: in a square of half the radius, by which the library counts.
function fullest(places, side) {
  const found = new Map();
  let most = 0;
  for (const place of places) {
    const { x, y } = map.project(place);
    const key = `${Math.floor(x / side)} ${Math.floor(y / side)}`;
    const n = (found.get(key) || 0) + 1;
    found.set(key, n);
    most = Math.max(most, n);
  }
  return most;
}

function draw() {
  byId('heat-legend').hidden = !state.heat;
  map.getPane('matters').style.opacity = state.heat ? MARKS_BELOW : '';
  if (!state.heat) {
    map.removeLayer(layer);
    return;
  }
  const scale = metresAPixel();
  const radius = Math.min(PX.most, Math.max(PX.least, RADIUS_M / scale));
  const places = meant().filter((one) => one.lat !== null).map((one) => [one.lat, one.lon]);
  const darkest = Math.max(DARKEST_LEAST, fullest(places, radius / 2));
  layer.setOptions({ radius: radius * 0.6, blur: radius * 0.4, max: darkest });
  layer.setLatLngs(places);
  map.addLayer(layer);
  byId('heat-told').textContent = say('heat.told', { n: count(places.length), radius: metres(radius * scale), most: count(darkest) });
  document.body.dataset.heat = places.length;
}

// Brings the heat map and its switch to what the state says.
export function showHeat() {
  if (!box) return;
  box.checked = state.heat;
  draw();
}

export function startHeat() {
  if (!box) return;
  box.addEventListener('change', () => {
    state.heat = box.checked;
    writeAddress();
    draw();
  });
  onMatters(draw);
  map.on('zoomend', draw);
  showHeat();
}
