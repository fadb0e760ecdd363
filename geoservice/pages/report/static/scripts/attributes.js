// What a service asks for beside place and words, as GeoReport v2 defines it: a field for each, by its kind.
import { element } from '../../phone/scripts/elements.js';
import { say, told } from '../../phone/scripts/page.js';

const INPUTS = { number: { type: 'text', inputmode: 'decimal' }, datetime: { type: 'datetime-local' }, string: { type: 'text' } };
const LENGTH = '1000';

const required = (attribute) => (attribute.required ? null : element('small', {}, say('optional')));
const nameOf = (attribute) => told(attribute, 'description') || attribute.code;

function choiceOf(attribute, id, value) {
  const type = attribute.datatype === 'multivaluelist' ? 'checkbox' : 'radio';
  return element('label', { class: 'choice' }, element('input', { type, name: id, value: value.key }), element('span', {}, told(value, 'name') || value.key));
}

function choices(attribute, id) {
  const all = attribute.values.map((value) => choiceOf(attribute, id, value));
  return element('fieldset', { class: 'field', id: `${id}-field` },
    element('legend', {}, nameOf(attribute), ' ', required(attribute)), element('div', { class: 'choices' }, ...all));
}

function typed(attribute, id) {
  const given = { id, maxlength: LENGTH, 'aria-describedby': `${id}-hint` };
  const input = attribute.datatype === 'text' ? element('textarea', { rows: '3', ...given }) : element('input', { ...(INPUTS[attribute.datatype] || INPUTS.string), ...given });
  return element('div', { class: 'field', id: `${id}-field` },
    element('label', { for: id }, nameOf(attribute), ' ', required(attribute)), input,
    element('p', { class: 'hint', id: `${id}-hint` }, told(attribute, 'datatype_description')));
}

// Returns { fields, answers, problems } of what a service asks for.
export function asking(attributes) {
  const asked = attributes.filter(({ variable }) => variable !== false).map((attribute, index) => {
    const id = `attribute-${index}`;
    return { attribute, id, field: attribute.values?.length ? choices(attribute, id) : typed(attribute, id) };
  });
  const answerTo = ({ attribute, field }) => {
    const chosen = [...field.querySelectorAll('input:checked')].map(({ value }) => value);
    if (attribute.datatype === 'multivaluelist') return chosen;
    return attribute.values?.length ? chosen[0] || '' : field.querySelector('input, textarea').value.trim();
  };
  return {
    fields: asked.map(({ field }) => field),
    answers: () => Object.fromEntries(asked.map((one) => [one.attribute.code, answerTo(one)]).filter(([, answer]) => answer.length)),
    problems: () =>
      asked.flatMap((one) => {
        const answer = answerTo(one);
        if (one.attribute.required && !answer.length) return [[`${one.id}-field`, say('need_answer', { what: nameOf(one.attribute) })]];
        const number = one.attribute.datatype === 'number' && answer && !/^[+-]?\d+(\.\d+)?$/.test(answer);
        return number ? [[`${one.id}-field`, say('need_number', { what: nameOf(one.attribute) })]] : [];
      }),
    fill: (answers) => {
      for (const one of asked) {
        const given = [answers[one.attribute.code] ?? []].flat();
        for (const input of one.field.querySelectorAll('input[type=radio], input[type=checkbox]')) input.checked = given.includes(input.value);
        const box = one.field.querySelector('input:not([type=radio], [type=checkbox]), textarea');
        if (box) box.value = given[0] || '';
      }
    },
  };
}
