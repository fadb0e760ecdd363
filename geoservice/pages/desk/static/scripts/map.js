/* global L */
// The map beside the list: what is listed as points on one canvas, over the grids and the ground; each picks the other.
import { onward } from '../../shell/scripts/onward.js';
import { draw, sizeAt } from '../../shell/scripts/symbols.js';
import { byId, desk } from './parts.js';
import { chosen, onRows, rows } from './rows.js';

const METRES_A_PIXEL = 156543.03392804097;
const STREET_M = 9;
const GROUND = { block: '#eae7de', green: '#d3e2c8', water: '#b9d6e4' };
const ASKED_ONCE_M = 1200; // of a view as wide as this the buildings are drawn

// A matter on the canvas of Leaflet.
const Shape = window.L && L.CircleMarker.extend({
  options: { status: 'reported', late: false, soon: false, chosen: false },
  _updatePath() {
    const { _renderer: renderer, _point: at, _radius: radius, options } = this;
    if (!renderer._drawing || this._empty()) return;
    draw(renderer._ctx, at, radius, options);
  },
});

class DeskMap {
  constructor(node, pick) {
    const bbox = node.dataset.bbox.split(',').map(Number);
    const [west, south, east, north] = bbox;
    this.bounds = L.latLngBounds([south, west], [north, east]);
    this.map = L.map(node, { at: onward(bbox), preferCanvas: true, zoomControl: false, zoomSnap: 0.5, minZoom: 8, maxZoom: 20, attributionControl: false });
    L.control.zoom({ position: 'topright', zoomInTitle: node.dataset.zoomIn, zoomOutTitle: node.dataset.zoomOut }).addTo(this.map);
    L.control.scale({ imperial: false }).addTo(this.map);
    for (const [pane, order] of [['ground', 210], ['streets', 220], ['buildings', 230], ['names', 380]]) {
      this.map.createPane(pane).style.zIndex = order;
      this.map.getPane(pane).style.pointerEvents = 'none';
    }
    this.canvas = L.canvas({ padding: 0.3, tolerance: 8 }); // 24 px to hit
    this.pick = pick;
    this.shapes = new Map();
    this.fit();
    this.map.on('zoomend', () => this.resize());
    new ResizeObserver(() => this.map.invalidateSize({ animate: false })).observe(node);
    this.credit(node.dataset.credit);
  }

  fit() {
    this.map.fitBounds(this.bounds, { padding: [8, 8], animate: false });
  }

  credit(text) {
    if (!text) return;
    const control = L.control({ position: 'bottomright' });
    control.onAdd = () => {
      const node = L.DomUtil.create('div', 'credit');
      node.textContent = text;
      return node;
    };
    control.addTo(this.map);
  }

  resize() {
    const radius = sizeAt(this.map.getZoom());
    for (const shape of this.shapes.values()) shape.setRadius(radius);
  }

  // Draws what is listed, the late above the rest and the chosen one above all.
  showRows() {
    const radius = sizeAt(this.map.getZoom());
    for (const shape of this.shapes.values()) shape.remove();
    this.shapes.clear();
    const current = chosen();
    const weight = (row) => (row === current ? 2 : row.dataset.late === 'true' ? 1 : 0);
    for (const row of rows().sort((a, b) => weight(a) - weight(b))) {
      const { id, lon, lat, status, late, soon } = row.dataset;
      const shape = new Shape(this.map.options.at([Number(lon), Number(lat)]), {
        radius, status, late: late === 'true', soon: soon === 'true', chosen: row === current, renderer: this.canvas,
      });
      shape.on('click', () => this.pick(id));
      this.shapes.set(id, shape.addTo(this.map));
    }
    const drawn = byId('drawn');
    drawn.textContent = drawn.dataset.words.replace('{x}', this.shapes.size);
    this.map.getContainer().dataset.drawn = this.shapes.size;
  }

  // Brings one into view; the view moves only when it must.
  goTo(id) {
    const shape = this.shapes.get(id);
    if (!shape) return;
    const at = shape.getLatLng();
    if (!this.map.getBounds().pad(-0.12).contains(at) || this.map.getZoom() < 15.5) {
      this.map.setView(at, Math.max(this.map.getZoom(), 16), { animate: false });
    }
    const { x, y } = this.map.latLngToContainerPoint(at);
    Object.assign(this.map.getContainer().dataset, { chosen: id, chosenAt: `${x},${y}` });
  }
}

