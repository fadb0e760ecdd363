// Reports kept on this phone until the service has taken them.
import { ask } from '../../phone/scripts/interface.js';
import { Outbox } from '../../phone/scripts/outbox.js';

const box = new Outbox({ shelf: 'geoservice-reports', handIn });

async function handIn(report) {
  const told = await ask('/v1/report', { body: report.body, headers: { 'Idempotency-Key': report.key } });
  const sides = told.asks_for_side ? told.sides : null;
  const { jurisdiction } = report.body;
  // The words are with the service now; the phone needs them no longer.
  box.change(report.key, { state: 'sent', token: told.token, body: null, jurisdiction, sides, fresh: true, received_at: told.reported_at, expected_at: told.expected_at });
}

export const keeps = () => box.keeps;
export const reports = () => box.all();
export const onChange = (listener) => box.onChange(listener);
export const change = (key, changes) => box.change(key, changes);
export const forget = (key) => box.forget(key);
// body: as POST /v1/report takes it; title: how the list names it; place: where it is, in words.
export const keep = (body, title, place) => box.keep({ title, body, place });
export const sendKept = (how) => box.send(how);
export const startSending = () => box.start();
