// How a matter is drawn on every map of staff: its status by its mark, so that it is told without colour; that it is late or
// due soon by a ring around it; many at one place as a disc that counts them. The frame holds the marks of the catalogue.
const MARKS = new Map(
  [...document.getElementById('marks').content.children].map((one) => {
    const svg = one.firstElementChild;
    return [one.dataset.status, { svg, fill: one.dataset.fill, path: new Path2D(svg.firstElementChild.getAttribute('d')) }];
  }),
);
const UNKNOWN = 'closed';
const CLOSED = '#7b8794';
const INK = '#1f2d3d';
// Of rings, on a light ground and on a dark one.
const LATE = { light: '#a11d1d', dark: '#ff8f85' };
const SOON = { light: '#8a5a00', dark: '#ffc766' };
const SIZES = [[13, 4], [15, 5], [16, 7], [17, 9], [99, 11]];
const FACE = '"Noto Sans CJK SC", "Microsoft YaHei", system-ui, sans-serif';

export const sizeAt = (zoom) => SIZES.find(([most]) => zoom <= most)[1];

const markOf = (status) => MARKS.get(status) || MARKS.get(UNKNOWN);

// The mark of a status for a list.
export const sign = (status) => markOf(status).svg.cloneNode(true);

// Late: a ring with a notch at one o'clock; due soon: a broken one.
function ring(context, at, r, { late, soon, dark }) {
  if (!late && !soon) return;
  context.beginPath();
  if (late) context.arc(at.x, at.y, r + 4, -Math.PI / 3 + 0.35, -Math.PI / 3 + 2 * Math.PI - 0.35);
  else context.arc(at.x, at.y, r + 4, 0, 2 * Math.PI);
  context.strokeStyle = (late ? LATE : SOON)[dark ? 'dark' : 'light'];
  context.lineWidth = late ? 2.5 : 2;
  if (!late) context.setLineDash([4, 3]);
  context.stroke();
  context.setLineDash([]);
}

export function draw(context, at, radius, { status, late, soon, chosen, dark }) {
  const r = chosen ? radius * 1.35 : radius;
  const { path, fill } = markOf(status);
  context.save();
  context.translate(at.x, at.y);
  context.scale(r, r);
  context.lineJoin = 'round';
  context.strokeStyle = '#ffffff';
  context.lineWidth = 4 / r;
  context.stroke(path);
  context.fillStyle = fill || '#ffffff';
  context.fill(path);
  context.strokeStyle = fill ? INK : CLOSED;
  context.lineWidth = (fill ? 1.25 : 2) / r;
  context.stroke(path);
  context.restore();
  ring(context, at, r, { late, soon, dark });
  if (!chosen) return;
  context.beginPath();
  context.arc(at.x, at.y, r + 8, 0, 2 * Math.PI);
  context.strokeStyle = INK;
  context.lineWidth = 2;
  context.stroke();
}

const short = (number) => (number > 9999 ? `${Math.round(number / 1000)}k` : String(number));

export const discRadius = (number) => Math.min(28, 10 + 4 * Math.log10(number));

export function disc(context, at, number, { late, soon, dark }) {
  const r = discRadius(number);
  context.beginPath();
  context.arc(at.x, at.y, r, 0, 2 * Math.PI);
  context.fillStyle = '#3c4a5e';
  context.fill();
  context.strokeStyle = '#ffffff';
  context.lineWidth = 1.5;
  context.stroke();
  ring(context, at, r - 1, { late, soon, dark });
  context.fillStyle = '#ffffff';
  context.font = `600 12px ${FACE}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(short(number), at.x, at.y);
}
