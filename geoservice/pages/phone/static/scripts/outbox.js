// Things written down on this phone before they are sent: sent once, tried again until the service has answered.
// Every try to hand in a thing carries the same Idempotency-Key, so that the service takes it once.
import { Refused, sentence } from './interface.js';

const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 300000;
const SOONEST_MS = 500;

// randomUUID is there on https only.
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

// Twice as long after each try, give or take a quarter, so that phones do not come back all at once.
function wait(tries) {
  const plain = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** tries);
  return plain * (0.75 + Math.random() / 2);
}

export class Outbox {
  // shelf: where it is kept; handIn: sends one thing and changes it by what is answered; mayGo: whether one may go now.
  constructor({ shelf, handIn, mayGo = () => true }) {
    Object.assign(this, { shelf, handIn, mayGo, listeners: [], timer: 0, sending: false, more: false });
    this.held = null; // what the phone does not let us write down, until the page is closed
  }

  get keeps() {
    return this.held === null;
  }

  // The newest first.
  all() {
    if (this.held) return this.held;
    try {
      const read = JSON.parse(localStorage.getItem(this.shelf) || '[]');
      return Array.isArray(read) ? read : [];
    } catch {
      return [];
    }
  }

  write(all) {
    if (!this.held) {
      try {
        localStorage.setItem(this.shelf, JSON.stringify(all));
      } catch {
        this.held = all;
      }
    } else this.held = all;
    this.listeners.forEach((listener) => listener());
  }

  onChange(listener) {
    this.listeners.push(listener);
    window.addEventListener('storage', (event) => event.key === this.shelf && listener());
  }

  find(key) {
    return this.all().find((one) => one.key === key);
  }

  change(key, changes) {
    this.write(this.all().map((one) => (one.key === key ? { ...one, ...changes } : one)));
  }

  forget(key) {
    this.write(this.all().filter((one) => one.key !== key));
  }

  keep(thing) {
    const kept = { key: newKey(), at: new Date().toISOString(), state: 'waiting', tries: 0, due: 0, ...thing };
    this.write([kept, ...this.all()]);
    return kept.key;
  }

  waiting() {
    return this.all().filter((one) => one.state === 'waiting').reverse();
  }

  async sendOne(thing) {
    try {
      await this.handIn(thing);
    } catch (error) {
      if (error instanceof Refused && !error.passes) this.change(thing.key, { state: 'refused', why: sentence(error) });
      else this.change(thing.key, { tries: thing.tries + 1, due: Date.now() + wait(thing.tries) });
    }
  }

  // One page of those that are open sends; where a phone knows no locks, the service tells doubles by their key.
  alone(work) {
    if (!navigator.locks) return work();
    return navigator.locks.request(`${this.shelf}-sending`, { ifAvailable: true }, (lock) => (lock ? work() : null));
  }

  comeBack() {
    clearTimeout(this.timer);
    const due = this.waiting().filter(this.mayGo).map((one) => one.due);
    if (due.length === 0 || !navigator.onLine) return;
    this.timer = setTimeout(() => this.send(), Math.max(SOONEST_MS, Math.min(...due) - Date.now()));
  }

  // Sends what is due; all that waits when `now`. Some phones say wrongly that they have no network: `insist` tries.
  async send({ now = false, insist = false } = {}) {
    if (this.sending) {
      this.more = this.more || now;
      return;
    }
    if (!(navigator.onLine || insist)) return;
    this.sending = true;
    try {
      await this.alone(async () => {
        for (const { key } of this.waiting()) {
          const thing = this.waiting().find((one) => one.key === key);
          if (thing && this.mayGo(thing) && (now || thing.due <= Date.now())) await this.sendOne(thing);
        }
      });
    } finally {
      this.sending = false;
    }
    const again = this.more;
    this.more = false;
    if (again) await this.send({ now: true });
    else this.comeBack();
  }

  start() {
    window.addEventListener('online', () => this.send({ now: true }));
    document.addEventListener('visibilitychange', () => document.hidden || this.send({ now: true }));
    this.send({ now: true });
  }
}
