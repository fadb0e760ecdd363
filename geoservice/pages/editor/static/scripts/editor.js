/* global L */
// The boundary editor: puts its parts together. Every gesture is a step that the service takes or refuses; what it answers is drawn.
import './coverage.js';
import { startControls } from '../../maps/scripts/controls.js';
import { state, writeAddress } from '../../maps/scripts/state.js';
import { startTiles } from '../../maps/scripts/tiles.js';
import { awaitAnswer, clearConflict, isKeeping, keep, keepMet, lookElsewhere, startConflicts } from './conflicts.js';
import { gridAt } from './coverage.js';
import { hideDifference, showDifference } from './difference.js';
import { draft, load, onDraft, step } from './draft.js';
import { boundsOf, choose, startDrawing } from './drawing.js';
import { nextFinding, refreshFindings, startFindings } from './findings.js';
import { chooseHandle, chooseNext, chooseVertexAt, handles, handlesOf, moveBy, moveOf, removalOf, startHandles, wasTaken } from './handles.js';
import { markGrid, refreshImpact, startImpact } from './impact.js';
import { drawLine, dropLine, isDrawing, isDrawn, lineKey, startLines } from './lines.js';
import { clearBad, hint, showBad, turnGhostBad } from './marks.js';
import { showGrid, showVertex } from './panel.js';
import { announce, button, byId, count, edition, el, inText, language, map, mayEdit, phone, say, settings, words } from './parts.js';
import { refreshPublishing, refusalOf, showOthers, showPublishError, startPublishing } from './publishing.js';
import { canRedo, canUndo, refreshSteps } from './steps.js';

const METRES = { plain: 1, shift: 10, alt: 0.1 };
const chosen = { code: null };
let pending = 0;

// The address holds what is looked at beside the map's own words.
function keepAddress() {
  const url = new URL(window.location.href);
  const put = (name, value) => (value ? url.searchParams.set(name, value) : url.searchParams.delete(name));
  put('grid', chosen.code);
  put('compare', byId('compare').getAttribute('aria-pressed') === 'true' && 'true');
  window.history.replaceState(null, '', url);
  writeAddress();
}

// Steps

function tellState(key) {
  byId('saved').textContent = words[key];
  byId('saved').dataset.state = key;
}

async function refreshAll() {
  if (draft.status !== 'draft') return;
  await Promise.all([refreshSteps(), refreshImpact()]); // what is looked at first
  await refreshFindings(); // which takes longest of a large draft
  await refreshPublishing();
  byId('undo').setAttribute('aria-disabled', String(!canUndo()));
  byId('redo').setAttribute('aria-disabled', String(!canRedo()));
  document.body.dataset.told = draft.revision;
}

async function followStep() {
  try {
    await refreshAll();
    if (byId('saved').dataset.state === 'untold') tellState('saved');
    if (byId('compare').getAttribute('aria-pressed') === 'true') await compare(true);
  } catch {
    if (byId('saved').dataset.state === 'saved') tellState('untold');
  }
}

function signIn() {
  const link = el('a', '', words['refused.sign_in']);
  Object.assign(link, { href: `/signin?lang=${language}`, target: '_blank', rel: 'noopener' });
  return link;
}

function refuse(error) {
  turnGhostBad();
  showBad(error.problem?.position || null);
  const close = button('button', words['refused.close'], () => {
    clearBad();
    hint();
  });
  hint(...refusalOf(error), error.status === 401 ? signIn() : '', close);
  byId('hint').classList.add('bad');
  byId('hint').dataset.refused = error.status ?? 0;
  announce(refusalOf(error).map((part) => part.textContent || part).join(' '));
}

// Nobody says no to the step: it may be asked for again when its time has come, or was taken though its answer was lost.
const UNANSWERED = [0, 502, 504];
const POSTPONED = [401, 429, 503];

async function notTaken(error, verb, again, revision) {
  tellState(UNANSWERED.includes(error.status) ? 'unanswered' : 'unsaved');
  if (error.status === 412) {
    await keepMet(verb, again);
    return;
  }
  refuse(error);
  if (UNANSWERED.includes(error.status)) awaitAnswer(verb, again, revision);
  else if (POSTPONED.includes(error.status)) keep(verb, again, words['conflict.untaken']);
  else if (error.status === 409) await lookElsewhere(); // it may have been published meanwhile
}

