// The page where a reporter follows what became of a report. The token stands behind the # of the address, which no
// browser sends; it goes to the interface in a header.
import { button, byId, element, tell, wordsField } from '../../phone/scripts/elements.js';
import { ask, askRemembered, sentence } from '../../phone/scripts/interface.js';
import { change, reports } from './kept.js';
import { count, moment, named, say, sayFirst, settings, tellBy } from '../../phone/scripts/page.js';
import { sideQuestion } from './sides.js';

const LOOK_AGAIN_MS = 60000;
const WAY = ['reported', 'dispatched', 'accepted', 'resolved', 'closed'];
const STARS = [1, 2, 3, 4, 5];

let shown = '';

const token = () => window.location.hash.slice(1);
const header = () => ({ 'Report-Token': token() });

async function act(action, body, card) {
  const place = card.querySelector('.error') || card.appendChild(element('p', { class: 'error', role: 'alert' }));
  const buttons = card.querySelectorAll('button');
  buttons.forEach((one) => (one.disabled = true));
  try {
    await show(await ask(`/v1/report/actions/${action}`, { body, headers: header() }));
    tell(byId('notice'), say('thanks'));
    byId('notice').scrollIntoView({ block: 'center' });
  } catch (error) {
    tell(place, sentence(error, { action: say(`action.${action}`) }));
    buttons.forEach((one) => (one.disabled = false));
  }
}

// Words that an action needs.
function wordsForm(action, label, send) {
  const { field, area, fits } = wordsField(label, { hint: say('words_hint') });
  const form = element('form', { class: 'question' }, field, element('button', { class: 'second' }, send));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const reason = area.value.trim();
    if (!fits()) return null;
    if (reason) return act(action, { reason }, form);
    area.placeholder = say('need_words');
    return area.focus();
  });
  return form;
}

function ratingForm() {
  const stars = STARS.map((stars) =>
    element(
      'label',
      { class: 'star' },
      element('input', { type: 'radio', name: 'rating', value: String(stars) }),
      element('span', { 'aria-hidden': 'true' }, '★'),
      element('span', { class: 'unseen' }, say('star', { count: stars })),
    ),
  );
  const { field, area, fits } = wordsField(say('comment'), { hint: say('words_hint'), optional: say('optional') });
  const row = element('fieldset', {}, element('legend', {}, say('rate')), element('div', { class: 'stars' }, ...stars));
  const form = element('form', { class: 'question' }, row, field, element('button', { class: 'first' }, say('rate_send')));
  form.addEventListener('change', () => {
    const chosen = Number(form.elements.rating.value);
    stars.forEach((star, index) => star.classList.toggle('lit', index < chosen));
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const rating = Number(form.elements.rating.value);
    const reason = area.value.trim();
    if (!fits()) return null;
    if (rating) return act('rate', reason ? { rating, reason } : { rating }, form);
    row.querySelector('legend').textContent = say('need_rating');
    return form.elements.rating[0].focus();
  });
  return form;
}

function folded(title, form) {
  return element('details', {}, element('summary', {}, title), form);
}

// Erasing can not be undone: it is folded away, says what it does, and is pressed once more.
function eraseForm() {
  const form = element(
    'form',
    { class: 'question erase' },
    element('p', {}, say('erase_hint')),
    element('button', { class: 'second' }, say('erase_sure')),
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    form.querySelector('button').disabled = true;
    try {
      await show(await ask('/v1/report/erase', { body: { sure: true }, headers: header() }));
      byId('report').scrollIntoView({ block: 'start' });
    } catch (error) {
      tell(form.querySelector('.error') || form.appendChild(element('p', { class: 'error', role: 'alert' })), sentence(error));
      form.querySelector('button').disabled = false;
    }
  });
  return folded(say('erase'), form);
}

const FORMS = {
  answer: () => wordsForm('answer', say('answer'), say('answer_send')),
  rate: ratingForm,
  reopen: () => folded(say('reopen'), wordsForm('reopen', say('reason'), say('reopen_send'))),
  cancel: () => folded(say('cancel'), wordsForm('cancel', say('reason'), say('cancel_send'))),
};

function way(status) {
  const reached = WAY.indexOf(status === 'returned' ? 'reported' : status);
  if (reached < 0) return null;
  const steps = WAY.map((step, index) =>
    element(
      'li',
      { class: index < reached ? 'past' : index === reached ? 'now' : 'ahead', 'aria-current': index === reached ? 'step' : 'false' },
      say(`step.${step}`),
    ),
  );
  return element('ol', { class: 'way', 'aria-label': say('progress') }, ...steps);
}

