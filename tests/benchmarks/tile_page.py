"""The page of tiles in a browser: until a city is drawn, the worst frame of a drag and of a zoom, the heap."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from playwright.sync_api import Browser

from tests.benchmarks.browsing import SCREEN, chromium, drag, heap_mb, worst_frame_ms, zoom
from tests.benchmarks.measuring import Figures

#: Streets and buildings fill the screen.
ZOOM = 15
_DRAWN = "() => performance.getEntriesByName('tiles-drawn').map((mark) => mark.startTime)[0]"


def measured(url: str, rounds: int) -> Figures:
    """Return medians over rounds, each in a browser context of its own; raise LeftOut."""
    with chromium() as browser:
        seen = [_visited(browser, url) for _ in range(rounds)]
    return {name: round(statistics.median(one[name] for one in seen), 1) for name in seen[0]}


def _visited(browser: Browser, url: str) -> Mapping[str, float]:
    context = browser.new_context(viewport=SCREEN)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{url}#zoom={ZOOM}")
    page.wait_for_selector("body[data-ready=true]", state="attached", timeout=60_000)
    found = {"first map ms": float(page.evaluate(_DRAWN))}
    found["worst frame of a drag ms"] = worst_frame_ms(page, drag)
    found["worst frame of a zoom ms"] = worst_frame_ms(page, zoom)
    found["heap MB"] = heap_mb(page)
    context.close()
    return found