function beginStep() {
  clearConflict();
  byId('hint').classList.remove('bad');
  delete byId('hint').dataset.refused;
  pending += 1;
  tellState('saving');
}

// Asks for a step; what was drawn stays until it is answered, and is told to be refused where it is. `taken` is called with what
// was answered, before what it changes is told.
async function take(verb, body, taken = () => null) {
  if (!mayEdit()) {
    clearBad();
    return;
  }
  const { revision } = draft;
  beginStep();
  handles.moved = null; // the hand is off it
  try {
    const told = await step(verb, body);
    clearBad();
    hint();
    tellState('saved');
    taken(told);
  } catch (error) {
    await notTaken(error, verb, () => take(verb, body, taken), revision);
  } finally {
    pending -= 1;
    await followStep();
  }
}

const undo = () => take('undo', {});
const redo = () => take('redo', {});

function removeVertex() {
  if (handles.chosen?.vertex) take('remove-vertex', removalOf(handles.chosen));
}

// A corner in the middle of the edge that follows the vertex, which the arrow keys then bend.
function insertVertex() {
  const number = handles.list.indexOf(handles.chosen);
  const middle = handles.list.slice(number + 1).find((one) => one.edge) || handles.list.find((one) => one.edge);
  if (middle) chooseHandle(middle);
}

// The vertex stays chosen where it came to.
const moveVertex = (handle, to) => take('move-vertex', moveOf(handle, to), () => chooseVertexAt(to));

function keepMove() {
  const { chosen: handle, moved } = handles;
  if (handle && moved) moveVertex(handle, moved);
}

// Choosing

function chooseGrid(code, { near = false } = {}) {
  chosen.code = code && draft.grids.has(code) ? code : null;
  choose(chosen.code);
  handlesOf(chosen.code);
  showGrid(chosen.code);
  markGrid(chosen.code);
  if (near && chosen.code) map.fitBounds(boundsOf(chosen.code), { padding: [40, 40], animate: false });
  keepAddress();
}

const needsGrid = () => {
  if (chosen.code) return false;
  hint(words['choose.first']);
  return true;
};

// Drawing

async function split() {
  if (needsGrid()) return;
  const { code } = chosen;
  const line = await drawLine(say('split.hint', { grid: code }));
  const before = new Set(draft.grids.keys()); // of what is changed, some may be neighbours that got a vertex
  const isPart = ({ id }) => id === code || !before.has(id);
  const tell = ({ changed }) => hint(say('split.done', { grids: changed.filter(isPart).map((one) => one.id).join(words.and) }));
  if (line) await take('split', { code, line }, tell);
}

async function redraw() {
  if (needsGrid()) return;
  const codes = [chosen.code, byId('neighbour').value];
  if (!codes[1]) return;
  const line = await drawLine(say('redraw.hint', { one: codes[0], other: codes[1] }));
  if (line) await take('redraw-border', { codes, line });
}

async function merge() {
  if (needsGrid() || !byId('neighbour').value) return;
  await take('merge', { codes: [chosen.code, byId('neighbour').value], into: chosen.code });
}

function recode(event) {
  event.preventDefault();
  const { code } = chosen;
  const now = { code, new_code: byId('recode-code').value.trim(), name: byId('recode-name').value.trim() };
  take('recode', now, () => chooseGrid(now.new_code));
}

// Comparing

async function compare(on) {
  byId('compare').setAttribute('aria-pressed', String(on));
  if (on && edition.base) await showDifference(edition.base, edition.id, say('diff.base', { n: edition.base }));
  else hideDifference();
  keepAddress();
}

const lookAt = (other) => showDifference(edition.id, other.id, say('diff.other', { title: other.title, n: other.id }));

// Another draft's changes, all that nobody here changed as well; where both did, whose counts is asked border by border.
async function takeOver(other, settle = {}) {
  const { revision } = draft;
  beginStep();
  try {
    await step('merge-draft', { other: other.id, settle });
    clearBad();
    tellState('saved');
    byId('settling').hidden = true;
  } catch (error) {
    tellState('unsaved');
    if (error.problem?.conflicts) askWhose(error.problem.conflicts, (sides) => takeOver(other, sides));
    else await notTaken(error, 'merge-draft', () => takeOver(other, settle), revision);
  } finally {
    pending -= 1;
    await followStep();
  }
}

