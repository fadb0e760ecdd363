/* global L */
// The page where an officer sees what the own grids have in hand, and takes steps with it: signed in, or with a key that
// stays in sessionStorage, gone when the page is closed. A key wins, as it does with the service.
import { button, byId, element, tell, wordsField } from './elements.js';
import { ask, askRemembered, layerPath, Refused, sentence } from './interface.js';
import { credit, drawJurisdiction, newMap, pin, showWhole } from './map.js';
import { count, moment, named, say, sayFirst, settings } from './page.js';

const KEY = 'geoservice-key';
// What an officer can still do something about.
const STATUSES = 'dispatched,accepted';
// The buttons of an incident, in this order; merging and moving want a larger screen.
const ACTIONS = ['accept', 'resolve', 'return', 'ask'];
// Of the most urgent so many are shown, and so many more when asked; the interface gives a thousand at once.
const STEP = 200;
const MOST = 1000;

let shown = STEP;
let duty = null;
let map = null;
let pins = null;
let pinOf = new Map();
let services = new Map();
const openIds = new Set();

const { account } = settings;
const withKey = () => sessionStorage.getItem(KEY) !== null;
const asKey = () => ({ headers: { Authorization: `Bearer ${sessionStorage.getItem(KEY)}` } });
const asAccount = () => ({ credentials: 'same-origin', headers: { 'X-CSRF-Token': account.token } });
const askAs = (path, body) => ask(path, { body, ...(withKey() ? asKey() : asAccount()) });
const nobodyWords = () => say(withKey() ? 'key_wrong' : 'account_over');

// The list.

function place(incident) {
  const [lon, lat] = incident.position;
  return L.latLng(lat, lon);
}

// What the own grids have, and what an officer was named for elsewhere: the most urgent first, and how many there are.
function inHand() {
  const jurisdiction = encodeURIComponent(duty.jurisdiction);
  return askAs(`/v1/incidents?jurisdiction=${jurisdiction}&own=true&status=${STATUSES}&sort=due&limit=${shown}`);
}

function tags(incident) {
  const tag = (kind, words) => element('span', { class: `tag ${kind}` }, words);
  const other = incident.officer_code && incident.officer_code !== duty.officer_code;
  return [
    tag(incident.status, say(`tag.${incident.status}`)),
    incident.overdue_at ? tag('late', say('overdue')) : null,
    incident.waiting_since ? tag('', say('waiting')) : null,
    incident.near_border ? tag('', say('near_border')) : null,
    other ? tag('', say('colleague', { officer: incident.officer_code })) : null,
  ];
}

function cardOf(incident) {
  const title = services.get(incident.service_code) || incident.service_code;
  const due = incident.expected_at ? say('expected', { time: moment(incident.expected_at) }) : '';
  const steps = element('div', { class: 'steps' });
  const summary = element(
    'summary',
    {},
    element('strong', {}, title),
    element('span', { class: 'tags' }, ...tags(incident)),
    element('small', {}, [say(`source.${incident.source}`), moment(incident.reported_at), due].filter(Boolean).join(' · ')),
  );
  const card = element(
    'details',
    { class: 'card', 'data-id': incident.id, 'data-status': incident.status },
    summary,
    element('p', { class: 'words' }, incident.description || (incident.words_gone_at ? say('erased', { time: moment(incident.words_gone_at) }) : say('no_text'))),
    steps,
  );
  card.addEventListener('toggle', () => {
    mark(incident, card.open);
    if (!card.open) return openIds.delete(incident.id);
    openIds.add(incident.id);
    map.panTo(place(incident));
    return showSteps(incident, steps);
  });
  card.open = openIds.has(incident.id);
  return card;
}

function mark(incident, chosen) {
  const marker = pinOf.get(incident.id);
  if (!marker) return;
  marker.getElement().classList.toggle('pin-chosen', chosen);
  marker.setZIndexOffset(chosen ? 1000 : 0);
}

async function showSteps(incident, steps) {
  try {
    const { actions } = await askAs(`/v1/incidents/${incident.id}/actions`);
    const open = ACTIONS.map((name) => actions.find(({ action }) => action === name)).filter(Boolean);
    const buttons = open.map((step) =>
      button(step.action === open[0].action ? 'first' : 'second', sayFirst(`action.${step.action}`), () => begin(incident, step, steps)),
    );
    steps.replaceChildren(buttons.length ? element('div', { class: 'row' }, ...buttons) : element('p', { class: 'hint' }, say('not_yours')));
  } catch (error) {
    steps.replaceChildren(element('p', { class: 'error', role: 'alert' }, sentence(error)));
  }
}

// An action that needs or takes words asks for them first.
function begin(incident, step, steps) {
  const needs = step.needs.includes('reason');
  if (!needs && !step.takes.includes('reason')) return take(incident, step.action, {}, steps);
  const optional = needs ? '' : say('optional');
  const { field, area } = wordsField(say(`reason.${step.action}`), { hint: say('words_hint'), optional });
  const form = element(
    'form',
    {},
    field,
    element('div', { class: 'row' }, element('button', { class: 'first' }, say('confirm')), button('second', say('back'), () => showSteps(incident, steps))),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const reason = area.value.trim();
    if (reason || !needs) return take(incident, step.action, reason ? { reason } : {}, steps);
    area.placeholder = say('need_words');
    return area.focus();
  });
  steps.replaceChildren(form);
  return area.focus();
}

