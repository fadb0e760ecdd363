// Ground that a person gives away by name: a gap or an overlap to a grid or to nobody, the ground of a grid to nobody; with the reason.
import { chosen } from './choosing.js';
import { draft } from './draft.js';
import { findings } from './findings.js';
import { placeIn } from './coverage.js';
import { button, byId, el, mayEdit, words } from './parts.js';
import { take } from './stepping.js';

const DECIDED = ['gap', 'overlap'];
const NOBODY = '';
const REASON_MOST = 200;
let number = 0;

function option(value, text) {
  return Object.assign(el('option', '', text), { value });
}

function labelled(text, field) {
  return el('label', '', text, ' ', field);
}

// The form beside a finding: who gets the ground, and why.
function form({ geometry, properties }, close) {
  const to = el('select', '', ...properties.grid_codes.map((code) => option(code, code)), option(NOBODY, words['decide.nobody']));
  const code = Object.assign(el('input'), { maxLength: 64, spellcheck: false, autocomplete: 'off' });
  const reason = Object.assign(el('input'), { maxLength: REASON_MOST, required: true, autocomplete: 'off' });
  number += 1;
  const note = Object.assign(el('p', 'muted small', words['decide.hint']), { id: `decide-hint-${number}` });
  reason.setAttribute('aria-describedby', note.id);
  const ofNobody = labelled(words['decide.code'], code);
  const choose = () => {
    ofNobody.hidden = to.value !== NOBODY;
    code.required = to.value === NOBODY;
  };
  to.addEventListener('change', choose);
  choose();
  const send = el('button', 'button first', words['decide.do']);
  const made = el('form', 'decide', labelled(words['decide.to'], to), ofNobody, labelled(words['decide.reason'], reason), note,
    el('p', 'ways', send, button('button', words['decide.leave'], close)));
  made.addEventListener('submit', (event) => {
    event.preventDefault();
    const whom = to.value === NOBODY ? { nobody: code.value.trim() } : { to: to.value };
    take('decide', { at: placeIn(geometry), ...whom, reason: reason.value.trim() });
  });
  return made;
}

// What may be decided about a finding, as buttons beside it.
function waysOf(feature, item) {
  const { rule, grid_codes: codes } = feature.properties;
  if (!mayEdit()) return [];
  if (rule === 'unowned' && draft.grids.has(codes[0])) return [button('link', words.own, () => take('own', { code: codes[0] }))];
  if (!DECIDED.includes(rule) || !feature.geometry) return [];
  const open = button('link', words.decide, () => {
    const there = item.querySelector('form');
    if (there) there.remove();
    else item.append(form(feature, () => { item.querySelector('form').remove(); open.focus(); }));
    open.setAttribute('aria-expanded', String(!there));
    item.querySelector('select')?.focus();
  });
  open.setAttribute('aria-expanded', 'false');
  return [open];
}

export function startDeciding() {
  findings.waysOf = waysOf;
  byId('disown')?.addEventListener('submit', (event) => {
    event.preventDefault();
    take('disown', { code: chosen.code, reason: byId('disown-reason').value.trim() }, () => (byId('disown-reason').value = ''));
  });
}
