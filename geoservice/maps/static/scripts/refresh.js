// Keeps an open page current: asks for the figures and the layers that change, while it is seen.
(function () {
  'use strict';
  const app = window.geoservice;

  const pad = (number) => String(number).padStart(2, '0');

  function say(text, stale) {
    const note = document.getElementById('gs-updated');
    note.textContent = text;
    note.classList.toggle('gs-stale', stale);
  }

  function sayNow() {
    const now = new Date();
    say(`${app.words.updated} ${pad(now.getHours())}:${pad(now.getMinutes())}`, false);
  }

  async function refreshFigures(url) {
    const response = await fetch(url, { cache: 'no-cache' });
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    const figures = await response.json();
    for (const part of document.querySelectorAll('.gs-figure')) {
      part.querySelector('dd').textContent = figures[part.dataset.figure] === null ? '–' : app.count(figures[part.dataset.figure]);
    }
  }

  app.refreshPage = async function (settings) {
    try {
      await Promise.all([
        refreshFigures(settings.figures_url),
        ...settings.changing_urls.map((url) => app.refresh(url)),
      ]);
      sayNow();
    } catch {
      say(app.words.stale, true);
    }
  };

  app.startRefreshing = function (settings) {
    const refresh = () => document.hidden || app.refreshPage(settings);
    sayNow();
    window.setInterval(refresh, settings.refresh_s * 1000);
    document.addEventListener('visibilitychange', refresh);
  };
})();
