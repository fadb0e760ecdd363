"""The page of tiles in a browser: until a city is drawn, the worst frame of a drag and of a zoom, the heap."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.benchmarks.measuring import Figures, LeftOut

VIEWPORT = {"width": 1920, "height": 1080}
#: Streets and buildings fill the screen.
ZOOM = 15
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
_DRAWN = "() => performance.getEntriesByName('tiles-drawn').map((mark) => mark.startTime)[0]"


def measured(url: str, rounds: int) -> Figures:
    """Return medians over rounds, each in a browser context of its own; raise LeftOut."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise LeftOut("there is no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        seen = [_visited(browser, url) for _ in range(rounds)]
        browser.close()
    return {name: round(statistics.median(one[name] for one in seen), 1) for name in seen[0]}


def _visited(browser: Browser, url: str) -> Mapping[str, float]:
    context = browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{url}#zoom={ZOOM}")
    page.wait_for_selector("body[data-ready=true]", state="attached", timeout=60_000)
    found = {"first map ms": float(page.evaluate(_DRAWN))}
    found["worst frame of a drag ms"] = _worst_frame(page, _drag)
    found["worst frame of a zoom ms"] = _worst_frame(page, _zoom)
    found["heap MB"] = _heap_bytes(page) / 1e6
    context.close()
    return found


def _worst_frame(page: Page, act: Any) -> float:
    page.evaluate(_FRAMES)
    act(page)
    page.wait_for_timeout(1500)
    return float(page.evaluate(_WORST))


def _drag(page: Page) -> None:
    page.mouse.move(1200, 700)
    page.mouse.down()
    for step in range(20):
        page.mouse.move(1200 - 30 * step, 700 - 20 * step)
    page.mouse.up()


def _zoom(page: Page) -> None:
    page.mouse.move(960, 540)
    page.mouse.wheel(0, -200)


def _heap_bytes(page: Page) -> float:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    usage = session.send("Runtime.getHeapUsage")
    return float(usage["usedSize"])
