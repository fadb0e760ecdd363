// Visits, noted by one tap: written down on the phone, handed in once. The service keeps a visit to the minute; whether a
// try arrived whose answer was lost is seen by what it has of that minute.
import { Outbox } from '../../phone/scripts/outbox.js';
import { askAs, signature, who } from './session.js';

const MINUTE_MS = 60000;

const box = new Outbox({ shelf: 'geoservice-visits', handIn, mayGo: ({ by }) => by === signature() });

export const onChange = (listener) => box.onChange(listener);
export const ofBuilding = (code) => box.all().filter((one) => one.building === code && one.by === signature());
export const unsent = () => box.all().filter((one) => one.state !== 'done' && one.by === signature());
export const drop = (visit) => box.forget(visit.key);
export const send = (how) => box.send(how);
export const start = () => box.start();

const minuteOf = (instant) => new Date(Math.floor(new Date(instant) / MINUTE_MS) * MINUTE_MS);

async function wasNoted(visit, path) {
  const minute = minuteOf(visit.at);
  const until = new Date(minute.getTime() + MINUTE_MS);
  const asked = `${path}&since=${encodeURIComponent(minute.toISOString())}&until=${encodeURIComponent(until.toISOString())}`;
  const { visits } = await askAs(asked);
  const mine = who.now.officer_code;
  return visits.some((one) => one.building === visit.building && one.kind === visit.kind && one.officer_code === mine);
}

async function handIn(visit) {
  const path = `/v1/visits?jurisdiction=${encodeURIComponent(who.now.jurisdiction.code)}`;
  const { kind, outcome, at, building } = visit;
  if (visit.tries === 0 || !(await wasNoted(visit, path))) {
    await askAs(path, { body: { kind, outcome, at, building } });
  }
  box.change(visit.key, { state: 'done' });
}

// A second tap within a minute means the same visit.
export function note(building, kind, outcome = 'done') {
  const now = Date.now();
  const same = ofBuilding(building).some((one) => one.kind === kind && now - new Date(one.at).getTime() < MINUTE_MS);
  if (same) return null;
  const today = new Date().toDateString();
  box.all().filter((one) => one.state === 'done' && new Date(one.at).toDateString() !== today).forEach((one) => box.forget(one.key));
  box.keep({ by: signature(), building, kind, outcome });
  return box.send({ now: true });
}
