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

// What has a name in Chinese and perhaps in English, in the page's language.
export function named(thing) {
  return (settings.language === 'en' && thing.name_en) || thing.name || thing.code;
}

const pad = (number) => String(number).padStart(2, '0');

export function moment(text) {
  const at = new Date(text);
  const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  return `${day} ${pad(at.getHours())}:${pad(at.getMinutes())}`;
}

export function count(number) {
  return Number(number).toLocaleString('en-US', { maximumFractionDigits: 0 });
}
