import { say } from './page.js';

// Elements made of text nodes only: nothing here or elsewhere assigns markup from data.
export const byId = (id) => document.getElementById(id);

// element('p', { class: 'hint', onclick: f, hidden: true }, 'text', child)
export function element(tag, given = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (typeof value === 'boolean') node.toggleAttribute(name, value);
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ''));
  return node;
}

export function button(kind, words, act) {
  return element('button', { type: 'button', class: kind, onclick: act }, words);
}

export function tell(node, words) {
  node.textContent = words;
  node.hidden = !words;
}

let numbers = 0;

// Whether words are no longer than they may be. A browser that is told a length cuts what is pasted, and says nothing.
export function tooLong(text, limit) {
  return text.length > limit ? say('too_long', { most: limit, n: text.length - limit }) : '';
}

// A labelled box for words; `area` is the textarea, `fits` says beside it when they are too long.
export function wordsField(label, { hint, optional, limit = 500 }) {
  numbers += 1;
  const id = `words-${numbers}`;
  const small = optional ? element('small', {}, optional) : null;
  const area = element('textarea', { id, rows: '3', 'aria-describedby': `${id}-hint` });
  const field = element(
    'div',
    { class: 'field' },
    element('label', { for: id }, label, ' ', small),
    area,
    element('p', { class: 'hint', id: `${id}-hint` }, hint),
  );
  const long = element('p', { class: 'error', role: 'alert', hidden: true });
  field.append(long);
  const fits = () => {
    tell(long, tooLong(area.value.trim(), limit));
    if (!long.hidden) area.focus();
    return long.hidden;
  };
  area.addEventListener('input', () => long.hidden || tell(long, tooLong(area.value.trim(), limit)));
  return { field, area, fits };
}
