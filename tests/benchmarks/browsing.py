"""A browser that pages are measured in, and what is asked of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from tests.benchmarks.measuring import LeftOut

#: A screen, and the phone of somebody who is out.
SCREEN, PHONE = {"width": 1920, "height": 1080}, {"width": 390, "height": 844}
#: A mobile network on a bad day, in bytes a second and milliseconds there and back, and a phone of the middle.
SLOW_NETWORK = {"offline": False, "downloadThroughput": 180_000, "uploadThroughput": 84_375, "latency": 150}
SLOW_PROCESSOR = {"rate": 4}
_FRAMES = """() => {
  window.frames_ms = [];
  let before = performance.now();
  const note = (now) => {
    window.frames_ms.push(now - before);
    before = now;
    window.frames_on = requestAnimationFrame(note);
  };
  window.frames_on = requestAnimationFrame(note);
}"""
_WORST = "() => { cancelAnimationFrame(window.frames_on); return Math.max(...window.frames_ms.slice(1)); }"
#: When what the server wrote is there and something of it was painted.
_FIRST_SEEN = """() => new Promise((done) => new PerformanceObserver((entries) => {
  const [paint] = entries.getEntriesByName('first-contentful-paint');
  if (paint) done(Math.max(paint.startTime, performance.getEntriesByType('navigation')[0].domInteractive));
}).observe({ type: 'paint', buffered: true }))"""
_WATCH = """
  new MutationObserver((changes, watch) => {
    if (!document.querySelector(SELECTOR)) return;
    watch.disconnect();
    document.documentElement.dataset.there = performance.now();
  }).observe(document, { subtree: true, childList: true, attributes: true });
"""
_SENT = """(end) => performance.getEntries().reduce(
  (sum, one) => sum + (one.name.endsWith(end) ? one.transferSize || 0 : 0), 0)"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield the system's Chromium, without a graphics card; raise LeftOut."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise LeftOut("there is no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def worst_frame_ms(page: Page, act: Callable[[Page], object], settle_ms: float = 1500) -> float:
    """Return the longest time between two frames while something is done, and for a while after it."""
    page.evaluate(_FRAMES)
    act(page)
    page.wait_for_timeout(settle_ms)
    return float(page.evaluate(_WORST))


def drag(page: Page) -> None:
    """Pull a map that fills the screen."""
    page.mouse.move(1200, 700)
    page.mouse.down()
    for step in range(20):
        page.mouse.move(1200 - 30 * step, 700 - 20 * step)
    page.mouse.up()


def zoom(page: Page) -> None:
    """Turn the wheel above a map that fills the screen."""
    page.mouse.move(960, 540)
    page.mouse.wheel(0, -200)


def heap_mb(page: Page) -> float:
    """Return what the page's scripts hold after the collector went around, megabytes."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = float(session.send("Runtime.getHeapUsage")["usedSize"]) / 1e6
    session.detach()
    return used


def first_seen_ms(page: Page) -> float:
    """Return when the page's own HTML was there and painted, milliseconds after it was asked for."""
    return float(page.evaluate(_FIRST_SEEN))


@dataclass
class Wire:
    """Counts what a page receives, as it is sent: headers and all, compressed."""

    session: CDPSession
    received: float = 0.0

    @classmethod
    def of(cls, page: Page) -> Wire:
        """Begin to count."""
        session = page.context.new_cdp_session(page)
        wire = cls(session)
        session.on("Network.responseReceived", lambda told: wire._add(told["response"]["encodedDataLength"]))
        session.on("Network.dataReceived", lambda told: wire._add(told["encodedDataLength"]))
        session.send("Network.enable")
        return wire

    def _add(self, length: float) -> None:
        self.received += max(0.0, length)

    @property
    def kilobytes(self) -> float:
        """Return how much came since this began or was reset."""
        return self.received / 1000

    def reset(self) -> None:
        """Count from here."""
        self.received = 0.0


def slow_down(page: Page) -> None:
    """Have a page come over a slow network to a slow phone from now on."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW_NETWORK)
    session.send("Emulation.setCPUThrottlingRate", SLOW_PROCESSOR)


def sent_kb(page: Page, end: str = "") -> float:
    """Return what a page and all that it loaded took on the wire, headers and all, kilobytes; or files that end so."""
    return float(page.evaluate(_SENT, end)) / 1000


def watch_for(selector: str) -> str:
    """Return the script that has a page note when something is first there; it is run before those of the page."""
    return _WATCH.replace("SELECTOR", json.dumps(selector))


def there_ms(page: Page) -> float:
    """Return when that was there on a page that watches for it, milliseconds after it was asked for."""
    page.wait_for_selector("html[data-there]", state="attached", timeout=120_000)
    return float(page.locator("html").get_attribute("data-there") or "nan")
