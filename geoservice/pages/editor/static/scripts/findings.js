/* global L */
// What the gate finds in the draft as it stands, on the map and in sentences; what is narrow is mended at a click.
import { ask, draft } from './draft.js';
import { canvas } from './drawing.js';
import { button, byId, count, el, language, map, mayEdit, say, settings, urls, word, words } from './parts.js';

const HEALED = ['gap', 'overlap', 'spill', 'unmatched-edge', 'invalid-ring'];
const COLOURS = { error: '#a11d1d', warning: '#8a5a00' };
const group = L.layerGroup().addTo(map);
let mend = () => null;
// What else may be done about a finding, as buttons: who decides says it.
export const findings = { waysOf: () => [] };
let found = [];
let at = -1;

const paint = (severity) => ({ color: COLOURS[severity], weight: 3, fillColor: COLOURS[severity], fillOpacity: 0.25, dashArray: severity === 'error' ? null : '4 4' });

function draw(feature) {
  if (!feature.geometry) return;
  // A remark about a whole grid is told beside the map: its ground need not be painted twice.
  if (feature.properties.severity === 'warning' && feature.geometry.type === 'MultiPolygon') return;
  const style = { ...canvas('findings'), ...paint(feature.properties.severity) };
  L.geoJSON(feature, { ...style, style: () => style, pointToLayer: (_, place) => L.circleMarker(place, { ...style, radius: 9 }) }).addTo(group);
}

function sentence({ rule, grid_codes: codes, message, size, unit }) {
  if (language === 'en') return message;
  const much = size === null ? '' : say('finding.size', { size: count(Math.round(size * 100) / 100), unit: word(`unit.${unit}`) });
  return say('finding.told', { rule: word(`finding.${rule}`), grids: codes.join(words.and) || words.whole, much });
}

function show(number) {
  const { geometry } = found[number];
  at = number;
  if (geometry) map.fitBounds(L.geoJSON(geometry).getBounds(), { maxZoom: 19, padding: [80, 80], animate: false });
}

function line(feature, number) {
  const { properties, geometry } = feature;
  const ways = [];
  if (geometry) ways.push(button('link', words['finding.show'], () => show(number)));
  if (mayEdit() && HEALED.includes(properties.rule)) ways.push(button('link', words['finding.mend'], mend));
  const item = el('li', `finding ${properties.severity}`, el('b', '', word(`severity.${properties.severity}`)), ' ', sentence(properties));
  item.append(el('span', 'ways', ...ways, ...findings.waysOf(feature, item)));
  item.dataset.rule = properties.rule;
  return item;
}

// To the next finding, on the map.
export function nextFinding() {
  if (found.length) show((at + 1) % found.length);
}

function tell(features) {
  found = features;
  at = -1;
  group.clearLayers();
  features.forEach(draw);
  const errors = features.filter((one) => one.properties.severity === 'error').length;
  byId('findings-summary').textContent = features.length
    ? say('findings.count', { errors: count(errors), remarks: count(features.length - errors) }) : words['findings.none'];
  byId('findings-list').replaceChildren(...features.map(line));
  byId('findings').dataset.revision = draft.revision;
  byId('findings').dataset.errors = errors;
}

// Whoever may validate has the draft looked at as it stands; others see what was found last.
export async function refreshFindings() {
  const asked = draft.revision;
  const look = settings.edition.may_publish;
  const { told } = await ask(look ? 'POST' : 'GET', `${urls.edition}/${look ? 'validate' : 'findings'}`, look ? {} : undefined);
  if (draft.revision === asked) tell(told.features);
}

export function startFindings(onMend) {
  mend = () => onMend(Number(byId('heal-width').value) || 0.5);
}
