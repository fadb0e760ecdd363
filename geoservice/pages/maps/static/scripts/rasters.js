/* global L */
// Base maps of pictures, such as an orthophoto, in the place of the drawn ground; one of those that an operator brought, or none.
import { doesRunOn, runningOn } from './across.js';
import { byId, el, fetchJson, map, urls } from './parts.js';
import { state, writeAddress } from './state.js';
import { repaintTiles } from './tiles.js';

const select = byId('base');
const known = new Map();
let layer = null;
let credit = null;

// Across 180 degrees the box of all tiles ends there, and the town does not.
const boundsOf = ([west, south, east, north]) => (doesRunOn ? {} : { bounds: [[south, west], [north, east]] });

function draw() {
  layer?.remove();
  credit?.remove();
  const one = known.get(state.base);
  byId('base-shifted').hidden = one?.crs !== 'gcj02';
  repaintTiles();
  if (!one) return;
  layer = runningOn(L.tileLayer(`${one.tiles}/{z}/{x}/{y}`, {
    zIndex: 0, minZoom: one.min_zoom, minNativeZoom: one.min_zoom, maxNativeZoom: one.max_zoom, maxZoom: map.getMaxZoom(),
    ...boundsOf(one.bbox), noWrap: true,
  })).addTo(map);
  layer.getContainer().classList.add('raster');
  if (!one.attribution) return;
  credit = L.control({ position: 'bottomright' });
  credit.onAdd = () => el('div', 'leaflet-control-attribution raster-credit', one.attribution);
  credit.addTo(map);
}

// Brings base map and its list to what the state says; of the address only what there is.
export function showBase() {
  if (!known.has(state.base)) state.base = '';
  select.value = state.base;
  select.classList.toggle('set', state.base !== '');
  draw();
}

export async function startBase() {
  const told = await fetchJson(urls.basemaps, { cache: 'no-store' }).catch(() => []);
  for (const one of told) {
    known.set(String(one.id), one);
    const option = el('option', '', one.crs === 'gcj02' ? `${one.title} (GCJ-02)` : one.title);
    option.value = one.id;
    select.append(option);
  }
  byId('base-box').hidden = !told.length;
  select.addEventListener('change', () => {
    state.base = select.value;
    writeAddress();
    draw();
  });
  showBase();
}
