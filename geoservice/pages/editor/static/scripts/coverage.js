// Borders that grids share: which vertex is in which edges, and which edge between which grids. Two vertices are the same when they
// are the same numbers, as the service holds it.
import { draft, onDraft } from './draft.js';

const keyOf = ([lon, lat]) => `${lon},${lat}`;
const vertices = new Map();
const edges = new Map();
const edgesOfGrid = new Map();

const partsOf = ({ type, coordinates }) => (type === 'Polygon' ? [coordinates] : coordinates);
export const ringsOf = (geometry) => partsOf(geometry).flat();

function vertexAt(position) {
  const key = keyOf(position);
  if (!vertices.has(key)) vertices.set(key, { key, at: position, edges: new Set() });
  return vertices.get(key);
}

function putEdge(code, one, other) {
  const key = [keyOf(one), keyOf(other)].sort().join(' ');
  if (!edges.has(key)) {
    const edge = { key, ends: [vertexAt(one), vertexAt(other)], codes: new Set() };
    edge.ends.forEach((end) => end.edges.add(edge));
    edges.set(key, edge);
  }
  edges.get(key).codes.add(code);
  edgesOfGrid.get(code).push(key);
}

function forget(code) {
  for (const key of edgesOfGrid.get(code) || []) {
    const edge = edges.get(key);
    edge?.codes.delete(code);
    if (!edge || edge.codes.size) continue;
    edges.delete(key);
    for (const end of edge.ends) {
      end.edges.delete(edge);
      if (!end.edges.size) vertices.delete(end.key);
    }
  }
  edgesOfGrid.delete(code);
}

function put(code) {
  edgesOfGrid.set(code, []);
  for (const ring of ringsOf(draft.grids.get(code).geometry)) {
    for (let i = 1; i < ring.length; i += 1) putEdge(code, ring[i - 1], ring[i]);
  }
}

onDraft((codes) => {
  for (const code of codes || [...edgesOfGrid.keys()]) forget(code);
  for (const code of codes || draft.grids.keys()) if (draft.grids.has(code)) put(code);
});

// On the rim of the grids, where nobody is behind: it stands still.
export const isFixed = (vertex) => [...vertex.edges].some((edge) => edge.codes.size < 2);
export const otherEnds = (vertex) => [...vertex.edges].map((edge) => edge.ends.find((end) => end !== vertex));
export const gridsAt = (vertex) => new Set([...vertex.edges].flatMap((edge) => [...edge.codes]));
export const vertexOf = (position) => vertices.get(keyOf(position)) || null;
export const everyVertex = () => vertices.values();

// The vertices of a grid in the order of its rings, each with the edge that follows.
export function borderOf(code) {
  const grid = draft.grids.get(code);
  if (!grid) return [];
  const seen = new Set();
  const found = [];
  for (const ring of ringsOf(grid.geometry)) {
    for (let i = 1; i < ring.length; i += 1) {
      const vertex = vertexOf(ring[i - 1]);
      const next = vertexOf(ring[i]);
      if (!vertex || !next || seen.has(vertex)) continue;
      seen.add(vertex);
      found.push({ vertex, edge: [...vertex.edges].find((edge) => edge.ends.includes(next)) });
    }
  }
  return found;
}

export function neighboursOf(code) {
  const found = new Set();
  for (const key of edgesOfGrid.get(code) || []) edges.get(key)?.codes.forEach((one) => one !== code && found.add(one));
  return [...found].sort();
}

function isInside(geometry, lon, lat) {
  let inside = false;
  for (const ring of ringsOf(geometry)) {
    for (let i = 1; i < ring.length; i += 1) {
      const [[x1, y1], [x2, y2]] = [ring[i - 1], ring[i]];
      if (y1 > lat !== y2 > lat && lon < x1 + ((lat - y1) * (x2 - x1)) / (y2 - y1)) inside = !inside;
    }
  }
  return inside;
}

// A place in an area: in the first corner that is cut off within it; of what is too narrow for that a vertex.
export function placeIn(geometry) {
  for (const ring of ringsOf(geometry)) {
    for (let i = 2; i < ring.length; i += 1) {
      const [lon, lat] = [0, 1].map((axis) => (ring[i - 2][axis] + ring[i - 1][axis] + ring[i][axis]) / 3);
      if (isInside(geometry, lon, lat)) return [lon, lat];
    }
  }
  return ringsOf(geometry)[0][0];
}

export function gridAt({ lng, lat }) {
  for (const [code, { geometry }] of draft.grids) if (isInside(geometry, lng, lat)) return code;
  return null;
}
