/* global L */
// The map of what is in hand; it is drawn when it is first looked at.
import { byId, element, tell } from '../../phone/scripts/elements.js';
import { credit, drawJurisdiction, newMap, showWhole } from '../../phone/scripts/map.js';
import { count, say } from '../../phone/scripts/page.js';
import { sign } from '../../shell/scripts/symbols.js';
import { statusOf, titleOf } from './cards.js';
import * as list from './list.js';
import { rememberedAs, who } from './session.js';

let map = null;
let pins = null;
let goTo = null;

// Leaflet comes when the map is first looked at: whoever takes his orders does without it.
let leaflet = null;
function bringLeaflet(address) {
  leaflet = leaflet || new Promise((here, failed) => {
    const script = element('script', { src: address });
    script.addEventListener('load', here);
    script.addEventListener('error', () => {
      leaflet = null; // the next look tries again
      script.remove();
      failed(new Error(address));
    });
    document.head.append(script);
  });
  return leaflet;
}

function pinOf(incident) {
  const title = `${titleOf(incident)}${incident.overdue_at ? ` · ${say('overdue')}` : ''}`;
  const kind = `spot${incident.overdue_at ? ' spot-late' : ''}`;
  const icon = L.divIcon({ className: kind, iconSize: [48, 48], iconAnchor: [24, 24], html: sign(statusOf(incident)) });
  return L.marker(map.options.at(incident.position), { icon, title, alt: title }).on('click', () => goTo(incident));
}

export function redraw() {
  if (!map || byId('room-map').hidden) return;
  pins.clearLayers();
  const shown = list.all();
  for (const incident of shown) pinOf(incident).addTo(pins);
  tell(byId('drawn'), say('drawn', { x: count(shown.length), y: byId('tab-count').textContent }));
}

async function draw() {
  const { bbox, attribution, code } = who.now.jurisdiction;
  map = newMap(byId('map'), bbox);
  const here = map;
  credit(map, attribution);
  showWhole(map, bbox);
  pins = L.layerGroup().addTo(map);
  redraw();
  await drawJurisdiction(map, code, {
    own: who.now.grids, asking: rememberedAs, failed: () => map === here && tell(byId('map-failed'), say('map.failed')),
  });
}

// Shows the map, near an incident where one is meant, else the own grids.
export async function show(incident, grids) {
  try {
    await bringLeaflet(byId('map').dataset.leaflet);
  } catch {
    tell(byId('map-failed'), say('map.failed'));
    return;
  }
  if (byId('room-map').hidden) return; // somebody was quicker
  tell(byId('map-failed'), '');
  const first = !map;
  const drawn = first ? draw() : null;
  map.invalidateSize();
  redraw();
  if (incident) map.setView(map.options.at(incident.position), 18, { animate: false });
  else if (first && grids.length) map.fitBounds(L.geoJSON(grids, { coordsToLatLng: map.options.at }).getBounds(), { padding: [16, 16], animate: false });
  await drawn;
}

export function remove() {
  if (map) map.remove();
  map = null;
  delete byId('map').dataset.ready;
}

export function start(chosen) {
  goTo = chosen;
  list.onRedrawn(redraw);
}
