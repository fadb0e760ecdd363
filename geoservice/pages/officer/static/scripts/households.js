// Counts of households of the own grids, corrected after a visit. They are counts: there is no field for a name.
import { button, element } from '../../phone/scripts/elements.js';
import { sentence } from '../../phone/scripts/interface.js';
import { newKey } from '../../phone/scripts/outbox.js';
import { count, say } from '../../phone/scripts/page.js';
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

export const rowsOf = (building) => rows.get(building) || [];
// null: nobody has counted.
export const countOf = (building) => (rows.has(building) ? rowsOf(building).reduce((sum, row) => sum + row.households, 0) : null);

function numberForm(label, value, save, left) {
  const id = `number-${newKey()}`;
  const input = element('input', { id, type: 'number', inputmode: 'numeric', min: '0', max: '9999', step: '1', required: true, value: String(value) });
  const error = element('p', { class: 'error', role: 'alert', hidden: true });
  const form = element('form', { class: 'number', novalidate: true }, element('label', { for: id }, label), input, error,
    element('p', { class: 'row' }, element('button', { class: 'first' }, say('save')), button('second', say('back'), left)));
  const wrong = (words) => {
    error.textContent = words;
    error.hidden = false;
    input.setAttribute('aria-invalid', 'true');
    input.focus();
  };
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const number = Number(input.value);
    if (input.value === '' || !Number.isInteger(number) || number < 0 || number > 9999) return wrong(say('need_number'));
    try {
      return await save(number);
    } catch (refused) {
      return wrong(refused.status === 412 ? say('count_changed') : sentence(refused));
    }
  });
  return { form, input };
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
    try {
      let seen = '';
      const now = await askAs(pathOf(row.code), { tagged: (tag) => (seen = tag) });
      Object.assign(row, now.properties);
      ask(numberForm(row.unit || say('whole'), row.households, async (households) => {
        await askAs(pathOf(row.code), { method: 'PUT', body: { properties: { households } }, headers: { 'If-Match': seen } });
        row.households = households;
        show();
        changed();
      }, show));
    } catch (error) {
      box.append(element('p', { class: 'error', role: 'alert' }, sentence(error)));
    }
  };
  const add = () => ask(numberForm(say('households_here'), '', async (households) => {
    const code = newKey();
    await askAs(pathOf(code), { method: 'PUT', body: { properties: { households }, building } });
    rows.set(building, [...rowsOf(building), { code, unit: null, households, building_code: building }]);
    show();
    changed();
  }, show));
  show();
  return box;
}
