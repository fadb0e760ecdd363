// What the server told this page: its language, words, jurisdictions and addresses.
export const settings = JSON.parse(document.getElementById('settings').textContent);

// The words of a key; `values` fill in what stands in braces. A key without words returns itself.
export function say(key, values = {}) {
  const words = settings.words[key];
  if (words === undefined) return key;
  return words.replace(/\{(\w+)\}/g, (hole, name) => (name in values ? String(values[name]) : hole));
}

// The same at the beginning of a line.
export function sayFirst(key) {
  const words = say(key);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export const hasWords = (key) => key in settings.words;

// What something is told as in a field, in the page's language where it has that.
export function told(thing, field) {
  return (settings.language === 'en' && thing[`${field}_en`]) || thing[field] || '';
}

export function named(thing) {
  return told(thing, 'name') || thing.code;
}

// By whose clocks instants are told: the jurisdiction's, once the page is about one.
export function tellBy(timeZone) {
  document.body.dataset.zone = timeZone;
}

const PARTS = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };

// Swedish writes dates as ISO 8601 does; of what is no instant nothing is told.
export function moment(text) {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return '';
  return new Intl.DateTimeFormat('sv-SE', { ...PARTS, timeZone: document.body.dataset.zone }).format(at);
}

export function count(number) {
  return Number(number).toLocaleString('en-US', { maximumFractionDigits: 0 });
}
