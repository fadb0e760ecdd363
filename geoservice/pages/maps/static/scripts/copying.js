// Copies the address of what is looked at. Pages without TLS, as on many an intranet, have no clipboard: there the old way.
import { byId, words } from './parts.js';

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

export function startCopying() {
  const button = byId('copy');
  button.addEventListener('click', async () => {
    const told = (await copy(window.location.href)) ? words.copied : words['copy.failed'];
    button.focus();
    button.textContent = told;
    byId('said').textContent = told;
    setTimeout(() => (button.textContent = words.copy), SAID_MS);
  });
}
