/* global L */
// The page where a resident reports: what, where, in a few words; and the reports that this phone knows of.
import { button, byId, element, tell, tooLong } from '../../phone/scripts/elements.js';
import { lonOf } from '../../shell/scripts/onward.js';
import { asking } from './attributes.js';
import { askRemembered, sentence } from '../../phone/scripts/interface.js';
import { change, forget, keep, keeps, onChange, reports, sendKept, startSending } from './kept.js';
import { credit, drawJurisdiction, fingerM, newMap, pin, placeInWords, showClose, showWhole, tells } from '../../phone/scripts/map.js';
import { count, moment, named, say, settings, tellBy } from '../../phone/scripts/page.js';
import { chooseSide, sideQuestion } from './sides.js';

// The interface takes no vaguer place.
const VAGUEST_M = 1000;
const WORDS_MOST = 2000;
const LOCATE = { enableHighAccuracy: true, timeout: 20000, maximumAge: 10000 };

const followLink = (token) => `${settings.addresses.follow}#${token}`;

const TITLE = document.title;

// The form.

let map = null;
let marker = null;
let circle = null;
let place = null; // { lon, lat, accuracy_m? }
let services = [];
let asked = asking([]);

const jurisdiction = () => settings.jurisdictions.find((one) => one.code === byId('jurisdiction').value);

function setPlace(latlng, accuracyM, words) {
  place = { lon: Number(lonOf(latlng.lng).toFixed(7)), lat: Number(latlng.lat.toFixed(7)) };
  if (accuracyM !== undefined) place.accuracy_m = accuracyM;
  if (marker) marker.setLatLng(latlng);
  else marker = pin(latlng, 'place', { keyboard: false, interactive: false }).addTo(map);
  if (circle) circle.remove();
  circle = accuracyM > 0 ? L.circle(latlng, { radius: accuracyM, weight: 1, color: '#c2410c', fillOpacity: 0.12, interactive: false }).addTo(map) : null;
  tell(byId('place'), words);
  mended('place-field');
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
  const latlng = map.options.at([coords.longitude, coords.latitude]);
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
    element('input', { type: 'radio', name: 'service', value: service.code, 'data-name': named(service), onchange: showAttributes }),
    element('span', {}, named(service)),
  );
}

// What the chosen service asks for.
function showAttributes() {
  mended('service-field');
  const code = document.querySelector('input[name=service]:checked')?.value;
  asked = asking(services.find((one) => one.code === code)?.attributes || []);
  byId('attributes').replaceChildren(...asked.fields);
}

async function showServices(code) {
  const box = byId('services');
  tell(box, say('loading'));
  try {
    ({ services } = await askRemembered(`/v1/services?jurisdiction=${encodeURIComponent(code)}`));
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
  tellBy(chosen.time_zone);
  showServices(chosen.code);
  map = newMap(byId('map'), chosen.bbox);
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

// What is wrong stands beside its field, and above the form with links to the fields.

function mended(field) {
  byId(`${field}-error`)?.remove();
  byId(field).removeAttribute('data-wrong');
  for (const one of byId(field).querySelectorAll('[aria-invalid]')) {
    one.removeAttribute('aria-invalid');
    const others = (one.getAttribute('aria-describedby') || '').split(' ').filter((id) => id && id !== `${field}-error`);
    if (others.length) one.setAttribute('aria-describedby', others.join(' '));
    else one.removeAttribute('aria-describedby');
  }
  byId('problems').querySelector(`[href="#${field}"]`)?.closest('li').remove();
  byId('problems').hidden = !byId('problems').querySelector('li');
  document.title = byId('problems').hidden ? TITLE : say('error_title', { title: TITLE });
}

function mark(field, words) {
  const node = byId(field);
  node.dataset.wrong = '';
  const first = node.querySelector('input, select, textarea, button');
  const error = element('p', { class: 'error', id: `${field}-error` }, words);
  const title = node.querySelector('legend, label');
  title.after(error);
  if (!first) return;
  first.setAttribute('aria-invalid', 'true');
  first.setAttribute('aria-describedby', `${field}-error ${first.getAttribute('aria-describedby') || ''}`.trim());
}

function goTo(field) {
  return (event) => {
    event.preventDefault();
    byId(field).scrollIntoView({ block: 'center' });
    byId(field).querySelector('input, select, textarea, button')?.focus({ preventScroll: true });
  };
}

function showProblems(problems) {
  for (const node of document.querySelectorAll('[data-wrong]')) mended(node.id);
  const lines = problems.map(([field, words]) => element('li', {}, element('a', { href: `#${field}`, onclick: goTo(field) }, words)));
  byId('problems-list').replaceChildren(...lines);
  problems.forEach(([field, words]) => mark(field, words));
  byId('problems').hidden = problems.length === 0;
  document.title = problems.length ? say('error_title', { title: TITLE }) : TITLE;
  if (problems.length) byId('problems').focus();
}

function problemsNow(service) {
  return [
    ...(jurisdiction() ? [] : [['jurisdiction-field', say('need_jurisdiction')]]),
    ...(service ? [] : [['service-field', say('need_service')]]),
    ...asked.problems(),
    ...(place ? [] : [['place-field', say('need_place')]]),
    ...[tooLong(byId('text').value.trim(), WORDS_MOST)].filter(Boolean).map((words) => ['text-field', words]),
  ];
}

function send(event) {
  event.preventDefault();
  const service = document.querySelector('input[name=service]:checked');
  const problems = problemsNow(service);
  showProblems(problems);
  if (problems.length) return;
  const body = { jurisdiction: jurisdiction().code, service_code: service.value, ...place, attributes: asked.answers() };
  const description = byId('text').value.trim();
  const at = placeInWords(map, L.latLng(place.lat, place.lon));
  keep(description ? { ...body, description } : body, service.dataset.name, at);
  service.checked = false;
  showAttributes();
  byId('text').value = '';
  clearPlace();
  sendKept({ now: true });
  const fresh = byId('fresh');
  fresh.scrollIntoView({ block: 'start' });
  fresh.querySelector('article').focus({ preventScroll: true });
}

// What was refused goes back into the form.
function mend(report) {
  forget(report.key);
  const { body } = report;
  const choice = [...document.querySelectorAll('input[name=service]')].find((one) => one.value === body.service_code);
  if (choice) choice.checked = true;
  showAttributes();
  asked.fill(body.attributes || {});
  byId('text').value = body.description || '';
  if (map && jurisdiction().code === body.jurisdiction) setPlace(L.latLng(body.lat, body.lon), body.accuracy_m, where(L.latLng(body.lat, body.lon)));
  showProblems([['text-field', report.why]]);
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

// When it was received, and where: what the phone knew of the place when it was sent.
function receipt({ received_at, place }) {
  const time = received_at ? moment(received_at).slice(11) : '';
  if (time && place) return say('sent_at_place', { time, place });
  return time ? say('sent_at', { time }) : say('sent');
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
    element('p', { class: 'state good' }, receipt(report), ' ', report.note || ''),
    report.expected_at ? element('p', {}, say('sent_expected', { time: moment(report.expected_at) })) : null,
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
    byId('jurisdiction').addEventListener('change', () => {
      mended('jurisdiction-field');
      openJurisdiction();
    });
    byId('text').addEventListener('input', () => mended('text-field'));
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