function line(label, words) {
  return words ? element('div', {}, element('dt', {}, label), element('dd', {}, words)) : null;
}

// What staff and the reporter said of it, as text. A question that is open stands below, with the field for its answer.
function saidList({ said, question }) {
  const open = question ? said.findLast(({ rule }) => rule === 'asked') : null;
  const lines = said.filter((one) => one !== open).map(({ at, rule, words, by_reporter: own }) =>
    element('p', { class: own ? 'said own' : 'said' }, element('strong', {}, say(own ? `own.${rule}` : `said.${rule}`)), words,
      ' ', element('small', {}, moment(at))),
  );
  if (lines.length === 0) return null;
  return element('section', { class: 'sayings', 'aria-label': say('said') }, ...lines);
}

async function serviceName(report) {
  try {
    const path = `/v1/services?jurisdiction=${encodeURIComponent(report.jurisdiction)}&retired=true`;
    const { services } = await askRemembered(path);
    return named(services.find((one) => one.code === report.service_code) || { code: report.service_code });
  } catch {
    return report.service_code;
  }
}

// Once: who has answered on this phone, if only that he does not know, is not asked again.
function sides(report) {
  const kept = reports().find((one) => one.token === token());
  const open = report.actions.some(({ action }) => action === 'choose-side');
  if (!open || report.sides.length === 0 || (kept && !kept.sides)) return null;
  const question = sideQuestion(report.sides, report.jurisdiction, {
    chosen: async (grid) => {
      await act('choose-side', { grid }, question);
      if (kept && !question.isConnected) change(kept.key, { sides: null });
    },
    unsure: () => {
      if (kept) change(kept.key, { sides: null });
      question.remove();
    },
  });
  return question;
}

async function show(report) {
  shown = JSON.stringify(report);
  const title = await serviceName(report);
  const mine = settings.jurisdictions.find((one) => one.code === report.jurisdiction);
  tell(byId('where'), mine ? mine.name : '');
  if (mine) tellBy(mine.time_zone);
  const expected = (report.original || report).expected_at;
  const facts = element(
    'dl',
    {},
    line(say('since'), moment(report.status_since)),
    line(say('set_out_at'), report.set_out_at && moment(report.set_out_at)),
    line(say('reported_at'), moment(report.reported_at)),
    line(say('expected_at'), expected && moment(expected)),
    line(say('description'), report.words_gone_at ? say('erased', { time: moment(report.words_gone_at) }) : report.description),
    line(say('rated'), report.rating && `${'★'.repeat(report.rating)} ${say('star', { count: count(report.rating) })}`),
  );
  const open = report.actions.map(({ action }) => action).filter((action) => action in FORMS);
  const question = report.question && element('p', { class: 'asked' }, element('strong', {}, say('question')), report.question);
  byId('report').replaceChildren(
    ...[
      element('h2', {}, title),
      element('p', { class: 'status', 'data-status': report.status }, sayFirst(`status.${report.status}`)),
      report.original && element('p', { class: 'status original' }, say('original', { status: say(`status.${report.original.status}`) })),
      way((report.original || report).status),
      saidList(report),
      question,
      sides(report),
      ...open.filter((action) => action === 'answer' || action === 'rate').map((action) => FORMS[action]()),
      facts,
      ...open.filter((action) => action === 'reopen' || action === 'cancel').map((action) => FORMS[action]()),
      report.words_gone_at ? null : eraseForm(),
    ].filter(Boolean),
  );
  byId('report').hidden = false;
  tell(byId('notice'), '');
}

const isWriting = () => [...byId('report').querySelectorAll('textarea')].some((area) => area.value);

async function look() {
  if (!token().startsWith('rpt_')) return tell(byId('notice'), say('no_token'));
  if (document.hidden || isWriting()) return null;
  try {
    const report = await ask('/v1/report', { headers: header() });
    if (JSON.stringify(report) !== shown) await show(report);
  } catch (error) {
    const again = button('small', say('again'), look);
    tell(byId('notice'), sentence(error));
    byId('notice').append(' ', again);
  }
  return null;
}

window.addEventListener('hashchange', () => window.location.reload());
window.addEventListener('online', look);
document.addEventListener('visibilitychange', look);
for (const link of document.querySelectorAll('.languages a')) link.hash = window.location.hash;
setInterval(look, LOOK_AGAIN_MS);
look();
