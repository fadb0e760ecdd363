/* global L */
// The vertices of the grid that is chosen: dragged, or moved by the arrow keys; both neighbours bend before the service answers.
import { borderOf, gridsAt, isFixed, otherEnds, vertexOf } from './coverage.js';
import { onDraft } from './draft.js';
import { canvas } from './drawing.js';
import { clearGhost, showGhost } from './marks.js';
import { map, mayEdit, say } from './parts.js';
import { endSnapping, prepareSnapping, rounded, snapped } from './snapping.js';

const HIT_PX = 11;
const DRAGGED_PX = 3;
const MIDDLES_FROM_PX = 26;
const METRES_PER_DEGREE = 111320;
// A vertex is named by its own numbers, a place on an edge to less than any vertex lies apart.
const TOLERANCE_M = 0.01;
const group = L.layerGroup().addTo(map);
export const handles = { code: null, list: [], chosen: null, moved: null, isHeld: false, onChosen: () => null, onMove: () => null };

const middleOf = ({ ends: [one, other] }) => [(one.at[0] + other.at[0]) / 2, (one.at[1] + other.at[1]) / 2];
const pixelOf = ([lon, lat]) => map.latLngToContainerPoint([lat, lon]);

// Those that can be moved, in the order of the border; after each the middle of the edge that follows, where a new one may come.
function listed(code) {
  const found = [];
  for (const { vertex, edge } of borderOf(code)) {
    if (!isFixed(vertex)) found.push({ at: vertex.at, vertex });
    if (edge && edge.codes.size > 1) found.push({ at: middleOf(edge), edge });
  }
  return found;
}

const isRoomy = ({ ends: [one, other] }) => {
  const [a, b] = [pixelOf(one.at), pixelOf(other.at)];
  return Math.hypot(a.x - b.x, a.y - b.y) >= MIDDLES_FROM_PX;
};

function paint(handle) {
  if (handle === handles.chosen) return { radius: 8, color: '#b3126b', weight: 3, fillColor: '#fff', fillOpacity: 1 };
  return handle.vertex
    ? { radius: 5.5, color: '#1f2d3d', weight: 2, fillColor: '#fff', fillOpacity: 1 }
    : { radius: 3.5, color: '#1f2d3d', weight: 1.5, fillColor: '#fff', fillOpacity: 0.6 };
}

// Where it is, or was moved to by a step that waits for its answer.
const placeOf = (handle) => handle.sent || handle.at;
const inView = () => handles.list.filter((one) => {
  const [lon, lat] = placeOf(one);
  return map.getBounds().contains([lat, lon]) && (one.vertex || one.sent || isRoomy(one.edge));
});

export function drawHandles() {
  group.clearLayers();
  if (!mayEdit() || !handles.code) return;
  inView().forEach((one) => {
    const [lon, lat] = placeOf(one);
    L.circleMarker([lat, lon], { ...canvas('marks'), ...paint(one) }).addTo(group);
  });
}

// Shows a handle where a step moves it to before that is answered; null: where the draft has it.
export function sendHandle(handle, to) {
  handle.sent = to;
  drawHandles();
}

// A handle that a step moves stays that one while the step waits, wherever else the list is made anew.
function kept(one) {
  const before = handles.list.find((other) => other.sent && other.at[0] === one.at[0] && other.at[1] === one.at[1]);
  return before ? Object.assign(before, one) : one;
}

export function handlesOf(code) {
  Object.assign(handles, { code, list: code ? listed(code).map(kept) : [] });
  chooseHandle(null);
}

onDraft(() => {
  if (!handles.code) return;
  const kept = handles.chosen?.vertex && vertexOf(handles.chosen.at);
  handlesOf(handles.code);
  if (kept) chooseVertexAt(kept.at);
});

export function chooseHandle(handle) {
  Object.assign(handles, { chosen: handle, moved: null });
  clearGhost();
  drawHandles();
  handles.onChosen(handle);
}

export const chooseVertexAt = (at) =>
  chooseHandle(handles.list.find((one) => one.vertex && one.at[0] === at[0] && one.at[1] === at[1]) || null);

