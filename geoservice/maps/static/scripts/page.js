// Starts the page: ties the layer panel, the side panel and the controls to the map.
(function () {
  'use strict';
  const app = window.geoservice;
  const PHONE = window.matchMedia('(max-width: 760px)');

  function rowOf(key) {
    return document.querySelector(`.gs-layer[data-layer="${key}"]`);
  }

  // Leaflet draws in the order of adding; this restores the order that the page was given.
  app.arrange = function () {
    for (const layer of app.layers.values()) {
      if (layer._map && layer.spec.symbol !== 'icon') layer.bringToFront();
    }
  };

  // How many are drawn; where that is not all, of how many.
  function counted(drawn, matched) {
    if (matched === null || matched <= drawn) return app.count(drawn);
    return app.words.x_of_y.replace('{x}', app.count(drawn)).replace('{y}', app.count(matched));
  }

  function report(layer) {
    const row = rowOf(layer.spec.key);
    row.dataset.state = layer.state;
    row.title = app.words[layer.state] || '';
    if (layer.state !== 'drawn') return;
    row.dataset.count = String(layer.features.length);
    row.querySelector('.gs-count').textContent = counted(layer.features.length, layer.matched());
    if (layer.matched() > layer.features.length) row.title = app.words.cut;
    for (const line of row.querySelectorAll('.gs-legend li')) {
      const alike = layer.features.filter(
        (feature) => feature.properties[layer.spec.by] === line.dataset.value,
      );
      const matched = layer.matched(line.dataset.value);
      line.querySelector('.gs-count').textContent = counted(alike.length, matched);
      line.hidden = alike.length === 0 && !matched;
    }
  }

  function settled() {
    const shown = [...app.layers.values()].filter((layer) => layer._map);
    const done = shown.every((layer) => layer.state === 'drawn' || layer.state === 'failed');
    document.body.dataset.ready = String(done);
  }

  function tie(map, layer) {
    const box = rowOf(layer.spec.key).querySelector('input');
    box.checked = layer.spec.shown;
    box.addEventListener('change', () => {
      if (box.checked) map.addLayer(layer);
      else map.removeLayer(layer);
      app.arrange();
      settled();
    });
    layer.on('chosen', (event) => {
      L.DomEvent.stopPropagation(event.origin);
      app.showFeature(map, layer, event.layer);
    });
    layer.on('state', () => {
      report(layer);
      if (layer.state === 'drawn') app.arrange();
      if (layer.state === 'failed') {
        // Switched off again, so that one click on it is another try.
        box.checked = false;
        map.removeLayer(layer);
      }
      settled();
    });
    report(layer);
  }

  // On a phone one panel at a time lies over the map; elsewhere both stand beside it.
  app.openPanel = function (id) {
    for (const button of document.querySelectorAll('.gs-tabs button')) {
      const open = button.dataset.panel === id;
      button.setAttribute('aria-expanded', String(open));
      document.getElementById(button.dataset.panel).classList.toggle('gs-open', open);
    }
  };

  function tieTabs(map) {
    for (const button of document.querySelectorAll('.gs-tabs button')) {
      button.addEventListener('click', () => {
        const open = button.getAttribute('aria-expanded') === 'true';
        app.openPanel(open ? '' : button.dataset.panel);
      });
    }
    map.on('click', () => {
      app.openPanel('');
      app.showOverview();
    });
  }

  function homeControl(map, goHome) {
    const control = L.control({ position: 'topright' });
    control.onAdd = function () {
      const button = app.element('a', 'gs-home', '⌂');
      button.href = '#';
      button.role = 'button';
      button.title = app.words.home;
      button.setAttribute('aria-label', app.words.home);
      L.DomEvent.on(button, 'click', (event) => {
        L.DomEvent.stop(event);
        goHome();
      });
      return app.element('div', 'leaflet-bar', button);
    };
    return control.addTo(map);
  }

  function controls(map, goHome) {
    const titles = { zoomInTitle: app.words.zoom_in, zoomOutTitle: app.words.zoom_out };
    L.control.zoom({ position: 'topright', ...titles }).addTo(map);
    homeControl(map, goHome);
    L.control.scale({ imperial: false, position: 'bottomleft' }).addTo(map);
  }

  app.startPage = function (map, settings) {
    const [west, south, east, north] = settings.bbox;
    const bounds = L.latLngBounds([south, west], [north, east]);
    app.language = settings.language;
    app.words = settings.words;
    const goHome = () => map.fitBounds(bounds, { padding: PHONE.matches ? [6, 6] : [24, 24] });
    controls(map, goHome);
    app.credit(map, settings.attribution);
    goHome();
    map.setMaxBounds(bounds.pad(1));
    app.layers.forEach((layer) => tie(map, layer));
    tieTabs(map);
    app.startLabels(map);
    const grids = app.layers.get('grids');
    const overview = () => grids.state === 'drawn' && app.fillOverview(map, grids);
    grids.on('state', overview);
    overview();
    settled();
    app.startRefreshing(settings);
    new ResizeObserver(() => map.invalidateSize()).observe(map.getContainer());
  };
})();
