/* global L */
// The map page: puts its parts together. What happens is heard, where somebody is signed in; others ask every half minute.
import { Stream } from '../../shell/scripts/live.js';
import { isOfTown, runOn } from './across.js';
import * as card from './card.js';
import { measured, startControls } from './controls.js';
import { startCopying } from './copying.js';
import { asOfWords, showDays, startDays, tellFailed } from './days.js';
import { FeatureLayer } from './features.js';
import { gridFeature, gridName, startList, startNames } from './grids.js';
import { showHeat, startHeat } from './heat.js';
import { insideOf } from './labels.js';
import { matterLayer } from './matter_layer.js';
import { loadAll, loadSome, matters, onMatters, tellMatters } from './matters.js';
import { showState, startPanel, tellCounts, tellLayer } from './panel.js';
import { byId, clock, count, jurisdiction, map, phone, say, settings, urls, fetchJson } from './parts.js';
import { showBase, startBase } from './rasters.js';
import { startSearch } from './search.js';
import { refreshShading, showShading, startShading } from './shading.js';
import { readAddress, state, writeAddress } from './state.js';
import { onTileState, refreshTiles, repaintTiles, startTiles, tryAgain } from './tiles.js';

const GATHER_MS = 300;
const FIGURES_MS = 5000;
const MINUTE_MS = 60000;
const HEARD_MS = 20000;
const CLOSE_ZOOM = 17;

const live = settings.layers.find((spec) => spec.drawn === 'live');
const layers = new Map();
let showNames = () => null;
let stream = null;

// Layers

function tell(spec, what) {
  tellLayer(spec, what);
  const layer = layers.get(spec.key);
  if (what === 'drawn' && layer) tellCounts(spec, layer.counts());
}

async function turned(spec, again = false) {
  if (spec.drawn === 'tiles') await (again ? tryAgain() : repaintTiles());
  else if (spec.drawn === 'live') await (again ? loadMatters() : showMatters());
  else await showFeatures(spec, again);
  writeAddress();
}

async function showFeatures(spec, again) {
  const layer = layers.get(spec.key);
  if (!state.layers.has(spec.key)) layer.hide();
  else if (again) await layer.load();
  else {
    await layer.show();
    if (layer.state === 'drawn') {
      layer.draw();
      tell(spec, 'drawn');
    }
  }
  showNames();
}

function showMatters() {
  if (state.layers.has(live.key)) map.addLayer(matterLayer);
  else map.removeLayer(matterLayer);
  tellMatters();
}

async function loadMatters() {
  if (!live) return;
  try {
    if (!matters.ready) tellLayer(live, 'drawing');
    await loadAll();
  } catch {
    tellLayer(live, 'failed');
    throw new Error('incidents');
  }
}

// Keeping it current

function sayWhen(key, instant) {
  byId('as-of').textContent = say(key, { time: clock(instant) });
  byId('as-of').classList.toggle('stale', key === 'stale');
}

let fresh = new Date();
async function currently(work) {
  try {
    await work();
    fresh = new Date();
    if (state.to) byId('as-of').textContent = asOfWords();
    else sayWhen('updated', fresh);
  } catch {
    if (state.to) tellFailed();
    else sayWhen('stale', fresh);
  }
}

async function refreshFigures() {
  const figures = await fetchJson(urls.figures, { cache: 'no-store' });
  for (const part of byId('figures').children) {
    const value = figures[part.dataset.figure];
    part.querySelector('dd').textContent = value === null ? '–' : count(value);
  }
}

const UNTOLD = ['grids', 'households']; // who serves where, and what is told of people, is no event
const refreshFeatures = (meant = () => true) => Promise.all(
  [...layers.values()].filter(({ spec }) => meant(spec.layer)).map((layer) => layer.refresh()),
);
const refreshAll = () => state.to || currently(async () => {
  await Promise.all([loadMatters(), refreshFigures(), refreshFeatures(), refreshTiles(), refreshShading()]);
  card.freshen();
});

