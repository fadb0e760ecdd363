/* global L */
// What is known of a place, asked with one request: who owns it, above whatever was hit; and below it what is there.
import { lonOf } from './across.js';
import { address, button, byId, count, dayWords, el, fetchJson, jurisdiction, map, metres, moment, named, phone, say, urls, words, written, xOfY } from './parts.js';
import { copyButton } from './copying.js';
import { dueOf, isInHand, matters, meant, onMatters } from './matters.js';
import { matterLayer } from './matter_layer.js';
import { specOf } from './features.js';
import { state, writeAddress } from './state.js';
import { shapeOf } from './panel.js';

const LISTED_MOST = 30;
const NEAR_M = 15;
const box = byId('card');
let answer = null;
let asking = new AbortController();
let tools = { grid: (code) => code, openPane: () => null };
map.createPane('chosen').style.zIndex = 540;
map.getPane('chosen').style.pointerEvents = 'none';
const mark = L.circleMarker([0, 0], { pane: 'chosen', renderer: L.svg({ pane: 'chosen' }), radius: 7, color: '#1f2d3d', weight: 2.5, fillColor: '#ffd23f', fillOpacity: 1, interactive: false });

const line = (term, ...told) => el('div', '', el('dt', '', term), el('dd', '', ...told));

function serving({ officers }) {
  if (!officers.length) return words.nobody;
  return el('ul', 'plain', ...officers.map((one) => el('li', '', one.call_sign, el('span', 'muted', ` ${words[`role.${one.role}`] || one.role}`))));
}

function borderOf(owner) {
  return owner.distance_to_border_m === null ? words['border.far'] : metres(Math.max(owner.distance_to_border_m, 0.5));
}

function candidates(owner) {
  const others = owner.candidates.filter((one) => one.grid_code !== owner.grid?.code);
  if (!owner.near_border || !others.length) return null;
  const list = others.map((one) => el('li', '', `${tools.grid(one.grid_code)} ${one.grid_code} · ${metres(Math.max(one.distance_m, 0.5))}`));
  return el('div', 'near', el('p', '', words.near_border), el('ul', '', ...list));
}

function ownerPart({ owner }) {
  const { grid } = owner;
  const name = grid ? tools.grid(grid.code) : words.no_owner;
  const title = el('h2', 'title', name, grid && name !== grid.code ? el('span', 'code', grid.code) : '');
  const [lon, lat] = owner.position;
  const place = `${lon.toFixed(6)}, ${lat.toFixed(6)}`; // as the search takes it
  const where = line(`${words.coordinates} WGS 84`, el('code', '', place), ' ', copyButton(place, 'copy.place'));
  const facts = el('dl', 'facts', line(state.to ? words['then.on_duty'] : words.on_duty, grid ? serving(owner) : '—'), line(words.border, borderOf(owner)), where);
  const part = el('article', 'owner', el('p', 'kind', words.owner), title,
    el('p', 'method', owner.unowned_reason || words[`method.${owner.method}`]), candidates(owner), facts);
  part.dataset.grid = grid ? grid.code : '';
  return part;
}

function dueWords(one) {
  const due = dueOf(one);
  if (due === 'late' && one.due !== null) return say('due.was', { time: moment(new Date(one.due * 1000)) });
  if (due === 'open' || due === 'soon') return say('due.open', { time: moment(new Date(one.due * 1000)) });
  return due === 'late' || due === 'stands' ? words[`due.${due}`] : '';
}

const serviceOf = (one) => {
  const [name, english] = matters.services[one.service] || [one.service, null];
  return named({ name, name_en: english });
};

// The number by which the search finds it, as the search writes it.
const numberOf = (id) => id.slice(0, 8);

function matterLine(one) {
  const due = dueOf(one);
  const text = el('span', 'what', el('b', '', serviceOf(one)), el('span', 'muted', ` ${words.reported} ${moment(new Date(one.reported * 1000))} · ${numberOf(one.id)}`));
  const spec = specOf('incidents');
  const status = el('span', 'status', shapeOf(one.status), spec.values.status[one.status] || one.status);
  const node = button(`matter due-${due}`, '', () => openAt({ lat: one.lat, lon: one.lon }, { id: one.id }));
  node.append(status, text, el('span', `due due-${due}`, dueWords(one)));
  node.dataset.id = one.id;
  if (one.id === state.open) node.setAttribute('aria-current', 'true');
  if (!urls.desk) return el('li', '', node);
  const link = el('a', 'to-desk', words.open_desk);
  link.href = urls.desk + encodeURIComponent(one.id);
  return el('li', '', node, link);
}

