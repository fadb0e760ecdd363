"""Base maps of pictures in a browser: chosen, in the address, credited as text, with a word where they are shifted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from geoservice.pages.words.catalogue import words
from tests.browser.conftest import Visit
from tests.browser.desk import LAPTOP, PHONE, axe_script
from tests.browser.phone import HOSTILE
from tests.tilegen.test_raster_files import png

pytestmark = pytest.mark.browser

PLACE = {"bbox": [91.7, 29.2, 91.85, 29.3], "min_zoom": 10, "max_zoom": 16}
TOLD = [
    {"id": 1, "title": HOSTILE[:80], "attribution": HOSTILE[:80], "crs": "epsg:3857", "tiles": "/maps/sare/basemaps/1"},
    {"id": 2, "title": "Shifted", "attribution": "", "crs": "gcj02", "tiles": "/maps/sare/basemaps/2"},
]


@pytest.mark.parametrize(("lang", "size"), [("en", LAPTOP), ("zh", PHONE)])
def test_a_picture_takes_the_place_of_the_drawn_ground(
    live_server: str, visit: Callable[..., Visit], lang: Any, size: dict[str, int]
) -> None:
    seen = visit("about:blank", **size, bypass_csp=True)
    page = seen.page
    every = json.dumps([one | PLACE for one in TOLD])
    page.route("**/basemaps.json", lambda route: route.fulfill(body=every, content_type="application/json"))
    page.route("**/basemaps/*/*/*/*", lambda route: route.fulfill(body=png(90, 120, 90), content_type="image/png"))
    page.goto(f"{live_server}/maps/sare?lang={lang}")
    expect(page.locator("body")).to_have_attribute("data-ready", "true")
    if size is PHONE:
        page.locator(".tabs button").first.click()
    assert page.locator(".raster").count() == 0
    page.locator("#base").select_option("1")
    expect(page.locator(".raster img.leaflet-tile-loaded").first).to_be_attached()
    expect(page.locator(".raster-credit")).to_have_text(HOSTILE[:80])
    assert "base=1" in page.url
    page.locator("#base").select_option("2")
    expect(page.locator("#base-shifted")).to_have_text(words("maps", lang)["base.shifted"])
    expect(page.locator(".raster-credit")).to_have_count(0)
    page.evaluate(axe_script())
    assert [f"{one['id']}: {one['nodes'][0]['html']:.100}" for one in page.evaluate("axe.run()")["violations"]] == []
    page.reload()
    expect(page.locator("body")).to_have_attribute("data-ready", "true")
    expect(page.locator("#base")).to_have_value("2")
    assert page.evaluate("document.body.dataset.broken || ''") == ""
    seen.assert_quiet()
