// Draws features, and tells of one that is clicked; every text becomes a text node.
window.geoserviceFeatures = (spec, data) => {
  const shown = (feature) => !spec.only.length || spec.only.includes(String(feature.properties[spec.by]));
  const paint = (feature) => ({ ...spec.paint, ...(spec.by ? spec.paints[feature.properties[spec.by]] : null) });
  const told = (feature) => {
    const table = document.createElement('table');
    const head = table.createCaption();
    head.textContent = spec.title;
    const names = Object.keys(feature.properties || {}).map((name) => [name, name]);
    const columns = spec.columns.length ? spec.columns : names;
    for (const [name, label] of columns) {
      const value = (feature.properties || {})[name];
      if (value === null || value === undefined || value === '') continue;
      const row = table.insertRow();
      row.insertCell().textContent = label;
      const said = spec.values[name] && spec.values[name][value];
      row.insertCell().textContent = said || (typeof value === 'object' ? JSON.stringify(value) : String(value));
    }
    return table;
  };
  return L.geoJSON(data, {
    filter: shown, style: paint,
    pointToLayer: (feature, place) => L.circleMarker(place, paint(feature)),
    onEachFeature: (feature, layer) => { if (spec.interactive) layer.bindPopup(() => told(feature), { maxHeight: 320 }); },
  });
};
// Leaflet's controls take markup: of a text, its letters.
window.geoserviceEscaped = (text) => text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
window.geoserviceSwitches = (map, layers) => {
  const named = {};
  for (const [title, layer] of layers) named[geoserviceEscaped(title)] = layer;
  L.control.layers(null, named, { collapsed: layers.length > 6 }).addTo(map);
};
