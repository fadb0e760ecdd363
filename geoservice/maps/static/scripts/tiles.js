// Layers as vector tiles on one canvas, in the order of the catalogue. Their documents are asked for now and then; what
// was touched since comes anew, all else from the browser's own store.
(function () {
  'use strict';
  const app = (window.geoservice = window.geoservice || {});
  const EARTH_M = 40075016.686;
  const TILE_PX = 256;

  // How many of a cell a rule speaks of: all, or those of the values that it draws.
  function amount(rule, feature) {
    if (!rule.only.length) return feature.props.features;
    return rule.only.reduce((sum, value) => sum + (feature.props[`${rule.by}:${value}`] || 0), 0);
  }

  function paintOf(rule, feature) {
    const own = rule.by ? rule.paints[feature.props[rule.by]] : null;
    return own ? Object.assign({}, rule.paint, own) : rule.paint;
  }

  // width_m is a width on the ground.
  function widthOf(paint, zoom, metresAPixel) {
    if (!paint.width_m) return paint.weight || 1;
    return Math.max(1, paint.width_m / (metresAPixel / 2 ** zoom));
  }

  function path(context, geom) {
    context.beginPath();
    for (const ring of geom) {
      ring.forEach((point, i) => (i ? context.lineTo(point.x, point.y) : context.moveTo(point.x, point.y)));
    }
  }

  function shapes(rule, metresAPixel) {
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
          context.lineWidth = widthOf(paint, zoom, metresAPixel);
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

  function cluster(context, at, number, paint, late) {
    const radius = Math.min(20, 7 + 3 * Math.log10(number));
    const colours = { ...paint, color: late ? '#b3261e' : '#ffffff', weight: late ? 3 : 1.5 };
    circle(context, at, radius, colours, '#3c4a5e');
    context.globalAlpha = 1;
    context.fillStyle = '#ffffff';
    context.font = '600 11px sans-serif';
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillText(number > 9999 ? `${Math.round(number / 1000)}k` : String(number), at.x, at.y);
  }

  function points(rule) {
    return {
      draw(context, geom, zoom, feature) {
        const paint = paintOf(rule, feature);
        const ring = feature.props.late === true ? { ...paint, color: '#b3261e', weight: 3 } : paint;
        const radius = (paint.radius || 5) * Math.min(1, (zoom - 12) / 4);
        circle(context, geom[0][0], Math.max(2.5, radius), ring, paint.fillColor);
      },
    };
  }

  function clusters(rule) {
    return {
      draw(context, geom, zoom, feature) {
        const number = amount(rule, feature);
        if (number) cluster(context, geom[0][0], number, rule.paint, feature.props.late > 0);
      },
    };
  }

  // Single features, and what counts them at lower zooms: each has a layer of its own in the tiles.
  function paintRules(rule, metresAPixel) {
    const drawn = rule.symbol === 'area' || rule.symbol === 'line';
    return [
      {
        dataSource: rule.layer,
        dataLayer: rule.layer,
        symbolizer: drawn ? shapes(rule, metresAPixel) : points(rule),
        filter: (zoom, feature) => !rule.only.length || rule.only.includes(feature.props[rule.by]),
      },
      {
        dataSource: rule.layer,
        dataLayer: `${rule.layer}_cells`,
        symbolizer: drawn ? squares(rule) : clusters(rule),
      },
    ];
  }

  function labelRules(settings) {
    const name = settings.language === 'en' ? ['name_en', 'name'] : ['name'];
    const text = { labelProps: name, fill: '#22324e', stroke: '#ffffff', width: 3, font: '600 13px sans-serif' };
    return [
      {
        dataSource: 'grids',
        dataLayer: 'grid_labels',
        symbolizer: new protomapsL.CenteredTextSymbolizer(text),
      },
    ];
  }

  async function documentAt(url) {
    const answer = await fetch(url, { cache: 'no-store' });
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
    return answer.json();
  }

  // One tile set as protomaps-leaflet wants it: it asks one zoom lower, and draws tiles twice as large.
  // From where the page is, under whatever name a proxy passed the question on.
  const sourceOf = (document) => ({
    url: document.tiles[0].replace(/^https?:\/\/[^/]*/, ''),
    maxDataZoom: document.maxzoom,
  });

  async function start(map, settings) {
    const layers = [...new Set(settings.rules.map((rule) => rule.layer))];
    const documents = new Map(
      await Promise.all(layers.map(async (layer) => [layer, await documentAt(settings.urls[layer])])),
    );
    const latitude = (map.getCenter().lat * Math.PI) / 180;
    const metresAPixel = (EARTH_M / TILE_PX) * Math.cos(latitude);
    const canvas = protomapsL.leafletLayer({
      sources: Object.fromEntries([...documents].map(([layer, one]) => [layer, sourceOf(one)])),
      paintRules: settings.rules.flatMap((rule) => paintRules(rule, metresAPixel)),
      labelRules: labelRules(settings),
      attribution: '',
      lang: settings.language,
    });
    canvas.on('load', () => {
      if (document.body.dataset.ready !== 'true') performance.mark('tiles-drawn');
      document.body.dataset.ready = 'true';
    });
    canvas.addTo(map);
    return { canvas, documents };
  }

  async function refresh(shown, settings) {
    let changed = false;
    for (const [layer, before] of shown.documents) {
      const now = await documentAt(settings.urls[layer]);
      if (now.tiles[0] === before.tiles[0]) continue;
      shown.documents.set(layer, now);
      shown.canvas.views.set(layer, protomapsL.sourcesToViews(sourceOf(now)).get(''));
      changed = true;
    }
    if (!changed) return;
    shown.canvas.clearLayout();
    shown.canvas.rerenderTiles();
  }

  // What is under a click is asked of the interface, by its place: rights hold there, and nothing is out of date.
  async function ownerAt(latlng, settings) {
    const place = `lon=${latlng.lng.toFixed(7)}&lat=${latlng.lat.toFixed(7)}`;
    const answer = await fetch(`${settings.owner_url}&${place}`);
    if (!answer.ok) throw new Error(`${settings.owner_url} answered ${answer.status}`);
    return (await answer.json()).grid;
  }

  function askAt(map, settings) {
    map.on('click', async (event) => {
      const told = await ownerAt(event.latlng, settings).then(
        (grid) => (grid ? `${grid.code} ${grid.name}` : settings.words.no_owner),
        () => settings.words.stale,
      );
      const card = app.element('div', 'gs-owner', app.element('strong', '', told));
      L.popup().setLatLng(event.latlng).setContent(card).openOn(map);
    });
  }

  // One round after the other: begins when it can, goes on while somebody looks, and says when it is out of date.
  async function follow(map, settings) {
    let shown = null;
    for (;;) {
      try {
        if (!shown) shown = await start(map, settings);
        else if (!document.hidden) await refresh(shown, settings);
        document.body.dataset.stale = 'false';
      } catch (error) {
        document.body.dataset.stale = 'true';
      }
      await new Promise((resolve) => setTimeout(resolve, settings.refresh_s * 1000));
    }
  }

  app.vectorTiles = function (map, settings) {
    const [west, south, east, north] = settings.bbox;
    const bounds = L.latLngBounds([south, west], [north, east]);
    const zoom = /[#&]zoom=([0-9.]+)/.exec(window.location.hash);
    if (zoom) map.setView(bounds.getCenter(), Number(zoom[1]));
    else map.fitBounds(bounds);
    L.control.scale({ imperial: false }).addTo(map);
    app.credit(map, settings.attribution);
    askAt(map, settings);
    follow(map, settings);
  };
})();
