"""Base maps of pictures in a browser: chosen, in the address, credited as text, with a word where they are shifted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from geoservice.pages.words.catalogue import words
from tests.browser.conftest import Visit
from tests.browser.desk import LAPTOP, PHONE, axe_script
from tests.browser.phone import HOSTILE
from tests.conftest import serving
from tests.tilegen.test_raster_files import write_folder
from tilegen.raster_files import raster_tiles
from tilegen.raster_store import RasterMap, RasterStore

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def live_server(cluster_url: str, community_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a server with two base maps: one of a hostile name, one that is shifted."""
    folder = tmp_path_factory.mktemp("pictures")
    pictures = write_folder(folder / "tiles")
    store = RasterStore(folder / "basemaps")
    store.add(RasterMap(0, "sare", HOSTILE[:80], HOSTILE[:80], "epsg:3857"), raster_tiles(pictures))
    store.add(RasterMap(0, "sare", "Shifted", "", "gcj02"), raster_tiles(pictures))
    with serving(cluster_url, community_template, GEOSERVICE_DATA_DIR=str(folder)) as live:
        yield live.url


@pytest.mark.parametrize(("lang", "size"), [("en", LAPTOP), ("zh", PHONE)])
def test_a_picture_takes_the_place_of_the_drawn_ground(
    live_server: str, visit: Callable[..., Visit], lang: Any, size: dict[str, int]
) -> None:
    seen = visit(f"{live_server}/maps/sare?lang={lang}", **size)
    page = seen.page
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
    page.reload()
    expect(page.locator("body")).to_have_attribute("data-ready", "true")
    expect(page.locator("#base")).to_have_value("2")
    assert page.evaluate("document.body.dataset.broken || ''") == ""
    seen.assert_quiet()


def test_the_control_is_named_for_whoever_does_not_see_it(live_server: str, visit: Callable[..., Visit]) -> None:
    page = visit(f"{live_server}/maps/sare?base=2", **LAPTOP, bypass_csp=True).page
    expect(page.locator("#base-shifted")).to_be_visible()
    page.evaluate(axe_script())
    assert [f"{one['id']}: {one['nodes'][0]['html']:.100}" for one in page.evaluate("axe.run()")["violations"]] == []
