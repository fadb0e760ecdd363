// The draft as the interface tells it: its grids bit by bit, its revision, and the steps that are asked for one after the other.
import { actor, edition, jurisdiction, urls } from './parts.js';

// Whoever does not answer for so long does not answer; mending may take 20 s.
const PATIENCE_MS = 60000;

export const draft = { revision: null, grids: new Map(), status: edition.status };
const listeners = [];
let etag = null;
let queue = Promise.resolve();
// How often the draft was drawn anew: a step that was meant for what was drawn before is not taken on what is drawn now.
let drawnAnew = 0;

// Called with the codes that are different now, null for all of them.
export const onDraft = (listener) => listeners.push(listener);

// The interface says no, or is not there (status 0); `problem` is what it says.
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || String(status));
    Object.assign(this, { status, problem });
  }
}

async function problemOf(answer) {
  try {
    return await answer.json();
  } catch {
    return {};
  }
}

// Whoever signed in anew has another token, which the page as it is loaded now tells; nobody else goes on with what is drawn here.
async function renewToken() {
  const answer = await fetch(window.location.href, { credentials: 'same-origin', cache: 'no-store' });
  const now = new DOMParser().parseFromString(await answer.text(), 'text/html');
  if (now.getElementById('editor')?.dataset.actor !== actor) return false;
  document.body.dataset.token = now.body.dataset.token;
  return true;
}

async function fetchAnswer(method, path, body) {
  const headers = { Accept: 'application/json', 'X-CSRF-Token': document.body.dataset.token };
  if (method !== 'GET') Object.assign(headers, { 'Content-Type': 'application/json', 'If-Match': etag || '"0"' });
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    return await fetch(path, { method, headers, body: body && JSON.stringify(body), credentials: 'same-origin', cache: 'no-store', signal });
  } catch {
    throw new Refused(0, {});
  }
}

// An answer of the interface with its tag; a tag that was weakened on its way names the same state.
export async function ask(method, path, body) {
  let answer = await fetchAnswer(method, path, body);
  if (answer.status === 403 && (await problemOf(answer.clone())).type === '/docs#problem-token-missing' && (await renewToken())) {
    answer = await fetchAnswer(method, path, body);
  }
  if (!answer.ok) throw new Refused(answer.status, await problemOf(answer));
  return { told: await answer.json(), tag: answer.headers.get('ETag')?.replace(/^W\//, '') || null };
}

const revisionOf = (tag) => Number(tag.split('-')[1].replace('"', ''));

function become(tag, codes) {
  etag = tag;
  draft.revision = revisionOf(tag);
  document.body.dataset.revision = draft.revision;
  listeners.forEach((listener) => listener(codes));
}

async function fetchDraft() {
  const { told, tag } = await ask('GET', `${urls.edition}/grids`);
  draft.grids = new Map(told.features.filter((one) => one.geometry).map((one) => [one.id, one]));
  drawnAnew += 1;
  become(tag, null);
}

async function send(verb, body, taken) {
  const { told, tag } = await ask('POST', `${urls.edition}/${verb}`, typeof body === 'function' ? body() : body);
  if (told.changed) {
    told.removed.forEach((code) => draft.grids.delete(code));
    told.changed.forEach((one) => draft.grids.set(one.id, one));
    become(tag, [...told.removed, ...told.changed.map((one) => one.id)]);
  }
  taken(told);
  return told;
}

// One after the other, each on the state that the one before it left.
function inTurn(work) {
  const done = queue.then(work);
  queue = done.catch(() => null);
  return done;
}

export const load = () => inTurn(fetchDraft);

// `body` may be what returns it when its turn has come; `taken` is called with the answer before the next is sent.
export function step(verb, body, taken = () => null) {
  const seen = drawnAnew;
  return inTurn(() => {
    if (seen !== drawnAnew) throw new Refused(412, { type: '/docs#problem-edited-meanwhile' });
    return send(verb, body, taken);
  });
}

// What somebody else may have done since: the edition as it is listed.
export const look = async () => (await ask('GET', urls.edition)).told;
export const stepsOf = async () => (await ask('GET', `${urls.edition}/steps`)).told.steps;
export const editions = async () => (await ask('GET', `/v1/editions?jurisdiction=${encodeURIComponent(jurisdiction)}`)).told.editions;
