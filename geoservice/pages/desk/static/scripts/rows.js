// The list: which row is chosen, which are marked, and what is new. Its order changes by its reader's hand alone.
import { byId, desk, fetchPart, list, listUrl, morph, parsed, partUrl, say, slowly, words } from './parts.js';

const CHANGED_MS = 8000;
const AT_ONCE = 200;

const waiting = new Set(); // ids that came, and are not in the list yet
const redrawn = []; // who wants to know that rows are others
let loads = 0; // how often the list was loaded: what was asked before then is no news of it

export const onRows = (call) => redrawn.push(call);
const tellRows = () => redrawn.forEach((call) => call());

export const rows = () => [...list.querySelectorAll('.row')];
export const rowOf = (id) => byId(`r-${id}`);
export const chosen = () => list.querySelector('.open[aria-current]')?.closest('.row') || null;

export function choose(row, focus = true) {
  for (const link of list.querySelectorAll('.open[aria-current]')) link.removeAttribute('aria-current');
  if (!row) return;
  const link = row.querySelector('.open');
  link.setAttribute('aria-current', 'true');
  if (focus) {
    link.focus({ preventScroll: true });
    row.scrollIntoView({ block: 'nearest' });
  }
}

export function step(by) {
  const all = rows();
  const at = all.indexOf(chosen());
  const next = all[Math.max(0, Math.min(all.length - 1, at + by))];
  return next && all[at] !== next ? next : null;
}

// Marks

export function countMarks() {
  const bulk = byId('bulk');
  if (!bulk) return;
  const marked = list.querySelectorAll('.mark input:checked').length;
  bulk.classList.toggle('some', marked > 0);
  byId('marked').textContent = byId('marked').dataset.words.replace('{n}', marked);
}

export function toggleMark(row) {
  const mark = row?.querySelector('.mark input');
  if (!mark) return;
  mark.checked = !mark.checked;
  countMarks();
}

// What is new

function showWaiting() {
  const fresh = byId('fresh');
  fresh.hidden = waiting.size === 0;
  const text = fresh.dataset.words.replace('{n}', waiting.size);
  if (fresh.textContent !== text && waiting.size) say(text);
  fresh.textContent = text;
}

function flagged(row, change) {
  const before = row.textContent;
  change();
  if (row.isConnected && before.replace(/\s+/g, '') !== row.textContent.replace(/\s+/g, '')) {
    const due = row.querySelector('.when');
    due.classList.add('changed');
    setTimeout(() => due.classList.remove('changed'), CHANGED_MS);
  }
}

function patchRow(row, fresh) {
  if (fresh.dataset.fits === 'false') fresh.classList.add('stranger');
  const mark = row.querySelector('.mark input')?.checked;
  const current = row === chosen();
  if (current) fresh.querySelector('.open').setAttribute('aria-current', 'true');
  flagged(row, () => morph(row, fresh, false));
  const now = rowOf(fresh.dataset.id)?.querySelector('.mark input');
  if (now && mark !== undefined) now.checked = mark;
}

function patchViews(views) {
  const before = new Map([...byId('views').children].map((one) => [one.dataset.view, one.textContent]));
  morph(byId('views'), views, false);
  for (const one of byId('views').children) {
    const count = one.querySelector('.count');
    if (!count || before.get(one.dataset.view) === one.textContent) continue;
    count.classList.add('changed');
    setTimeout(() => count.classList.remove('changed'), CHANGED_MS);
  }
}

// Whether an incident may not have been in the list before an event: of those beyond its page, only that is news.
export function mayHaveCome(event) {
  const asked = listUrl().searchParams;
  const meant = (word, value) => !asked.has(word) || asked.get(word).split(',').includes(value);
  const before = event.from_status !== null && meant('status', event.from_status) && meant('grid', event.from_grid);
  return !before || ['overdue', 'near_border', 'officer', 'words'].some((word) => asked.has(word));
}

// Asks how some incidents are now: patches the cells of those that are listed, and counts those that came into the list.
export async function refresh(ids, came = new Set()) {
  const asked = [...ids].slice(0, AT_ONCE);
  if (!asked.length) return;
  const listed = loads;
  const part = parsed(await fetchPart(partUrl('/rows', { ids: asked.join(',') })));
  patchViews(part.querySelector('#views'));
  for (const fresh of part.querySelectorAll('.row')) {
    const row = rowOf(fresh.dataset.id);
    if (row) patchRow(row, fresh);
    else if (fresh.dataset.fits !== 'true') waiting.delete(fresh.dataset.id);
    else if (listed === loads && came.has(fresh.dataset.id)) waiting.add(fresh.dataset.id);
  }
  showWaiting();
  countMarks();
  tellRows();
}

export const refreshShown = () => refresh(rows().map((row) => row.dataset.id));

// Lists

function settle() {
  showWaiting();
  countMarks();
  for (const select of list.querySelectorAll('.filters select')) {
    select.classList.toggle('set', select.name !== 'sort' && select.value !== '');
  }
  tellRows();
}

// Shows another list, or this one as it is now. The one that is chosen stays so while it is there.
export async function load(url, { push = null } = {}) {
  const kept = chosen()?.dataset.id;
  const taken = [...waiting]; // what comes from now on may be too late for what the server reads
  loads += 1;
  const target = new URL(url, location.href);
  target.pathname = `${location.pathname.split('/').slice(0, 3).join('/')}/list`;
  try {
    const text = await slowly(list, fetchPart(target));
    list.innerHTML = '';
    list.append(parsed(text));
    taken.forEach((id) => waiting.delete(id));
  } catch (error) {
    if (error.part) throw error;
    say(words.failed.replace('{time}', byId('as-of').textContent));
    return false;
  }
  if (push) history[push === 'replace' ? 'replaceState' : 'pushState']({}, '', withOpen(kept));
  const row = kept && rowOf(kept);
  if (row) choose(row, false);
  settle();
  return true;
}

// Takes in what came: it is marked for a moment; of what stands beyond the first page it is said where that is.
export async function take() {
  const came = [...waiting];
  if (!(await load(listUrl()))) return;
  const here = came.map(rowOf).filter(Boolean);
  for (const row of here) {
    row.querySelector('.when').classList.add('changed');
    setTimeout(() => row.querySelector('.when')?.classList.remove('changed'), CHANGED_MS);
  }
  here[0]?.scrollIntoView({ block: 'nearest' });
  const below = came.length - here.length;
  if (!below || !byId('more')) return;
  const url = listUrl();
  url.searchParams.set('sort', 'new');
  const link = document.createElement('a');
  Object.assign(link, { className: 'chip below', href: url.href, textContent: byId('fresh').dataset.below.replace('{n}', below) });
  byId('shown').before(link);
  say(link.textContent);
}

function withOpen(id) {
  const url = listUrl();
  if (id && desk.classList.contains('opened')) url.searchParams.set('open', id);
  return url;
}

export async function more() {
  const link = byId('more');
  const url = new URL(link.href);
  url.pathname += '/list';
  const part = parsed(await slowly(list, fetchPart(url)));
  for (const row of part.querySelectorAll('.row')) if (!rowOf(row.dataset.id)) byId('rows').append(row);
  const next = part.querySelector('#more');
  if (next) link.href = next.href;
  else link.closest('.more').remove();
  const shown = byId('shown');
  shown.textContent = shown.textContent.replace(/[\d,]+/, String(rows().length));
  settle();
}

export function start() {
  settle();
  list.addEventListener('change', (event) => {
    if (event.target.matches('.mark input')) countMarks();
  });
}
