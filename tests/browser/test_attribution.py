"""Whom the data are of is read on every map of them, as text."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import expect

from tests.browser.phone import PHONE, wait_for_map
from tests.conftest import LiveServer, serving

pytestmark = pytest.mark.browser

NAMED = "© <b>Town</b> & <img src=x onerror=alert(1)> survey"


@pytest.fixture(scope="module")
def named(cluster_url: str, community_template: str) -> Iterator[LiveServer]:
    with serving(cluster_url, community_template) as live:
        with psycopg.connect(live.database_url) as connection:
            connection.execute("UPDATE geoservice.jurisdiction SET attribution = %s", [NAMED])
        yield live


def test_the_map_names_them(named, visit):
    seen = visit(f"{named.url}/maps/sare", 1400, 900)
    expect(seen.page.locator("body")).to_have_attribute("data-ready", "true")

    credit = seen.page.locator(".leaflet-control-attribution")
    expect(credit).to_have_text(NAMED)
    expect(credit).to_be_visible()
    seen.assert_quiet()


def test_the_page_for_reports_names_them(named, visit):
    seen = visit(f"{named.url}/report", **PHONE)
    wait_for_map(seen.page)

    expect(seen.page.locator("#map .credit")).to_have_text(NAMED)
    expect(seen.page.locator("#map .credit")).to_be_visible()
    seen.assert_quiet()


def test_without_anybody_to_name_there_is_no_line(live_server, visit):
    seen = visit(f"{live_server}/maps/sare", 1400, 900)
    expect(seen.page.locator("body")).to_have_attribute("data-ready", "true")

    expect(seen.page.locator(".leaflet-control-attribution")).to_have_count(0)
