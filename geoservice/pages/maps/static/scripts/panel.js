// The layer panel: each layer and each line of its legend is a switch; how many are drawn, of how many; and what failed.
import { sign } from '../../shell/scripts/symbols.js';
import { byId, count, el, language, say, settings, words, xOfY } from './parts.js';
import { dueOf, isInHand, matters, meant, onMatters, passesFilters } from './matters.js';
import { clearFilters, isNarrowed, state, writeAddress } from './state.js';

const rowOf = (key) => document.querySelector(`.layer[data-key="${key}"]`);
const form = byId('filters');

// The shape of a status, as the legend has it.
export function shapeOf(status) {
  const sample = document.querySelector(`.layer .shape-${CSS.escape(status)}`);
  return sample ? sample.cloneNode(true) : sign(status);
}

// Says how a layer fares: drawing, drawn or failed.
export function tellLayer(spec, what) {
  const row = rowOf(spec.key);
  if (!row) return;
  row.dataset.state = what;
  row.querySelector('.layer-failed').hidden = what !== 'failed';
}

export function tellCounts(spec, { shown, matched, by }) {
  const row = rowOf(spec.key);
  row.dataset.count = shown;
  row.querySelector('.switch .count').textContent = xOfY(shown, matched);
  for (const line of row.querySelectorAll('.legend > li[data-value]')) {
    line.querySelector('.count').textContent = count(by[line.dataset.value] || 0);
  }
}

const live = settings.layers.find((spec) => spec.drawn === 'live');

function tellMatters() {
  if (!live || !matters.ready) return;
  const shown = meant();
  const by = {};
  for (const one of matters.byId.values()) if (isInHand(one) && passesFilters(one)) by[one.status] = (by[one.status] || 0) + 1;
  tellLayer(live, 'drawn');
  const inHand = [...matters.byId.values()].filter(isInHand).length;
  tellCounts(live, { shown: shown.filter(isInHand).length, matched: inHand, by });
  const late = shown.filter((one) => dueOf(one) === 'late').length;
  byId('shown').textContent = say('shown', { x: count(shown.length), y: count(matters.total) }) + (late ? ` · ${words.late} ${count(late)}` : '');
  byId('clear').hidden = !isNarrowed();
  offer('service', Object.entries(matters.services).map(([code, [name, english]]) => [code, (language === 'en' && english) || name]));
  offer('officer', Object.entries(matters.officers).map(([code, sign]) => [code, sign === code ? code : `${sign} ${code}`]));
}

// What there is to choose from comes with the data; what the address chose stays chosen.
function offer(name, options) {
  const select = form?.elements[name];
  if (!select || select.options.length > 1) return;
  for (const [code, title] of options) {
    const option = el('option', '', title);
    option.value = code;
    select.append(option);
  }
  select.value = state.filters[name];
}

// Sets every switch to the state, as after Back or a link.
export function showState() {
  for (const spec of settings.layers) {
    const row = rowOf(spec.key);
    row.querySelector('.layer-on').checked = state.layers.has(spec.key);
    for (const line of row.querySelectorAll('.legend > li[data-value]')) {
      const { value } = line.dataset;
      line.querySelector('.line-on').checked = spec.drawn === 'live' ? state.statuses.has(value) : !state.off.has(`${spec.key}.${value}`);
    }
  }
  if (!form) return;
  for (const [name, value] of Object.entries(state.filters)) {
    const field = form.elements[name];
    if (!field) continue;
    if (field.type === 'checkbox') field.checked = value === 'true';
    else {
      field.value = value;
      field.classList.toggle('set', value !== '');
    }
  }
}

const turn = (set, value, on) => (on ? set.add(value) : set.delete(value));

function tieRow(spec, changed) {
  const row = rowOf(spec.key);
  row.querySelector('.layer-on').addEventListener('change', (event) => {
    turn(state.layers, spec.key, event.target.checked);
    changed(spec);
  });
  row.querySelector('.again').addEventListener('click', () => changed(spec, true));
  for (const line of row.querySelectorAll('.legend > li[data-value]')) {
    line.querySelector('.line-on').addEventListener('change', (event) => {
      const on = event.target.checked;
      if (spec.drawn === 'live') turn(state.statuses, line.dataset.value, on);
      else turn(state.off, `${spec.key}.${line.dataset.value}`, !on);
      changed(spec);
    });
  }
}

// `changed` is called with the layer whose switches were turned, `narrowed` when the filters were.
export function startPanel(changed, narrowed) {
  settings.layers.forEach((spec) => tieRow(spec, changed));
  onMatters(tellMatters);
  showState();
  form?.addEventListener('submit', (event) => event.preventDefault());
  form?.addEventListener('change', (event) => {
    const { name, type, checked, value } = event.target;
    if (!(name in state.filters)) return;
    state.filters[name] = type === 'checkbox' ? (checked ? 'true' : '') : value;
    event.target.classList.toggle('set', state.filters[name] !== '');
    narrowed();
    writeAddress();
  });
  byId('clear')?.addEventListener('click', () => {
    clearFilters();
    showState();
    narrowed();
    writeAddress();
  });
}
