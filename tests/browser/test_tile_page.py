"""The map as vector tiles: drawn, followed, asked by position; in both languages and on a phone."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import Page, Route, expect

from tests.conftest import LiveServer, serving

pytestmark = pytest.mark.browser

#: How many dots of a colour the canvases of the page hold.
PIXELS = """(colour) => [...document.querySelectorAll('canvas.leaflet-tile')].reduce((sum, tile) => {
  const data = tile.getContext('2d').getImageData(0, 0, tile.width, tile.height).data;
  let found = 0;
  for (let i = 0; i < data.length; i += 4)
    if (data[i + 3] > 250 && colour.every((value, c) => Math.abs(data[i + c] - value) < 12)) found += 1;
  return sum + found;
}, 0)"""
BUILDING, DISPATCHED, BORDER = [216, 208, 192], [230, 159, 0], [47, 75, 124]


def pixels(page: Page, colour: list[int]) -> int:
    return int(page.evaluate(PIXELS, colour))


@pytest.mark.parametrize(("language", "width", "height"), [("zh", 1400, 900), ("en", 390, 780)])
def test_buildings_borders_and_incidents_are_drawn(live_server, visit, language, width, height):
    seen = visit(f"{live_server}/maps/sare/tiles?lang={language}", width, height)

    expect(seen.page.locator("body")).to_have_attribute("data-ready", "true", timeout=20_000)

    for colour in (BUILDING, DISPATCHED, BORDER):
        seen.page.wait_for_timeout(50)
        assert pixels(seen.page, colour) > 20, colour
    seen.assert_quiet()


def test_what_is_clicked_is_asked_of_the_interface(live_server, visit):
    seen = visit(f"{live_server}/maps/sare/tiles?lang=en", 1400, 900)
    expect(seen.page.locator("body")).to_have_attribute("data-ready", "true", timeout=20_000)

    seen.page.mouse.click(700, 450)

    expect(seen.page.locator(".gs-owner")).to_contain_text("0", timeout=10_000)
    seen.assert_quiet()


def test_tiles_come_from_where_the_page_is_whatever_name_their_documents_have_for_it(live_server, chromium):
    def named_otherwise(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace(live_server, "http://behind-the-proxy:8080"))

    page = chromium.new_page()
    page.route("**/tiles/*/*.json", named_otherwise)
    page.goto(f"{live_server}/maps/sare/tiles")

    expect(page.locator("body")).to_have_attribute("data-ready", "true", timeout=20_000)
    page.wait_for_timeout(50)
    assert pixels(page, BUILDING) > 20
    page.close()


@pytest.fixture
def serving_alone(cluster_url: str, community_template: str) -> Iterator[LiveServer]:
    with serving(cluster_url, community_template) as live:
        yield live


@pytest.mark.slow
def test_a_change_is_drawn_without_loading_the_page_anew(serving_alone, visit):
    seen = visit(f"{serving_alone.url}/maps/sare/tiles", 1400, 900)
    expect(seen.page.locator("body")).to_have_attribute("data-ready", "true", timeout=20_000)
    before = pixels(seen.page, BUILDING)

    with psycopg.connect(serving_alone.database_url) as connection:
        connection.execute("DELETE FROM geoservice.household")
        connection.execute("DELETE FROM geoservice.building")

    # What is left of that colour is where other colours meet.
    seen.page.wait_for_timeout(100)
    for _ in range(300):
        if pixels(seen.page, BUILDING) < before / 10:
            break
        seen.page.wait_for_timeout(100)
    assert pixels(seen.page, BUILDING) < before / 10
    seen.assert_quiet()
