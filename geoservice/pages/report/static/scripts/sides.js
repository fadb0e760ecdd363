// Near a border the reporter is asked, once, which of the neighbouring grids it was.
import { button, element } from '../../phone/scripts/elements.js';
import { ask, askRemembered, layerPath } from '../../phone/scripts/interface.js';
import { count, named, say } from '../../phone/scripts/page.js';

const PIN_IS_HERE_M = 0.5;

async function gridNames(jurisdiction) {
  try {
    const { features } = await askRemembered(layerPath(jurisdiction, 'grids'));
    return new Map(features.map(({ properties }) => [properties.code, named(properties)]));
  } catch {
    return new Map();
  }
}

export const chooseSide = (token, grid) =>
  ask('/v1/report/actions/choose-side', { body: { grid }, headers: { 'Report-Token': token } });

// Returns a question with a button for each side; `chosen(code, name)` or `unsure()` is called with the answer.
export function sideQuestion(sides, jurisdiction, { chosen, unsure }) {
  const list = element('div', { class: 'stack' });
  const draw = (names) =>
    list.replaceChildren(
      ...sides.map((side) => {
        const name = names.get(side.grid_code) || side.grid_code;
        const away =
          side.distance_m < PIN_IS_HERE_M ? say('side.here') : say('side.away', { metres: count(side.distance_m) });
        const answer = button('second', name, () => chosen(side.grid_code, name));
        answer.append(element('small', {}, away));
        return answer;
      }),
      button('plain', say('side.unsure'), unsure),
    );
  draw(new Map());
  gridNames(jurisdiction).then(draw);
  return element(
    'section',
    { class: 'question' },
    element('h3', {}, say('side.title')),
    element('p', {}, say('side.ask')),
    list,
  );
}
