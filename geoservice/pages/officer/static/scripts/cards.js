// What a card tells of an incident, and its buttons.
import { button, element, wordsField } from '../../phone/scripts/elements.js';
import { hasWords, moment, say, sayFirst, settings } from '../../phone/scripts/page.js';
import { sign } from '../../shell/scripts/symbols.js';
import { distanceWords } from './near.js';
import * as steps from './steps.js';
import { who } from './session.js';

export const services = new Map();
export const titleOf = (incident) => services.get(incident.service_code) || incident.service_code;

// As it will be when all that waits here is handed in. What was refused was not done, and changes nothing.
export function statusOf(incident) {
  const kept = steps.openOf(incident.id).filter(({ state }) => state !== 'refused');
  return kept.length ? kept[kept.length - 1].ends : incident.status;
}

export const isInHand = (incident) => incident.status in settings.steps;
export const isOwn = (incident) => who.now.grids.includes(incident.grid_code) || incident.officer_code === who.now.officer_code;

function dueOf({ expected_at, overdue_at, waiting_since }) {
  if (waiting_since) return ['stands', say('waiting')];
  if (!expected_at) return ['none', say('no_limit')];
  const time = moment(expected_at).slice(5);
  const late = overdue_at || new Date(expected_at) < new Date();
  return late ? ['late', say('late_since', { time })] : ['open', say('expected', { time })];
}

// Whether he is on the way, a step of this phone counted that waits.
const hasSetOut = (incident) =>
  Boolean(incident.set_out_at) || steps.openOf(incident.id).some(({ action, state }) => action === 'set-out' && state !== 'refused');

function tag(kind, words) {
  return element('span', { class: `tag ${kind}` }, words);
}

function headOf(incident) {
  const status = statusOf(incident);
  const [kind, due] = dueOf(incident);
  const known = hasWords(`tag.${status}`) ? say(`tag.${status}`) : sayFirst(`status.${status}`);
  const other = incident.officer_code && incident.officer_code !== who.now.officer_code;
  return [
    element('h3', {}, sign(status), titleOf(incident)),
    element('p', { class: 'tags' }, tag(`tint-${status}`, known), tag(`due due-${kind}`, due),
      statusOf(incident) === 'accepted' && hasSetOut(incident) ? tag('', say('set_out')) : null,
      incident.near_border ? tag('', say('near_border')) : null,
      other ? tag('', say('colleague', { officer: incident.officer_code })) : null),
  ];
}

function placeOf(incident, placeWords) {
  const building = incident.building_code ? say('building', { code: incident.building_code }) : '';
  const parts = [distanceWords(incident.position), placeWords(incident), building].filter(Boolean);
  return element('p', { class: 'at' }, parts.join(' · '));
}

// The words of the last step, and those that the order came with: what is said at the door is needed until it is done.
function sayings({ step_reason: last, assignment_reason: order }) {
  const lines = [order !== last && ['ordered', order], ['said', last]].filter((line) => line && line[1]);
  return lines.map(([key, words]) => element('p', { class: 'last' }, element('strong', {}, say(key)), ' ', words));
}

function wordsOf(incident) {
  const gone = incident.words_gone_at && say('erased', { time: moment(incident.words_gone_at) });
  return [
    element('p', { class: 'words' }, incident.description || gone || say('no_text')),
    ...sayings(incident),
    element('p', { class: 'hint' }, `${say(`source.${incident.source}`)} · ${moment(incident.reported_at)}`),
  ];
}

// Steps of this phone that are not handed in.

function whatChanged({ changes, status }) {
  const lines = changes.map((line) => {
    const who_ = line.actor.split(':').pop();
    const rule = hasWords(`rule.${line.rule}`) ? say(`rule.${line.rule}`) : line.rule;
    return element('li', {}, say('change', { time: moment(line.at).slice(11), who: who_, what: rule }));
  });
  return [element('p', {}, say('changed', { status: say(`status.${status}`) })), element('ul', {}, ...lines)];
}

export function stepLine(step, again, mend = null) {
  const words = step.body?.reason ? element('q', {}, step.body.reason) : null;
  const head = element('p', { class: 'what' }, element('strong', {}, step.title), ' · ', sayFirst(`action.${step.action}`), ' ', words);
  const parts = { waiting: [], refused: [], changed: [] };
  if (step.state === 'waiting') parts.waiting = [element('p', { class: 'state' }, say(!steps.keeps() ? 'kept_not' : step.tries ? 'kept' : navigator.onLine ? 'sending' : 'kept'))];
  if (step.state === 'refused') parts.refused = [element('p', { class: 'error' }, step.why)];
  if (step.state === 'changed') parts.changed = whatChanged(step.now);
  const still = step.state === 'changed' && step.now.legal.includes(step.action);
  return element(
    'li',
    { class: 'step', 'data-state': step.state, 'data-key': step.key },
    head,
    ...parts[step.state],
    step.state === 'changed' && !still ? element('p', { class: 'error' }, say('not_open')) : null,
    step.state === 'waiting' ? null : element('p', { class: 'row' },
      still ? button('first', say('still'), () => steps.doStill(step)) : null,
      step.state === 'refused' && step.body?.reason && mend ? button('first', say('mend'), () => mend(step)) : null,
      step.body?.reason && navigator.clipboard ? button('small', say('copy_words'), () => navigator.clipboard.writeText(step.body.reason)) : null,
      button('small', say('drop'), () => again(step))),
  );
}

