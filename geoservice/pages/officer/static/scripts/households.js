// Counts of households of the own grids, corrected after a visit. They are counts: there is no field for a name.
import { button, element } from '../../phone/scripts/elements.js';
import { sentence } from '../../phone/scripts/interface.js';
import { newKey } from '../../phone/scripts/outbox.js';
import { count, say, settings } from '../../phone/scripts/page.js';
import { askAs, who } from './session.js';

const AT_ONCE = 10000;
const LAYER = '/v1/layers/households/features';

let rows = new Map(); // of each building

const query = (more = '') => `?jurisdiction=${encodeURIComponent(who.now.jurisdiction.code)}${more}`;
const pathOf = (code) => `${LAYER}/${encodeURIComponent(code)}${query()}`;

export async function load() {
  const found = new Map();
  for (let after = ''; after !== null; ) {
    const more = after ? `&after=${encodeURIComponent(after)}` : '';
    const told = await askAs(`${LAYER}${query(`&limit=${AT_ONCE}${more}`)}`);
    for (const { properties } of told.features) {
      const of = properties.building_code || '';
      found.set(of, [...(found.get(of) || []), properties]);
    }
    after = told.next;
  }
  rows = found;
}

// By unit, as people count: 2-101 before 10-101.
const byUnit = (one, other) => (one.unit || '').localeCompare(other.unit || '', 'en', { numeric: true });
export const rowsOf = (building) => [...(rows.get(building) || [])].sort(byUnit);
// null: nobody has counted.
export const countOf = (building) => (rows.has(building) ? rowsOf(building).reduce((sum, row) => sum + row.households, 0) : null);

function numberInput(name, value) {
  const id = `number-${newKey()}`;
  const input = element('input', { id, name, type: 'number', inputmode: 'numeric', min: '0', max: '9999', step: '1', required: true, value: String(value) });
  return { id, input };
}

const isCount = ({ value }) => value !== '' && Number.isInteger(Number(value)) && Number(value) >= 0 && Number(value) <= 9999;

// A form of the counts of one row, each by its name; `save` is called with those that were changed.
function countsForm(title, row, save, left) {
  const given = settings.counts.map(({ name, title: label }) => ({ name, label, ...numberInput(name, row[name] ?? '') }));
  const error = element('p', { class: 'error', role: 'alert', hidden: true });
  const form = element('form', { class: 'number', novalidate: true }, element('p', {}, element('strong', {}, title)),
    ...given.flatMap(({ label, id, input }) => [element('label', { for: id }, label), input]), error,
    element('p', { class: 'row' }, element('button', { class: 'first' }, say('save')), button('second', say('back'), left)));
  const wrong = (words, input) => {
    error.textContent = words;
    error.hidden = false;
    input.setAttribute('aria-invalid', 'true');
    input.focus();
  };
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    given.forEach(({ input }) => input.removeAttribute('aria-invalid'));
    const odd = given.find(({ input }) => !isCount(input));
    if (odd) return wrong(`${odd.label}: ${say('need_number')}`, odd.input);
    const changed = given.filter(({ name, input }) => Number(input.value) !== row[name]);
    try {
      return await save(Object.fromEntries(changed.map(({ name, input }) => [name, Number(input.value)])));
    } catch (refused) {
      return wrong(refused.status === 412 ? say('count_changed') : sentence(refused), given[0].input);
    }
  });
  return { form, input: given[0].input };
}

// The counts of a building, each with a way to correct it; `changed` is called when one is.
export function countsOf(building, changed) {
  const box = element('div', { class: 'counts' });
  const show = () => {
    const all = rowsOf(building);
    const lines = all.map((row) => element('li', {}, element('span', {}, row.unit || say('whole')), element('strong', {}, count(row.households)),
      button('small', say('correct'), () => correct(row))));
    box.replaceChildren(element('ul', {}, ...lines), button('small', say('add_count'), add));
  };
  const ask = ({ form, input }) => {
    box.replaceChildren(form);
    input.select();
    input.focus();
  };
  const correct = async (row) => {
    box.querySelector('.error')?.remove();
    try {
      let seen = '';
      const now = await askAs(pathOf(row.code), { tagged: (tag) => (seen = tag) });
      Object.assign(row, now.properties);
      ask(countsForm(row.unit || say('whole'), row, async (properties) => {
        if (Object.keys(properties).length) await askAs(pathOf(row.code), { method: 'PUT', body: { properties }, headers: { 'If-Match': seen } });
        Object.assign(row, properties);
        show();
        changed();
      }, show));
    } catch (error) {
      box.append(element('p', { class: 'error', role: 'alert' }, sentence(error)));
    }
  };
  const none = Object.fromEntries(settings.counts.map(({ name }) => [name, name === 'households' ? null : 0]));
  const add = () => ask(countsForm(say('add_count'), none, async (properties) => {
    const code = newKey();
    await askAs(pathOf(code), { method: 'PUT', body: { properties, building } });
    rows.set(building, [...rowsOf(building), { ...none, ...properties, code, unit: null, building_code: building }]);
    show();
    changed();
  }, show));
  show();
  return box;
}
