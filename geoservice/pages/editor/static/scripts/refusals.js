// Why a step was not taken, in the page's words: by the kind of the problem, and by the code of what is wrong.
import { Refused } from './draft.js';
import { count, el, word, words } from './parts.js';

// What is wrong with the fewest is told of both.
const FIELD = { new_code: 'code', nobody: 'code', to: 'code', grid: 'code', minimum: 'households', maximum: 'households', body: 'households' };

const written = (name, value) => {
  if (Array.isArray(value)) return value.join(words.and);
  if (name === 'rule') return word(`finding.${value}`);
  return typeof value === 'number' ? count(value) : value;
};

function filled(sentence, { values = {}, grid_codes: grids = [] }) {
  const holes = { ...values, grids };
  return sentence.replace(/\{(\w+)\}/g, (_, name) => written(name, holes[name] ?? ''));
}

// The interface's own sentence, where the page has no words for it.
function foreign(sentence) {
  const detail = el('span', 'detail', sentence);
  detail.lang = 'en';
  return detail;
}

function fieldTold({ pointer, detail }) {
  const name = pointer.split('/')[1] || 'body';
  return words[`field.${FIELD[name] || name}`] || foreign(detail);
}

function numbersTold(problem) {
  if (problem.values?.households === 0) return [words['proposal.nobody']];
  return problem.values?.minimum && problem.values.households !== undefined ? [filled(words['proposal.numbers'], problem)] : [];
}

function detailsOf(problem, kind) {
  const told = words[`edit.${problem.code}`] || words[`rule.${problem.code}`];
  if (told) return [filled(told, problem)];
  if (kind === 'proposal-impossible') return numbersTold(problem);
  if (problem.errors?.length) return [...new Set(problem.errors.map(fieldTold))];
  return words[`refused.${kind}`] && kind !== 'refused' && kind !== 'edit-refused' ? [] : [foreign(problem.detail || '')];
}

export function refusalOf(error) {
  if (!(error instanceof Refused) || error.status === 0) return [words['refused.0']];
  const kind = (error.problem.type || '').replace('/docs#problem-', '');
  return [words[`refused.${kind}`] || words['refused.other'], ...detailsOf(error.problem, kind)];
}
