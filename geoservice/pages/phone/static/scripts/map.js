/* global L */
// A small Leaflet map of a jurisdiction: its ground, buildings, grids and names, from the layers of the map pages.
import { lonOf, onward } from '../../shell/scripts/onward.js';
import { element } from './elements.js';
import { askRemembered, layerPath } from './interface.js';
import { named, say } from './page.js';
import { inWords } from './places.js';

// Metres a pixel at the equator at zoom 0 (2 pi 6378137 / 256).
const METRES_A_PIXEL = 156543.03392804097;
const STREET_M = 9;
const NAMES_FROM_ZOOM = 16;
const BUILDINGS_FROM_ZOOM = 15;
const GROUND = { block: '#eae7de', green: '#d3e2c8', water: '#b9d6e4' };

const metresAPixel = (zoom, lat) => (METRES_A_PIXEL * Math.cos((lat * Math.PI) / 180)) / 2 ** zoom;

// How far off a finger may be, in metres, and from which zoom on it tells one place from the next.
const FINGER_PX = 22;
const TELLS_M = 25;
const EXACT_M = 15;
export const fingerM = (map, { lat }) => Math.ceil(FINGER_PX * metresAPixel(map.getZoom(), lat));
export const tells = (metres) => metres <= TELLS_M;

// Shows a place so large that a finger tells it.
export function showClose(map, latlng) {
  const zoom = Math.ceil(2 * Math.log2((FINGER_PX * metresAPixel(0, latlng.lat)) / EXACT_M)) / 2;
  map.setView(latlng, Math.max(map.getZoom(), Math.min(zoom, map.getMaxZoom())), { animate: false });
}

// The street and the grid of a place, as far as their layers have arrived; '' without either.
const arrived = new WeakMap();
export const placeInWords = (map, { lat, lng }) => inWords(arrived.get(map) || {}, { lat, lng: lonOf(lng) });

export function showWhole(map, [west, south, east, north]) {
  const bounds = L.latLngBounds([south, west], [north, east]);
  map.fitBounds(bounds, { padding: [6, 6], animate: false });
  map.setMaxBounds(bounds.pad(0.6));
}

// Names whoever made the data. Leaflet's own control takes credits for markup; this one is text.
export function credit(map, text) {
  if (!text) return;
  const control = L.control({ position: 'bottomright' });
  control.onAdd = () => element('div', { class: 'credit' }, text);
  control.addTo(map);
}

export function newMap(node, bbox) {
  const map = L.map(node, { at: onward(bbox), preferCanvas: true, zoomControl: false, zoomSnap: 0.5, minZoom: 11, maxZoom: 20 });
  map.attributionControl.setPrefix(false);
  L.control.zoom({ zoomInTitle: say('map.zoom_in'), zoomOutTitle: say('map.zoom_out') }).addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  for (const [pane, order] of [['ground', 210], ['streets', 220], ['buildings', 230], ['names', 550]]) {
    map.createPane(pane).style.zIndex = order;
    map.getPane(pane).style.pointerEvents = 'none';
  }
  const sizes = new ResizeObserver(() => map.invalidateSize());
  sizes.observe(node);
  map.on('unload', () => sizes.disconnect());
  return map;
}

function streetStyle(map) {
  const metres = metresAPixel(map.getZoom(), map.getCenter().lat);
  return { color: '#fff', weight: Math.max(1, STREET_M / metres), opacity: 1 };
}

function flat(map, features, pane, style) {
  return L.geoJSON(features, { coordsToLatLng: map.options.at, interactive: false, pane, style, renderer: L.canvas({ pane }) });
}

// How much room a name takes, about its middle.
function boxOf(map, name) {
  const at = map.project(name.middle);
  const wide = [...name.text].reduce((sum, letter) => sum + (letter > '\u2e80' ? 12 : 7), 0);
  return L.bounds(at.subtract([wide / 2 + 2, 8]), at.add([wide / 2 + 2, 8]));
}

// Those that find room, the first ones first.
function withRoom(map, names) {
  const taken = [];
  return names.filter((name) => {
    const box = boxOf(map, name);
    if (taken.some((other) => other.intersects(box))) return false;
    return taken.push(box);
  });
}

