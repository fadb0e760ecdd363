/* global L */
// The boundary editor: puts its parts together. Every gesture is a step that the service takes or refuses; what it answers is drawn.
import './coverage.js';
import { startControls } from '../../maps/scripts/controls.js';
import { state, writeAddress } from '../../maps/scripts/state.js';
import { startTiles } from '../../maps/scripts/tiles.js';
import { chooseGrid, chosen } from './choosing.js';
import { compare, lookAt, rebase, takeOver, toggleCompare } from './comparing.js';
import { isKeeping, startConflicts } from './conflicts.js';
import { gridAt } from './coverage.js';
import { startDeciding } from './deciding.js';
import { draft, load, onDraft } from './draft.js';
import { startDrawing } from './drawing.js';
import { nextFinding, startFindings } from './findings.js';
import { insertVertex, keepMove, merge, moveVertex, recode, redo, redraw, removeVertex, split, undo } from './gestures.js';
import { chooseHandle, chooseNext, handles, moveBy, startHandles, wasTaken } from './handles.js';
import { startImpact } from './impact.js';
import { pressed } from './keyboard.js';
import { dropLine, isDrawing, isDrawn, startLines } from './lines.js';
import { clearBad, hint } from './marks.js';
import { showGrid, showVertex } from './panel.js';
import { byId, count, edition, map, phone, say, settings, words } from './parts.js';
import { hideProposal, startProposing } from './proposing.js';
import { showOthers, startPublishing } from './publishing.js';
import { followStep, isSaving, take, tellState } from './stepping.js';

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
  byId('compare').addEventListener('click', toggleCompare);
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
  byId('propose-box')?.setAttribute('hidden', '');
  hideProposal();
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
  startDeciding();
  startProposing();
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
    isSaving,
    isBusy: () => isDrawing() || isSaving() || handles.isHeld || handles.moved !== null,
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
window.addEventListener('beforeunload', (event) => (isDrawn() || isSaving() || handles.moved || isKeeping()) && event.preventDefault());
