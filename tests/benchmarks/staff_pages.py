"""The pages of staff in a browser, in a town of two years: the desk, the officer's page, the figures."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from playwright.sync_api import Browser, BrowserContext, Page

from geoservice.auth.model import Role
from geoservice.services.preparing import prepare_database
from geoservice.settings import DatabaseUrls
from tests.benchmarks import browsing, databases
from tests.benchmarks.busy_town import make_busy_town
from tests.benchmarks.goals import Goal, below, number
from tests.benchmarks.measuring import Figures, Say, WrongAnswers, medians
from tests.benchmarks.scale import Scale
from tests.browser.desk import OPEN, LiveDesk, sign_in, wait_until_ready
from tests.browser.desk import serving as serving_desk
from tests.conftest import as_service

TITLE = "Pages of staff in a browser"
#: Arrivals a second at an open desk.
ARRIVALS = 20
OFFICER = "G01"
_ORDER = "#list > li"
#: Phones and Windows have them; this machine may not.
LETTERS = "letters of Tibetan where there are none, kB"
_GOALS = (
    ("desk", "first rows ms", 500, " ms"), ("desk", "a filter ms", 300, " ms"),
    ("desk", "worst frame of arrivals ms", 200, " ms"), ("officer", "on the wire kB", 150, " kB"),
    ("officer", "orders there, slow phone ms", 2000, " ms"), ("figures", "first numbers ms", 500, " ms"),
)  # fmt: skip
#: From the choice in a filter until the rows that fit are there and painted, milliseconds.
_FILTER = """(service) => new Promise((done) => {
  const select = document.querySelector('#filters [name=service]');
  const began = performance.now();
  new MutationObserver((changes, watch) => {
    const now = document.querySelector('#filters [name=service]');
    if (!now || now === select || !document.querySelector('#rows')) return;
    watch.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)));
  }).observe(document.querySelector('#list'), { childList: true, subtree: true });
  select.value = service;
  select.dispatchEvent(new Event('change', { bubbles: true }));
})"""
_ARRIVE = """
    INSERT INTO geoservice.incident (jurisdiction_id, service_code, geom, description)
    SELECT id, 'light', public.st_setsrid(public.st_makepoint(91.7665, 29.2412), 4326), 'arrival'
      FROM geoservice.jurisdiction
