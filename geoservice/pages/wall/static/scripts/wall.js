// The wall: puts its parts together. Nobody touches it, for days; so whatever it keeps is bounded, and whatever fails is tried again.
import { runOn } from '../../maps/scripts/across.js';
import { FeatureLayer } from '../../maps/scripts/features.js';
import { gridName, startNames } from '../../maps/scripts/grids.js';
import { matterLayer } from '../../maps/scripts/matter_layer.js';
import { matters, onMatters } from '../../maps/scripts/matters.js';
import { byId, map, phone, settings, words } from '../../maps/scripts/parts.js';
import { clearFilters, state } from '../../maps/scripts/state.js';
import { onTileState, startTiles, tryAgain } from '../../maps/scripts/tiles.js';
import { tellAge } from './age.js';
import { ageArrivals, showArrivals, startArrivals } from './arrivals.js';
import { keep, kept } from './keeping.js';
import { isOver, next, recaption, showView, shownGrid } from './rotation.js';
import { ranked, showGrids, showNumbers } from './table.js';
import { chosen, startTools } from './tools.js';
import { freshenWeek, meanWeek } from './week.js';

const LATER_MS = 15000; // what the clock makes late is seen so soon
const TEXT_SHARE = 0.028; // of the height, the least that is read from four metres
const DISC_TEXT_PX = 12;
const SYMBOL_SHARE = 0.7; // of that: a shape needs less than a number

const gridSpec = settings.layers.find((spec) => spec.key === 'grids');
const { weight } = gridSpec.paint;
const grids = new FeatureLayer(gridSpec, () => null);
let lines = [];
let redrawTiles = false;
let drawnSince = Date.now();

function show() {
  if (!matters.ready) return;
  lines = ranked(grids);
  showNumbers();
  showGrids(lines, shownGrid());
  recaption(lines);
  document.body.dataset.matters = matters.byId.size;
}

const isCutOff = () => kept.owed || kept.over || document.body.dataset.stale === 'true';

function goOn() {
  next(lines, isCutOff());
  showGrids(lines, shownGrid());
}

function repaint() {
  matterLayer.dark = !chosen.isLight;
  matterLayer.redraw();
}

function fit() {
  const scale = phone.matches ? 1 : Math.max(1, (window.innerHeight * TEXT_SHARE) / DISC_TEXT_PX);
  matterLayer.enlarged = { symbol: Math.max(1, scale * SYMBOL_SHARE), disc: scale };
  gridSpec.paint = { ...gridSpec.paint, weight: weight * scale };
  grids.draw();
  map.invalidateSize({ animate: false });
  showView(lines);
}

function still() {
  ['dragging', 'scrollWheelZoom', 'doubleClickZoom', 'boxZoom', 'keyboard', 'touchZoom', 'tap'].forEach((name) => map[name]?.disable());
  runOn();
  const container = map.getContainer();
  container.removeAttribute('tabindex');
  container.setAttribute('role', 'img');
  container.setAttribute('aria-label', words.map);
}

// What could not be drawn of the ground while nobody answered is drawn again as soon as somebody does.
function redrawGround() {
  if (!redrawTiles || Date.now() - drawnSince < LATER_MS) return;
  redrawTiles = false;
  drawnSince = Date.now();
  tryAgain();
}

function everySecond() {
  tellAge();
  if (!isCutOff()) redrawGround();
  else if (matters.ready) redrawTiles = true;
  ageArrivals();
  byId('sign-disc').hidden = !matterLayer.marks.some((mark) => mark.late !== undefined);
  freshenWeek();
  if (!chosen.isPaused && matters.ready && isOver(chosen.period)) goOn();
}

async function start() {
  clearFilters();
  state.layers = new Set(settings.layers.map((spec) => spec.key));
  state.off.clear();
  still();
  startTools({ goOn, repaint });
  startArrivals((code) => gridName(grids, code));
  startNames(grids, () => true)();
  grids.onChanged(show);
  grids.onChanged(showArrivals);
  onMatters(show);
  onMatters(showArrivals);
  onTileState((rule, what) => (redrawTiles = redrawTiles || what === 'failed'));
  map.addLayer(grids.group);
  map.addLayer(matterLayer);
  fit();
  repaint();
  new ResizeObserver(fit).observe(map.getContainer());
  setInterval(everySecond, 1000);
  setInterval(() => {
    show();
    matterLayer.redraw();
  }, LATER_MS);
  await Promise.all([keep(grids, meanWeek), startTiles()]);
  document.body.dataset.ready = 'true';
}

start();
