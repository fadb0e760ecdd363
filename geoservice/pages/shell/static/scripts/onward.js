/* global L */
// A town across 180 degrees is drawn as one: longitudes run on, and what is stored beyond is drawn there.

// A longitude as the service takes it.
export const lonOf = (lng) => (lng >= 180 ? lng - 360 : lng);

// Returns where a map of a box draws a position of GeoJSON.
export function onward([west, , east]) {
  const runsOn = (lon) => east > 180 && lon < west - 180;
  return ([lon, lat]) => L.latLng(lat, runsOn(lon) ? lon + 360 : lon);
}