// Buttons and forms

// Words that are said often are one tap; whoever means others writes them.
function chips(action, area) {
  const known = Object.keys(settings.words).filter((key) => key.startsWith(`chip.${action}.`));
  if (!known.length) return null;
  const choose = (key) => () => {
    area.value = say(key);
    area.focus();
  };
  return element('p', { class: 'chips' }, ...known.map((key) => button('chip', say(key), choose(key))));
}

function formOf(incident, step, { taken, left }) {
  const needs = step.words === 'needed';
  const { field, area, fits } = wordsField(say(`reason.${step.action}`), { hint: say('words_hint'), optional: needs ? '' : say('optional') });
  const error = element('p', { class: 'error', role: 'alert', hidden: true });
  area.before(...[chips(step.action, area)].filter(Boolean));
  const form = element(
    'form',
    { 'data-action': step.action },
    field,
    error,
    element('div', { class: 'row' }, element('button', { class: 'first' }, say('confirm')), button('second', say('back'), left)),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const reason = area.value.trim();
    if (!fits()) return null;
    if (reason || !needs) return taken(reason);
    error.textContent = say('need_words');
    error.hidden = false;
    area.setAttribute('aria-invalid', 'true');
    return area.focus();
  });
  return { form, area };
}

// Steps that are open but for the status, which the page was told.
function isOffered(incident, { action }) {
  if (action === 'ask') return !incident.waiting_since;
  return action !== 'set-out' || !hasSetOut(incident);
}

// By what the buttons of a card are others.
const offerOf = (incident) => `${statusOf(incident)} ${Boolean(incident.waiting_since)} ${hasSetOut(incident)}`;

export function buttonsOf(incident, hooks) {
  const offered = (settings.steps[statusOf(incident)] || []).filter((step) => isOffered(incident, step));
  const box = element('div', { class: 'steps' });
  const show = () => {
    const all = offered.map((step, index) =>
      button(index === 0 ? 'first' : 'second', sayFirst(`action.${step.action}`), () => begin(step)),
    );
    const [main, ...others] = all;
    box.replaceChildren(...[main, element('div', { class: 'row' }, ...others, button('second', say('on_map'), () => hooks.onMap(incident)))].filter(Boolean));
  };
  const taken = (step) => (reason) => {
    box.replaceChildren();
    hooks.take(incident, step, reason);
  };
  const begin = (step, words = '') => {
    if (step.words === 'none') return taken(step)('');
    const left = () => {
      show();
      box.querySelector('button').focus();
    };
    const { form, area } = formOf(incident, step, { taken: taken(step), left });
    area.value = words;
    box.replaceChildren(form);
    return area.focus();
  };
  // A step that was refused is written anew from its own words.
  box.addEventListener('mend', ({ detail: { action, words } }) => {
    const step = offered.find((one) => one.action === action);
    if (step) begin(step, words);
  });
  show();
  box.dataset.offered = offerOf(incident);
  return box;
}

// A card, or a card as it is now: what somebody writes in it, and where the focus is, stays.
export function drawCard(incident, hooks, card = element('li', { class: 'card', id: `c-${incident.id}`, tabindex: '-1' })) {
  const gone = !isInHand(incident) || !isOwn(incident);
  Object.assign(card.dataset, { id: incident.id, status: incident.status, version: incident.version });
  card.classList.toggle('gone', gone);
  card.classList.toggle('late', Boolean(incident.overdue_at));
  card.classList.toggle('pending', steps.openOf(incident.id).some(({ state }) => state !== 'refused'));
  const text = element('div', { class: 'text' }, ...headOf(incident), placeOf(incident, hooks.placeWords), ...wordsOf(incident).filter(Boolean));
  if (gone) text.append(element('p', { class: 'now', role: 'status' }, goneWords(incident)));
  // What needs a decision stands above the list.
  const kept = steps.openOf(incident.id).filter(({ state }) => state === 'waiting').map((step) => stepLine(step, steps.drop));
  if (kept.length) text.append(element('ul', { class: 'kept' }, ...kept));
  if (card.firstChild) card.firstChild.replaceWith(text);
  else card.append(text);
  const before = card.querySelector(':scope > .steps');
  const offered = gone ? '' : offerOf(incident);
  if (gone) before?.remove();
  else if (!before) card.append(buttonsOf(incident, hooks));
  else if (!before.childElementCount || (before.dataset.offered !== offered && !before.querySelector('form'))) {
    const held = before.contains(document.activeElement);
    before.replaceWith(buttonsOf(incident, hooks));
    if (held) card.querySelector('.steps button')?.focus({ preventScroll: true });
  }
  return card;
}

function goneWords(incident) {
  const officer = incident.officer_code || say('nobody');
  return say('gone', { status: say(`status.${incident.status}`), officer });
}