"""


def measured(scale: Scale, say: Say) -> Figures:
    """Return medians over rounds, each in a browser context of its own; raise LeftOut, WrongAnswers."""
    with databases.some_cluster() as cluster, databases.some_database(cluster) as url:
        say(f"pages: a town of {scale.page_incidents:,} incidents")
        prepare_database(DatabaseUrls(as_service(url), url))
        in_hand = make_busy_town(url, scale.page_incidents)
        with serving_desk(url) as desk, browsing.chromium() as browser:
            found: Figures = {"incidents": scale.page_incidents, "in hand": in_hand, "rounds": scale.page_rounds}
            for name, visit in _VISITS.items():
                say(f"pages: {name}")
                rounds = [visit(browser, desk) for _ in range(scale.page_rounds + 1)]
                found[name] = medians(rounds[1:])  # the first one warms up
    return found


@contextmanager
def known(browser: Browser, desk: LiveDesk, role: Role, staff: str | None = None) -> Iterator[BrowserContext]:
    """Yield a window of somebody who signed in there."""
    size = browsing.SCREEN if staff is None else browsing.PHONE
    context = browser.new_context(viewport=size, locale="zh-CN")  # type: ignore[arg-type]
    desk.account(f"{role}-1", role, staff=staff)
    page = context.new_page()
    page.goto(f"{desk.url}/signin?next=/report")
    sign_in(page, desk, f"{role}-1", role)
    page.wait_for_url("**/report")
    page.close()
    yield context
    context.close()


def _desk(browser: Browser, desk: LiveDesk) -> Mapping[str, float]:
    with known(browser, desk, Role.DISPATCHER) as context:
        page = context.new_page()
        page.goto(f"{desk.url}/desk/sare?{OPEN}")
        wait_until_ready(page)
        if page.locator(".row").count() == 0:
            raise WrongAnswers("pages: the desk has no rows")
        found = {"first rows ms": browsing.first_seen_ms(page)}
        services = ("noise", "waste", "")
        found["a filter ms"] = statistics.median(float(page.evaluate(_FILTER, one)) for one in services)
        found["worst frame of arrivals ms"] = browsing.worst_frame_ms(page, lambda page: _arrivals(page, desk))
        waiting = page.locator("#fresh").inner_text()
        if not any(letter.isdigit() for letter in waiting):
            raise WrongAnswers(f"pages: the desk does not tell of what came: {waiting!r}")
        return found | {"heap MB": browsing.heap_mb(page)}


def _arrivals(page: Page, desk: LiveDesk) -> None:
    """Have incidents come in for some seconds, evenly, while the page is looked at."""
    over = threading.Event()

    def arrive() -> None:
        with psycopg.connect(desk.database_url, autocommit=True) as connection:
            began = time.monotonic()
            for count in range(5 * ARRIVALS):
                connection.execute(_ARRIVE)
                time.sleep(max(0.0, began + count / ARRIVALS - time.monotonic()))
        over.set()

    thread = threading.Thread(target=arrive)
    thread.start()
    while not over.is_set():
        page.wait_for_timeout(100)
    thread.join()


def _officer(browser: Browser, desk: LiveDesk) -> Mapping[str, float]:
    """Open the page with nothing of it kept, and again; without its worker, which asks past the slow network."""
    with known(browser, desk, Role.OFFICER, OFFICER) as office:
        signed_in = office.storage_state()
    phone: Any = {"viewport": browsing.PHONE, "locale": "zh-CN", "service_workers": "block"}
    context = browser.new_context(storage_state=signed_in, **phone)
    context.add_init_script(browsing.watch_for(_ORDER))
    found = {}
    for slow, ready, sent in (
        (False, "orders there ms", "on the wire kB"), (True, "orders there, slow phone ms", "again on the wire kB"),
    ):  # fmt: skip
        page = context.new_page()
        if slow:  # who is out opens what his phone has opened before
            browsing.slow_down(page)
        page.goto(f"{desk.url}/officer")
        found[ready] = browsing.there_ms(page)
        page.wait_for_selector("body[data-ready=true]", state="attached")
        letters = browsing.sent_kb(page, ".woff2")
        found[sent] = browsing.sent_kb(page) - letters
        if letters:
            found[LETTERS] = letters
        page.close()
    context.close()
    return found


def _figures(browser: Browser, desk: LiveDesk) -> Mapping[str, float]:
    with known(browser, desk, Role.AUDITOR) as context:
        page = context.new_page()
        found = {}
        for name, query in (("first numbers ms", ""), ("a month ms", "?span=thirty"), ("a year ms", "?from={}&to={}")):
            page.goto(f"{desk.url}/figures/sare{_of_a_year(query)}")
            found[name] = browsing.first_seen_ms(page)
        return found


def _of_a_year(query: str) -> str:
    now = time.time()
    return query.format(*(time.strftime("%Y-%m-%d", time.gmtime(now - 86400 * back)) for back in (365, 1)))


_VISITS: dict[str, Callable[[Browser, LiveDesk], Mapping[str, float]]] = {
    "desk": _desk, "officer": _officer, "figures": _figures,
}  # fmt: skip


def goals(figures: Figures) -> list[Goal]:
    """Return what is to be reached."""
    return [below(f"{page}: {what}", figures[page][what], most, unit) for page, what, most, unit in _GOALS]


def table(figures: Figures) -> list[str]:
    """Return the lines of the page."""
    lines = [
        f"The demo community with {figures['incidents']:,} incidents of two years, {figures['in hand']:,} of them in",
        f"hand, in Chromium without a graphics card, medians of {figures['rounds']} rounds after one that warms up.",
        "Rows and numbers are seen when the HTML is there and painted.",
        f"Arrivals: {ARRIVALS} a second for 5 s. The slow phone: 1.44 Mbit/s, 150 ms there and back, a processor of a",
        "quarter; it has opened the page before.",
        "",
        "| page | | |",
        "|---|---|--:|",
    ]
    return lines + [
        f"| {page} | {what} | {number(figure)} |" for page in _VISITS for what, figure in figures[page].items()
    ]
