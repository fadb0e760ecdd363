// A town across 180 degrees is drawn as one: longitudes run on, and what is stored beyond is drawn there.
import { map, settings } from './parts.js';

export { lonOf } from '../../shell/scripts/onward.js';

const [west, , east] = settings.bbox;

// Whether a box is that of one town: those of shapes that are cut at 180 degrees go all around the earth.
export const isOfTown = (bounds) => bounds.getEast() - bounds.getWest() < 180;

// Whether longitudes run on beyond 180.
export const doesRunOn = east > 180;

export function runOn() {
  if (!doesRunOn) return;
  const { crs } = map.options;
  const plane = crs.projection;
  const runsOn = ({ lng }) => lng < west - 180;
  const project = (at) => plane.project(runsOn(at) ? L.latLng(at.lat, at.lng + 360) : at);
  // Without an end of all longitudes, tiles are numbered beyond it.
  map.options.crs = L.extend({}, crs, { projection: L.extend({}, plane, { project }), wrapLng: undefined, infinite: true });
}

// Has the tiles beyond the last number fetched by the numbers that they have.
export function withTilesBeyond(views) {
  for (const { tileCache } of doesRunOn ? views : []) {
    const { source } = tileCache;
    const get = source.get.bind(source);
    source.get = (tile, ...more) => get({ ...tile, x: tile.x % 2 ** tile.z }, ...more);
  }
}

// The same for a layer of pictures.
export function runningOn(layer) {
  if (!doesRunOn) return layer;
  const address = layer.getTileUrl.bind(layer);
  return Object.assign(layer, { getTileUrl: ({ x, y, z }) => address({ x: x % 2 ** z, y, z }) });
}
