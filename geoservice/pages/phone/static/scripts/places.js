// What a place is called: the street that it lies by and the grid that it lies in, from the layers of the map.
import { named, say } from './page.js';

// A street farther away is not the one that is meant.
const BY_STREET_M = 40;
const DEGREE_M = 111195; // of latitude, on a sphere of 6371 km

// The coordinates of a geometry, line by line, ring by ring.
const LINES = {
  LineString: (line) => [line],
  MultiLineString: (lines) => lines,
  Polygon: (rings) => rings,
  MultiPolygon: (polygons) => polygons.flat(),
};
const linesOf = ({ type, coordinates }) => (LINES[type] ? LINES[type](coordinates) : []);

// GeoJSON's even-odd rule; whoever stands on the border is asked anyway.
function isIn(geometry, { lng, lat }) {
  let inside = false;
  for (const ring of linesOf(geometry)) {
    for (let one = 0, before = ring.length - 1; one < ring.length; before = one, one += 1) {
      const [x1, y1] = ring[one];
      const [x2, y2] = ring[before];
      if (y1 > lat !== y2 > lat && lng < ((x2 - x1) * (lat - y1)) / (y2 - y1) + x1) inside = !inside;
    }
  }
  return inside;
}

function metresToLine(line, { lng, lat }) {
  const wide = DEGREE_M * Math.cos((lat * Math.PI) / 180);
  const points = line.map(([x, y]) => [(x - lng) * wide, (y - lat) * DEGREE_M]);
  let least = Infinity;
  for (let index = 1; index < points.length; index += 1) {
    const [[x1, y1], [x2, y2]] = [points[index - 1], points[index]];
    const [dx, dy] = [x2 - x1, y2 - y1];
    const along = Math.max(0, Math.min(1, -(x1 * dx + y1 * dy) / (dx * dx + dy * dy || 1)));
    least = Math.min(least, Math.hypot(x1 + along * dx, y1 + along * dy));
  }
  return least;
}

function streetBy(features, latlng) {
  let [name, least] = ['', BY_STREET_M];
  for (const { properties, geometry } of features) {
    if (properties.kind !== 'street' || !properties.name || !geometry) continue;
    const metres = Math.min(...linesOf(geometry).map((line) => metresToLine(line, latlng)));
    if (metres < least) [name, least] = [named(properties), metres];
  }
  return name;
}

export function inWords({ grids = [], basemap = [] }, latlng) {
  const grid = grids.find(({ geometry }) => geometry && isIn(geometry, latlng));
  return [grid ? named(grid.properties) : '', streetBy(basemap, latlng)].filter(Boolean).join(say('place.between'));
}
