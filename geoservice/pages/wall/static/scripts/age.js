// Says, large, of when the data are, as soon as they are no longer of now; and that the session is over.
import { byId, clock, moment, say, urls, words } from '../../maps/scripts/parts.js';
import { kept } from './keeping.js';

const OLD_MS = 60000;
const DAY_MS = 86400000;

function span(ms) {
  const minutes = Math.floor(ms / 60000);
  return minutes < 60 ? say('minutes', { m: minutes }) : say('hours', { h: Math.floor(minutes / 60), m: minutes % 60 });
}

const started = Date.now();

export function tellAge() {
  const now = Date.now();
  const age = now - (kept.asOf ?? started);
  const isOld = kept.over || age > OLD_MS;
  byId('age').hidden = !isOld;
  document.body.dataset.stale = isOld;
  if (!isOld) return;
  const at = new Date(kept.asOf ?? started);
  const time = age < DAY_MS ? clock(at) : moment(at);
  const isHeard = document.getElementById('live').dataset.state === 'live';
  byId('age-when').textContent = kept.over ? words.signed_out : '';
  byId('age-for').textContent = say('as_of', { time }) + (kept.over ? '' : say(isHeard ? 'behind' : 'cut_off', { span: span(age) }));
  const link = byId('sign-in');
  link.hidden = !kept.over;
  if (kept.over) link.href = `${urls.sign_in}?${new URLSearchParams({ next: window.location.pathname + window.location.search })}`;
}
