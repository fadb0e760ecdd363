/* global L */
// Layers whose features are few enough to be drawn one by one: fetched when first shown, kept current by their tag.
import { address, ask, el, map, named, settings } from './parts.js';
import { state } from './state.js';

const PANES = { area: 'shapes', line: 'shapes', circle: 'points', icon: 'points' };

for (const [pane, order] of [['shapes', 410], ['points', 460], ['names', 560]]) {
  map.createPane(pane).style.zIndex = order;
  map.getPane(pane).style.pointerEvents = 'none';
}
const canvases = Object.fromEntries(['shapes', 'points'].map((pane) => [pane, L.canvas({ pane, padding: 0.2 })]));

// Always asks; what has not changed costs a 304. The tag tells one state of a layer from another.
export async function tagged(url) {
  const answer = await ask(url, { headers: { Accept: 'application/geo+json' }, cache: 'no-cache' });
  return { tag: answer.headers.get('ETag'), collection: await answer.json() };
}

// Symbols shrink when the whole jurisdiction is small on the screen, so that it stays readable.
const symbolScale = (zoom) => Math.min(1.2, Math.max(0.55, 1 + (zoom - 16) * 0.25));

function radiusOf(spec, properties, paint) {
  const scale = symbolScale(map.getZoom());
  if (!spec.scaleBy) return (paint.radius || 5) * scale;
  const amount = Math.max(0, Number(properties[spec.scaleBy]) || 0);
  return Math.min(24, 2.5 + 1.7 * Math.sqrt(amount)) * scale;
}

function iconAt(spec, properties, latlng) {
  const kind = String(properties[spec.by]).replace(/[^a-z_]/g, '');
  const picture = Object.assign(el('img', 'icon'), { src: `${settings.icons}${kind}.svg`, alt: '', width: 26, height: 26 });
  const icon = L.divIcon({ className: 'icon-anchor', iconSize: [26, 26], html: picture });
  return L.marker(latlng, { icon, interactive: false, keyboard: false, pane: 'points', title: String(named(properties, spec.title) || '') });
}

export class FeatureLayer {
  constructor(spec, tell) {
    Object.assign(this, { spec, tell, state: 'idle', features: [], matched: 0, tag: null, changed: [] });
    this.group = L.layerGroup();
    map.on('zoomend', () => this.restyle());
  }

  onChanged(listener) {
    this.changed.push(listener);
  }

  // Of the grids, those of the day that is looked at.
  get url() {
    const { layer, url } = this.spec;
    return layer === 'grids' && state.to ? address(url, { to: state.to }) : url;
  }

  become(what) {
    this.state = what;
    this.tell(this.spec, what);
  }

  async show() {
    map.addLayer(this.group);
    if (this.state === 'idle' || this.state === 'failed') await this.load();
  }

  hide() {
    map.removeLayer(this.group);
  }

  async load() {
    this.become('drawing');
    try {
      this.take(await tagged(this.url));
    } catch {
      this.become('failed');
    }
  }

  // Asks again, where it was asked before; raises when nobody answers.
  async refresh() {
    if (this.state !== 'drawn') return;
    const asked = this.url;
    const now = await tagged(asked);
    if (String(asked) !== String(this.url)) return; // another day is looked at by now
    if (!now.tag || now.tag !== this.tag) this.take(now);
  }

  take({ tag, collection }) {
    this.tag = tag;
    this.matched = collection.numberMatched ?? collection.features.length;
    this.features = collection.features.filter((one) => one.geometry);
    this.draw();
    this.become('drawn');
    this.changed.forEach((listener) => listener(this));
  }

  paintOf(feature) {
    const { spec } = this;
    const own = spec.by ? spec.paints[feature.properties[spec.by]] : null;
    const paint = { ...spec.paint, ...(own || {}) };
    return spec.symbol === 'circle' ? { ...paint, radius: radiusOf(spec, feature.properties, paint) } : paint;
  }

  isMeant(feature) {
    const value = feature.properties[this.spec.by];
    return (!this.spec.only.length || this.spec.only.includes(value)) && !state.off.has(`${this.spec.key}.${value}`);
  }

  draw() {
    const { spec } = this;
    const pane = PANES[spec.symbol];
    this.group.clearLayers();
    this.drawn = L.geoJSON({ type: 'FeatureCollection', features: this.features }, {
      interactive: false, pane, renderer: canvases[pane],
      filter: (feature) => this.isMeant(feature),
      style: (feature) => this.paintOf(feature),
      pointToLayer: ({ properties }, latlng) =>
        spec.symbol === 'icon' ? iconAt(spec, properties, latlng) : L.circleMarker(latlng, { pane, renderer: canvases[pane], interactive: false }),
    }).addTo(this.group);
  }

  restyle() {
    if (this.drawn && this.spec.symbol === 'circle') this.drawn.setStyle((feature) => this.paintOf(feature));
  }

  // How many are drawn, in all and by the values that it is drawn by.
  counts() {
    const by = {};
    const shown = this.features.filter((feature) => this.isMeant(feature)).length;
    for (const { properties } of this.features) by[properties[this.spec.by]] = (by[properties[this.spec.by]] || 0) + 1;
    return { shown, matched: this.matched, by };
  }
}

export const specOf = (layer) => settings.layers.find((spec) => spec.layer === layer);
