// What a hand does to the draft: vertices moved, put in and taken away, grids split, merged and renamed, borders drawn anew.
import { chooseGrid, chosen, needsGrid } from './choosing.js';
import { draft } from './draft.js';
import { chooseHandle, chooseVertexAt, handles, moveOf, removalOf, sendHandle } from './handles.js';
import { drawLine } from './lines.js';
import { hint } from './marks.js';
import { byId, say, words } from './parts.js';
import { take } from './stepping.js';

export const undo = () => take('undo', {});
export const redo = () => take('redo', {});

export function removeVertex() {
  if (handles.chosen?.vertex) take('remove-vertex', removalOf(handles.chosen));
}

// A corner in the middle of the edge that follows the vertex, which the arrow keys then bend.
export function insertVertex() {
  const number = handles.list.indexOf(handles.chosen);
  const middle = handles.list.slice(number + 1).find((one) => one.edge) || handles.list.find((one) => one.edge);
  if (middle) chooseHandle(middle);
}

// The vertex stays chosen where it came to. Moved again before that is answered, it is moved from where the answer leaves it.
export async function moveVertex(handle, to) {
  sendHandle(handle, to);
  const isTaken = await take('move-vertex', () => moveOf(handle, to), () => {
    handle.at = to;
    chooseVertexAt(to);
  });
  if (!isTaken) sendHandle(handle, null);
}

export function keepMove() {
  const { chosen: handle, moved } = handles;
  if (handle && moved) moveVertex(handle, moved);
}

export async function split() {
  if (needsGrid()) return;
  const { code } = chosen;
  const line = await drawLine(say('split.hint', { grid: code }));
  const before = new Set(draft.grids.keys()); // of what is changed, some may be neighbours that got a vertex
  const isPart = ({ id }) => id === code || !before.has(id);
  const tell = ({ changed }) => hint(say('split.done', { grids: changed.filter(isPart).map((one) => one.id).join(words.and) }));
  if (line) await take('split', { code, line }, tell);
}

export async function redraw() {
  if (needsGrid()) return;
  const codes = [chosen.code, byId('neighbour').value];
  if (!codes[1]) return;
  const line = await drawLine(say('redraw.hint', { one: codes[0], other: codes[1] }));
  if (line) await take('redraw-border', { codes, line });
}

export async function merge() {
  if (needsGrid() || !byId('neighbour').value) return;
  await take('merge', { codes: [chosen.code, byId('neighbour').value], into: chosen.code });
}

export function recode(event) {
  event.preventDefault();
  const { code } = chosen;
  const now = { code, new_code: byId('recode-code').value.trim(), name: byId('recode-name').value.trim() };
  take('recode', now, () => chooseGrid(now.new_code));
}
