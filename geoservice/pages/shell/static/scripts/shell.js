// The frame of every page: the jurisdiction's clock, the choice of light or dark, the languages of its parts.
const KEPT = 'geoservice-theme';

function keepTheme(chosen) {
  const { dataset } = document.documentElement;
  if (chosen === 'auto') delete dataset.theme;
  else dataset.theme = chosen;
  try {
    if (chosen === 'auto') localStorage.removeItem(KEPT);
    else localStorage.setItem(KEPT, chosen);
  } catch {
    // It holds until the page is left.
  }
}

function offerThemes() {
  const select = document.getElementById('theme');
  if (!select) return; // a page that has its own way
  select.value = document.documentElement.dataset.theme || 'auto';
  select.addEventListener('change', () => keepTheme(select.value));
  select.closest('label').hidden = false;
}

function runClock() {
  const clock = document.getElementById('clock');
  if (!clock) return;
  const form = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: document.body.dataset.zone };
  const show = () => {
    clock.textContent = new Intl.DateTimeFormat('en-GB', form).format(new Date());
    clock.dateTime = clock.textContent;
  };
  show();
  setInterval(show, 1000);
}

offerThemes();
runClock();
// Only a page that another language stands in on has parts to tell apart.
if (document.documentElement.lang === 'bo') import('./spoken.js').then(({ keepLanguages }) => keepLanguages(), () => {});
