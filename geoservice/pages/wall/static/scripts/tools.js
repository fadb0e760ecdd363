// For whoever comes to the screen: pause, next, how long, light or dark. Seen while the pointer moves or a key is pressed; what is
// chosen stands in the address. And stillness: the whole picture wanders by a few dots, so that nothing burns in.
import { byId, settings } from '../../maps/scripts/parts.js';

const SEEN_MS = 6000;
const WANDER_MS = 60000;
const STEPS = [[0, 0], [1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0], [-1, -1], [0, -1]];
const [LEAST_S, MOST_S] = [5, 3600];

const asked = new URLSearchParams(window.location.search);
const period = Number(asked.get('period'));
export const chosen = {
  period: period >= LEAST_S && period <= MOST_S ? period : settings.period_s,
  isPaused: asked.get('paused') === 'true',
  isLight: document.documentElement.dataset.theme === 'light',
};

function write() {
  const said = new URLSearchParams(window.location.search);
  const put = (name, value) => (value ? said.set(name, value) : said.delete(name));
  put('period', chosen.period === settings.period_s ? '' : String(chosen.period));
  put('paused', chosen.isPaused ? 'true' : '');
  put('theme', chosen.isLight ? 'light' : '');
  const query = said.toString();
  window.history.replaceState(null, '', window.location.pathname + (query && `?${query}`));
  for (const link of document.querySelectorAll('.tools a[hreflang]')) {
    const url = new URL(link.href);
    for (const name of ['period', 'paused', 'theme']) {
      if (said.has(name)) url.searchParams.set(name, said.get(name));
      else url.searchParams.delete(name);
    }
    link.href = url.pathname + url.search;
  }
}

function pause() {
  chosen.isPaused = !chosen.isPaused;
  byId('pause').setAttribute('aria-pressed', String(chosen.isPaused));
  write();
}

function startPeriod() {
  const select = byId('period');
  const value = String(chosen.period);
  if (![...select.options].some((one) => one.value === value)) {
    const own = select.options[0].cloneNode(true);
    Object.assign(own, { value, textContent: own.textContent.replace(/\d+/, value) });
    select.append(own);
  }
  select.value = value;
  select.addEventListener('change', () => {
    chosen.period = Number(select.value);
    write();
  });
}

function seen() {
  byId('tools').dataset.hidden = 'false';
  document.body.classList.remove('alone');
  clearTimeout(seen.timer);
  seen.timer = setTimeout(() => {
    byId('tools').dataset.hidden = String(!byId('tools').querySelector(':focus-visible'));
    document.body.classList.add('alone');
  }, SEEN_MS);
}

function wander() {
  const [x, y] = STEPS[Math.floor(Date.now() / WANDER_MS) % STEPS.length];
  document.body.style.setProperty('--wander-x', String(x));
  document.body.style.setProperty('--wander-y', String(y));
}

export function startTools({ goOn, repaint }) {
  byId('pause').setAttribute('aria-pressed', String(chosen.isPaused));
  byId('pause').addEventListener('click', pause);
  byId('next').addEventListener('click', goOn);
  byId('light').addEventListener('click', () => {
    chosen.isLight = !chosen.isLight;
    document.documentElement.dataset.theme = chosen.isLight ? 'light' : 'dark';
    byId('light').setAttribute('aria-pressed', String(chosen.isLight));
    write();
    repaint();
  });
  startPeriod();
  addEventListener('pointermove', seen);
  addEventListener('keydown', (event) => {
    const isElsewhere = !event.target.closest?.('button, select, a');
    if (isElsewhere && event.code === 'Space') {
      event.preventDefault();
      pause();
    } else if (isElsewhere && event.code === 'ArrowRight') goOn();
    seen();
  });
  document.body.classList.add('alone');
  wander();
  setInterval(wander, WANDER_MS);
  write();
}