async function take(incident, action, body, steps) {
  const name = say(`action.${action}`);
  steps.querySelectorAll('button').forEach((one) => (one.disabled = true));
  try {
    await askAs(`/v1/incidents/${incident.id}/actions/${action}`, body);
    await load(say('done', { action: name }));
  } catch (error) {
    // Somebody was faster, or the list is old: say so, and show it as it is.
    const words = sentence(error, { action: name });
    if (error instanceof Refused && [403, 404, 409].includes(error.status)) return load(words);
    await showSteps(incident, steps);
    steps.append(element('p', { class: 'error', role: 'alert' }, words));
  }
  return null;
}

function showPins(incidents) {
  pins.clearLayers();
  pinOf = new Map();
  for (const incident of incidents) {
    const title = services.get(incident.service_code) || incident.service_code;
    const kind = incident.overdue_at ? 'late' : incident.status;
    const marker = pin(place(incident), kind, { title, alt: title })
      .on('click', () => {
        const card = document.querySelector(`[data-id="${CSS.escape(incident.id)}"]`);
        card.open = true;
        card.scrollIntoView({ block: 'center' });
        card.querySelector('summary').focus({ preventScroll: true });
      })
      .addTo(pins);
    pinOf.set(incident.id, marker);
  }
}

async function load(words = '') {
  byId('reload').disabled = true;
  try {
    const { incidents, total } = await inHand();
    if (!map) return null; // the officer has left meanwhile
    showPins(incidents);
    byId('list').replaceChildren(...incidents.map(cardOf));
    const cut = total > incidents.length;
    byId('count').textContent = cut ? say('x_of_y', { x: count(incidents.length), y: count(total) }) : count(total);
    byId('more').hidden = !cut || shown >= MOST;
    tell(byId('loaded'), say('loaded_at', { time: moment(Date.now()).slice(11) }));
    const plain = incidents.length === 0 ? say('empty') : cut ? say('cut', { x: count(incidents.length), y: count(total) }) : '';
    tell(byId('notice'), [words, plain].filter(Boolean).join(' '));
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return leave(nobodyWords());
    tell(byId('notice'), [words, sentence(error)].filter(Boolean).join(' '));
  } finally {
    byId('reload').disabled = false;
  }
  return null;
}

// The door.

function showGrids(features) {
  if (!map) return;
  const own = features.filter(({ properties }) => duty.postings.some((one) => one.grid_code === properties.code));
  const names = own.map(({ properties }) => named(properties)).join(', ');
  byId('duty').textContent = names ? `${say('grids')}: ${names}` : say('no_grid');
  if (own.length) map.fitBounds(L.geoJSON(own).getBounds(), { padding: [16, 16], animate: false });
}

async function openDesk() {
  // The page names no jurisdiction that is closed: whoever it was shown to had no key yet.
  const mine =
    settings.jurisdictions.find((one) => one.code === duty.jurisdiction) ||
    (await askAs(`/v1/jurisdictions/${encodeURIComponent(duty.jurisdiction)}`));
  tell(byId('where'), `${named(mine)} · ${duty.officer_code}`);
  byId('door').hidden = true;
  byId('sign-in').hidden = true;
  byId('desk').hidden = false;
  byId('leave').hidden = !withKey();
  map = newMap(byId('map'));
  credit(map, mine.attribution);
  showWhole(map, mine.bbox);
  pins = L.layerGroup().addTo(map);
  const own = duty.postings.map((one) => one.grid_code);
  const jurisdiction = encodeURIComponent(duty.jurisdiction);
  const [told] = await Promise.all([
    askRemembered(`/v1/services?jurisdiction=${jurisdiction}`).catch(() => ({ services: [] })),
    askRemembered(layerPath(duty.jurisdiction, 'grids')).then(({ features }) => showGrids(features), () => null),
  ]);
  services = new Map(told.services.map((one) => [one.code, named(one)]));
  await load();
  if (!map) return;
  await drawJurisdiction(map, duty.jurisdiction, { own, failed: () => tell(byId('notice'), say('map.failed')) });
}

async function enter() {
  try {
    duty = await askAs('/v1/postings/own');
  } catch (error) {
    const wrong = error instanceof Refused && [401, 403].includes(error.status);
    return leave(wrong ? nobodyWords() : sentence(error), { forget: wrong });
  }
  return duty.officer_code ? openDesk() : leave(say(withKey() ? 'key_nobody' : 'account_nobody'));
}

function leave(words, { forget = true } = {}) {
  if (forget) sessionStorage.removeItem(KEY);
  if (map) map.remove();
  map = null;
  shown = STEP;
  byId('list').replaceChildren();
  byId('desk').hidden = true;
  byId('door').hidden = false;
  byId('sign-in').hidden = false;
  tell(byId('where'), '');
  tell(byId('error'), words);
}

byId('door').addEventListener('submit', (event) => {
  event.preventDefault();
  const key = byId('key').value.trim();
  if (!key) return byId('key').focus();
  sessionStorage.setItem(KEY, key);
  byId('key').value = '';
  return enter();
});
byId('leave').addEventListener('click', () => leave(''));
byId('reload').addEventListener('click', () => load());
byId('more').addEventListener('click', () => {
  shown = Math.min(MOST, shown + STEP);
  return load();
});
if (withKey() || account.login) enter();
