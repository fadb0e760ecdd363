// Asks the service's interface. What it refuses and what does not arrive are two kinds of error.
import { hasWords, say } from './page.js';

const PATIENCE_MS = 20000;
const REMEMBERED = 'geoservice-remembered';

// The service says no: `status` and the problem document.
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || String(status));
    this.status = status;
    this.problem = problem;
    this.kind = String(problem.type || '').replace('/docs#problem-', '');
  }

  // What may be said again as it is: the service is busy, or works on the same at this moment.
  get passes() {
    return this.status >= 500 || [408, 409, 425, 429].includes(this.status);
  }
}

export class Unreachable extends Error {}

async function send(path, options) {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
  try {
    const answer = await fetch(path, { credentials: 'omit', ...options, signal: patience.signal });
    const text = await answer.text();
    return { answer, text };
  } catch {
    throw new Unreachable();
  } finally {
    clearTimeout(timer);
  }
}

export const layerPath = (jurisdiction, layer) => `/maps/${encodeURIComponent(jurisdiction)}/layers/${layer}.geojson`;

// Returns the JSON of an answer; throws Refused or Unreachable. `tagged` is called with the state that it tells of.
export async function ask(path, { body, headers = {}, method = 'POST', tagged = null, ...options } = {}) {
  const more = body === undefined ? {} : { method, body: JSON.stringify(body) };
  const type = body === undefined ? {} : { 'Content-Type': 'application/json' };
  const { answer, text } = await send(path, { ...more, ...options, headers: { ...type, ...headers } });
  let told;
  try {
    told = JSON.parse(text);
  } catch {
    // A proxy's page, or an answer cut off.
    if (answer.ok) throw new Unreachable();
    told = {};
  }
  if (!answer.ok) throw new Refused(answer.status, told);
  if (tagged) tagged(answer.headers.get('ETag'));
  return told;
}

export const forgetRemembered = () => ('caches' in window ? caches.delete(REMEMBERED).catch(() => null) : null);

// The same for what changes seldom, kept for the next time without a network.
export async function askRemembered(path, options = {}) {
  const shelf = 'caches' in window ? await caches.open(REMEMBERED).catch(() => null) : null;
  if (navigator.onLine) {
    try {
      const told = await ask(path, { cache: 'no-cache', ...options });
      if (shelf) await shelf.put(path, new Response(JSON.stringify(told))).catch(() => null);
      return told;
    } catch (error) {
      if (error instanceof Refused && !error.passes) throw error;
    }
  }
  const kept = shelf && (await shelf.match(path));
  if (!kept) throw new Unreachable();
  return kept.json();
}

// The sentence for people about an error of `ask`; `values` fill in what a sentence leaves open.
export function sentence(error, values = {}) {
  if (!(error instanceof Refused)) return say(navigator.onLine ? 'unreachable' : 'offline');
  const { problem, kind } = error;
  if (hasWords(`problem.${kind}`)) {
    const legal = (problem.legal_actions || []).map((action) => say(`action.${action}`)).join(' / ');
    const status = say(`status.${problem.incident_status}`);
    return say(`problem.${kind}`, { legal: legal || say('none'), status, ...values });
  }
  if (error.status >= 500) return say('busy');
  const details = (problem.errors || []).map((one) => one.detail);
  return say('refused', { detail: details.join('; ') || problem.detail || String(error.status) });
}