function nameMarker({ middle, text, street }) {
  const words = element('span', { class: street ? 'street-name' : 'area-name' }, text);
  const icon = L.divIcon({ className: 'name-anchor', iconSize: [0, 0], html: words });
  return L.marker(middle, { icon, interactive: false, keyboard: false, pane: 'names' });
}

// The middle of each named area and of the longest stretch of each street; areas first, the large ones before.
function namesOf(map, features) {
  const places = new Map();
  for (const feature of features.filter((one) => one.properties.name && one.geometry)) {
    const layer = L.geoJSON(feature, { coordsToLatLng: map.options.at });
    const bounds = layer.getBounds();
    const length = bounds.getNorthWest().distanceTo(bounds.getSouthEast());
    const street = feature.properties.kind === 'street';
    const key = `${street} ${feature.properties.name}`;
    const path = layer.getLayers()[0].getLatLngs();
    const middle = street && path[0].lat !== undefined ? path[Math.floor(path.length / 2)] : bounds.getCenter();
    if (!places.has(key) || places.get(key).length < length) {
      places.set(key, { length, middle, street, text: named(feature.properties) });
    }
  }
  return [...places.values()].sort((a, b) => a.street - b.street || b.length - a.length);
}

function showNames(map, names) {
  const group = L.layerGroup().addTo(map);
  const settle = () => {
    group.clearLayers();
    if (map.getZoom() < NAMES_FROM_ZOOM) return;
    for (const name of withRoom(map, names)) nameMarker(name).addTo(group);
  };
  map.on('zoomend', settle);
  settle();
}

// Shows a layer from a zoom on.
function fromZoom(map, layer, zoom) {
  const settle = () => (map.getZoom() >= zoom ? layer.addTo(map) : layer.remove());
  map.on('zoomend', settle);
  settle();
}

function drawGround(map, all) {
  const { features } = all;
  const streets = features.filter((one) => one.properties.kind === 'street');
  const areas = features.filter((one) => one.properties.kind !== 'street');
  flat(map, areas, 'ground', (one) => ({
    stroke: false,
    fillColor: GROUND[one.properties.kind] || GROUND.block,
    fillOpacity: 1,
  })).addTo(map);
  const lines = flat(map, streets, 'streets', streetStyle(map)).addTo(map);
  map.on('zoomend', () => lines.setStyle(streetStyle(map)));
  showNames(map, namesOf(map, features));
}

function drawBuildings(map, all) {
  const style = { color: '#b3a994', weight: 0.7, fillColor: '#d8d0c0', fillOpacity: 1 };
  fromZoom(map, flat(map, all, 'buildings', style), BUILDINGS_FROM_ZOOM);
}

function drawGrids(map, all, own) {
  L.geoJSON(all, {
    coordsToLatLng: map.options.at,
    interactive: false,
    style: (one) => ({ color: '#2f4b7c', weight: 2, fill: own.includes(one.properties.code), fillOpacity: 0.12 }),
  }).addTo(map);
}

// Draws what arrives; says `failed` once when something does not. The heavy layer comes last.
export async function drawJurisdiction(map, jurisdiction, { own = [], failed, asking = askRemembered }) {
  const parts = [
    ['grids', (all) => drawGrids(map, all, own)],
    ['basemap', (all) => drawGround(map, all)],
    ['buildings', (all) => drawBuildings(map, all)],
  ];
  let missing = false;
  let gone = false;
  map.on('unload', () => (gone = true));
  for (const [layer, draw] of parts) {
    try {
      const all = await asking(layerPath(jurisdiction, layer));
      if (gone) return;
      draw(all);
      arrived.set(map, { ...arrived.get(map), [layer]: all.features });
    } catch {
      missing = true;
    }
  }
  if (gone) return;
  map.getContainer().dataset.ready = String(!missing);
  if (missing) failed();
}

export function pin(latlng, kind, options = {}) {
  const icon = L.divIcon({ className: `pin pin-${kind}`, iconSize: [28, 36], iconAnchor: [14, 36], html: '' });
  return L.marker(latlng, { icon, ...options });
}
