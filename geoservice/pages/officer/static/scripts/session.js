// Who acts: signed in, or with a key that stays in sessionStorage and is gone when the page is closed. A key wins, as it
// does with the service. What was told last is kept for as long as a session lasts, and goes when somebody signs out.
import { ask, askRemembered, forgetRemembered, Refused } from '../../phone/scripts/interface.js';
import { say, settings } from '../../phone/scripts/page.js';

const KEY = 'geoservice-key';
const SHELF = 'geoservice-officer';

// login, token, officer_code, grids, jurisdiction …; null before anybody is known.
export const who = { now: null };

export const withKey = () => sessionStorage.getItem(KEY) !== null;
export const showKey = (key) => sessionStorage.setItem(KEY, key);
export const asNobody = () => sessionStorage.removeItem(KEY);
export const nobodyWords = () => say(withKey() ? 'key_wrong' : 'account_over');

// Whose steps wait on this phone: another account does not send them.
export const signature = () => (withKey() ? `key ${who.now?.officer_code}` : who.now?.login || '');

function asking(headers = {}) {
  if (withKey()) return { headers: { Authorization: `Bearer ${sessionStorage.getItem(KEY)}`, ...headers } };
  return { credentials: 'same-origin', headers: { 'X-CSRF-Token': who.now?.token || '', ...headers } };
}

export async function askWho() {
  const told = await ask('/officer/session', { cache: 'no-store', ...asking({ 'Accept-Language': document.documentElement.lang }) });
  if (told.officer_code) who.now = told;
  return told;
}

// Learns the token of the session. What is done here is not done as somebody else who signed in with this browser since.
async function askToken() {
  const before = who.now;
  const told = await askWho();
  if (!before || told.login === before.login) return;
  who.now = before;
  throw new Refused(401, {});
}

// Asks as whoever acts. A page that was opened without a network learns its token first; another session has another.
export async function askAs(path, { headers, ...options } = {}) {
  if (!withKey() && !who.now?.token) await askToken();
  try {
    return await ask(path, { ...options, ...asking(headers) });
  } catch (error) {
    if (!(error instanceof Refused) || error.kind !== 'token-missing') throw error;
    await askToken();
    return ask(path, { ...options, ...asking(headers) });
  }
}

// Headers with which the events are listened to.
export const listening = () => (withKey() ? asking().headers : {});

export const rememberedAs = (path) => askRemembered(path, asking());

// What was told last

const shelf = () => (withKey() ? sessionStorage : localStorage);

export function keepTold(incidents, total) {
  const { login, officer_code, grids, jurisdiction } = who.now;
  const told = { who: { login, officer_code, grids, jurisdiction }, incidents, total, at: Date.now() };
  try {
    shelf().setItem(SHELF, JSON.stringify(told));
  } catch {
    shelf().removeItem(SHELF); // more than the phone keeps: better nothing than what was
  }
}

export function toldLast() {
  try {
    const told = JSON.parse(shelf().getItem(SHELF));
    if (told && Date.now() - told.at < settings.keep_s * 1000) return told;
  } catch {
    // What nobody can read is as good as nothing.
  }
  forgetTold();
  return null;
}

// Another page of this browser forgot it, or told of somebody else: who is shown here may have signed out there.
export function onTold(listener) {
  window.addEventListener('storage', ({ key, newValue }) => {
    if (key === SHELF && !withKey() && JSON.parse(newValue)?.who.login !== who.now?.login) listener();
  });
}

export function forgetTold() {
  sessionStorage.removeItem(SHELF);
  localStorage.removeItem(SHELF);
  forgetRemembered();
}
