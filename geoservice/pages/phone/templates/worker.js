// Keeps the page shell, so that its pages open without a network. It keeps nobody's data: what the interface answers
// never passes through here.
const PAGES = {{ pages | tojson }};
const FILES = {{ files | tojson }};
const WHEN_LOADED = {{ when_loaded | tojson }};
const ROOM = 'geoservice-shell-{{ room }}-';
const NAME = `${ROOM}{{ version }}`;
const PATIENCE_MS = 4000;

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches.open(NAME).then((cache) => cache.addAll([...PAGES, ...FILES])).then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  const old = (name) => name.startsWith(ROOM) && name !== NAME;
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

function fetchSoon(request) {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
  return fetch(request, { signal: patience.signal }).finally(() => clearTimeout(timer));
}

// A page comes from the network where that answers soon, else as it was kept.
async function page(request, address) {
  const cache = await caches.open(NAME);
  if (navigator.onLine) {
    try {
      const fresh = await fetchSoon(request);
      if (fresh.ok) await cache.put(address, fresh.clone());
      if (fresh.status < 500) return fresh; // 0: it leads elsewhere
    } catch {
      // As it was kept, then.
    }
  }
  return (await cache.match(address)) || Response.error();
}

// A file's address names its version: what was kept is right.
async function file(request) {
  return (await caches.match(request.url)) || fetch(request);
}

// The letters of a language are large: a phone keeps those that one of its pages asked for.
async function loaded(request) {
  const kept = await caches.match(request.url);
  if (kept) return kept;
  const fresh = await fetch(request);
  if (fresh.ok) await (await caches.open(NAME)).put(request.url, fresh.clone());
  return fresh;
}

self.addEventListener('fetch', (event) => {
  const address = new URL(event.request.url);
  if (event.request.method !== 'GET' || address.origin !== self.location.origin) return;
  const path = address.pathname + address.search;
  if (event.request.mode === 'navigate' && PAGES.includes(path)) event.respondWith(page(event.request, path));
  else if (FILES.includes(path)) event.respondWith(file(event.request));
  else if (WHEN_LOADED.includes(path)) event.respondWith(loaded(event.request));
});
