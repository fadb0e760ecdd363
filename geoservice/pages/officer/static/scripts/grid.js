// The officer's grids: buildings, who was visited, how many households are counted and where nobody has counted.
import { button, byId, element, tell } from '../../phone/scripts/elements.js';
import { sentence } from '../../phone/scripts/interface.js';
import { count, moment, say, settings } from '../../phone/scripts/page.js';
import * as figures from './figures.js';
import * as households from './households.js';
import { distanceWords, metresTo, onMoved } from './near.js';
import { askAs, who } from './session.js';
import * as visits from './visits.js';

const AT_ONCE = 1000;
const SHOWN = 40;

let buildings = [];
let shown = SHOWN;
let loaded = false;

// The middle of the box about a geometry.
function middleOf({ coordinates }) {
  const flat = coordinates.flat(2);
  const lons = flat.map(([lon]) => lon);
  const lats = flat.map(([, lat]) => lat);
  return [(Math.min(...lons) + Math.max(...lons)) / 2, (Math.min(...lats) + Math.max(...lats)) / 2];
}

async function loadBuildings() {
  const found = [];
  const code = encodeURIComponent(who.now.jurisdiction.code);
  for (const grid of who.now.grids) {
    let after = '';
    do {
      const told = await askAs(`/ogc/${code}/collections/buildings/items?f=json&grid_code=${encodeURIComponent(grid)}&limit=${AT_ONCE}${after}`);
      found.push(...told.features);
      const next = told.links.find(({ rel }) => rel === 'next');
      after = next ? `&after=${encodeURIComponent(new URL(next.href).searchParams.get('after'))}` : '';
    } while (after);
  }
  buildings = found.filter(({ geometry }) => geometry).map(({ properties, geometry }) => ({ ...properties, middle: middleOf(geometry) }));
}

const lacksCount = (one) => one.kind === 'residential' && households.countOf(one.code) === null;
const nameOf = (one) => one.name || one.address || one.code;

function chosen() {
  const words = byId('building').value.trim().toLowerCase();
  const lacking = byId('lacking').checked;
  const fits = (one) => [one.name, one.address, one.code].some((text) => text && text.toLowerCase().includes(words));
  const found = buildings.filter((one) => fits(one) && (!lacking || lacksCount(one)));
  const near = (one) => metresTo(one.middle);
  return near(found[0] || { middle: [0, 0] }) === null ? found : found.sort((a, b) => near(a) - near(b));
}

function visitWords(code) {
  const [last] = visits.ofBuilding(code);
  if (!last) return '';
  if (last.state === 'refused') return last.why;
  return say(last.state === 'done' ? 'visited_at' : 'visit_kept', { time: moment(last.at).slice(11) });
}

function countWords(one) {
  const number = households.countOf(one.code);
  if (number !== null) return say('households', { n: count(number) });
  return lacksCount(one) ? say('not_counted') : '';
}

function lineOf(one) {
  const facts = element('p', { class: 'hint' });
  const visited = element('p', { class: 'state visited', role: 'status' });
  const redraw = () => {
    facts.textContent = [one.name && one.name !== one.code ? one.code : '', distanceWords(one.middle), countWords(one)].filter(Boolean).join(' · ');
    tell(visited, visitWords(one.code));
    const [last] = visits.ofBuilding(one.code);
    // What the service does not take stays until it was read.
    if (last?.state === 'refused') visited.append(' ', button('small', say('drop'), () => visits.drop(last)));
  };
  const note = button('first', say('visit'), () => {
    visits.note(one.code, byId('kind').value);
    redraw();
  });
  note.setAttribute('aria-label', say('visit_of', { name: nameOf(one) }));
  const counts = element('details', {}, element('summary', {}, say('counts')));
  counts.addEventListener('toggle', () => {
    if (counts.open && !counts.querySelector('.counts')) counts.append(households.countsOf(one.code, redraw));
  });
  const line = element('li', { class: 'card building', 'data-code': one.code },
    element('div', { class: 'text' }, element('h3', {}, nameOf(one)), facts, visited), note, counts);
  redraw();
  line.redraw = redraw;
  return line;
}

function showLines() {
  const found = chosen();
  byId('buildings').replaceChildren(...found.slice(0, shown).map(lineOf));
  byId('buildings-count').textContent = say('x_of_y', { x: count(Math.min(shown, found.length)), y: count(found.length) });
  byId('more-buildings').hidden = found.length <= shown;
  const lacking = buildings.filter(lacksCount).length;
  byId('lacking').closest('label').hidden = lacking === 0;
  byId('lacking-words').textContent = say('lacking', { n: count(lacking) });
}

export async function show() {
  figures.show();
  if (loaded) return;
  tell(byId('grid-notice'), say('loading'));
  try {
    await Promise.all([loadBuildings(), households.load()]);
    loaded = true;
    tell(byId('grid-notice'), buildings.length ? '' : say('no_buildings'));
    showLines();
  } catch (error) {
    tell(byId('grid-notice'), sentence(error));
  }
}

export function clear() {
  buildings = [];
  loaded = false;
  shown = SHOWN;
  byId('buildings').replaceChildren();
}

export function start() {
  byId('kind').append(...settings.kinds.map((kind) => element('option', { value: kind }, say(`kind.${kind}`))));
  byId('building').addEventListener('input', showLines);
  byId('lacking').addEventListener('change', showLines);
  byId('more-buildings').addEventListener('click', () => {
    shown += SHOWN;
    showLines();
  });
  const redraw = () => [...byId('buildings').children].forEach((line) => line.redraw());
  visits.onChange(redraw);
  onMoved(redraw);
}
