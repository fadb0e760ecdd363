/* global L, protomapsL */
// Layers of which there may be many, as vector tiles on one canvas, in the order of the catalogue. What was touched since comes
// anew when their documents are asked for again, all else from the browser's own store.
import { withTilesBeyond } from './across.js';
import { fetchJson, language, map, settings } from './parts.js';
import { state } from './state.js';

const EARTH_M = 40075016.686;
const TILE_PX = 256;
const LATE = '#a11d1d';
const rules = settings.layers.filter((spec) => spec.drawn === 'tiles' && spec.tiles);
// Incidents of tiles are those of now; a picture of the ground stands in for the drawn one.
const isAway = (layer) => (state.to && layer === 'incidents') || (state.base && layer === 'basemap');
const isShown = (rule, value) => !isAway(rule.layer) && state.layers.has(rule.key) && !state.off.has(`${rule.key}.${value}`);

// How many of a cell a rule speaks of: all, or those of the values that it draws.
function amount(rule, feature) {
  if (!rule.only.length) return feature.props.features;
  return rule.only.reduce((sum, value) => sum + (feature.props[`${rule.by}:${value}`] || 0), 0);
}

function paintOf(rule, feature) {
  const own = rule.by ? rule.paints[feature.props[rule.by]] : null;
  return own ? { ...rule.paint, ...own } : rule.paint;
}

function metresAPixel() {
  return (EARTH_M / TILE_PX) * Math.cos((map.getCenter().lat * Math.PI) / 180);
}

// width_m is a width on the ground.
function widthOf(paint, zoom) {
  if (!paint.width_m) return paint.weight || 1;
  return Math.max(1, paint.width_m / (metresAPixel() / 2 ** zoom));
}

function path(context, geom) {
  context.beginPath();
  for (const ring of geom) ring.forEach((point, i) => (i ? context.lineTo(point.x, point.y) : context.moveTo(point.x, point.y)));
}

function shapes(rule) {
  return {
    draw(context, geom, zoom, feature) {
      const paint = paintOf(rule, feature);
      path(context, geom);
      if (feature.geomType === 3 && paint.fill !== false && paint.fillColor) {
        context.globalAlpha = paint.fillOpacity ?? 1;
        context.fillStyle = paint.fillColor;
        context.fill();
      }
      if (paint.stroke !== false && paint.color) {
        context.globalAlpha = paint.opacity ?? 1;
        context.strokeStyle = paint.color;
        context.lineWidth = widthOf(paint, zoom);
        context.lineJoin = 'round';
        context.stroke();
      }
    },
  };
}

// The more of them, the darker.
function squares(rule) {
  return {
    draw(context, geom, zoom, feature) {
      const number = amount(rule, feature);
      if (!number) return;
      path(context, geom);
      context.globalAlpha = Math.min(0.9, 0.25 + 0.2 * Math.log10(number));
      context.fillStyle = rule.paint.color || rule.paint.fillColor;
      context.fill();
    },
  };
}

function circle(context, at, radius, paint, fill) {
  context.beginPath();
  context.arc(at.x, at.y, radius, 0, 2 * Math.PI);
  context.globalAlpha = paint.fillOpacity ?? 1;
  context.fillStyle = fill;
  context.fill();
  context.globalAlpha = paint.opacity ?? 1;
  context.lineWidth = paint.weight || 1;
  context.strokeStyle = paint.color;
  context.stroke();
}

function points(rule) {
  return {
    draw(context, geom, zoom, feature) {
      const paint = paintOf(rule, feature);
      const radius = (paint.radius || 5) * Math.min(1, (zoom - 12) / 4);
      circle(context, geom[0][0], Math.max(2.5, radius), paint, paint.fillColor);
    },
  };
}

function clusters(rule) {
  return {
    draw(context, geom, zoom, feature) {
      const number = amount(rule, feature);
      if (!number) return;
      const at = geom[0][0];
      const paint = { ...rule.paint, color: feature.props.late > 0 ? LATE : '#ffffff', weight: 1.5 };
      circle(context, at, Math.min(20, 7 + 3 * Math.log10(number)), paint, '#68747f');
      Object.assign(context, { globalAlpha: 1, fillStyle: '#ffffff', font: '600 11px sans-serif', textAlign: 'center', textBaseline: 'middle' });
      context.fillText(number > 9999 ? `${Math.round(number / 1000)}k` : String(number), at.x, at.y);
    },
  };
}