export const movable = () => handles.list.filter((one) => one.vertex);

// To the next vertex of the border, or the one before.
export function chooseNext(direction) {
  const those = movable();
  if (!those.length) return;
  const now = those.indexOf(handles.chosen);
  const next = now < 0 ? (direction > 0 ? 0 : those.length - 1) : (now + direction + those.length) % those.length;
  chooseHandle(those[next]);
  const [lon, lat] = those[next].at;
  if (!map.getBounds().pad(-0.1).contains([lat, lon])) map.panTo([lat, lon], { animate: false });
}

function ghostOf(handle, place) {
  const ends = handle.vertex ? otherEnds(handle.vertex) : handle.edge.ends;
  return ends.map((end) => [end.at, place]);
}

// As it would be, drawn over what is; nothing is sent before it is let go, or Enter is pressed.
function showMoved(handle, place) {
  handles.moved = place;
  showGhost(ghostOf(handle, place));
}

export function moveBy(east, north, metres) {
  const handle = handles.chosen;
  if (!handle) return;
  const [lon, lat] = handles.moved || placeOf(handle);
  const perLon = METRES_PER_DEGREE * Math.cos((lat * Math.PI) / 180);
  showMoved(handle, rounded({ lng: lon + (east * metres) / perLon, lat: lat + (north * metres) / METRES_PER_DEGREE }));
}

// How the interface is asked for what was shown.
export const moveOf = (handle, to) => ({ at: handle.at, to, tolerance_m: TOLERANCE_M });
export const removalOf = (handle) => ({ at: handle.at, tolerance_m: TOLERANCE_M });

export function told(handle) {
  const grids = handle.vertex ? [...gridsAt(handle.vertex)] : [...handle.edge.codes];
  return say('vertex.of', { grids: grids.sort().join(', ') });
}

function hit(point) {
  let best = null;
  for (const one of inView()) {
    const distance = pixelOf(placeOf(one)).distanceTo(point) + (one.vertex ? 0 : 2);
    if (distance <= HIT_PX && (!best || distance < best.distance)) best = { distance, one };
  }
  return best && best.one;
}

const eventPlace = (event) => map.mouseEventToLatLng(event);

function drag(handle, begun) {
  map.dragging.disable();
  let isMoved = false;
  let to = null; // the draft may be drawn anew meanwhile, which forgets what is shown
  handles.isHeld = true;
  const move = (event) => {
    isMoved = isMoved || Math.hypot(event.clientX - begun.clientX, event.clientY - begun.clientY) > DRAGGED_PX;
    if (!isMoved) return;
    to = snapped(eventPlace(event), { alt: event.altKey, but: handle.vertex });
    showMoved(handle, to);
  };
  const end = () => {
    document.removeEventListener('mousemove', move);
    document.removeEventListener('mouseup', end);
    map.dragging.enable();
    endSnapping();
    handles.isHeld = false;
    if (isMoved) handles.onMove(handle, to);
    else if (handle.vertex) chooseHandle(handle);
  };
  document.addEventListener('mousemove', move);
  document.addEventListener('mouseup', end);
}

// Only what is chosen is taken hold of: elsewhere a drag moves the map.
export function startHandles(isDrawing) {
  map.on('mousedown', ({ originalEvent, containerPoint }) => {
    if (!mayEdit() || isDrawing() || originalEvent.button !== 0) return;
    const handle = hit(containerPoint);
    if (!handle) return;
    originalEvent.preventDefault(); // no text is marked on the way
    map.getContainer().focus({ preventScroll: true });
    prepareSnapping();
    handles.taken = true;
    drag(handle, originalEvent);
  });
  map.on('mousemove', ({ containerPoint }) => {
    map.getContainer().classList.toggle('over', mayEdit() && !isDrawing() && hit(containerPoint) !== null);
  });
  map.on('moveend zoomend', drawHandles);
}

// A click that ends a drag, or chooses a vertex, chooses no grid.
export function wasTaken() {
  const { taken } = handles;
  handles.taken = false;
  return taken;
}