async function rebase(settle = {}) {
  beginStep();
  try {
    await step('rebase', { settle });
    window.location.reload(); // another base: what is compared and listed is another, too
  } catch (error) {
    tellState('unsaved');
    pending -= 1;
    if (error.problem?.conflicts) askWhose(error.problem.conflicts, rebase);
    else showPublishError(error);
  }
}

function choice(conflict, number) {
  const option = (side) => {
    const input = Object.assign(el('input'), { type: 'radio', name: `whose-${number}`, value: side, checked: side === 'ours' });
    return el('label', '', input, ' ', words[`settle.${side}`]);
  };
  const item = el('fieldset', '', el('legend', '', conflict.grid_codes.join(words.and)), option('ours'), option('theirs'));
  item.dataset.codes = JSON.stringify(conflict.grid_codes);
  return item;
}

function askWhose(conflicts, then) {
  const sides = () => Object.fromEntries([...byId('settling-list').children].flatMap((item) =>
    JSON.parse(item.dataset.codes).map((code) => [code, item.querySelector('input:checked').value])));
  byId('settling-list').replaceChildren(...conflicts.map(choice));
  byId('settling-ways').replaceChildren(button('button first', words['settle.do'], () => then(sides())),
    button('button', words['settle.leave'], () => (byId('settling').hidden = true)));
  byId('settling').hidden = false;
  byId('settling').scrollIntoView({ block: 'nearest' });
}

// Keys: of single letters those of the physical key, outside fields that are written in.

const LETTERS = { KeyS: split, KeyR: redraw, KeyM: merge, KeyC: () => compare(byId('compare').getAttribute('aria-pressed') !== 'true'), KeyF: nextFinding, KeyN: () => chooseNext(1), KeyP: () => chooseNext(-1), KeyI: insertVertex };
const ARROWS = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

function vertexKey(event) {
  if (!handles.chosen) return false;
  if (ARROWS[event.key]) moveBy(...ARROWS[event.key], METRES[event.shiftKey ? 'shift' : event.altKey ? 'alt' : 'plain']);
  else if (event.key === 'Enter' && handles.moved) keepMove();
  else if (event.key === 'Delete' || event.key === 'Backspace') removeVertex();
  else if (event.key === 'Escape') chooseHandle(null);
  else return false;
  return true;
}

function undoKey(event) {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return false;
  if (event.code === 'KeyZ' && !event.shiftKey) undo();
  else if (event.code === 'KeyY' || (event.code === 'KeyZ' && event.shiftKey)) redo();
  else return false;
  return true;
}

function letterKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !LETTERS[event.code]) return false;
  LETTERS[event.code]();
  return true;
}

const onMap = (event) => event.target === document.body || map.getContainer().contains(event.target) || event.target.id === 'main';

function pressed(event) {
  if (event.isComposing || inText(event.target) || !mayEdit()) return;
  const isButton = event.target instanceof HTMLButtonElement || event.target instanceof HTMLAnchorElement;
  const inVertexBox = event.target.closest?.('#vertex') && ARROWS[event.key];
  const meant = (!isButton && (lineKey(event) || (onMap(event) && vertexKey(event)))) || (inVertexBox && vertexKey(event))
    || (isDrawing() && event.key === 'Escape' && lineKey(event)) || undoKey(event) || letterKey(event);
  if (!meant) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}

// The view

const [west, south, east, north] = settings.bbox;
const bounds = L.latLngBounds([south, west], [north, east]);
const goHome = () => map.fitBounds(bounds, { padding: phone.matches ? [6, 6] : [24, 24], animate: false });

function moved() {
  const { lat, lng } = map.getCenter();
  state.view = { zoom: map.getZoom(), lat, lon: lng };
  writeAddress();
}

function showRevision() {
  byId('revision').textContent = say('revision', { n: count(draft.revision) });
  if (chosen.code && !draft.grids.has(chosen.code)) chooseGrid(null);
  else showGrid(chosen.code);
}

