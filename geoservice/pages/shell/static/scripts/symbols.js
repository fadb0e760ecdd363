// How a matter is drawn on every map of staff: its status by its shape, so that it is told without colour; that it is late or
// due soon by a ring around it; many at one place as a disc that counts them.
export const FILLS = {
  reported: '#d55e00', dispatched: '#e69f00', accepted: '#0072b2', resolved: '#56b4e9', returned: '#cc79a7',
};
const CLOSED = '#7b8794';
const INK = '#1f2d3d';
const LATE = '#a11d1d';
const SOON = '#8a5a00';
const SIZES = [[13, 4], [15, 5], [16, 7], [17, 9], [99, 11]];
const FACE = '"Noto Sans CJK SC", "Microsoft YaHei", system-ui, sans-serif';

export const sizeAt = (zoom) => SIZES.find(([most]) => zoom <= most)[1];

const line = (context, x, y, i) => (i ? context.lineTo(x, y) : context.moveTo(x, y));

function outline(context, { x, y }, r, status) {
  context.beginPath();
  if (status === 'reported') [[0, -r], [r, r * 0.9], [-r, r * 0.9]].forEach(([dx, dy], i) => line(context, x + dx, y + dy, i));
  else if (status === 'dispatched') [[0, -r * 1.15], [r * 1.15, 0], [0, r * 1.15], [-r * 1.15, 0]].forEach(([dx, dy], i) => line(context, x + dx, y + dy, i));
  else if (status === 'resolved') context.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8);
  else if (status === 'returned') [[-r, 0], [r * 0.9, -r], [r * 0.9, r]].forEach(([dx, dy], i) => line(context, x + dx, y + dy, i));
  else context.arc(x, y, status === 'accepted' ? r : r * 0.7, 0, 2 * Math.PI);
  context.closePath();
}

// Late: a ring with a notch at one o'clock; due soon: a broken one.
function ring(context, at, r, { late, soon }) {
  if (!late && !soon) return;
  context.beginPath();
  if (late) context.arc(at.x, at.y, r + 4, -Math.PI / 3 + 0.35, -Math.PI / 3 + 2 * Math.PI - 0.35);
  else context.arc(at.x, at.y, r + 4, 0, 2 * Math.PI);
  context.strokeStyle = late ? LATE : SOON;
  context.lineWidth = late ? 2.5 : 2;
  if (!late) context.setLineDash([4, 3]);
  context.stroke();
  context.setLineDash([]);
}

export function draw(context, at, radius, { status, late, soon, chosen }) {
  const r = chosen ? radius * 1.35 : radius;
  outline(context, at, r, status);
  context.lineJoin = 'round';
  context.strokeStyle = '#ffffff';
  context.lineWidth = 4;
  context.stroke();
  context.fillStyle = FILLS[status] || '#ffffff';
  context.fill();
  context.strokeStyle = FILLS[status] ? INK : CLOSED;
  context.lineWidth = FILLS[status] ? 1.25 : 2;
  context.stroke();
  ring(context, at, r, { late, soon });
  if (!chosen) return;
  context.beginPath();
  context.arc(at.x, at.y, r + 8, 0, 2 * Math.PI);
  context.strokeStyle = INK;
  context.lineWidth = 2;
  context.stroke();
}

const short = (number) => (number > 9999 ? `${Math.round(number / 1000)}k` : String(number));

export const discRadius = (number) => Math.min(28, 10 + 4 * Math.log10(number));

export function disc(context, at, number, { late, soon }) {
  const r = discRadius(number);
  context.beginPath();
  context.arc(at.x, at.y, r, 0, 2 * Math.PI);
  context.fillStyle = '#3c4a5e';
  context.fill();
  context.strokeStyle = '#ffffff';
  context.lineWidth = 1.5;
  context.stroke();
  ring(context, at, r - 1, { late, soon });
  context.fillStyle = '#ffffff';
  context.font = `600 12px ${FACE}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(short(number), at.x, at.y);
}
