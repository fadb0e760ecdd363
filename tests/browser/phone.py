"""What tests of the phone pages do again and again, and what they look up in the database behind them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import psycopg
from playwright.sync_api import Locator, Page, expect

from geoservice.auth.model import Role
from geoservice.services.keys import KeyService
from layers.db.session import Database
from tests.conftest import LiveServer

PHONE = {"width": 390, "height": 844}
#: What the page says to a tap on a map that is too small for a finger.
COME_CLOSER = re.compile("地图已放大|The map came closer")
#: Each would run, or would be evaluated, at one of the doors it passes.
HOSTILE = "<img src=x onerror=\"document.body.dataset.broken='img'\"></script><svg onload=alert(1)>${1}{{ 6 * 7 }}"


def wait_for_map(page: Page) -> None:
    expect(page.locator("#map")).to_have_attribute("data-ready", "true")


def fill_in(page: Page, words: str, *, service: str = "light") -> None:
    """Choose a service, tap the middle of the map until it tells the place, and write."""
    wait_for_map(page)
    page.locator(f"input[name=service][value={service}]").check()
    page.locator("#map").click()
    expect(page.locator("#place")).to_have_text(COME_CLOSER)
    page.locator("#map").click()
    expect(page.locator("#place")).not_to_have_text(COME_CLOSER)
    expect(page.locator(".pin-place")).to_be_visible()
    page.locator("#text").fill(words)


def sent_card(page: Page) -> Locator:
    card = page.locator("#fresh .card").first
    expect(card).to_have_attribute("data-state", "sent")
    return card


def stored(live: LiveServer, words: str) -> list[dict[str, Any]]:
    """Return the incidents whose description is exactly this."""
    with psycopg.connect(live.database_url, row_factory=psycopg.rows.dict_row) as connection:
        return connection.execute("SELECT * FROM geoservice.incident WHERE description = %s", [words]).fetchall()


def officer_key(live: LiveServer, staff_code: str) -> str:
    database = Database.connect(live.database_url, pool_size=1)
    try:
        return KeyService(database).create(Role.OFFICER, "terminal", staff=("sare", staff_code))
    finally:
        database.close()


def show_key(page: Page, key: str) -> None:
    """Enter the officers' page with a key."""
    if page.locator(".with-key").get_attribute("open") is None:
        page.locator(".with-key summary").click()
    page.locator("#key").fill(key)
    page.locator("#key-form button").click()


def wait_for_list(page: Page) -> None:
    """Wait until the officers' page has its list and knows the names of places."""
    expect(page.locator("body")).to_have_attribute("data-ready", "true")


def incident_card(page: Page, incident: str) -> Locator:
    return page.locator(f"#c-{incident}")


def report(visit: Callable[..., Any], live: LiveServer, words: str) -> Any:
    """Report by tapping the map; return the visit, the card of what was sent being there."""
    seen = visit(f"{live.url}/report", **PHONE)
    fill_in(seen.page, words)
    seen.page.locator("#send").click()
    sent_card(seen.page)
    return seen
