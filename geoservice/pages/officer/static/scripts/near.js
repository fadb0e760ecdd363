// How far it is from here. The position stays on the phone: nobody is told where an officer is.
import { count, say } from '../../phone/scripts/page.js';

const WANTED = 'geoservice-officer-distance';
const DEGREE_M = 111195; // of latitude, on a sphere of 6371 km

let here = null;
let watching = null;
const listeners = [];

export const onMoved = (listener) => listeners.push(listener);

export function metresTo([lon, lat]) {
  if (!here) return null;
  const east = ((lon - here.lon + 540) % 360) - 180; // the short way around the earth
  const wide = Math.cos((lat * Math.PI) / 180) * east;
  return Math.hypot(wide, lat - here.lat) * DEGREE_M;
}

export function distanceWords(position) {
  const metres = metresTo(position);
  if (metres === null) return '';
  return metres < 1000 ? say('metres', { m: count(Math.round(metres / 10) * 10) }) : say('kilometres', { km: (metres / 1000).toFixed(1) });
}

export const isWatching = () => watching !== null;
export const wasWanted = () => localStorage.getItem(WANTED) === 'yes';

export function stopWatching() {
  if (watching !== null) navigator.geolocation.clearWatch(watching);
  watching = null;
  here = null;
  localStorage.removeItem(WANTED);
  listeners.forEach((listener) => listener());
}

// `failed` is called with words where the phone tells no position.
export function startWatching(failed) {
  if (!window.isSecureContext || !navigator.geolocation) return failed(say('distance_none'));
  localStorage.setItem(WANTED, 'yes');
  watching = navigator.geolocation.watchPosition(
    ({ coords }) => {
      here = { lon: coords.longitude, lat: coords.latitude };
      listeners.forEach((listener) => listener());
    },
    () => {
      stopWatching();
      failed(say('distance_none'));
    },
    { enableHighAccuracy: true, maximumAge: 15000, timeout: 30000 },
  );
  return null;
}
