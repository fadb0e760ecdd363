// The figures of the week, as the server writes them for the figures' page; and what it says of itself along with them.
import { ask, byId, say, urls } from '../../maps/scripts/parts.js';
import { kept } from './keeping.js';

const OLD_MS = 300000;
const AGAIN_MS = 60000; // at most so often, however much happens
const SOON_S = 86400;

let tried = 0;
let read = 0;
let isMeant = true;

export const meanWeek = () => (isMeant = true);

function signedInUntil({ until, untilTold }) {
  const isSoon = until && Number(until) - Date.now() / 1000 < SOON_S;
  byId('session').hidden = !isSoon;
  if (isSoon) byId('session').textContent = say('until', { time: untilTold });
}

// Asks again when something happened, or after a while; a page of an older version makes way for the new one.
export async function freshenWeek() {
  const now = Date.now();
  if (kept.owed || now - tried < AGAIN_MS || !(isMeant || now - read > OLD_MS)) return;
  tried = now;
  isMeant = false;
  try {
    const answer = await ask(urls.figures, { headers: { 'X-Fragment': 'week' }, cache: 'no-store' });
    const part = new DOMParser().parseFromString(await answer.text(), 'text/html').body.firstElementChild;
    byId('figures-view').replaceChildren(part);
    read = now;
    signedInUntil(part.dataset);
    const { version } = byId('wall').dataset;
    if (part.dataset.version !== version) window.location.reload();
  } catch {
    isMeant = true;
  }
}
