// The page where an officer sees what the own grids have in hand, and takes steps with it, with a network and without.
import { byId, tell } from '../../phone/scripts/elements.js';
import { layerPath, Refused, sentence } from '../../phone/scripts/interface.js';
import { named, say, tellBy } from '../../phone/scripts/page.js';
import { inWords } from '../../phone/scripts/places.js';
import { Stream } from '../../shell/scripts/live.js';
import { services } from './cards.js';
import * as grid from './grid.js';
import * as list from './list.js';
import * as near from './near.js';
import * as notice from './notice.js';
import * as pins from './pins.js';
import * as session from './session.js';
import * as steps from './steps.js';
import * as visits from './visits.js';

const { who } = session;
const ROOMS = ['list', 'map', 'grid', 'own'];
const MINUTE_MS = 60000;

const layers = { grids: [], basemap: [] };
let stream = null;

// Rooms of the page

function enterRoom(room, incident = null) {
  for (const one of ROOMS) byId(`room-${one}`).hidden = one !== room;
  for (const tab of byId('tabs').children) {
    if (tab.dataset.room === room) tab.setAttribute('aria-current', 'page');
    else tab.removeAttribute('aria-current');
  }
  window.scrollTo(0, 0);
  if (room === 'map') pins.show(incident, ownGrids());
  if (room === 'grid') grid.show();
}

function toCard(incident) {
  enterRoom('list');
  const card = list.cardOf(incident.id);
  if (!card) return;
  card.scrollIntoView({ block: 'center' });
  card.focus({ preventScroll: true });
}

const ownGrids = () => layers.grids.filter(({ properties }) => who.now.grids.includes(properties.code));

function placeWords(incident) {
  const [lng, lat] = incident.position;
  const grids = layers.grids.filter(({ properties }) => properties.code === incident.grid_code);
  const words = inWords({ grids, basemap: layers.basemap }, { lng, lat });
  // A pin may lie on the other side of the border that somebody decided on.
  const own = grids.length ? named(grids[0].properties) : incident.grid_code || '';
  return !own || words.startsWith(own) ? words : [own, words].filter(Boolean).join(say('place.between'));
}

function showDuty() {
  const names = ownGrids().map(({ properties }) => named(properties)).join(', ') || who.now.grids.join(', ');
  byId('duty').textContent = names ? `${say('grids')}: ${names}` : say('no_grid');
}

// What names things: services, grids, streets. The list is there before.
async function loadNames() {
  const { code } = who.now.jurisdiction;
  const ask_ = [
    session.rememberedAs(`/v1/services?jurisdiction=${encodeURIComponent(code)}&retired=true`).then((told) => {
      for (const one of told.services) services.set(one.code, named(one));
    }),
    ...Object.keys(layers).map((layer) =>
      session.rememberedAs(layerPath(code, layer)).then(({ features }) => {
        layers[layer] = features;
      }),
    ),
  ];
  await Promise.allSettled(ask_);
  if (who.now) {
    showDuty();
    list.refresh();
  }
}

// Live

function listen() {
  const url = document.body.dataset.stream;
  document.body.dataset.jurisdiction = who.now.jurisdiction.code;
  if (!url || stream) return;
  stream = new Stream(url, {
    heard: (event) => who.now && list.hear(event), gap: () => who.now && list.look(),
    jurisdiction: who.now.jurisdiction.code, asking: session.listening,
  });
  stream.start();
}

// Without events, and for what becomes late by itself.
function lookAgain() {
  if (!document.hidden && who.now && navigator.onLine) stillHere();
}

// The door

async function open() {
  tellBy(who.now.jurisdiction.time_zone);
  tell(byId('where'), `${who.now.jurisdiction.name} · ${who.now.officer_code}`);
  byId('live').hidden = false;
  byId('door').hidden = true;
  byId('work').hidden = false;
  byId('tabs').hidden = false;
  showOwn();
  showDuty();
  const last = session.toldLast();
  if (last && last.who.login !== who.now.login) session.forgetTold(); // somebody else's
  else if (last) list.show(last.incidents, last.total, last.at);
  enterRoom('list');
  const names = loadNames();
  if (who.now.token !== undefined) await list.load();
  else tell(byId('notice'), say('offline'));
  if (!who.now) return;
  listen();
  steps.start();
  visits.start();
  await names;
  document.body.dataset.ready = 'true';
}