// Single features, and what counts them at lower zooms: each has a layer of its own in the tiles.
function paintRules(rule) {
  const drawn = rule.symbol === 'area' || rule.symbol === 'line';
  const meant = (feature) => !rule.only.length || rule.only.includes(feature.props[rule.by]);
  return [
    {
      dataSource: rule.layer,
      dataLayer: rule.layer,
      symbolizer: drawn ? shapes(rule) : points(rule),
      filter: (zoom, feature) => isShown(rule, feature.props[rule.by]) && meant(feature),
    },
    {
      dataSource: rule.layer,
      dataLayer: `${rule.layer}_cells`,
      symbolizer: drawn ? squares(rule) : clusters(rule),
      filter: () => isShown(rule),
    },
  ];
}

// Names along streets, and in the middle of greens and waters.
function labelRules() {
  const ground = rules.find((rule) => rule.layer === 'basemap');
  if (!ground || settings.street_names === false) return [];
  const text = {
    labelProps: language === 'en' ? ['name_en', 'name'] : ['name'], fill: '#4b5560', stroke: '#ffffff', width: 2.5,
    font: '500 12px "Noto Sans CJK SC", "Microsoft YaHei", sans-serif',
  };
  return [
    {
      dataSource: 'basemap',
      dataLayer: 'basemap',
      symbolizer: new protomapsL.LineLabelSymbolizer(text),
      minzoom: 14,
      filter: (zoom, feature) => isShown(ground) && feature.props.kind === 'street',
    },
  ];
}

// From where the page is, under whatever name a proxy passed the question on.
const sourceOf = (document) => ({
  url: document.tiles[0].replace(/^https?:\/\/[^/]*/, ''),
  maxDataZoom: document.maxzoom,
});

const documents = new Map();
let canvas = null;
let tellState = () => null;

export function onTileState(listener) {
  tellState = listener;
}

const tileUrl = (layer) => rules.find((rule) => rule.layer === layer).tiles;
const askedFor = () => [...new Set(rules.map((rule) => rule.layer))];
const documentOf = (layer) => fetchJson(tileUrl(layer), { cache: 'no-store' });

function told(layer, what) {
  rules.filter((rule) => rule.layer === layer).forEach((rule) => tellState(rule, what));
}

async function fetchDocument(layer) {
  try {
    documents.set(layer, await documentOf(layer));
    told(layer, 'drawn');
  } catch {
    told(layer, 'failed');
  }
}

// Draws what there is; a layer whose document can not be had says so, and is tried again on demand.
export async function startTiles() {
  await Promise.all(askedFor().map(fetchDocument));
  canvas = protomapsL.leafletLayer({
    sources: Object.fromEntries([...documents].map(([layer, one]) => [layer, sourceOf(one)])),
    paintRules: rules.filter((rule) => documents.has(rule.layer)).flatMap(paintRules),
    labelRules: documents.has('basemap') ? labelRules() : [],
    attribution: '',
    lang: language,
  });
  withTilesBeyond(canvas.views.values());
  const drawn = new Promise((resolve) => canvas.on('load', resolve));
  canvas.on('load', () => (document.body.dataset.tiles = 'drawn'));
  canvas.addTo(map);
  return drawn;
}

// The same on another map; it is drawn once.
export function drawOn(other) {
  const second = protomapsL.leafletLayer({
    sources: Object.fromEntries([...documents].map(([layer, one]) => [layer, sourceOf(one)])),
    paintRules: rules.filter((rule) => documents.has(rule.layer)).flatMap(paintRules), labelRules: labelRules(), attribution: '', lang: language,
  });
  withTilesBeyond(second.views.values());
  second.addTo(other);
}

export async function tryAgain() {
  if (canvas) canvas.remove();
  await startTiles();
}

export function repaintTiles() {
  if (!canvas) return;
  canvas.clearLayout();
  canvas.rerenderTiles();
}

// Asks whether there are newer ones, of one layer or of all; draws them when there are.
export async function refreshTiles(only = null) {
  const changed = [];
  for (const [layer, before] of documents) {
    if (only && layer !== only) continue;
    const now = await documentOf(layer);
    if (now.tiles[0] === before.tiles[0]) continue;
    documents.set(layer, now);
    canvas.views.set(layer, protomapsL.sourcesToViews(sourceOf(now)).get(''));
    withTilesBeyond([canvas.views.get(layer)]);
    changed.push(layer);
  }
  if (changed.length) repaintTiles();
}
