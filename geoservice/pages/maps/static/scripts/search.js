// One box for all that may be meant, by the pattern of a combobox with a list: arrows choose, Enter goes there, Escape leaves.
import { address, byId, count, el, fetchJson, jurisdiction, language, named, say, urls, words, xOfY } from './parts.js';
import { shapeOf } from './panel.js';
import { specOf } from './features.js';

const WAIT_MS = 200;
const box = byId('search');
const list = byId('found');
const frame = byId('found-box');
const note = byId('found-note');
const status = byId('said');
let found = [];
let chosen = -1;
let waiting = null;
let pending = false; // what is listed is not yet what was written
let wanted = false; // Enter was pressed meanwhile
let asking = new AbortController();
let go = () => null;

const kindWord = (kind) => words[`kind.${kind}`] || specOf(kind)?.heading || kind;

function about(one, grid) {
  if (one.kind === 'position') return words[`crs.${one.crs}`];
  if (one.kind === 'officer') return one.grids.length ? one.grids.map(grid).join('、') : words.off_duty;
  const where = one.kind === 'grids' ? [one.id] : [one.address, one.grids.map(grid).join('、')];
  if (one.kind === 'incidents') where.unshift(one.id.slice(0, 8));
  return where.filter(Boolean).join(' · ');
}

function optionOf(one, at, grid) {
  const kind = el('span', 'kind', kindWord(one.kind));
  if (one.kind === 'incidents') kind.prepend(shapeOf(one.status));
  const option = el('li', 'option', kind, el('b', '', named(one)), el('span', 'muted', about(one, grid)));
  option.id = `found-${at}`;
  option.setAttribute('role', 'option');
  option.setAttribute('aria-selected', 'false');
  if (!one.bbox) option.setAttribute('aria-disabled', 'true');
  option.addEventListener('pointerdown', (event) => event.preventDefault()); // the box keeps the focus
  option.addEventListener('click', () => take(at));
  return option;
}

function choose(at) {
  chosen = at;
  [...list.children].forEach((option, i) => option.setAttribute('aria-selected', String(i === at)));
  if (at < 0) box.removeAttribute('aria-activedescendant');
  else {
    box.setAttribute('aria-activedescendant', `found-${at}`);
    list.children[at].scrollIntoView({ block: 'nearest' });
  }
}

function open(isOpen) {
  frame.hidden = !isOpen;
  box.setAttribute('aria-expanded', String(isOpen && found.length > 0));
  if (!isOpen) choose(-1);
}

// What is cut is said: of which kind there are more.
function cutWords(matched) {
  const told = Object.entries(matched).map(([kind, number]) => [kind, found.filter((one) => one.kind === kind).length, number]);
  return told.filter(([, shown, number]) => shown < number).map(([kind, shown, number]) => `${kindWord(kind)} ${xOfY(shown, number)}`).join(language === 'zh' ? '，' : ', ');
}

function tell(text) {
  note.textContent = text;
  note.hidden = !text;
}

async function ask(grid) {
  const asked = box.value.trim();
  asking.abort();
  if (!asked) {
    found = [];
    pending = false;
    list.replaceChildren();
    open(false);
    return;
  }
  asking = new AbortController();
  try {
    const answer = await fetchJson(address(urls.search, { jurisdiction, q: asked }), { signal: asking.signal, cache: 'no-store' });
    found = answer.found;
    list.replaceChildren(...found.map((one, at) => optionOf(one, at, grid)));
    tell(found.length ? cutWords(answer.matched) : say('search.none', { words: asked }));
    status.textContent = say('search.count', { n: count(found.length) });
    choose(-1);
    open(true);
    box.dataset.answered = asked;
    pending = false;
    if (wanted) take(0);
  } catch (error) {
    if (error.name === 'AbortError') return;
    found = [];
    list.replaceChildren();
    tell(words['search.failed']);
    pending = false;
    open(true);
  }
}

function take(at) {
  const one = found[at];
  if (!one || !one.bbox) return;
  box.value = named(one);
  open(false);
  go(one);
}

function keys(event) {
  if (event.isComposing) return;
  if (pending && ['ArrowDown', 'ArrowUp', 'Enter'].includes(event.key)) {
    event.preventDefault();
    wanted = event.key === 'Enter';
    return;
  }
  const last = found.length - 1;
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    if (last < 0) return;
    event.preventDefault();
    if (frame.hidden) open(true);
    const step = event.key === 'ArrowDown' ? 1 : -1;
    choose(chosen < 0 ? (step > 0 ? 0 : last) : (chosen + step + last + 1) % (last + 1));
  } else if (event.key === 'Enter') {
    event.preventDefault();
    if (!frame.hidden) take(Math.max(chosen, 0));
  } else if (event.key === 'Escape') {
    if (frame.hidden) box.value = '';
    open(false);
    event.stopPropagation();
  }
}

// `went` is called with what was chosen; `grid` says what a grid is called.
export function startSearch(went, grid) {
  go = went;
  box.addEventListener('input', () => {
    clearTimeout(waiting);
    pending = true;
    wanted = false;
    waiting = setTimeout(() => ask(grid), WAIT_MS);
  });
  box.addEventListener('keydown', keys);
  box.addEventListener('focus', () => found.length && open(true));
  box.addEventListener('blur', () => open(false));
  byId('search-form').addEventListener('submit', (event) => event.preventDefault());
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.target.closest('input, select, textarea')) return;
    event.preventDefault();
    box.focus();
  });
}
