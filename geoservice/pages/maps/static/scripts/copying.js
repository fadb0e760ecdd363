// Copies the address of what is looked at, or coordinates. Pages without TLS, as on many an intranet, have no clipboard: there the old way.
import { button, byId, words } from './parts.js';

const SAID_MS = 2500;

function copyOld(text) {
  const field = document.createElement('textarea');
  Object.assign(field, { value: text, readOnly: true, className: 'unseen' });
  document.body.append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  return done;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyOld(text);
  }
}

async function copyBy(node, text, what) {
  const told = words[(await copy(text)) ? `${what}.copied` : `${what}.failed`];
  node.focus();
  node.textContent = told;
  byId('said').textContent = told;
  setTimeout(() => (node.textContent = words[what]), SAID_MS);
}

export function copyButton(text, what) {
  const node = button('link copy', words[what], () => copyBy(node, text, what));
  return node;
}

export function startCopying() {
  byId('copy').addEventListener('click', ({ currentTarget }) => copyBy(currentTarget, window.location.href, 'copy'));
}
