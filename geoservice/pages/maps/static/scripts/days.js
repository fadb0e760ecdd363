// Days that are past: one, or some up to one, chosen in the strip below the map. What is looked at stands in the state, and what is
// told of it comes as of the end of the last day; nothing is live meanwhile.
import { byId, count, dayWords, say, todayThere, words, xOfY } from './parts.js';
import { isThen, matters, meant, onMatters, passesFilters } from './matters.js';
import { KINDS, dayAfter, firstDayTo, spanOf, state, writeAddress } from './state.js';

const DAY_MS = 86400000;
const SLIDER_DAYS = 90;
const GATHER_MS = 150; // a slider passes days that nobody means
const PLAY_MS = 1200;
const strip = byId('days');
const opener = byId('days-open');
const slider = byId('days-slider');
const play = byId('days-play');
const still = window.matchMedia('(prefers-reduced-motion: reduce)');
let changed = () => null;
let makeRoom = () => null;
let gathering = null;
let playing = null;

const at = (day) => Date.parse(`${day}T00:00:00Z`);
const daysFrom = (first, last) => Math.round((at(last) - at(first)) / DAY_MS);

// The days that the slider reaches: up to today, or around a day that is long past.
function reach() {
  const today = todayThere();
  const usual = dayAfter(today, 1 - SLIDER_DAYS);
  const first = state.to && state.to < usual ? dayAfter(state.to, -SLIDER_DAYS / 2) : usual;
  return { first, last: dayAfter(first, SLIDER_DAYS - 1), today };
}

export const asOfWords = () => say(state.to === todayThere() ? 'then.so_far' : 'then.as_of', { day: spanWords() });
const spanWords = () => (state.from ? say('then.span', { from: dayWords(state.from), to: dayWords(state.to) }) : dayWords(state.to));

// Brings the strip to what the state says.
export function showDays() {
  if (!strip) return;
  const isThere = state.to !== '';
  strip.hidden = !isThere;
  opener.setAttribute('aria-pressed', String(isThere));
  if (isThere) document.body.dataset.asOf = state.to;
  else delete document.body.dataset.asOf;
  if (!isThere) {
    pause();
    return;
  }
  const { first, last, today } = reach();
  Object.assign(slider, { min: 0, max: daysFrom(first, last < today ? last : today), value: daysFrom(first, state.to) });
  slider.setAttribute('aria-valuetext', spanWords());
  for (const name of ['from', 'to']) Object.assign(byId(`days-${name}`), { value: state[name], max: today });
  byId('days-from').min = firstDayTo(state.to);
  byId('days-before').disabled = false;
  byId('days-after').disabled = state.to >= today;
  for (const box of strip.querySelectorAll('[name=then]')) box.checked = state.then.has(box.value);
}

// What is told is that of the days that arrived, not of those that were asked for.
function tell() {
  if (!matters.asOf || !state.to) return;
  byId('days-told').textContent = asOfWords();
  const there = [...matters.byId.values()];
  for (const kind of KINDS) {
    const all = there.filter((one) => isThen(one, kind));
    byId(`days-${kind}`).textContent = xOfY(all.filter((one) => passesFilters(one)).length, all.length);
  }
  strip.dataset.told = state.to;
  strip.dataset.shown = meant().length;
}

function load() {
  clearTimeout(gathering);
  byId('days-failed').hidden = true;
  return changed().then(() => {
    byId('said').textContent = state.to ? `${byId('days-told').textContent} ${say('shown', { x: count(meant().length), y: count(matters.total) })}` : words['then.live'];
  }, tellFailed);
}

// Says that the days could not be had, with the way to try again.
export function tellFailed() {
  if (strip) byId('days-failed').hidden = !state.to;
}

// Goes to a day, as many days up to it as before.
function go(to, { soon = false } = {}) {
  const length = state.from ? daysFrom(state.from, state.to) : 0;
  const { to: day } = spanOf('', to);
  Object.assign(state, spanOf(length ? dayAfter(day, -length) : '', day));
  showDays();
  writeAddress();
  clearTimeout(gathering);
  if (!soon) return load();
  gathering = setTimeout(load, GATHER_MS);
  return null;
}

function toNow() {
  Object.assign(state, { to: '', from: '' });
  showDays();
  writeAddress({ push: true });
  if (opener.offsetParent) opener.focus();
  else byId('main').focus();
  return load();
}

function pause() {
  clearTimeout(playing);
  playing = null;
  play.setAttribute('aria-pressed', 'false');
  play.textContent = words['then.play'];
}

async function step() {
  const { first, today } = reach();
  await go(state.to >= today ? first : dayAfter(state.to, 1));
  if (playing === null) return;
  if (state.to >= today || document.hidden) pause();
  else playing = setTimeout(step, PLAY_MS);
}

function start() {
  playing = 0;
  play.setAttribute('aria-pressed', 'true');
  play.textContent = words['then.pause'];
  step();
}

// A pair of fields: an empty first day means one day alone; days the wrong way round are exchanged.
function fields() {
  const [from, to] = [byId('days-from').value, byId('days-to').value];
  if (!to) return;
  const [first, last] = from && from > to ? [to, from] : [from, to];
  Object.assign(state, spanOf(first, last));
  showDays();
  writeAddress();
  load();
}

// `asked` brings the map to the days of the state, and is done when they are drawn; `room` closes what would cover the map on a phone.
export function startDays(asked, room) {
  if (!strip) return;
  changed = asked;
  makeRoom = room;
  opener.addEventListener('click', () => {
    if (state.to) {
      toNow();
      return;
    }
    state.to = dayAfter(todayThere(), -1);
    showDays();
    writeAddress({ push: true });
    makeRoom();
    slider.focus();
    load();
  });
  slider.addEventListener('input', () => {
    pause();
    go(dayAfter(reach().first, Number(slider.value)), { soon: true });
  });
  byId('days-before').addEventListener('click', () => { pause(); go(dayAfter(state.to, -1)); });
  byId('days-after').addEventListener('click', () => { pause(); go(dayAfter(state.to, 1)); });
  play.addEventListener('click', () => (playing === null ? start() : pause()));
  byId('days-now').addEventListener('click', toNow);
  byId('days-failed').querySelector('.again').addEventListener('click', load);
  for (const name of ['from', 'to']) byId(`days-${name}`).addEventListener('change', () => { pause(); fields(); });
  for (const box of strip.querySelectorAll('[name=then]')) {
    box.addEventListener('change', () => {
      if (box.checked) state.then.add(box.value);
      else state.then.delete(box.value);
      writeAddress();
      changed({ drawn: true });
    });
  }
  // Nothing moves by itself for whoever asked for that.
  const offer = () => {
    play.hidden = still.matches;
    if (still.matches) pause();
  };
  still.addEventListener('change', offer);
  offer();
  document.addEventListener('visibilitychange', () => document.hidden && playing !== null && pause());
  onMatters(tell);
  showDays();
}
