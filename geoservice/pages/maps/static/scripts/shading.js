/* global L */
// Grids coloured by a figure of theirs: classes by lightness, their limits and counts in words; what is not told is hatched.
import { byId, count, el, map, say, urls, words } from './parts.js';
import { tagged } from './features.js';
import { state, writeAddress } from './state.js';

// From little to much, by lightness alone: told apart in grey, and by whoever sees no hues.
const SHADES = ['#e3eef9', '#b3cfec', '#78acd9', '#3d80bb', '#124a86'];
const UNTOLD = 'url(#untold)';
const OPACITY = 0.78;
const select = byId('shade');
const pane = map.createPane('shading');
pane.style.zIndex = 405;
pane.style.pointerEvents = 'none';
const renderer = L.svg({ pane: 'shading', padding: 0.2 });
const group = L.layerGroup().addTo(map);
let tag = null;
let features = [];

const isTold = (value) => value !== null && value !== undefined;

// Classes of as many values each as can be: equal values are in one. `from` and `to` are values that there are.
export function classesOf(values) {
  const sorted = values.filter(isTold).sort((a, b) => a - b);
  const most = Math.min(SHADES.length, new Set(sorted).size);
  const classes = [];
  for (const value of sorted) {
    const last = classes[classes.length - 1];
    const isFull = last && last.n >= (sorted.length - last.before) / (most - classes.length + 1);
    if (!last || (value !== last.to && isFull && classes.length < most)) {
      classes.push({ from: value, to: value, n: 1, before: last ? last.before + last.n : 0 });
    } else Object.assign(last, { to: value, n: last.n + 1 });
  }
  return classes.map(({ from, to, n }, at) => ({
    from, to, n, shade: SHADES[classes.length === 1 ? 2 : Math.round((at * (SHADES.length - 1)) / (classes.length - 1))],
  }));
}

function written(value) {
  if (state.shade === 'rating') return value.toFixed(1);
  return state.shade === 'resolve_minutes' ? say('shade.minutes', { n: count(Math.round(value)) }) : count(value);
}

const grids = (n) => say(n === 1 ? 'shade.grid' : 'shade.grids', { n: count(n) });

function line(fill, text) {
  const swatch = byId('swatch').content.firstElementChild.cloneNode(true);
  swatch.querySelector('.fill').setAttribute('fill', fill);
  return el('li', '', swatch, el('span', '', text));
}

function tell(classes, untold) {
  const lines = classes.map(({ from, to, n, shade }) => {
    const limits = from === to ? written(from) : say('shade.limits', { from: written(from), to: written(to) });
    return line(shade, say('shade.class', { grids: grids(n), limits }));
  });
  const why = ['resolve_minutes', 'rating'].includes(state.shade) ? words['shade.few_or_none'] : words['shade.few'];
  if (untold) lines.push(line(UNTOLD, say('shade.class', { grids: grids(untold), limits: why })));
  byId('shade-legend').replaceChildren(...lines);
}

function draw() {
  group.clearLayers();
  const values = features.map(({ properties }) => properties[state.shade]);
  const classes = classesOf(values);
  const fillOf = (value) => (isTold(value) ? classes.find(({ from, to }) => from <= value && value <= to).shade : UNTOLD);
  L.geoJSON({ type: 'FeatureCollection', features }, {
    pane: 'shading', renderer, interactive: false,
    style: ({ properties }) => ({
      stroke: false, fillColor: fillOf(properties[state.shade]), fillOpacity: isTold(properties[state.shade]) ? OPACITY : 1,
    }),
  }).addTo(group);
  tell(classes, values.filter((value) => !isTold(value)).length);
}

function clear() {
  group.clearLayers();
  byId('shade-legend').replaceChildren();
}

async function load() {
  const now = await tagged(urls.figures_per_grid);
  if (!state.shade || state.to || (now.tag && now.tag === tag)) return;
  ({ tag } = now);
  ({ features } = now.collection);
  draw();
}

// Asks again, where grids are coloured; raises when nobody answers.
export async function refreshShading() {
  if (select && state.shade && !state.to) await load();
}

// Brings colours and control to what the state says.
export async function showShading() {
  if (!select) return;
  select.value = state.shade;
  select.classList.toggle('set', state.shade !== '');
  byId('shade-failed').hidden = true;
  if (!state.shade || state.to) { // figures are those of now
    clear();
    return;
  }
  if (tag) draw();
  try {
    await load();
  } catch {
    byId('shade-failed').hidden = false;
  }
}

export function startShading() {
  if (!select) return;
  // Of what the address says only what there is to choose.
  if (![...select.options].some(({ value }) => value === state.shade)) state.shade = '';
  select.addEventListener('change', () => {
    state.shade = select.value;
    writeAddress();
    showShading();
  });
  byId('shade-failed').querySelector('.again').addEventListener('click', showShading);
}
