// Layers that fetch their GeoJSON when first shown, draw it in a fixed order and say how it went.
(function () {
  'use strict';
  const app = window.geoservice;
  const collections = new Map();
  // Leaflet: metres a pixel at the equator at zoom 0 (2 pi 6378137 / 256).
  const METRES_A_PIXEL = 156543.03392804097;
  const BACKGROUND_PANE = 'background';

  app.layers = new Map();

  // Always asks; what has not changed costs a 304. The tag tells one state of a layer from another.
  function ask(url) {
    const options = { headers: { Accept: 'application/geo+json' }, cache: 'no-cache' };
    return fetch(url, options).then(async (response) => {
      if (!response.ok) throw new Error(`${url} answered ${response.status}`);
      return { tag: response.headers.get('ETag'), features: await response.json() };
    });
  }

  // Two toggles may draw from one address; it is fetched once. A failure is forgotten, so that it
  // can be tried again.
  function collection(url) {
    if (!collections.has(url)) {
      const answer = ask(url);
      answer.catch(() => collections.delete(url));
      collections.set(url, answer);
    }
    return collections.get(url);
  }

  // Fetch an address anew; draw the layers that show it again when it has changed.
  app.refresh = async function (url) {
    if (!collections.has(url)) return;
    const before = await collections.get(url);
    const now = await ask(url);
    if (now.tag && now.tag === before.tag) return;
    collections.set(url, Promise.resolve(now));
    for (const layer of app.layers.values()) {
      if (layer.spec.url === url && layer.state === 'drawn') layer.draw(now.features);
    }
  };

  // How many features there are of a layer where the answer does not hold all of them; null where it does. `value` is
  // one of the values that the layer is drawn by.
  function matchedOf(spec, answer, value) {
    if (!(answer.numberReturned < answer.numberMatched)) return null;
    const by = spec.by && answer.numberMatchedBy && answer.numberMatchedBy[spec.by];
    const values = value === undefined ? spec.only : [value];
    if (!by || !values.length) return value === undefined ? answer.numberMatched : null;
    return values.reduce((sum, one) => sum + (by[one] || 0), 0);
  }

  function styleOf(spec, feature) {
    const own = spec.by ? spec.styles[feature.properties[spec.by]] : null;
    return Object.assign({}, spec.style, own || {});
  }

  // Symbols shrink when the whole jurisdiction is small on the screen, so that it stays readable.
  function symbolScale(zoom) {
    return Math.min(1.2, Math.max(0.55, 1 + (zoom - 16) * 0.25));
  }

  function radiusOf(spec, feature, style, zoom) {
    if (!spec.scaleBy) return style.radius * symbolScale(zoom);
    const amount = Math.max(0, Number(feature.properties[spec.scaleBy]) || 0);
    return Math.min(24, 2.5 + 1.7 * Math.sqrt(amount)) * symbolScale(zoom);
  }

  function iconMarker(spec, feature, latlng) {
    const kind = String(feature.properties[spec.by]).replace(/[^a-z_]/g, '');
    const icon = L.divIcon({
      className: `gs-icon gs-icon-${kind}`,
      iconSize: [26, 26],
      html: document.createElement('span'),
    });
    const title = String(app.inLanguage(feature.properties, spec.title) || '');
    return L.marker(latlng, { icon: icon, title: title, alt: title, riseOnHover: true });
  }

  const RemoteLayer = L.GeoJSON.extend({
    initialize: function (spec) {
      this.spec = spec;
      this.features = [];
      this.state = 'idle';
      L.GeoJSON.prototype.initialize.call(this, null, {
        interactive: spec.interactive,
        pane: spec.interactive ? 'overlayPane' : BACKGROUND_PANE,
        filter: (feature) =>
          feature.geometry &&
          (!spec.only.length || spec.only.includes(feature.properties[spec.by])),
        style: (feature) => this.styleAtZoom(feature),
        pointToLayer: (feature, latlng) => {
          if (spec.symbol === 'icon') return iconMarker(spec, feature, latlng);
          return L.circleMarker(latlng, { interactive: spec.interactive });
        },
        onEachFeature: (feature, layer) => {
          this.features.push(feature);
          if (!spec.interactive) return;
          layer.on('click', (event) => this.fire('chosen', { layer: layer, origin: event }));
        },
      });
    },

    onAdd: function (map) {
      if (!map.getPane(BACKGROUND_PANE)) {
        map.createPane(BACKGROUND_PANE).classList.add('gs-background-pane');
      }
      L.GeoJSON.prototype.onAdd.call(this, map);
      if (this.spec.symbol !== 'icon') map.on('zoomend', this.restyle, this);
      if (this.state === 'drawn') this.restyle();
      this.load();
    },

    onRemove: function (map) {
      map.off('zoomend', this.restyle, this);
      L.GeoJSON.prototype.onRemove.call(this, map);
    },

    // width_m is a width on the ground; Leaflet wants pixels.
    styleAtZoom: function (feature) {
      const style = styleOf(this.spec, feature);
      if (!this._map) return style;
      const zoom = this._map.getZoom();
      if (this.spec.symbol === 'circle') {
        style.radius = radiusOf(this.spec, feature, style, zoom);
      } else if (style.width_m) {
        const latitude = (this._map.getCenter().lat * Math.PI) / 180;
        const metres = (METRES_A_PIXEL * Math.cos(latitude)) / 2 ** zoom;
        style.weight = Math.max(1, style.width_m / metres);
      }
      return style;
    },

    restyle: function () {
      this.setStyle((feature) => this.styleAtZoom(feature));
    },

    load: function () {
      if (this.state === 'drawn' || this.state === 'drawing') return;
      this.become('drawing');
      collection(this.spec.url).then(
        (answer) => this.draw(answer.features),
        () => this.become('failed'),
      );
    },

    draw: function (features) {
      this.features = [];
      this.matched = (value) => matchedOf(this.spec, features, value);
      this.clearLayers();
      this.addData(features);
      this.become('drawn');
    },

    become: function (state) {
      this.state = state;
      this.fire('state');
    },
  });

  app.remoteLayer = function (spec) {
    const layer = new RemoteLayer(spec);
    app.layers.set(spec.key, layer);
    return layer;
  };
})();
