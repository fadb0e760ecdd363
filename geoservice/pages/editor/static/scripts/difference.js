/* global L */
// Then and now: what another edition or draft has otherwise, drawn over the draft; ground gained and lost, borders gone and new.
import { ask } from './draft.js';
import { canvas } from './drawing.js';
import { byId, count, el, map, say, words } from './parts.js';

const PAINTS = {
  gained: { color: '#1b6b3a', weight: 1, fillColor: '#1b6b3a', fillOpacity: 0.3 },
  lost: { color: '#8a5a00', weight: 1, fillColor: '#e69f00', fillOpacity: 0.3 },
  'border-gone': { color: '#6f7b87', weight: 3, dashArray: '2 6' },
  'border-new': { color: '#b3126b', weight: 3.5 },
};
const group = L.layerGroup().addTo(map);

const paintOf = ({ properties }) => ({ ...canvas('base'), ...(PAINTS[properties.role] || PAINTS['border-new']) });

function told(found) {
  const sentences = ['added', 'retired', 'renamed', 'disowned', 'owned'].filter((name) => found[name].length)
    .map((name) => say(`diff.${name}`, { grids: found[name].join(words.and) }));
  for (const { code, gained_m2: gained, lost_m2: lost } of found.redrawn) {
    sentences.push(say('diff.redrawn', { grid: code, gained: count(Math.round(gained)), lost: count(Math.round(lost)) }));
  }
  found.recoded.forEach(({ old, new: now }) => sentences.push(say('diff.recoded', { old, now })));
  return sentences.length ? sentences : [words['diff.same']];
}

export function hideDifference() {
  group.clearLayers();
  byId('difference').hidden = true;
}

// Draws what `to` has otherwise than `from`, and says it; returns it.
export async function showDifference(from, to, title) {
  const { told: found } = await ask('GET', `/v1/editions/${from}/diff?to=${to}`);
  group.clearLayers();
  L.geoJSON(found.features, { ...canvas('base'), style: paintOf, interactive: false }).addTo(group);
  byId('difference-title').textContent = title;
  byId('difference-list').replaceChildren(...told(found).map((sentence) => el('li', '', sentence)));
  byId('difference').hidden = false;
  return found;
}