// Of what is drawn only what may have changed without an event.
const refreshByClock = () => state.to || currently(async () => {
  await Promise.all([live && loadSome([]), refreshFeatures((layer) => UNTOLD.includes(layer)), refreshShading()]);
});

const heard = new Set();
let gathering = null;
let figuresDue = null;

function take(event) {
  if (state.to) return; // all is asked for on the way back to now
  if (event.incident) heard.add(event.incident);
  else if (event.type?.startsWith('edition.')) {
    currently(async () => {
      await Promise.all([refreshFeatures(), refreshTiles(), refreshFigures(), refreshShading()]);
      card.freshen();
    });
    return;
  } else if (event.type === 'layer.changed') {
    // What cameras see is drawn from the cameras.
    const meant = (layer) => layer === event.layer || (layer === 'camera_sectors' && event.layer === 'cameras');
    currently(async () => {
      await Promise.all([refreshFeatures(meant), refreshTiles(event.layer)]);
      card.freshen();
    });
    return;
  } else return;
  gathering = gathering || setTimeout(takeGathered, GATHER_MS);
  figuresDue = figuresDue || setTimeout(() => {
    figuresDue = null;
    state.to || currently(() => Promise.all([refreshFigures(), layers.get('grids')?.refresh(), refreshShading()]));
  }, FIGURES_MS);
}

async function takeGathered() {
  const ids = [...heard];
  heard.clear();
  gathering = null;
  if (state.to) return;
  await currently(() => loadSome(ids));
  card.freshen();
}

// To the days of the state, or back to now; `drawn`: what there is of them is only narrowed.
async function toDays({ drawn = false } = {}) {
  if (drawn) {
    tellMatters();
    return;
  }
  repaintTiles();
  showShading();
  const grids = layers.get('grids');
  if (!state.to) {
    await refreshAll();
    return;
  }
  await Promise.all([loadMatters(), grids?.refresh()]);
  byId('as-of').textContent = asOfWords();
  byId('as-of').classList.remove('stale');
  card.freshen();
}

const hears = () => stream && !stream.deaf && Date.now() - stream.spoke < HEARD_MS;

function listen() {
  const url = document.body.dataset.stream;
  if (url) {
    stream = new Stream(url, { heard: take, gap: refreshAll, jurisdiction });
    stream.start();
  }
  setInterval(() => document.hidden || hears() || refreshAll(), settings.asked_every_s * 1000);
  setInterval(() => document.hidden || !hears() || refreshByClock(), MINUTE_MS);
  document.addEventListener('visibilitychange', () => document.hidden || refreshAll());
}

// Clicks and searches

function clicked({ latlng, containerPoint }) {
  if (measured(latlng)) return;
  const [nearest] = state.layers.has(live?.key) ? matterLayer.hit(containerPoint) : [];
  if (nearest && nearest.those.length > 1 && map.getZoom() < map.getMaxZoom()) {
    const { those } = nearest;
    map.fitBounds(L.latLngBounds(those.map((one) => [one.lat, one.lon])), { maxZoom: Math.min(map.getZoom() + 3, map.getMaxZoom()), padding: [60, 60] });
    return;
  }
  if (!nearest) card.openAt({ lat: latlng.lat, lon: latlng.lng });
  else {
    const [one] = nearest.those;
    card.openAt({ lat: one.lat, lon: one.lon }, { id: one.id });
  }
}

function fit(box, options) {
  if (isOfTown(box)) map.fitBounds(box, options);
  else goHome();
}

function openGrid(feature) {
  const { lat, lng } = insideOf(feature.geometry);
  fit(L.geoJSON(feature).getBounds(), { padding: [30, 30], animate: false });
  card.openAt({ lat, lon: lng });
}

