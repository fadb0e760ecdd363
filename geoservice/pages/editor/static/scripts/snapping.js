// What a place on the map is drawn to: vertices of the draft first, then corners and edges of buildings and streets.
import { everyVertex } from './coverage.js';
import { fetchJson, map, urls, word } from './parts.js';
import { hint, showSnap } from './marks.js';

const REACH_PX = 10;
const FROM_ZOOM = 16;
const MOST = 1000;
// Of what is drawn by hand: a tenth of a millimetre.
const DECIMALS = 9;
const ground = new Map();
let askedFor = '';

const linesOf = ({ type, coordinates }) => ({
  LineString: () => [coordinates], MultiLineString: () => coordinates, Polygon: () => coordinates,
  MultiPolygon: () => coordinates.flat(),
}[type] || (() => []))();

async function fetchGround(id, url, bbox) {
  const told = await fetchJson(`${url}?f=json&limit=${MOST}&bbox=${bbox}`);
  ground.set(id, told.features.filter((one) => one.geometry).flatMap((one) => linesOf(one.geometry)));
}

// Brings what is in view; asked for near enough alone, where it is worth drawing to.
export async function prepareSnapping() {
  const bbox = map.getBounds().pad(0.1).toBBoxString();
  if (map.getZoom() < FROM_ZOOM || bbox === askedFor) return;
  askedFor = bbox;
  try {
    await Promise.all(Object.entries(urls.ground).map(([id, url]) => fetchGround(id, url, bbox)));
    document.body.dataset.ground = 'there';
  } catch {
    askedFor = '';
    hint(word('snap.failed'));
  }
}

export const rounded = ({ lng, lat }) => [Number(lng.toFixed(DECIMALS)), Number(lat.toFixed(DECIMALS))];
const pixelOf = ([lon, lat]) => map.latLngToContainerPoint([lat, lon]);
const metric = (one, other) => Math.hypot(one.x - other.x, one.y - other.y);

// Degrees around a pixel: numbers are compared for all, pixels reckoned for the few that are left.
function around(at) {
  const [low, high] = [[-REACH_PX, REACH_PX], [REACH_PX, -REACH_PX]].map(([x, y]) => map.containerPointToLatLng([at.x + x, at.y + y]));
  return { west: low.lng, south: low.lat, east: high.lng, north: high.lat };
}

function nearestVertex(at, but) {
  const { west, south, east, north } = around(at);
  let best = null;
  for (const vertex of everyVertex()) {
    const [lon, lat] = vertex.at;
    if (vertex === but || lon < west || lon > east || lat < south || lat > north) continue;
    const distance = metric(pixelOf(vertex.at), at);
    if (distance <= REACH_PX && (!best || distance < best.distance)) best = { distance, place: vertex.at, what: 'vertex' };
  }
  return best;
}

function foot(at, one, other) {
  const [dx, dy] = [other.x - one.x, other.y - one.y];
  const share = Math.max(0, Math.min(1, ((at.x - one.x) * dx + (at.y - one.y) * dy) / (dx * dx + dy * dy || 1)));
  return { x: one.x + share * dx, y: one.y + share * dy, share };
}

// Of a line the corner that is near enough, else the nearest place along it.
function nearestOnLine(line, at, what, box) {
  let best = null;
  for (let i = 1; i < line.length; i += 1) {
    const [[x1, y1], [x2, y2]] = [line[i - 1], line[i]];
    if (Math.max(x1, x2) < box.west || Math.min(x1, x2) > box.east || Math.max(y1, y2) < box.south || Math.min(y1, y2) > box.north) continue;
    const [one, other] = [pixelOf(line[i - 1]), pixelOf(line[i])];
    const found = foot(at, one, other);
    const distance = metric(found, at);
    if (distance <= REACH_PX && (!best || distance < best.distance)) {
      const corner = metric(one, at) <= REACH_PX ? line[i - 1] : metric(other, at) <= REACH_PX ? line[i] : null;
      const along = () => line[i - 1].map((value, axis) => Number((value + found.share * (line[i][axis] - value)).toFixed(DECIMALS)));
      best = { distance, place: (corner || along()).slice(0, 2), what };
    }
  }
  return best;
}

function nearestGround(at) {
  const box = around(at);
  let best = null;
  for (const [id, lines] of ground) {
    for (const line of lines) {
      const found = nearestOnLine(line, at, id, box);
      if (found && (!best || found.distance < best.distance)) best = found;
    }
  }
  return best;
}

// Where a pointer means: drawn to what is near, unless Alt is held; shows which it is.
export function snapped(latlng, { alt = false, but = null } = {}) {
  const at = map.latLngToContainerPoint(latlng);
  const found = alt ? null : nearestVertex(at, but) || nearestGround(at);
  showSnap(found && found.place);
  document.body.dataset.snapped = found ? found.what : '';
  return found ? found.place : rounded(latlng);
}

export function endSnapping() {
  showSnap(null);
  document.body.dataset.snapped = '';
}