function startTools() {
  const act = { undo, redo, split, merge, redraw, 'next-finding': nextFinding, 'vertex-before': () => chooseNext(-1), 'vertex-next': () => chooseNext(1),
    'vertex-insert': insertVertex, 'vertex-remove': removeVertex, 'vertex-keep': keepMove, 'vertex-drop': () => chooseHandle(handles.chosen),
    'vertex-north': () => moveBy(0, 1, 1), 'vertex-south': () => moveBy(0, -1, 1), 'vertex-west': () => moveBy(-1, 0, 1), 'vertex-east': () => moveBy(1, 0, 1) };
  for (const [id, does] of Object.entries(act)) byId(id)?.addEventListener('click', () => does());
  byId('compare').addEventListener('click', () => compare(byId('compare').getAttribute('aria-pressed') !== 'true'));
  byId('recode').addEventListener('submit', recode);
  byId('difference-close').addEventListener('click', () => compare(false));
  document.addEventListener('keydown', pressed, true);
}

function startPanes() {
  for (const tab of document.querySelectorAll('.tabs button')) {
    tab.addEventListener('click', () => {
      const isOpen = tab.getAttribute('aria-expanded') !== 'true';
      for (const one of document.querySelectorAll('.tabs button')) {
        one.setAttribute('aria-expanded', String(isOpen && one === tab));
        byId(one.dataset.pane).classList.toggle('opened', isOpen && one === tab);
      }
    });
  }
}

function clicked({ latlng }) {
  if (isDrawing() || wasTaken()) return;
  chooseGrid(gridAt(latlng));
}

// No draft any more: what is drawn stays to be looked at.
function close(status) {
  draft.status = status;
  Object.assign(edition, { may_edit: false, may_publish: false });
  document.body.dataset.closed = 'true';
  for (const id of ['ask', 'publish', 'rebase', 'preview', 'others-box', 'settling']) byId(id).hidden = true;
  dropLine();
  clearBad();
  hint();
  chooseGrid(chosen.code);
  tellState(status === 'published' ? 'published' : 'closed');
}

// What is asked of a draft alone; of what was published there is nothing to be done.
function startDraft() {
  startImpact((code) => chooseGrid(code, { near: true }));
  startFindings((width) => take('heal', { tolerance_m: width }));
  startPublishing({
    changed: followStep,
    rebase: () => rebase(),
    done: () => {
      close('published');
      byId('publish-box').dataset.state = 'published';
      byId('published').hidden = false;
    },
  });
  handles.onChosen = showVertex;
  handles.onMove = moveVertex;
  startHandles(isDrawing);
  startLines();
  startConflicts({
    isSaving: () => pending > 0,
    isBusy: () => isDrawing() || pending > 0 || handles.isHeld || handles.moved !== null,
    isUntold: () => byId('saved').dataset.state === 'untold',
    met: followStep, closed: close,
    answered: (isTaken) => {
      if (isTaken) clearBad();
      hint();
      tellState(isTaken ? 'saved' : 'unsaved');
    },
  });
}

async function start() {
  map.getContainer().setAttribute('role', 'application');
  map.getContainer().setAttribute('aria-label', words.map);
  if (state.view) map.setView([state.view.lat, state.view.lon], state.view.zoom, { animate: false });
  else goHome();
  map.setMaxBounds(bounds.pad(1.5));
  startControls(goHome, () => chooseGrid(gridAt(map.getCenter())));
  startDrawing();
  startTools();
  startPanes();
  onDraft(showRevision);
  if (edition.status === 'draft') startDraft();
  map.on('click', clicked);
  map.on('moveend', moved);
  phone.addEventListener('change', () => chooseGrid(chosen.code));
  new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(map.getContainer());
  const tiles = startTiles();
  await load();
  const asked = new URLSearchParams(window.location.search);
  chooseGrid(asked.get('grid'));
  tellState(edition.status === 'draft' ? 'saved' : 'published');
  await followStep();
  if (asked.get('compare') === 'true' && edition.base) await compare(true);
  if (edition.status === 'draft') await showOthers(lookAt, takeOver);
  await tiles;
  document.body.dataset.ready = 'true';
}

start().catch(() => {
  hint(words['load.failed']);
  byId('hint').classList.add('bad');
});
// A line that is being drawn, or a step that nobody took yet, is not left behind in silence.
window.addEventListener('beforeunload', (event) => (isDrawn() || pending > 0 || handles.moved || isKeeping()) && event.preventDefault());
