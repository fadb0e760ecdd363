// What is known of one incident, and the form of a step under way: words in it are never lost.
import { byId, desk, detail, fetchPart, morph, parsed, partUrl, Refused, say, slowly, words } from './parts.js';
import { choose, refresh, rowOf } from './rows.js';

const opened = [];
export const onOpened = (call) => opened.push(call);

export const shownId = () => detail.querySelector('.detail')?.dataset.id || null;
export const form = () => byId('step');
const drafts = new Map(); // words of steps that were left, by incident and step

const draftKey = () => `${shownId()} ${form()?.dataset.action}`;

function keepDraft() {
  const reason = form()?.querySelector('textarea');
  if (reason) drafts.set(draftKey(), reason.value);
}

function takeDraft() {
  const reason = form()?.querySelector('textarea');
  const kept = drafts.get(draftKey());
  if (reason && !reason.value && kept) reason.value = kept;
}

function show(text, { focus = 'none' } = {}) {
  detail.innerHTML = '';
  detail.append(parsed(text));
  desk.classList.add('opened');
  takeDraft();
  const step = form();
  if (step) {
    // Each try of one form has one key: however often it is sent, it is done once.
    const key = document.createElement('input');
    Object.assign(key, { type: 'hidden', name: 'key', value: crypto.randomUUID?.() || '' });
    step.append(key);
    const error = byId('step-error');
    const field = step.querySelector('[aria-invalid], textarea, input[type="radio"]');
    const send = byId('step-send');
    const first = step.dataset.action === 'dispatch' ? send : field || send;
    (error || first || step).focus({ preventScroll: true });
    step.scrollIntoView({ block: 'nearest' });
  } else if (focus === 'detail') {
    detail.querySelector('.back').focus({ preventScroll: true });
  }
  opened.forEach((call) => call(shownId()));
}

const addressOf = (id, action) => {
  const url = partUrl('');
  url.searchParams.set('open', id);
  if (action) url.searchParams.set('do', action);
  return url;
};

// Whether a form is on its way: what is typed meanwhile is meant for it, and is no key.
export const awaited = { form: false };
let asked = 0; // of several that are asked for at once the last one is meant

export async function open(id, { action = null, push = true, quiet = false } = {}) {
  keepDraft();
  awaited.form = Boolean(action);
  asked += 1;
  const mine = asked;
  const more = action ? { do: action } : {};
  try {
    const text = await slowly(detail, fetchPart(partUrl(`/incidents/${id}`, more)));
    if (mine !== asked) return;
    show(text);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (!quiet) tell(error);
    return;
  } finally {
    if (mine === asked) awaited.form = false;
  }
  choose(rowOf(id), false);
  if (push) history[action ? 'replaceState' : 'pushState']({}, '', addressOf(id, action));
}

function tell(error) {
  const note = document.createElement('div');
  if (error.part) note.append(parsed(error.part));
  else note.textContent = words.unreachable;
  const box = note.querySelector('.notice') || note;
  box.classList.add('notice', 'bad');
  box.setAttribute('role', 'alert');
  detail.querySelector('.transient')?.remove();
  box.classList.add('transient');
  (form() || detail.querySelector('.detail') || detail).prepend(box);
}

// Something happened to what is shown: its facts and history are patched, a form under way is left alone.
export async function freshen() {
  const id = shownId();
  if (!id) return;
  try {
    const content = parsed(await fetchPart(partUrl(`/incidents/${id}`)));
    if (shownId() !== id) return;
    const step = form();
    const fresh = content.querySelector('.detail');
    if (step) {
      for (const part of ['.facts', '.history', '.head']) {
        morph(detail.querySelector(part), fresh.querySelector(part), false);
      }
      return;
    }
    // What was just done is told until something else is opened, though the page hears of it as of anybody's deed.
    const done = detail.querySelector('.detail > .notice.good');
    if (done) fresh.querySelector('#back').after(done.cloneNode(true));
    morph(detail.querySelector('.detail'), fresh, false);
    morph(byId('steps'), content.querySelector('#steps'), false);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
  }
}

export function leaveStep() {
  const id = shownId();
  if (id) open(id).then(() => choose(rowOf(id)));
}

export function close() {
  keepDraft();
  desk.classList.remove('opened');
  history.pushState({}, '', partUrl(''));
}

export async function send(step, submitter) {
  const id = shownId();
  const body = new URLSearchParams(new FormData(step, submitter));
  const options = { method: 'POST', body };
  let text;
  try {
    text = await slowly(detail, fetchPart(step.action, options));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.part.includes('class="detail"')) show(error.part);
    else tell(error);
    refresh([id]).catch(() => null);
    return;
  }
  drafts.delete(draftKey());
  show(text);
  const done = detail.querySelector('.notice.good');
  if (done) say(done.textContent);
  history.replaceState({}, '', addressOf(id));
  await refresh([id]).catch(() => null);
  choose(rowOf(id));
}

export function start() {
  detail.addEventListener('submit', (event) => {
    if (event.target.id !== 'step') return;
    event.preventDefault();
    send(event.target, event.submitter);
  });
  detail.addEventListener('click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const link = event.target.closest('a');
    if (!link) return;
    if (link.dataset.do) {
      event.preventDefault();
      open(shownId(), { action: link.dataset.do });
    } else if (link.id === 'step-leave') {
      event.preventDefault();
      leaveStep();
    } else if (link.id === 'back') {
      event.preventDefault();
      close();
    }
  });
}
