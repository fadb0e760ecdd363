// What every part of the editor knows: the map, the settings, words and elements of the map page, and what may be done here.
import { map, phone, settings, words } from '../../maps/scripts/parts.js';

export { address, button, byId, count, el, fetchJson, jurisdiction, language, map, moment, named, phone, say, settings, urls, words } from '../../maps/scripts/parts.js';

export const { actor, edition } = settings;
// A finger covers what it moves: on a phone a draft is read.
export const mayEdit = () => edition.may_edit && !phone.matches;

// Below the names (560), above the tiles.
for (const [pane, order] of [['base', 405], ['draft', 410], ['findings', 430], ['marks', 450], ['names', 560]]) {
  if (!map.getPane(pane)) map.createPane(pane).style.zIndex = order;
  map.getPane(pane).style.pointerEvents = 'none';
}

// The sentence of a key, or the key itself, where a newer service says something that the page has no words for.
export const word = (key) => words[key] || key.slice(key.indexOf('.') + 1);
const announced = document.getElementById('said');
export const announce = (sentence) => (announced.textContent = sentence);

export const inText = (node) => node instanceof Element && node.closest('input, textarea, select, [contenteditable]') !== null;
