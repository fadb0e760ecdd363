// Keys: of single letters those of the physical key, outside fields that are written in.
import { toggleCompare } from './comparing.js';
import { nextFinding } from './findings.js';
import { insertVertex, keepMove, merge, redo, redraw, removeVertex, split, undo } from './gestures.js';
import { chooseHandle, chooseNext, handles, moveBy } from './handles.js';
import { isDrawing, lineKey } from './lines.js';
import { inText, map, mayEdit } from './parts.js';

const METRES = { plain: 1, shift: 10, alt: 0.1 };
const LETTERS = {
  KeyS: split, KeyR: redraw, KeyM: merge, KeyC: toggleCompare, KeyF: nextFinding, KeyN: () => chooseNext(1), KeyP: () => chooseNext(-1),
  KeyI: insertVertex,
};
const ARROWS = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

function vertexKey(event) {
  if (!handles.chosen) return false;
  if (ARROWS[event.key]) moveBy(...ARROWS[event.key], METRES[event.shiftKey ? 'shift' : event.altKey ? 'alt' : 'plain']);
  else if (event.key === 'Enter' && handles.moved) keepMove();
  else if (event.key === 'Delete' || event.key === 'Backspace') removeVertex();
  else if (event.key === 'Escape') chooseHandle(null);
  else return false;
  return true;
}

function undoKey(event) {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return false;
  if (event.code === 'KeyZ' && !event.shiftKey) undo();
  else if (event.code === 'KeyY' || (event.code === 'KeyZ' && event.shiftKey)) redo();
  else return false;
  return true;
}

function letterKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !LETTERS[event.code]) return false;
  LETTERS[event.code]();
  return true;
}

const onMap = (event) => event.target === document.body || map.getContainer().contains(event.target) || event.target.id === 'main';

export function pressed(event) {
  if (event.isComposing || inText(event.target) || !mayEdit()) return;
  const isButton = event.target instanceof HTMLButtonElement || event.target instanceof HTMLAnchorElement;
  const inVertexBox = event.target.closest?.('#vertex') && ARROWS[event.key];
  const meant = (!isButton && (lineKey(event) || (onMap(event) && vertexKey(event)))) || (inVertexBox && vertexKey(event))
    || (isDrawing() && event.key === 'Escape' && lineKey(event)) || undoKey(event) || letterKey(event);
  if (!meant) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}
