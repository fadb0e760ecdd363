// Which grid is chosen, and the address that holds it.
import { draft } from './draft.js';
import { boundsOf, choose } from './drawing.js';
import { handlesOf } from './handles.js';
import { markGrid } from './impact.js';
import { hint } from './marks.js';
import { showGrid } from './panel.js';
import { byId, map, words } from './parts.js';
import { writeAddress } from '../../maps/scripts/state.js';

export const chosen = { code: null };

// The address holds what is looked at beside the map's own words.
export function keepAddress() {
  const url = new URL(window.location.href);
  const put = (name, value) => (value ? url.searchParams.set(name, value) : url.searchParams.delete(name));
  put('grid', chosen.code);
  put('compare', byId('compare').getAttribute('aria-pressed') === 'true' && 'true');
  window.history.replaceState(null, '', url);
  writeAddress();
}

export function chooseGrid(code, { near = false } = {}) {
  chosen.code = code && draft.grids.has(code) ? code : null;
  choose(chosen.code);
  handlesOf(chosen.code);
  showGrid(chosen.code);
  markGrid(chosen.code);
  if (near && chosen.code) map.fitBounds(boundsOf(chosen.code), { padding: [40, 40], animate: false });
  keepAddress();
}

// Says so where none is chosen.
export const needsGrid = () => {
  if (chosen.code) return false;
  hint(words['choose.first']);
  return true;
};
