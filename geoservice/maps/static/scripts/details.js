// The side panel: the list of grids, and what was clicked. Text nodes only.
(function () {
  'use strict';
  const app = window.geoservice;
  // Reports pile up at one door: everything this near to a click is told, in pixels.
  const SAME_PLACE_PX = 9;
  const el = app.element;
  let mark = null;

  function titleOf(spec, properties) {
    return app.inLanguage(properties, spec.title) || properties.code || '—';
  }

  function fieldList(spec, properties) {
    const list = el('dl', 'gs-fields');
    for (const field of spec.fields) {
      const coded = spec.values[field.property];
      const value = app.written(properties[field.property], field.format, coded, app.words);
      list.append(el('div', '', el('dt', '', field.label), el('dd', '', value)));
    }
    return list;
  }

  function card(spec, properties) {
    const head = el('p', 'gs-kind', spec.heading);
    const colour = spec.by && spec.styles[properties[spec.by]];
    if (colour && colour.fillColor) {
      const dot = el('span', 'gs-dot');
      dot.style.backgroundColor = colour.fillColor;
      head.prepend(dot);
    }
    const title = el('h3', '', titleOf(spec, properties));
    return el('article', 'gs-card', head, title, fieldList(spec, properties));
  }

  function clearMark() {
    if (mark) mark.remove();
    mark = null;
  }

  function ring(map, layer) {
    clearMark();
    if (layer.getLatLng) {
      const style = { radius: 13, color: '#1f2d3d', weight: 2.5, fill: false, interactive: false };
      mark = L.circleMarker(layer.getLatLng(), style).addTo(map);
    } else {
      const style = { color: '#1f2d3d', weight: 3.5, fillOpacity: 0.05, interactive: false };
      mark = L.geoJSON(layer.feature, { style: style }).addTo(map);
    }
  }

  // Every point of the shown point layers that lies where the click went.
  function atSamePlace(map, latlng) {
    const here = map.latLngToLayerPoint(latlng);
    const found = [];
    for (const layer of app.layers.values()) {
      if (!map.hasLayer(layer) || layer.spec.symbol === 'area' || layer.spec.scaleBy) continue;
      layer.eachLayer((marker) => {
        const there = map.latLngToLayerPoint(marker.getLatLng());
        if (here.distanceTo(there) <= SAME_PLACE_PX) {
          found.push({ spec: layer.spec, properties: marker.feature.properties });
        }
      });
    }
    return found.reverse();
  }

  function backButton() {
    const button = el('button', 'gs-back', `‹ ${app.words.back}`);
    button.type = 'button';
    button.addEventListener('click', app.showOverview);
    return button;
  }

  function showCards(cards) {
    const panel = document.getElementById('gs-details');
    const count = cards.length > 1 ? el('p', 'gs-here', `${app.words.here}: ${cards.length}`) : null;
    panel.replaceChildren(backButton(), ...(count ? [count] : []), ...cards);
    panel.hidden = false;
    document.getElementById('gs-overview').hidden = true;
    app.openPanel('gs-side');
  }

  app.showOverview = function () {
    clearMark();
    document.getElementById('gs-details').hidden = true;
    document.getElementById('gs-overview').hidden = false;
  };

  app.showFeature = function (map, remote, layer) {
    ring(map, layer);
    const point = layer.getLatLng && !remote.spec.scaleBy;
    const items = point
      ? atSamePlace(map, layer.getLatLng())
      : [{ spec: remote.spec, properties: layer.feature.properties }];
    showCards(items.map((item) => card(item.spec, item.properties)));
  };

  // A bar: closed and in hand, as shares of the busiest grid.
  function loadBar(properties, most) {
    const bar = el('span', 'gs-bar');
    for (const part of ['in_hand', 'closed']) {
      const piece = el('span', `gs-bar-${part}`);
      piece.style.width = `${(100 * (Number(properties[part]) || 0)) / most}%`;
      piece.title = `${app.words[part]} ${app.count(properties[part] || 0)}`;
      bar.append(piece);
    }
    return bar;
  }

  function gridLine(map, remote, layer, most) {
    const properties = layer.feature.properties;
    const name = app.inLanguage(properties, 'name') || properties.code;
    const number = el('span', 'gs-in-hand', app.count(properties.in_hand || 0));
    number.title = app.words.in_hand;
    const button = el(
      'button',
      'gs-grid-line',
      el('b', '', name),
      el('span', 'gs-grid-code', name === properties.code ? '' : properties.code),
      number,
      loadBar(properties, most),
    );
    button.type = 'button';
    button.addEventListener('click', () => {
      map.flyToBounds(layer.getBounds(), { padding: [40, 40], duration: 0.6 });
      app.showFeature(map, remote, layer);
    });
    return el('li', '', button);
  }

  // Grids by their code, as people count them (G2 before G10).
  app.fillOverview = function (map, remote) {
    const byCode = (a, b) =>
      String(a.feature.properties.code).localeCompare(String(b.feature.properties.code), 'en', {
        numeric: true,
      });
    const layers = remote.getLayers().sort(byCode);
    const total = (p) => (Number(p.in_hand) || 0) + (Number(p.closed) || 0);
    const most = Math.max(1, ...layers.map((layer) => total(layer.feature.properties)));
    const lines = layers.map((layer) => gridLine(map, remote, layer, most));
    document.getElementById('gs-grid-list').replaceChildren(...lines);
  };
})();
