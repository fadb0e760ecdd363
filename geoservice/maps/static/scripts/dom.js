// Building blocks of the page: elements made of text nodes only, and values written for people.
// Nothing here or elsewhere assigns markup from data.
(function () {
  'use strict';
  const app = (window.geoservice = window.geoservice || {});

  // element('p', 'note', 'text', child): strings become text nodes, never markup.
  app.element = function (tag, className, ...children) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  };

  app.count = function (value) {
    return Number(value).toLocaleString('en-US');
  };

  const pad = (number) => String(number).padStart(2, '0');

  // A time with an offset is shown on its own clock; one in UTC on the reader's.
  function clock(text) {
    const local = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}).*[+-](?!00:?00$)\d{2}:?\d{2}$/.exec(text);
    if (local) return `${local[1]} ${local[2]}`;
    const at = new Date(text);
    if (Number.isNaN(at.getTime())) return text;
    const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
    return `${day} ${pad(at.getHours())}:${pad(at.getMinutes())}`;
  }

  // format: what styles.py calls it; coded: value -> word.
  app.written = function (value, format, coded, words) {
    if (value === null || value === undefined || value === '') return '—';
    if (format === 'count') return app.count(value);
    if (format === 'degrees') return `${Math.round(Number(value))}°`;
    if (format === 'metres') return `${Math.round(Number(value))} m`;
    if (format === 'time') return clock(String(value));
    if (format === 'yes_no') return value ? words.yes : words.no;
    if (format === 'coded') return (coded && coded[value]) || String(value);
    return String(value);
  };

  // Names whoever made the data, where maps do. Leaflet's own control takes credits for markup; this one is text.
  app.credit = function (map, text) {
    if (!text) return;
    const control = L.control({ position: 'bottomright' });
    control.onAdd = () => app.element('div', 'leaflet-control-attribution', text);
    control.addTo(map);
  };

  // The property in the page's language: name_en on an English page when there is one.
  app.inLanguage = function (properties, name) {
    const english = properties[`${name}_en`];
    return app.language === 'en' && english ? english : properties[name];
  };
})();