function showOwn() {
  const { login, token } = who.now;
  const form = byId('account');
  form.hidden = !login;
  byId('leave').hidden = !session.withKey();
  if (!login) return;
  byId('login-name').textContent = login;
  byId('token').value = token || '';
}

// What is answered late to him who came before is not taken for the answer to a key that was entered since.
let asked = 0;

async function enter() {
  asked += 1;
  const mine = asked;
  try {
    const told = await session.askWho();
    if (mine !== asked) return null;
    if (told.officer_code && told.jurisdiction) return open();
    session.forgetTold();
    const somebody = told.login || session.withKey();
    return leave(somebody ? say(session.withKey() ? 'key_nobody' : 'account_nobody') : '');
  } catch (error) {
    if (mine !== asked) return null;
    if (error instanceof Refused && !error.passes) return leave(session.nobodyWords(), { forget: true });
    const last = session.toldLast();
    if (!last) return leave(sentence(error));
    who.now = last.who;
    return open();
  }
}

function leave(words, { forget = session.withKey() } = {}) {
  if (forget) session.asNobody();
  who.now = null;
  session.forgetTold();
  list.clear();
  grid.clear();
  pins.remove();
  byId('work').hidden = true;
  byId('tabs').hidden = true;
  byId('door').hidden = false;
  byId('live').hidden = true; // nobody is told anything here
  tell(byId('where'), '');
  tell(byId('error'), words);
}

const over = () => leave(session.nobodyWords());

// Looks whether he who is shown is signed in still; then how the list is.
async function stillHere() {
  try {
    const before = who.now.login;
    const told = await session.askWho();
    if (told.login !== before || !told.officer_code) {
      over();
      return;
    }
    showOwn();
    await list.look();
    listen();
  } catch (error) {
    if (error instanceof Refused && error.status === 401) over();
  }
}

async function again() {
  if (!who.now) {
    await enter();
    return;
  }
  await stillHere();
  if (!who.now) return;
  steps.send({ now: true });
  visits.send({ now: true });
}

function take(incident, step, reason) {
  steps.keep(incident, list.titleOf(incident), step, reason);
}

function done(step, told) {
  if (told === null) return over();
  if (!told) return null;
  list.took(told);
  tell(byId('said'), say('done', { action: say(`action.${step.action}`) }));
  tell(byId('toast'), `${step.title} · ${say('done', { action: say(`action.${step.action}`) })}`);
  clearTimeout(done.timer);
  done.timer = setTimeout(() => tell(byId('toast'), ''), 5000);
  return null;
}

function startSwitches() {
  for (const what of ['sound', 'vibration']) {
    const box = byId(what);
    box.checked = notice.wanted()[what];
    box.addEventListener('change', () => {
      notice.want({ [what]: box.checked });
      if (what === 'sound' && box.checked) notice.sound();
    });
  }
  const distance = byId('distance');
  const failed = (words) => {
    distance.checked = false;
    tell(byId('distance-failed'), words);
  };
  distance.checked = near.wasWanted();
  if (distance.checked) near.startWatching(failed);
  distance.addEventListener('change', () => {
    tell(byId('distance-failed'), '');
    if (distance.checked) near.startWatching(failed);
    else near.stopWatching();
  });
  window.addEventListener('pointerdown', notice.readySounds);
}

function start() {
  list.start({ take, placeWords, onMap: (incident) => enterRoom('map', incident), over });
  pins.start(toCard);
  grid.start();
  steps.onDone(done);
  startSwitches();
  for (const tab of byId('tabs').children) tab.addEventListener('click', () => enterRoom(tab.dataset.room));
  byId('key-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const key = byId('key').value.trim();
    if (!key) return byId('key').focus();
    session.showKey(key);
    byId('key').value = '';
    return enter();
  });
  byId('leave').addEventListener('click', () => leave('', { forget: true }));
  byId('account').addEventListener('submit', (event) => {
    const unsent = steps.open().length + visits.unsent().length;
    if (unsent && !window.confirm(say('sign_out_unsent', { n: unsent }))) event.preventDefault();
    else leave(''); // a page that is gone back to shows nothing
  });
  session.onTold(() => who.now && stillHere());
  window.addEventListener('pageshow', ({ persisted }) => persisted && again());
  window.addEventListener('online', again);
  setInterval(lookAgain, MINUTE_MS);
  document.addEventListener('visibilitychange', lookAgain);
  if ('serviceWorker' in navigator) navigator.serviceWorker.register('/officer/worker.js', { scope: '/officer' }).catch(() => null);
  enter();
}

start();