const urgentFirst = (a, b) => (a.due ?? Infinity) - (b.due ?? Infinity) || a.reported - b.reported;

function fieldsOf(spec, properties) {
  return el('dl', 'facts', ...spec.fields.map((field) => line(field.label, written(properties[field.property], field, spec))));
}

function thing(spec, { properties, distance_m: distance }) {
  const kind = el('p', 'kind', spec.heading, distance >= 0.5 ? el('span', 'muted', ` ${metres(distance)}`) : '');
  const title = named(properties, spec.title) || properties.code || '—';
  return el('article', 'thing', kind, el('h3', '', title), fieldsOf(spec, properties));
}

function part(title, x, y, ...content) {
  return el('section', 'part', el('h2', '', title, el('span', 'count', y > 1 || x !== y ? xOfY(x, y) : '')), ...content);
}

// What is in hand at the place is told from what the map draws, so that card and map never differ.
function mattersPart(layer) {
  const told = layer.features.some((one) => one.id === state.open) ? 1 : 0; // the chosen one stands above already
  const there = layer.features.filter((one) => one.id !== state.open).map((one) => matters.byId.get(one.id)).filter(Boolean);
  return there.length ? part(specOf('incidents').heading, there.length, Math.max(there.length, layer.matched - told),
    el('ul', 'matters-list', ...there.map(matterLine))) : null;
}

function chosenPart() {
  if (!state.open) return null;
  const one = matters.byId.get(state.open);
  if (!one) return matters.ready ? el('p', 'notice', state.to ? words['then.gone'] : words.gone) : null;
  return el('ul', 'matters-list chosen', matterLine(one));
}

function layerPart(layer) {
  if (layer.layer === 'incidents') return mattersPart(layer);
  const spec = specOf(layer.layer);
  if (!spec) return null;
  const things = layer.features.map((one) => thing(spec, one));
  return layer.matched > things.length ? part(spec.heading, things.length, layer.matched, ...things) : el('div', '', ...things);
}

function camerasPart({ cameras }) {
  const spec = specOf('cameras');
  if (!cameras.length || !spec) return null;
  const list = cameras.map((one) => el('li', '', el('b', '', one.code), ` ${spec.values.kind[one.kind] || one.kind} · ${spec.values.status[one.status] || one.status} · ${metres(one.distance_m)}`));
  return part(words.cameras_seeing, cameras.length, cameras.length, el('ul', 'plain', ...list));
}

function gridPart({ owner }) {
  if (!owner.grid || !matters.ready) return null;
  const there = [...matters.byId.values()].filter((one) => isInHand(one) && one.grid === owner.grid.code).sort(urgentFirst);
  const listed = there.slice(0, LISTED_MOST);
  const details = el('details', 'in-grid', el('summary', '', words.in_grid, ' ', el('span', 'count', there.length > listed.length ? xOfY(listed.length, there.length) : count(there.length))),
    el('ul', 'matters-list', ...listed.map(matterLine)));
  details.open = box.querySelector('details.in-grid')?.open || false;
  return details;
}

function show() {
  if (!answer) return;
  const { activeElement } = document;
  const focused = box.contains(activeElement) && (activeElement.dataset.id ? `[data-id="${CSS.escape(activeElement.dataset.id)}"]` : '.back');
  const things = answer.layers.map(layerPart).filter(Boolean);
  box.replaceChildren(
    button('link back', `‹ ${words.back}`, close), ...[ownerPart(answer), chosenPart(), ...things, camerasPart(answer), gridPart(answer)].filter(Boolean),
  );
  if (state.to) box.firstElementChild.after(el('p', 'notice then', say('then.card', { day: dayWords(state.to) })));
  else if (!things.length && !answer.cameras.length && !state.open) box.append(el('p', 'muted', words.nothing_here));
  if (focused) (box.querySelector(focused) || box.querySelector('.back')).focus();
  box.dataset.state = 'shown';
}

