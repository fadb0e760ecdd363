// The desk by keyboard: physical keys, so that a layout of other letters does not matter; never where somebody writes.
import { byId, detail, list } from './parts.js';
import { awaited, close, form, leaveStep, open, send, shownId } from './detail.js';
import { choose, chosen, rowOf, step, toggleMark } from './rows.js';

const KEPT = 'geoservice-keys-off';
const VIEWS = { KeyQ: 'queue', KeyL: 'late', KeyV: 'verify', KeyR: 'returned' };
const AFTER_G_MS = 1500;

let off = false;
let wentAt = 0; // when `g` was pressed

const writes = (node) => node.closest?.('input:not([type="checkbox"], [type="radio"]), textarea, select, dialog');

function move(by) {
  const row = step(by);
  if (!row) return;
  choose(row);
  // What is known of it comes when the hand rests: whoever runs through the list asks for nothing.
  clearTimeout(move.timer);
  move.timer = setTimeout(() => open(row.dataset.id).then(() => focusRow(row.dataset.id)), 120);
}

function focusRow(id) {
  const row = rowOf(id);
  if (row && !form()) row.querySelector('.open').focus({ preventScroll: true });
}

// Of what is done with several at once: where rows are marked, those are meant, and a page asks whether they are.
const BULK = { d: 'dispatch', v: 'verify' };

// A step is of the row that is chosen: what is shown may still be the one before.
async function begin(key) {
  const several = BULK[key] && list.querySelector(`#bulk.some button[value="${BULK[key]}"]`);
  if (several) return several.click();
  const id = chosen()?.dataset.id;
  clearTimeout(move.timer);
  if (id && id !== shownId()) await open(id);
  const link = detail.querySelector(`#steps [data-key="${key}"]`);
  return link?.click();
}

const DEEDS = {
  KeyJ: () => move(1),
  KeyK: () => move(-1),
  KeyN: () => !byId('fresh').hidden && byId('fresh').click(),
  KeyW: () => byId('why')?.focus(),
  Slash: (event) => (event.shiftKey ? byId('keys').showModal() : list.querySelector('.filters input').focus()),
  Space: (event) => event.target.closest('.row') && toggleMark(chosen()),
  KeyG: () => (wentAt = Date.now()),
};
for (const letter of 'daxvrqmo') DEEDS[`Key${letter.toUpperCase()}`] = () => begin(letter);

const REPEATED = ['KeyJ', 'KeyK'];

function isFree(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return false;
  return !event.repeat || REPEATED.includes(event.code);
}

function goBack() {
  if (form()) leaveStep();
  else if (shownId() && matchMedia('(max-width: 1099px)').matches) close();
  else chosen()?.querySelector('.open').focus();
}

function pressed(event) {
  if (event.isComposing || event.keyCode === 229) return;
  if (byId('keys').open) return;
  if (event.ctrlKey && event.code === 'Enter' && form() && form().contains(event.target)) {
    event.preventDefault();
    send(form());
    return;
  }
  if (event.code === 'Escape') {
    goBack();
    return;
  }
  if (awaited.form) {
    event.preventDefault();
    return;
  }
  if (off || !isFree(event) || writes(event.target)) return;
  const view = Date.now() - wentAt < AFTER_G_MS ? VIEWS[event.code] : null;
  wentAt = 0;
  const deed = view ? () => list.querySelector(`[data-view="${view}"]`).click() : DEEDS[event.code];
  if (!deed || (event.shiftKey && event.code !== 'Slash')) return;
  if (event.code === 'Space' && !event.target.closest('.row')) return;
  event.preventDefault();
  deed(event);
}

export function start() {
  try {
    off = localStorage.getItem(KEPT) === 'true';
  } catch {
    off = false;
  }
  const box = byId('keys-off');
  box.checked = off;
  box.addEventListener('change', () => {
    off = box.checked;
    try {
      localStorage.setItem(KEPT, String(off));
    } catch {
      // It holds until the page is left.
    }
  });
  document.addEventListener('keydown', pressed);
}
