// The officer's own figures of this week: how much came, was closed, is late. They are shown to nobody else, and compared
// with nobody's.
import { byId, element } from '../../phone/scripts/elements.js';
import { count, say } from '../../phone/scripts/page.js';
import { askAs, who } from './session.js';

const WEEK_BEGINS = 1; // on Monday

function monday() {
  const day = new Date();
  day.setHours(0, 0, 0, 0);
  day.setDate(day.getDate() - ((day.getDay() + 7 - WEEK_BEGINS) % 7));
  return day;
}

// How many there are: the interface tells it with the first page.
async function howMany(condition) {
  const code = encodeURIComponent(who.now.jurisdiction.code);
  const { total, total_is_exact: exact } = await askAs(`/v1/incidents?jurisdiction=${code}&own=true&limit=1&${condition}`);
  return exact ? count(total) : say('more_than', { n: count(total) });
}

export async function show() {
  const since = encodeURIComponent(monday().toISOString());
  const asked = [
    ['received', `since=${since}`],
    ['closed', `closed_since=${since}`],
    ['overdue_now', 'status=dispatched,accepted,returned&overdue=true'],
  ];
  try {
    const figures = await Promise.all(asked.map(async ([word, condition]) => [word, await howMany(condition)]));
    byId('figures').replaceChildren(
      ...figures.map(([word, number]) => element('div', { 'data-figure': word }, element('dt', {}, say(`figure.${word}`)), element('dd', {}, number))),
    );
  } catch {
    byId('figures').replaceChildren(element('p', { class: 'hint' }, say('figures_failed')));
  }
}