// Ground

const layerPath = (layer) => `/maps/${encodeURIComponent(document.body.dataset.jurisdiction)}/layers/${layer}.geojson`;

async function layer(name) {
  const answer = await fetch(layerPath(name), { cache: 'no-cache' });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

const named = (thing) => (document.body.dataset.language === 'en' && thing.name_en) || thing.name || thing.code;

function flat(map, data, pane, style) {
  return L.geoJSON(data, { coordsToLatLng: map.options.at, interactive: false, pane, style, renderer: L.canvas({ pane }) }).addTo(map);
}

function streetStyle(map) {
  const metres = (METRES_A_PIXEL * Math.cos((map.getCenter().lat * Math.PI) / 180)) / 2 ** map.getZoom();
  return { color: '#fff', weight: Math.max(1, STREET_M / metres), opacity: 1 };
}

function nameMarker({ at, text }) {
  const words = document.createElement('div');
  words.className = 'grid-name';
  words.textContent = text;
  const icon = L.divIcon({ className: 'name-anchor', iconSize: [0, 0], html: words });
  return L.marker(at, { icon, interactive: false, keyboard: false, pane: 'names' });
}

// How much room a name takes about its middle.
function boxOf(map, { at, text }) {
  const middle = map.project(at);
  const wide = [...text].reduce((sum, letter) => sum + (letter > '\u2e80' ? 13 : 8), 16);
  return L.bounds(middle.subtract([wide / 2 + 2, 11]), middle.add([wide / 2 + 2, 11]));
}

// Names of grids that find room, the large ones first: one that is hidden comes when somebody zooms in.
function showNames(map, names) {
  const group = L.layerGroup().addTo(map);
  const settle = () => {
    group.clearLayers();
    const taken = [];
    for (const name of names) {
      const box = boxOf(map, name);
      if (taken.some((other) => other.intersects(box))) continue;
      taken.push(box);
      nameMarker(name).addTo(group);
    }
  };
  map.on('zoomend', settle);
  settle();
}

function drawGrids(map, data) {
  flat(map, data, 'buildings', { color: '#2f4b7c', weight: 2, fill: false });
  const names = data.features.map((feature) => {
    const bounds = L.geoJSON(feature, { coordsToLatLng: map.options.at }).getBounds();
    const size = bounds.getNorthWest().distanceTo(bounds.getSouthEast());
    return { at: bounds.getCenter(), size, text: named(feature.properties) };
  });
  showNames(map, names.sort((one, other) => other.size - one.size));
}

function drawGround(map, data) {
  const isStreet = (one) => one.properties.kind === 'street';
  const areas = { ...data, features: data.features.filter((one) => !isStreet(one)) };
  const streets = { ...data, features: data.features.filter(isStreet) };
  flat(map, areas, 'ground', (one) => ({ stroke: false, fillColor: GROUND[one.properties.kind] || GROUND.block, fillOpacity: 1 }));
  const lines = flat(map, streets, 'streets', streetStyle(map));
  map.on('zoomend', () => lines.setStyle(streetStyle(map)));
}

// Buildings come when somebody is near enough to tell one from the next.
function drawBuildingsWhenNear(map) {
  let asked = false;
  const look = async () => {
    const bounds = map.getBounds();
    if (asked || bounds.getNorthWest().distanceTo(bounds.getNorthEast()) > ASKED_ONCE_M) return;
    asked = true;
    const style = { color: '#b3a994', weight: 0.7, fillColor: '#d8d0c0', fillOpacity: 1 };
    await layer('buildings').then((data) => flat(map, data, 'ground', style)).catch(() => null);
  };
  map.on('moveend', look);
  look();
}

async function drawPlace(map) {
  const failed = () => (byId('map-failed').hidden = false);
  await Promise.all([
    layer('basemap').then((data) => drawGround(map, data)).catch(failed),
    layer('grids').then((data) => drawGrids(map, data)).catch(failed),
  ]);
  map.getContainer().dataset.ready = 'true';
  drawBuildingsWhenNear(map);
}

export function start(pick) {
  const shown = new DeskMap(byId('map'), pick);
  onRows(() => shown.showRows());
  shown.showRows();
  drawPlace(shown.map);
  if (desk.classList.contains('opened') && chosen()) shown.goTo(chosen().dataset.id);
  return (id) => {
    shown.showRows();
    shown.goTo(id);
  };
}
