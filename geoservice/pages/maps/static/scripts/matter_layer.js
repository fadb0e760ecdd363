/* global L */
// Draws what is in hand on one canvas: each by itself where there is room, else discs that count them. Nothing is left out.
import { disc, discRadius, draw, sizeAt } from '../../shell/scripts/symbols.js';
import { map, phone } from './parts.js';
import { dueOf, meant, onMatters } from './matters.js';
import { state } from './state.js';

const SINGLY_MOST = 600; // in view
const CELL_PX = 72;

const Layer = L.Layer.extend({
  // How many times as large as at a desk symbols and discs are, and whether the ground is dark: on a wall.
  enlarged: { symbol: 1, disc: 1 },
  dark: false,

  onAdd() {
    this.canvas = L.DomUtil.create('canvas', 'matters leaflet-zoom-hide', map.getPane('matters'));
    map.on('moveend zoomend resize', this.redraw, this);
    this.redraw();
  },

  onRemove() {
    map.off('moveend zoomend resize', this.redraw, this);
    this.canvas.remove();
    this.marks = [];
  },

  redraw() {
    if (!this._map) return;
    const size = map.getSize();
    const ratio = window.devicePixelRatio || 1;
    const { canvas } = this;
    L.DomUtil.setPosition(canvas, map.containerPointToLayerPoint([0, 0]));
    Object.assign(canvas, { width: size.x * ratio, height: size.y * ratio });
    Object.assign(canvas.style, { width: `${size.x}px`, height: `${size.y}px` });
    const context = canvas.getContext('2d');
    context.scale(ratio, ratio);
    this.marks = this.marksIn(size);
    for (const mark of this.marks) this.paint(context, mark);
    Object.assign(canvas.dataset, {
      drawn: this.marks.reduce((sum, mark) => sum + mark.those.length, 0), marks: this.marks.length,
    });
  },

  // What is in view, the late above the rest and the chosen one above all.
  marksIn(size) {
    const near = [];
    for (const one of meant()) {
      if (one.lat === null) continue; // whose place is nobody's business
      const at = map.latLngToContainerPoint([one.lat, one.lon]);
      if (at.x > -20 && at.y > -20 && at.x < size.x + 20 && at.y < size.y + 20) near.push({ at, those: [one], due: dueOf(one) });
    }
    if (near.length > SINGLY_MOST) return gathered(near, CELL_PX * this.enlarged.disc);
    const weight = ({ those: [one], due }) => (one.id === state.open ? 3 : due === 'late' ? 2 : due === 'soon' ? 1 : 0);
    return near.sort((a, b) => weight(a) - weight(b));
  },

  paint(context, { at, those, due, late, soon }) {
    const { dark, enlarged } = this;
    const here = { x: 0, y: 0 };
    context.save();
    context.translate(at.x, at.y);
    const isDisc = late !== undefined;
    const scale = isDisc ? enlarged.disc : enlarged.symbol;
    context.scale(scale, scale);
    if (isDisc) disc(context, here, those.length, { late, soon, dark });
    else {
      const [{ id, status }] = those;
      draw(context, here, sizeAt(map.getZoom()), { status, late: due === 'late', soon: due === 'soon', chosen: id === state.open, dark });
    }
    context.restore();
  },

  // What lies under a point of the screen, what was drawn last first; a finger is wider than a pointer.
  hit(point) {
    const reach = phone.matches ? 22 : 12;
    const found = this.marks.filter((mark) => {
      const own = mark.late === undefined ? sizeAt(map.getZoom()) : discRadius(mark.those.length);
      return mark.at.distanceTo(point) <= Math.max(reach, own);
    });
    return found.sort((a, b) => a.at.distanceTo(point) - b.at.distanceTo(point));
  },
});

// Cells lie still on the ground, so that discs do not jump when the map is moved.
function gathered(near, cell) {
  const origin = map.getPixelOrigin().subtract(map.containerPointToLayerPoint([0, 0]).multiplyBy(-1));
  const cells = new Map();
  for (const { at, those, due } of near) {
    const key = [Math.floor((at.x + origin.x) / cell), Math.floor((at.y + origin.y) / cell)].join();
    if (!cells.has(key)) cells.set(key, { x: 0, y: 0, those: [], late: false, soon: false });
    const of = cells.get(key);
    of.x += at.x;
    of.y += at.y;
    of.those.push(...those);
    of.late = of.late || due === 'late';
    of.soon = of.soon || due === 'soon';
  }
  return [...cells.values()].map(({ x, y, those, late, soon }) => ({
    at: L.point(x / those.length, y / those.length), those, late, soon,
  }));
}

map.createPane('matters').style.zIndex = 520;
map.getPane('matters').style.pointerEvents = 'none';
export const matterLayer = new Layer();
matterLayer.marks = [];
onMatters(() => matterLayer.redraw());
