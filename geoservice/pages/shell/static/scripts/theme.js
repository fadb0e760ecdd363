// Light or dark as somebody chose it, before anything is painted; without a choice as the system has it.
(function () {
  'use strict';
  try {
    const chosen = localStorage.getItem('geoservice-theme');
    if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
  } catch {
    // A browser that keeps nothing shows what the system has.
  }
})();