// How much of the ground a finger or a pointer covers at this zoom.
function reachM(latlng) {
  const at = map.latLngToContainerPoint(latlng);
  const px = phone.matches ? 22 : 12;
  return Math.min(200, Math.max(NEAR_M, map.distance(latlng, map.containerPointToLatLng(at.add([px, 0])))));
}

// Of a day that is past the owner is known, and the incidents that the map has; of all else only what there is now.
async function askThen(asked, within, signal) {
  const owner = await fetchJson(address(urls.owner, { ...asked, at: matters.asOf.instant }), { signal, cache: 'no-store' });
  const { lat, lon } = state.place;
  const there = meant().filter((one) => one.lat !== null && map.distance([lat, lon], [one.lat, one.lon]) <= within);
  return { owner, layers: [{ layer: 'incidents', features: there, matched: there.length }], cameras: [] };
}

async function ask() {
  if (state.to && !matters.asOf) return; // asked once it is known as of when
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const { lon, lat } = state.place;
  const asked = { jurisdiction, lon: lonOf(lon).toFixed(7), lat: lat.toFixed(7) };
  const within = reachM(L.latLng(lat, lon));
  try {
    answer = state.to ? await askThen(asked, within, signal)
      : await fetchJson(address(urls.place, { ...asked, within_m: within.toFixed(1) }), { signal, cache: 'no-store' });
    show();
  } catch (error) {
    if (error.name === 'AbortError') return;
    box.dataset.state = 'failed';
    box.replaceChildren(button('link back', `‹ ${words.back}`, close), el('p', 'notice bad', words['card.failed']), button('button', words.again, ask));
  }
}

function present() {
  byId('overview').hidden = true;
  box.hidden = false;
  if (state.open) mark.remove();
  else mark.setLatLng([state.place.lat, state.place.lon]).addTo(map);
  matterLayer.redraw();
  tools.openPane('side');
}

// Nothing is chosen behind a sheet: the sheet takes its room from the map, and then the place is brought into what is left.
function bringIntoView() {
  window.requestAnimationFrame(() => {
    map.invalidateSize({ animate: false });
    map.panInside([state.place.lat, state.place.lon], { padding: [48, 48], animate: false });
  });
}

export function openAt({ lat, lon }, { id = null, push = true } = {}) {
  const fromList = byId('overview').contains(document.activeElement);
  Object.assign(state, { place: { lat, lon }, open: id });
  answer = null;
  box.dataset.state = 'asking';
  box.replaceChildren(button('link back', `‹ ${words.back}`, close), el('p', 'muted', words.loading));
  present();
  if (fromList) box.querySelector('.back').focus(); // what had the focus is hidden now
  bringIntoView();
  if (push) writeAddress({ push: true });
  return ask();
}

export function close() {
  const focused = box.contains(document.activeElement);
  const grid = answer?.owner.grid?.code;
  asking.abort();
  Object.assign(state, { place: null, open: null });
  answer = null;
  box.hidden = true;
  box.replaceChildren();
  byId('overview').hidden = false;
  mark.remove();
  if (focused) (document.querySelector(`.grid-line[data-grid="${CSS.escape(grid || '')}"]`) || byId('side')).focus();
  matterLayer.redraw();
  writeAddress({ push: true });
}

// Follows the address, or what it said when the page was opened. An incident alone is a place, once it is known where.
export function followState() {
  const one = state.open && matters.byId.get(state.open);
  if (!state.place && one) state.place = { lat: one.lat, lon: one.lon };
  if (state.place) return openAt(state.place, { id: state.open, push: false });
  if (!box.hidden) {
    asking.abort();
    box.hidden = true;
    byId('overview').hidden = false;
    mark.remove();
  }
  return null;
}

// Something happened: what is shown is asked again.
export function freshen() {
  if (state.place) ask();
}

export function startCard(given) {
  tools = { ...tools, ...given };
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !box.hidden && !event.target.closest('input, select')) close();
  });
  onMatters(show);
}
