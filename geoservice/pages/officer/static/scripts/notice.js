// Tells that there is new work: in the title, by a sound and by the phone's vibration, as far as somebody wants them.
const SHELF = 'geoservice-officer-tells';
const TITLE = document.title;
const HIGH_HZ = 880;
const LOW_HZ = 660;

let fresh = 0;
let sounds = null;

export function wanted() {
  try {
    return { sound: true, vibration: true, ...JSON.parse(localStorage.getItem(SHELF)) };
  } catch {
    return { sound: true, vibration: true };
  }
}

export function want(changes) {
  localStorage.setItem(SHELF, JSON.stringify({ ...wanted(), ...changes }));
}

// Browsers let a page sound only after somebody touched it.
export function readySounds() {
  const Sounds = window.AudioContext;
  if (!sounds && Sounds) sounds = new Sounds();
  if (sounds?.state === 'suspended') sounds.resume().catch(() => null);
}

function tone(hertz, after) {
  const source = sounds.createOscillator();
  const volume = sounds.createGain();
  const at = sounds.currentTime + after;
  source.frequency.value = hertz;
  volume.gain.setValueAtTime(0.0001, at);
  volume.gain.exponentialRampToValueAtTime(0.2, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.25);
  source.connect(volume).connect(sounds.destination);
  source.start(at);
  source.stop(at + 0.3);
}

export function sound() {
  if (sounds?.state !== 'running') return;
  tone(HIGH_HZ, 0);
  tone(LOW_HZ, 0.2);
}

export function showFresh(count) {
  if (count > fresh) {
    const { sound: loud, vibration } = wanted();
    if (loud) sound();
    if (vibration && navigator.vibrate && navigator.userActivation?.hasBeenActive) navigator.vibrate([120, 80, 120]);
  }
  fresh = count;
  document.title = fresh ? `(${fresh}) ${TITLE}` : TITLE;
}
