/* global L */
// The page where a resident reports: what, where, in a few words; and the reports that this phone knows of.
import { button, byId, element, tell } from './elements.js';
import { askRemembered, sentence } from './interface.js';
import { change, forget, keep, keeps, onChange, reports, sendKept, startSending } from './kept.js';
import { credit, drawJurisdiction, fingerM, newMap, pin, placeInWords, showClose, showWhole, tells } from './map.js';
import { count, moment, named, say, settings } from './page.js';
import { chooseSide, sideQuestion } from './sides.js';

// The interface takes no vaguer place.
const VAGUEST_M = 1000;
const LOCATE = { enableHighAccuracy: true, timeout: 20000, maximumAge: 10000 };

const followLink = (token) => `${settings.addresses.follow}#${token}`;

// The form.

let map = null;
let marker = null;
let circle = null;
let place = null; // { lon, lat, accuracy_m? }

const jurisdiction = () => settings.jurisdictions.find((one) => one.code === byId('jurisdiction').value);

function setPlace(latlng, accuracyM, words) {
  place = { lon: Number(latlng.lng.toFixed(7)), lat: Number(latlng.lat.toFixed(7)) };
  if (accuracyM !== undefined) place.accuracy_m = accuracyM;
  if (marker) marker.setLatLng(latlng);
  else marker = pin(latlng, 'place', { keyboard: false, interactive: false }).addTo(map);
  if (circle) circle.remove();
  circle = accuracyM > 0 ? L.circle(latlng, { radius: accuracyM, weight: 1, color: '#c2410c', fillOpacity: 0.12, interactive: false }).addTo(map) : null;
  tell(byId('place'), words);
  tell(byId('error'), '');
}

const where = (latlng) => {
  const words = placeInWords(map, latlng);
  return words ? say('pin_at', { place: words }) : say('tapped');
};

// A finger is as exact as the map is large: where that does not tell the place, the map comes closer and asks again.
function tapped(latlng) {
  const metres = fingerM(map, latlng);
  if (tells(metres)) return setPlace(latlng, metres, where(latlng));
  if (metres <= VAGUEST_M) setPlace(latlng, metres, say('tap_again', { metres: count(metres) }));
  else tell(byId('place'), say('tap_closer'));
  return showClose(map, latlng);
}

function clearPlace() {
  place = null;
  if (marker) marker.remove();
  if (circle) circle.remove();
  marker = null;
  circle = null;
  tell(byId('place'), say('tap'));
}

const LOCATE_REFUSED = { 1: 'locate_denied' };

function located({ coords }) {
  byId('locate').disabled = false;
  const latlng = L.latLng(coords.latitude, coords.longitude);
  const [west, south, east, north] = jurisdiction().bbox;
  const metres = Math.ceil(coords.accuracy);
  if (metres > VAGUEST_M) tell(byId('place'), say('too_vague', { metres: count(metres) }));
  else if (!L.latLngBounds([south, west], [north, east]).pad(0.1).contains(latlng)) tell(byId('place'), say('elsewhere'));
  else {
    setPlace(latlng, metres, [say('located', { metres }), placeInWords(map, latlng)].filter(Boolean).join(' '));
    map.fitBounds(latlng.toBounds(2 * Math.max(metres, 1)), { maxZoom: 18, animate: false });
  }
}

function locate() {
  if (!jurisdiction()) return tell(byId('place'), say('need_jurisdiction'));
  if (!window.isSecureContext) return tell(byId('place'), say('locate_insecure'));
  if (!navigator.geolocation) return tell(byId('place'), say('locate_failed'));
  byId('locate').disabled = true;
  tell(byId('place'), say('locating'));
  return navigator.geolocation.getCurrentPosition(
    located,
    (error) => {
      byId('locate').disabled = false;
      tell(byId('place'), say(LOCATE_REFUSED[error.code] || 'locate_failed'));
    },
    LOCATE,
  );
}

function serviceChoice(service) {
  return element(
    'label',
    { class: 'choice', title: service.description || '' },
    element('input', { type: 'radio', name: 'service', value: service.code, 'data-name': named(service) }),
    element('span', {}, named(service)),
  );
}

async function showServices(code) {
  const box = byId('services');
  tell(box, say('loading'));
  try {
    const { services } = await askRemembered(`/v1/services?jurisdiction=${encodeURIComponent(code)}`);
    box.replaceChildren(...services.map(serviceChoice));
  } catch {
    const again = button('second', say('again'), () => showServices(code));
    box.replaceChildren(element('p', { class: 'hint' }, say('services_failed')), again);
  }
}

async function openJurisdiction() {
  const chosen = jurisdiction();
  tell(byId('where'), chosen ? chosen.name : '');
  clearPlace();
  if (map) map.remove();
  map = null;
  if (!chosen) return;
  showServices(chosen.code);
  map = newMap(byId('map'));
  credit(map, chosen.attribution);
  showWhole(map, chosen.bbox);
  const here = map;
  map.on('click', (event) => tapped(event.latlng));
  map.getContainer().addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.target !== here.getContainer()) return;
    event.preventDefault();
    tapped(here.getCenter());
  });
  await drawJurisdiction(map, chosen.code, { failed: () => tell(byId('place'), say('map.failed')) });
}

function missing(field, word) {
  tell(byId('error'), say(word));
  byId(field).scrollIntoView({ block: 'center' });
  const first = byId(field).querySelector('input, select, button');
  if (first) first.focus({ preventScroll: true });
}

