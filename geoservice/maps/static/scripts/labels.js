// Labels that do not belong to a path: the grids' codes, and the names of streets and waters.
(function () {
  'use strict';
  const app = window.geoservice;
  const SCAN_LINES = 15;
  const NAMES_FROM_ZOOM = 15.5;
  const FAR_BELOW_ZOOM = 15.5;
  const NEAR_FROM_ZOOM = 18;
  const CHARACTER_PX = 12;
  // A street must be this many times longer than its name.
  const ROOM = 3.5;
  const CHINESE = /^[\u3400-\u9fff]+$/;

  // Where a horizontal line at a latitude crosses the rings, from west to east.
  function crossings(rings, lat) {
    const found = [];
    for (const ring of rings) {
      for (let i = 1; i < ring.length; i += 1) {
        const [x1, y1] = ring[i - 1];
        const [x2, y2] = ring[i];
        if (y1 > lat !== y2 > lat) found.push(x1 + ((lat - y1) * (x2 - x1)) / (y2 - y1));
      }
    }
    return found.sort((a, b) => a - b);
  }

  // A place well inside a polygon: the middle of its widest chord, those near its waist preferred.
  app.insideOf = function (geometry) {
    const parts = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
    let best = null;
    for (const rings of parts) {
      const lats = rings[0].map((position) => position[1]);
      const south = Math.min(...lats);
      const north = Math.max(...lats);
      for (let i = 1; i < SCAN_LINES; i += 1) {
        const share = i / SCAN_LINES;
        const lat = south + (north - south) * share;
        const xs = crossings(rings, lat);
        for (let j = 1; j < xs.length; j += 2) {
          const worth = (xs[j] - xs[j - 1]) * (1 - Math.abs(share - 0.5));
          if (!best || worth > best.worth) {
            best = { worth: worth, latlng: L.latLng(lat, (xs[j] + xs[j - 1]) / 2) };
          }
        }
      }
    }
    return best && best.latlng;
  };

  function label(latlng, pane, node) {
    const icon = L.divIcon({ className: 'gs-label-anchor', iconSize: [0, 0], html: node });
    return L.marker(latlng, { icon: icon, interactive: false, keyboard: false, pane: pane });
  }

  // People call a grid by its name; the code follows where there is room for it.
  function gridLabel(feature) {
    const code = feature.properties.code;
    const name = app.inLanguage(feature.properties, 'name') || code;
    const node = app.element('span', 'gs-grid-label', app.element('b', '', name));
    if (name !== code) node.append(app.element('small', '', code));
    const marker = label(app.insideOf(feature.geometry), 'labels', node);
    marker.givesWay = node;
    return marker;
  }

  // Of labels that would lie on each other only the first is seen; nearer, there is room for more.
  function thinOut(map, group) {
    const taken = [];
    const apart = (one, other) => one.some((low, i) => i < 2 && (low >= other[i + 2] || other[i] >= one[i + 2]));
    group.eachLayer((marker) => {
      const node = marker.givesWay;
      if (!node || !node.isConnected) return;
      const { x, y } = map.latLngToLayerPoint(marker.getLatLng());
      const [across, down] = [node.offsetWidth / 2, node.offsetHeight / 2];
      const place = [x - across, y - down, x + across, y + down];
      const free = taken.every((other) => apart(place, other));
      node.style.visibility = free ? '' : 'hidden';
      if (free) taken.push(place);
    });
  }

  // A place on a line of points, by the share of its length.
  function along(points, share) {
    const lengths = points.slice(1).map((point, i) => point.distanceTo(points[i]));
    let left = share * lengths.reduce((sum, length) => sum + length, 0);
    for (let i = 0; i < lengths.length; i += 1) {
      if (left <= lengths[i] && lengths[i] > 0) {
        const part = left / lengths[i];
        return points[i].multiplyBy(1 - part).add(points[i + 1].multiplyBy(part));
      }
      left -= lengths[i];
    }
    return points[points.length - 1];
  }

  // The longest part of a street: its length and its course about its middle, in pixels at zoom 18.
  function course(geometry, map) {
    const lines = geometry.type === 'LineString' ? [geometry.coordinates] : geometry.coordinates;
    let best = { length: 0 };
    for (const line of lines) {
      const points = line.map(([lon, lat]) => map.project([lat, lon], 18));
      const length = points.slice(1).reduce((sum, p, i) => sum + p.distanceTo(points[i]), 0);
      if (length <= best.length) continue;
      const [from, to] = [along(points, 0.45), along(points, 0.55)];
      best = { length: length, middle: along(points, 0.5), from: from, to: to };
    }
    return best;
  }

  // The zoom from which a text fits its street well.
  function fittingZoom(name, length18) {
    const wanted = ROOM * CHARACTER_PX * (CHINESE.test(name) ? name.length : name.length / 2);
    return Math.max(NAMES_FROM_ZOOM, 18 + Math.log2(wanted / Math.max(length18, 1)));
  }

  // One label a name, at the middle of its longest part, turned along it, never upside down.
  function lineLabel(street, name, map) {
    const run = street.to.subtract(street.from);
    let angle = (Math.atan2(run.y, run.x) * 180) / Math.PI;
    if (angle > 90) angle -= 180;
    if (angle < -90) angle += 180;
    const text = app.element('span', 'gs-street-label', name);
    // Chinese along a steep street stands upright, one character below the other.
    if (Math.abs(angle) > 60 && CHINESE.test(name)) {
      text.classList.add('gs-upright');
      angle -= 90 * Math.sign(angle);
    }
    text.style.transform = `translate(-50%, -50%) rotate(${angle}deg)`;
    const marker = label(map.unproject(street.middle, 18), 'names', text);
    marker.shownFrom = { node: text, zoom: fittingZoom(name, street.length) };
    return marker;
  }

  function placeLabels(features, map) {
    const lines = new Map();
    const labels = [];
    for (const feature of features) {
      const name = app.inLanguage(feature.properties, 'name');
      const kind = feature.properties.kind;
      if (!name || kind === 'block') continue;
      if (/Polygon$/.test(feature.geometry.type)) {
        const text = app.element('span', `gs-place-label gs-place-${kind}`, name);
        const marker = label(app.insideOf(feature.geometry), 'names', text);
        marker.shownFrom = { node: text, zoom: NAMES_FROM_ZOOM };
        labels.push(marker);
      } else if (/LineString$/.test(feature.geometry.type)) {
        const street = course(feature.geometry, map);
        if (street.length > (lines.get(name) || { length: 0 }).length) lines.set(name, street);
      }
    }
    lines.forEach((street, name) => labels.push(lineLabel(street, name, map)));
    return labels;
  }

  function follow(layer, group, map) {
    layer.on('add', () => map.addLayer(group));
    layer.on('remove', () => map.removeLayer(group));
    if (map.hasLayer(layer)) map.addLayer(group);
  }

  function zoomLabels(map, group) {
    const zoom = map.getZoom();
    map.getContainer().classList.toggle('gs-far', zoom < FAR_BELOW_ZOOM);
    map.getContainer().classList.toggle('gs-near', zoom >= NEAR_FROM_ZOOM);
    group.eachLayer((marker) => {
      if (marker.shownFrom) marker.shownFrom.node.hidden = zoom < marker.shownFrom.zoom;
    });
    thinOut(map, group);
  }

  app.startLabels = function (map) {
    map.createPane('labels').classList.add('gs-labels-pane');
    map.createPane('names').classList.add('gs-names-pane');
    const makers = { grids: (features) => features.map(gridLabel), basemap: placeLabels };
    for (const [key, make] of Object.entries(makers)) {
      const layer = app.layers.get(key);
      const group = L.layerGroup();
      const fill = () => {
        if (layer.state !== 'drawn' || group.getLayers().length) return;
        make(layer.features, map).forEach((marker) => group.addLayer(marker));
        zoomLabels(map, group);
      };
      layer.on('state', fill);
      fill();
      group.on('add', () => zoomLabels(map, group));
      follow(layer, group, map);
      map.on('zoomend', () => zoomLabels(map, group));
    }
  };
})();
