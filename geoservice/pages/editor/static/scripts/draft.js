// The draft as the interface tells it: its grids bit by bit, its revision, and the steps that are asked for one after the other.
import { edition, jurisdiction, urls } from './parts.js';

export const draft = { revision: null, grids: new Map(), status: edition.status };
const listeners = [];
let etag = null;
let queue = Promise.resolve();

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

// An answer of the interface with its tag; a tag that was weakened on its way names the same state.
export async function ask(method, path, body) {
  const headers = { Accept: 'application/json', 'X-CSRF-Token': document.body.dataset.token };
  if (method !== 'GET') Object.assign(headers, { 'Content-Type': 'application/json', 'If-Match': etag || '"0"' });
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), credentials: 'same-origin', cache: 'no-store' });
  } catch {
    throw new Refused(0, {});
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

export async function load() {
  const { told, tag } = await ask('GET', `${urls.edition}/grids`);
  draft.grids = new Map(told.features.filter((one) => one.geometry).map((one) => [one.id, one]));
  become(tag, null);
}

async function send(verb, body) {
  const { told, tag } = await ask('POST', `${urls.edition}/${verb}`, body);
  if (!told.changed) return told;
  told.removed.forEach((code) => draft.grids.delete(code));
  told.changed.forEach((one) => draft.grids.set(one.id, one));
  become(tag, [...told.removed, ...told.changed.map((one) => one.id)]);
  return told;
}

// One step after the other, each on the state that the one before it left.
export function step(verb, body) {
  const sent = queue.then(() => send(verb, body));
  queue = sent.catch(() => null);
  return sent;
}

// What somebody else may have done since: the edition as it is listed.
export const look = async () => (await ask('GET', urls.edition)).told;
export const stepsOf = async () => (await ask('GET', `${urls.edition}/steps`)).told.steps;
export const editions = async () => (await ask('GET', `/v1/editions?jurisdiction=${encodeURIComponent(jurisdiction)}`)).told.editions;
