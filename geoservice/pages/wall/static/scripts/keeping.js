// Keeps what is shown current: by events, by reading all again after whatever went wrong, and by the clock what no event tells.
// Everything is asked for one after the other, so that no older answer comes upon a newer one.
import { Stream } from '../../shell/scripts/live.js';
import { loadAll, loadSome } from '../../maps/scripts/matters.js';
import { jurisdiction } from '../../maps/scripts/parts.js';
import { refreshTiles } from '../../maps/scripts/tiles.js';

const GATHER_MS = 300;
const GATHERED_MOST = 1000; // more are read whole
const MINUTE_MS = 60000;
const AGAIN_MS = 15000;
const HOUR_MS = 3600000;
const STOPPED_MS = 60000;
const REFUSED = [401, 403];

// As of when the data are; whether something is missing from them; whether the session is over.
export const kept = { asOf: null, owed: true, over: false };
let stream = null;
let grids = null;
let tell = () => null;

let line = Promise.resolve();
let waiting = false;

function inTurn(work) {
  line = line.then(work).catch((error) => {
    // What was not read is missing until all is read again.
    kept.owed = true;
    if (REFUSED.includes(error.status)) kept.over = true;
  });
  return line;
}

async function readAll() {
  const began = Date.now();
  await loadAll();
  await Promise.all([grids.state === 'drawn' ? grids.refresh() : grids.load(), refreshTiles()]);
  if (grids.state === 'failed') throw new Error('grids');
  Object.assign(kept, { owed: false, over: false });
  kept.asOf = Math.max(kept.asOf ?? 0, began);
  // Who is signed in again listens as such.
  if (stream?.deaf) stream.leaving.abort();
}

// Reads everything; asked for while it waits, it is read once.
export async function catchUp() {
  kept.owed = true;
  if (waiting) return;
  waiting = true;
  await inTurn(() => {
    waiting = false;
    return readAll();
  });
  if (!kept.owed) tell();
}

// Of what is shown only what may have changed without an event; that somebody looks on keeps the session.
const byClock = () => inTurn(() => kept.owed || Promise.all([loadSome([]), grids.refresh()]));

const heard = new Set();
let gathering = null;

function take(event) {
  if (event.incident) {
    if (heard.size < GATHERED_MOST) heard.add(event.incident);
    gathering = gathering || setTimeout(takeGathered, GATHER_MS);
  } else if (event.type?.startsWith('edition.')) catchUp();
  else if (event.type === 'layer.changed') inTurn(() => refreshTiles(event.layer));
}

function takeGathered() {
  gathering = null;
  const ids = [...heard];
  heard.clear();
  if (ids.length >= GATHERED_MOST) catchUp();
  else inTurn(() => kept.owed || loadSome(ids)); // what is owed is read whole
  tell();
}

let wasSilent = false;

function look() {
  if (!stream) return;
  const silent = Date.now() - stream.spoke;
  if (silent > STOPPED_MS) wasSilent = true;
  else if (wasSilent) {
    wasSilent = false;
    catchUp();
  }
  if (stream.deaf && !kept.owed) catchUp();
  if (!kept.owed && !stream.deaf) kept.asOf = Math.max(kept.asOf, stream.spoke);
}

// Begins to listen, and reads everything first; `happened` is called when something may be another than it was.
export async function keep(gridLayer, happened) {
  grids = gridLayer;
  tell = happened;
  const url = document.body.dataset.stream;
  if (url) {
    stream = new Stream(url, { heard: take, gap: catchUp, jurisdiction });
    stream.start();
  }
  setInterval(look, 1000);
  setInterval(() => kept.owed && catchUp(), AGAIN_MS);
  if (stream) setInterval(byClock, MINUTE_MS);
  else setInterval(catchUp, MINUTE_MS / 2);
  setInterval(catchUp, HOUR_MS);
  addEventListener('online', catchUp);
  await catchUp();
}