function send(event) {
  event.preventDefault();
  const service = document.querySelector('input[name=service]:checked');
  if (!jurisdiction()) return missing('jurisdiction-field', 'need_jurisdiction');
  if (!service) return missing('service-field', 'need_service');
  if (!place) return missing('place-field', 'need_place');
  const body = { jurisdiction: jurisdiction().code, service_code: service.value, ...place };
  const description = byId('text').value.trim();
  keep(description ? { ...body, description } : body, service.dataset.name);
  service.checked = false;
  byId('text').value = '';
  tell(byId('error'), '');
  clearPlace();
  sendKept({ now: true });
  const fresh = byId('fresh');
  fresh.scrollIntoView({ block: 'start' });
  return fresh.querySelector('article').focus({ preventScroll: true });
}

// What was refused goes back into the form.
function mend(report) {
  forget(report.key);
  const { body } = report;
  const choice = [...document.querySelectorAll('input[name=service]')].find((one) => one.value === body.service_code);
  if (choice) choice.checked = true;
  byId('text').value = body.description || '';
  if (map && jurisdiction().code === body.jurisdiction) setPlace(L.latLng(body.lat, body.lon), body.accuracy_m, where(L.latLng(body.lat, body.lon)));
  byId('text').focus();
}

// The reports of this phone.

async function answerSide(report, grid, name, card) {
  try {
    await chooseSide(report.token, grid);
    change(report.key, { sides: null, note: say('side.done', { grid: name }) });
  } catch (error) {
    card.append(element('p', { class: 'error', role: 'alert' }, sentence(error)));
  }
}

function copyButton(link) {
  const copy = button('small', say('copy'), async () => {
    await navigator.clipboard.writeText(link);
    copy.textContent = say('copied');
  });
  return navigator.clipboard ? copy : null;
}

function forgetButton(report) {
  const sure = () => report.state !== 'sent' || window.confirm(say('forget_sure'));
  return button('small', say('forget'), () => sure() && forget(report.key));
}

function waitingCard(report) {
  return [
    element('p', { class: 'state' }, say(keeps() ? 'kept' : 'kept_not')),
    element('p', { class: 'row' }, button('small', say('kept_now'), () => sendKept({ now: true, insist: true })), forgetButton(report)),
  ];
}

function refusedCard(report) {
  return [
    element('p', { class: 'error' }, say('not_taken'), report.why),
    element('p', { class: 'row' }, byId('form') ? button('second', say('mend'), () => mend(report)) : null, forgetButton(report)),
  ];
}

function sentCard(report, card) {
  const link = new URL(followLink(report.token), window.location.href).href;
  const question = report.sides && sideQuestion(report.sides, report.jurisdiction, {
    chosen: (grid, name) => answerSide(report, grid, name, card),
    unsure: () => change(report.key, { sides: null }),
  });
  const open = element('a', { class: report.fresh ? 'first' : 'second', href: followLink(report.token) }, say('follow'));
  if (!report.fresh) return [question, element('p', { class: 'row' }, open, forgetButton(report))];
  return [
    element('p', { class: 'state good' }, say('sent'), ' ', report.note || ''),
    question,
    element('p', { class: 'hint' }, say('follow_hint')),
    element('p', { class: 'link' }, link),
    element('p', { class: 'row' }, open, copyButton(link)),
  ];
}

const CARDS = { waiting: waitingCard, refused: refusedCard, sent: sentCard };

function cardOf(report) {
  const card = element('article', { class: 'card', tabindex: '-1', 'data-state': report.state });
  const head = element('p', { class: 'head' }, element('strong', {}, report.title), ' ', element('small', {}, moment(report.at)));
  card.append(head, ...CARDS[report.state](report, card).filter(Boolean));
  return card;
}

const isNew = (report) => report.state !== 'sent' || report.fresh || Boolean(report.sides);

let refusedBefore = 0;

function showReports() {
  const all = reports();
  const old = all.filter((one) => !isNew(one));
  byId('fresh').replaceChildren(...all.filter(isNew).map(cardOf));
  byId('earlier-list').replaceChildren(...old.map(cardOf));
  byId('earlier').hidden = old.length === 0;
  // Bad news that comes late must not stay out of sight.
  const refused = all.filter(({ state }) => state === 'refused').length;
  if (refused > refusedBefore) byId('fresh').scrollIntoView({ block: 'start' });
  refusedBefore = refused;
}

function start() {
  const token = window.location.hash.slice(1);
  if (token.startsWith('rpt_')) {
    window.location.replace(followLink(token));
    return;
  }
  window.history.scrollRestoration = 'manual'; // what is kept stands above
  for (const one of reports().filter((report) => report.fresh)) change(one.key, { fresh: false });
  onChange(showReports);
  showReports();
  if (byId('form')) {
    byId('form').addEventListener('submit', send);
    byId('locate').addEventListener('click', locate);
    byId('jurisdiction').addEventListener('change', openJurisdiction);
    openJurisdiction();
  }
  startSending();
  if ('serviceWorker' in navigator) {
    const scope = new URL(settings.addresses.report, window.location.href).pathname;
    navigator.serviceWorker.register(`${scope}/worker.js`, { scope }).catch(() => null);
  }
}

window.addEventListener('hashchange', () => window.location.hash.startsWith('#rpt_') && window.location.reload());
start();
