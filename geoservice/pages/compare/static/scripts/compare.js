/* global L */
// Then and now: two editions on two maps that are moved together, grids that differ marked on both, and what became of whom.
import { isOfTown, runOn } from '../../maps/scripts/across.js';
import { inOrder, insideOf, nameOf, thin } from '../../maps/scripts/labels.js';
import { address, button, byId, count, el, fetchJson, map, phone, say, settings, urls, words } from '../../maps/scripts/parts.js';
import { drawOn, startTiles } from '../../maps/scripts/tiles.js';

const PLAIN = { color: '#2f4b7c', weight: 2, opacity: 0.9, fillColor: '#2f4b7c', fillOpacity: 0.04 };
const DIFFERS = { color: '#a11d1d', weight: 3.5, opacity: 1, dashArray: '9 6', fillColor: '#ffd23f', fillOpacity: 0.4 };
const editions = new Map(settings.editions.map((one) => [String(one.id), one]));
const [west, south, east, north] = settings.bbox;
const bounds = L.latLngBounds([south, west], [north, east]);
const asked = new URLSearchParams(window.location.search);
const sides = { then: { map }, now: {} };
let asking = 0;

function startMaps() {
  runOn();
  sides.now.map = L.map('second', { ...map.options, center: map.getCenter(), zoom: map.getZoom() });
  for (const [name, side] of Object.entries(sides)) {
    side.map.createPane('grids').style.zIndex = 410;
    side.map.createPane('labels').style.zIndex = 560;
    for (const pane of ['grids', 'labels']) side.map.getPane(pane).style.pointerEvents = 'none';
    side.group = L.layerGroup().addTo(side.map);
    side.labels = L.layerGroup().addTo(side.map);
    side.map.on('zoomend', () => thin(side.map, side.labels));
    side.renderer = L.svg({ pane: 'grids', padding: 0.3 });
    side.map.getContainer().setAttribute('role', 'application');
    side.map.getContainer().setAttribute('aria-label', words[`map.${name}`]);
    new ResizeObserver(() => side.map.invalidateSize({ animate: false })).observe(side.map.getContainer());
    L.control.scale({ imperial: false, position: 'bottomleft' }).addTo(side.map);
    if (settings.attribution) {
      const credit = L.control({ position: 'bottomright' });
      credit.onAdd = () => el('div', 'leaflet-control-attribution', settings.attribution);
      credit.addTo(side.map);
    }
  }
  const view = (asked.get('map') || '').split('/').map(Number);
  if (view.length === 3 && view.every(Number.isFinite) && Math.abs(view[2]) <= 90) map.setView([view[2], view[1]], view[0], { animate: false });
  else map.fitBounds(bounds, { padding: [10, 10], animate: false });
  sides.now.map.setView(map.getCenter(), map.getZoom(), { animate: false });
  L.control.zoom({ position: 'topright', zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(map);
  map.sync(sides.now.map);
  sides.now.map.sync(map);
}

function writeAddress() {
  const said = new URLSearchParams(window.location.search);
  for (const name of ['then', 'now']) said.set(name, byId(name).value);
  const { lng, lat } = map.getCenter();
  said.set('map', `${Number(map.getZoom().toFixed(2))}/${lng.toFixed(6)}/${lat.toFixed(6)}`);
  const query = said.toString().replaceAll('%2F', '/');
  window.history.replaceState(null, '', `${window.location.pathname}?${query}`);
  for (const link of document.querySelectorAll('.languages a')) {
    const url = new URL(link.href);
    const own = new URLSearchParams(query);
    own.delete('lang');
    if (url.searchParams.get('lang')) own.set('lang', url.searchParams.get('lang'));
    link.href = `${url.pathname}?${own.toString().replaceAll('%2F', '/')}`;
  }
}

function labelOf(feature, differs) {
  const node = el('span', `grid-label${differs ? ' differs' : ''}`, differs ? el('span', '', '≠') : '', el('b', '', nameOf(feature)));
  const icon = L.divIcon({ className: 'label-anchor', iconSize: [0, 0], html: node });
  return Object.assign(L.marker(insideOf(feature.geometry), { icon, interactive: false, keyboard: false, pane: 'labels' }), { node });
}

function draw(side, changed) {
  side.group.clearLayers();
  side.labels.clearLayers();
  // What differs above the rest: a border that two share is drawn as one that differs.
  for (const differs of [false, true]) {
    const features = side.features.filter((one) => changed.has(one.properties.code) === differs);
    L.geoJSON({ type: 'FeatureCollection', features }, {
      pane: 'grids', renderer: side.renderer, interactive: false, style: differs ? DIFFERS : PLAIN,
    }).addTo(side.group);
  }
  const first = (one) => (changed.has(one.properties.code) ? 0 : 1);
  [...side.features].sort((a, b) => first(a) - first(b)).forEach((one) => labelOf(one, !first(one)).addTo(side.labels));
  thin(side.map, side.labels);
  side.map.getContainer().dataset.changed = side.features.filter((one) => changed.has(one.properties.code)).length;
}

// Counts of an edition by grid: of its last moment, or of now; what can not be had is not known.
async function countsOf(edition) {
  const population = await fetchJson(address(urls.population, { at: edition.at }), { cache: 'no-store' }).catch(() => null);
  const [counted] = population?.instants || [];
  // Where nobody lived anywhere nobody had been counted yet.
  const households = new Map((counted?.households === 0 ? [] : counted?.per_grid || []).map((one) => [one.grid_code, one.households]));
  return { households, in_hand: urls.incidents && (!edition.over || edition.day) ? await inHandOf(edition) : new Map() };
}

async function inHandOf(edition) {
  const found = new Map();
  let after = null;
  do {
    const page = await fetchJson(address(urls.incidents, { to: edition.over ? edition.day : null, after }), { cache: 'no-store' });
    const [grid, inHand] = ['grid', 'in_hand'].map((name) => page.columns.indexOf(name));
    for (const row of page.rows) if (inHand < 0 || row[inHand]) found.set(row[grid], (found.get(row[grid]) || 0) + 1);
    after = page.next;
  } while (after);
  found.isKnown = true;
  return found;
}

const told = (value) => (value === null || value === undefined ? '–' : count(value));
const inHandIn = (counts, code) => (counts.in_hand.isKnown ? counts.in_hand.get(code) || 0 : null);

function gridWords(side, code) {
  const feature = side.features.find((one) => one.properties.code === code);
  const name = feature ? nameOf(feature) : code;
  return el('b', '', name, name === code ? '' : el('small', 'muted', ` ${code}`));
}

function countWords({ then, now }) {
  const line = (key, before, after) => el('div', '', el('dt', '', words[key]), el('dd', '', say('counts', { before: told(before), after: told(after) })));
  const of = (side, code) => (code ? sides[side].counts : null);
  const [before, after] = [of('then', then), of('now', now)];
  return el('dl', 'facts',
    line('households', before?.households.get(then), after?.households.get(now)),
    urls.incidents ? line('in_hand', before && inHandIn(before, then), after && inHandIn(after, now)) : '');
}

function goTo({ then, now }) {
  const there = [[sides.then, then], [sides.now, now]].flatMap(([side, code]) => side.features.filter((one) => one.properties.code === code));
  const box = L.geoJSON({ type: 'FeatureCollection', features: there }).getBounds();
  if (isOfTown(box)) map.fitBounds(box, { padding: [30, 30], animate: false });
}

function pairLine(pair) {
  const kind = pair.kind || (pair.now ? 'new' : 'gone');
  const node = button('pair', '', () => goTo(pair));
  const [then, now] = [pair.then && gridWords(sides.then, pair.then), pair.now && gridWords(sides.now, pair.now)];
  const parts = kind === 'new' ? [now, words['kind.new']] : kind === 'gone' ? [then, words['kind.gone']] : [then, words[`kind.${kind}`], now];
  node.append(...parts.flatMap((part) => [part, ' ']));
  node.dataset.pair = `${pair.then || ''}>${pair.now || ''}`;
  return el('li', '', node, countWords(pair));
}

function tell(pairs) {
  const changed = { then: new Set(pairs.map((one) => one.then)), now: new Set(pairs.map((one) => one.now)) };
  for (const [name, side] of Object.entries(sides)) draw(side, changed[name]);
  const differ = sides.now.features.filter((one) => changed.now.has(one.properties.code)).length;
  const same = sides.now.features.length - differ;
  byId('summary').textContent = pairs.length ? say('summary', { x: count(differ), y: count(same) }) : say('summary.none', { y: count(same) });
  byId('pairs').replaceChildren(...pairs.map(pairLine));
  byId('counted').textContent = pairs.length ? words.counted : '';
}

async function show() {
  asking += 1;
  const mine = asking;
  const [then, now] = [byId('then').value, byId('now').value];
  writeAddress();
  byId('failed').hidden = true;
  try {
    const of = async (id) => ({
      features: inOrder((await fetchJson(`${urls.grids}${id}/grids`)).features.filter((one) => one.geometry && !one.properties.unowned_reason)),
      counts: await countsOf(editions.get(id)),
    });
    const [left, right, pairs] = await Promise.all([of(then), of(now), fetchJson(address(urls.lineage, { then, now }))]);
    if (mine !== asking) return;
    Object.assign(sides.then, left);
    Object.assign(sides.now, right);
    tell(pairs);
    document.body.dataset.shown = `${then} ${now}`;
  } catch {
    byId('failed').hidden = false;
  }
}

// Of the address only what there is to choose; else the edition in force, and the one before it.
function choose() {
  const ids = [...editions.keys()];
  const usual = { then: ids[ids.length - 2] || ids[0], now: ids[ids.length - 1] };
  for (const name of ['then', 'now']) {
    byId(name).value = editions.has(asked.get(name)) ? asked.get(name) : usual[name];
    byId(name).addEventListener('change', show);
  }
  if (ids.length === 1) byId('summary').textContent = words.only_one;
}

async function start() {
  startMaps();
  choose();
  const tiles = startTiles().then(() => drawOn(sides.now.map));
  byId('again').addEventListener('click', show);
  if (editions.size) await show();
  if (editions.size === 1) byId('summary').textContent = words.only_one;
  map.on('moveend', writeAddress);
  sides.now.map.on('moveend', writeAddress);
  if (phone.matches) map.scrollWheelZoom.disable();
  await tiles;
  document.body.dataset.ready = 'true';
}

start();