function went(one) {
  const [west, south, east, north] = one.bbox;
  const isPoint = east - west < 1e-9 && north - south < 1e-9;
  if (isPoint) map.setView([south, west], Math.max(map.getZoom(), CLOSE_ZOOM), { animate: false });
  else fit(L.latLngBounds([south, west], [north, east]), { maxZoom: 18, padding: [60, 60], animate: false });
  const feature = (one.kind === 'grids' || one.kind === 'officer') && gridFeature(layers.get('grids'), one.grids[0] || one.id);
  if (feature) {
    const { lat, lng } = insideOf(feature.geometry);
    card.openAt({ lat, lon: lng });
  } else card.openAt({ lat: (south + north) / 2, lon: (west + east) / 2 }, { id: one.kind === 'incidents' ? one.id : null });
}

// Panes on a phone: one at a time, below the map.

function openPane(id) {
  for (const tab of document.querySelectorAll('.tabs button')) {
    const isOpen = tab.dataset.pane === id;
    tab.setAttribute('aria-expanded', String(isOpen));
    byId(tab.dataset.pane).classList.toggle('opened', isOpen);
  }
}

function startPanes() {
  for (const tab of document.querySelectorAll('.tabs button')) {
    tab.addEventListener('click', () => openPane(tab.getAttribute('aria-expanded') === 'true' ? '' : tab.dataset.pane));
  }
}

// The view

const [west, south, east, north] = settings.bbox;
const bounds = L.latLngBounds([south, west], [north, east]);
const goHome = () => map.fitBounds(bounds, { padding: phone.matches ? [6, 6] : [24, 24], animate: false });

function showView() {
  if (state.view) map.setView([state.view.lat, state.view.lon], state.view.zoom, { animate: false });
  else goHome();
}

function moved() {
  const { lat, lng } = map.getCenter();
  state.view = { zoom: map.getZoom(), lat, lon: lng };
  writeAddress();
}

function followAddress() {
  const { from, to } = state;
  readAddress();
  showState();
  showView();
  showDays();
  settings.layers.forEach((spec) => spec.drawn === 'features' && showFeatures(spec));
  repaintTiles();
  if (live) showMatters();
  if (from !== state.from || to !== state.to) toDays().catch(tellFailed);
  showShading();
  showHeat();
  showBase();
  card.followState();
}

async function start() {
  map.getContainer().setAttribute('role', 'application');
  map.getContainer().setAttribute('aria-label', settings.words.map);
  runOn();
  for (const spec of settings.layers) if (spec.drawn === 'features') layers.set(spec.key, new FeatureLayer(spec, tell));
  const grids = layers.get('grids');
  const grid = (code) => (grids ? gridName(grids, code) : code);
  showView();
  map.setMaxBounds(bounds.pad(1.5));
  startControls(goHome, () => {
    const { lat, lng } = map.getCenter();
    card.openAt({ lat, lon: lng });
  });
  startPanel(turned, tellMatters);
  card.startCard({ grid, openPane });
  startSearch(went, grid);
  startPanes();
  startShading();
  startDays(toDays, () => openPane(''));
  startCopying();
  startHeat();
  if (grids) {
    startList(grids, openGrid);
    showNames = startNames(grids, () => state.layers.has('grids'));
  }
  onTileState(tell);
  new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(map.getContainer());
  map.on('click', clicked);
  map.on('mousemove', ({ containerPoint }) => map.getContainer().classList.toggle('over', matterLayer.hit(containerPoint).length > 0));
  window.addEventListener('popstate', followAddress);
  const tiles = startTiles();
  const shown = [...layers.values()].filter(({ spec }) => state.layers.has(spec.key));
  await Promise.all([currently(loadMatters), ...shown.map((layer) => layer.show()), showShading()]);
  if (grids && grids.state === 'idle') await grids.load(); // its names are told wherever a grid is
  showNames();
  if (live) showMatters();
  card.followState();
  map.on('moveend', moved);
  await tiles;
  await startBase();
  writeAddress(); // whose words the links have, too
  document.body.dataset.ready = 'true';
  listen();
}

onMatters(() => (document.body.dataset.matters = matters.byId.size));
start();
