"""The map page of a city in a browser: until it is drawn, its frames, its heap, and what one more report costs it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Browser, Page, expect

from geoservice.auth.model import Role
from geoservice.services.preparing import prepare_database
from geoservice.settings import DatabaseUrls
from tests.benchmarks import browsing, databases
from tests.benchmarks.cities import BOUNDS, CODE, make_city
from tests.benchmarks.goals import Goal, below, number
from tests.benchmarks.measuring import Figures, Say, medians
from tests.benchmarks.scale import Scale
from tests.benchmarks.staff_pages import known
from tests.browser.desk import LiveDesk, serving
from tests.conftest import as_service

TITLE = "The map page of a city"
#: A day on which much was in hand: the city's reports came on one day, and most were closed on the next.
PAST_DAY = "2025-06-10"
#: What comes late of a report that is on the page already, milliseconds.
AFTERWARDS_MS = 3000
_GOALS = (
    ("HTML kB", 60, " kB"), ("first map ms", 1500, " ms"), ("worst frame of a drag ms", 300, " ms"),
    ("worst frame of a zoom ms", 300, " ms"), ("heap MB", 80, " MB"), ("one more report, on the wire kB", 5, " kB"),
    ("one more report, on the page after ms", 1000, " ms"),
)  # fmt: skip
_REPORT = """
    INSERT INTO geoservice.incident (jurisdiction_id, service_code, geom)
    SELECT id, 'light', public.st_setsrid(public.st_makepoint(%s, %s), 4326) FROM geoservice.jurisdiction
"""
#: Notes by the machine's clock, which is ours too, when the page counts another one.
_WATCH_MATTERS = """() => new MutationObserver((changes, watch) => {
  window.shown_at_ms = performance.timeOrigin + performance.now();
  watch.disconnect();
}).observe(document.body, { attributes: true, attributeFilter: ['data-matters'] })"""


def measured(scale: Scale, say: Say) -> Figures:
    """Return medians over rounds, each in a browser context of its own; raise LeftOut."""
    with databases.some_cluster() as cluster, databases.some_database(cluster) as url:
        say(f"map: a city of {scale.tile_buildings:,} buildings and {scale.tile_incidents:,} incidents")
        prepare_database(DatabaseUrls(as_service(url), url))
        make_city(url, scale.tile_buildings, scale.tile_incidents)
        with serving(url) as city, browsing.chromium() as browser:
            [[in_hand]] = city.sql("SELECT count(*) FROM geoservice.incident WHERE geoservice.is_open(status)")
            say("map: the tiles that the first look needs are cut")
            _visited(browser, city)
            rounds = []
            for turn in range(scale.tile_rounds):
                say(f"map: visit {turn + 1} of {scale.tile_rounds}")
                rounds.append(_visited(browser, city))
    return {
        "buildings": scale.tile_buildings, "incidents": scale.tile_incidents, "in hand": in_hand,
        "rounds": scale.tile_rounds, "page": medians(rounds),
    }  # fmt: skip


def _visited(browser: Browser, city: LiveDesk) -> Mapping[str, float]:
    with known(browser, city, Role.DISPATCHER) as office:
        signed_in = office.storage_state()
    screen: Any = {"viewport": browsing.SCREEN, "locale": "zh-CN"}
    context = browser.new_context(storage_state=signed_in, **screen)
    context.add_init_script(browsing.watch_for("body[data-ready]"))
    page = context.new_page()
    wire = browsing.Wire.of(page)
    page.goto(f"{city.url}/maps/{CODE}")
    found = {"first map ms": browsing.there_ms(page), "on the wire kB": wire.kilobytes}
    found["HTML kB"] = len(page.request.get(page.url).body()) / 1000
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    found["worst frame of a drag ms"] = browsing.worst_frame_ms(page, browsing.drag)
    found["worst frame of a zoom ms"] = browsing.worst_frame_ms(page, browsing.zoom)
    found["heap MB"] = browsing.heap_mb(page)
    found |= _reported(page, city, wire)
    page.goto(f"{city.url}/maps/{CODE}?to={PAST_DAY}")
    found["a past day ms"] = browsing.there_ms(page)
    context.close()
    return found


def _reported(page: Page, city: LiveDesk, wire: browsing.Wire) -> Mapping[str, float]:
    """Return when one more report is on a page that is open, and what that has sent it."""
    before = int(page.locator("body").get_attribute("data-matters") or 0)
    page.evaluate(_WATCH_MATTERS)
    wire.reset()
    city.sql(_REPORT, (BOUNDS.west + BOUNDS.east) / 2, (BOUNDS.south + BOUNDS.north) / 2)
    committed_ms = time.time() * 1000
    expect(page.locator("body")).to_have_attribute("data-matters", str(before + 1))
    shown_ms = float(page.evaluate("window.shown_at_ms")) - committed_ms
    page.wait_for_timeout(AFTERWARDS_MS)
    return {"one more report, on the page after ms": shown_ms, "one more report, on the wire kB": wire.kilobytes}


def goals(figures: Figures) -> list[Goal]:
    """Return what is to be reached."""
    return [below(f"map of a city: {what}", figures["page"][what], most, unit) for what, most, unit in _GOALS]


def table(figures: Figures) -> list[str]:
    """Return the lines of the page."""
    return [
        f"100 grids, {figures['buildings']:,} buildings, {figures['incidents']:,} incidents of which",
        f"{figures['in hand']:,} are in hand, as dispatchers see them in Chromium, 1920 x 1080, no graphics card,",
        f"all of the city on the screen; medians of {figures['rounds']} visits by browsers that know nothing of it.",
        f"The past day is {PAST_DAY}.",
        "",
        "| | |",
        "|---|--:|",
        *(f"| {what} | {number(figure)} |" for what, figure in figures["page"].items()),
    ]  # fmt: skip
