"""The map of a town across 180 degrees shows the town, and no band around the world."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import psycopg
import pytest
import shapely
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Visit
from tests.browser.desk import LiveDesk, sign_in
from tests.browser.phone import COME_CLOSER, PHONE, sent_card, wait_for_map
from tests.conftest import LiveServer, serving
from tests.factories import make_edition, make_jurisdiction, make_service
from tests.tilegen.test_raster_files import png
from tilegen.raster_files import RasterTile
from tilegen.raster_store import RasterMap, RasterStore

pytestmark = pytest.mark.browser

GRIDS = {
    code: shapely.MultiPolygon([shapely.box(179.99, south, 180, north), shapely.box(-180, south, -179.99, north)])
    for code, south, north in (("n", 10.0, 10.01), ("s", 9.99, 10.0))
}
WIDTH = "() => { const bounds = geoservice.map.getBounds(); return bounds.getEast() - bounds.getWest(); }"
#: Where a place of the ground is on the screen, and whether the page shows it.
AT = (
    "([lon, lat]) => { const { map } = geoservice; const { x, y } = map.latLngToContainerPoint([lat, lon]);"
    " const box = map.getContainer().getBoundingClientRect(); return [box.x + x, box.y + y]; }"
)


@pytest.fixture(scope="module")
def live(cluster_url: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("across")
    pictures = [RasterTile(14, x, 7734, png(9, 9, 9)) for x in (0, 2**14 - 1)]
    RasterStore(folder / "basemaps").add(RasterMap(0, "across", "Both", "", "epsg:3857"), pictures)
    with serving(cluster_url, template, GEOSERVICE_DATA_DIR=str(folder)) as live:
        with psycopg.connect(live.database_url) as connection:
            town = make_jurisdiction(
                connection, code="across", outline=shapely.union_all(list(GRIDS.values())), metric_srid=32660,
                visitors="open",
            )  # fmt: skip
            make_edition(connection, town, GRIDS)
            make_service(connection, town)
        yield live


def test_the_town_is_one(live: LiveServer, visit: Callable[..., Visit]) -> None:
    seen = visit(f"{live.url}/maps/across?lang=en", 1200, 800)
    page = seen.page
    expect(page.locator("body")).to_have_attribute("data-ready", "true", timeout=30_000)

    east, middle, west = (page.evaluate(AT, [lon, 10.005]) for lon in (179.995, 180, -179.995))
    page.mouse.click(*west)

    assert page.evaluate(WIDTH) < 1
    assert 0 < east[0] < middle[0] < west[0] < 1200
    assert west[0] - middle[0] == pytest.approx(middle[0] - east[0], abs=2)
    expect(page.locator("body")).to_contain_text("-179.99", timeout=10_000)
    expect(page.get_by_text("grid n").first).to_be_visible()
    assert seen.refused == []
    assert seen.errors == []


def test_a_base_map_of_pictures_is_drawn_on_both_sides(live: LiveServer, visit: Callable[..., Visit]) -> None:
    seen = visit(f"{live.url}/maps/across?lang=en&base=1", 1200, 800)
    expect(seen.page.locator("body")).to_have_attribute("data-ready", "true", timeout=30_000)
    pictures = seen.page.locator(".raster img.leaflet-tile-loaded")
    expect(pictures).to_have_count(2)
    assert sorted("/".join(str(one.get_attribute("src")).rsplit("/", 3)[1:]) for one in pictures.all()) == [
        "14/0/7734", "14/16383/7734",
    ]  # fmt: skip
    assert seen.errors == []


def test_a_resident_reports_beyond_180_degrees(live: LiveServer, visit: Callable[..., Visit]) -> None:
    beyond = {"longitude": -179.995, "latitude": 10.005, "accuracy": 8}
    seen = visit(f"{live.url}/report?lang=en", **PHONE, permissions=["geolocation"], geolocation=beyond)
    page = seen.page
    wait_for_map(page)
    page.locator("input[name=service][value=light]").check()
    page.locator("#text").fill("by the phone's position")
    page.locator("#locate").click()
    expect(page.locator(".pin-place")).to_be_in_viewport(ratio=1)
    expect(page.locator("#place")).to_contain_text("grid n")
    page.locator("#send").click()
    sent_card(page)

    page.reload()
    wait_for_map(page)
    page.locator("input[name=service][value=light]").check()
    page.locator("#text").fill("by a finger")
    box = page.locator("#map").bounding_box()
    assert box is not None
    page.locator("#map").click(position={"x": box["width"] * 0.75, "y": box["height"] / 2 - 40})
    expect(page.locator("#place")).to_have_text(COME_CLOSER)
    page.locator("#map").click()
    expect(page.locator("#place")).to_contain_text("grid n")
    page.locator("#send").click()
    sent_card(page)

    ((located, owner),) = places_of(live, "by the phone's position")
    assert located == pytest.approx(-179.995, abs=1e-6)
    assert owner == "n"
    ((tapped, owner),) = places_of(live, "by a finger")
    assert -180 < tapped < -179.99
    assert owner == "n"
    assert seen.errors == []


def places_of(live: LiveServer, words: str) -> list[tuple[float, str]]:
    with psycopg.connect(live.database_url) as connection:
        return connection.execute(
            "SELECT st_x(geom), grid_code FROM geoservice.incident WHERE description = %s", [words]
        ).fetchall()


def test_the_desk_shows_both_sides_beside_each_other(live: LiveServer, visit: Callable[..., Visit]) -> None:
    with psycopg.connect(live.database_url) as connection:
        for lon in (179.995, -179.995):
            connection.execute(
                "INSERT INTO geoservice.incident (jurisdiction_id, service_code, geom, description)"
                " SELECT id, 'light', st_setsrid(st_makepoint(%s, 10.005), 4326), 'at the desk'"
                "   FROM geoservice.jurisdiction",
                [lon],
            )
    seen = visit(f"{live.url}/desk/across?lang=en", 1366, 900)
    page = seen.page
    sign_in(page, LiveDesk(live.url, live.database_url))
    expect(page.locator("#map")).to_have_attribute("data-ready", "true", timeout=30_000)
    north, south = (page.locator("#map .grid-name", has_text=f"grid {code}") for code in "ns")
    expect(north).to_be_in_viewport(ratio=1)
    (x, y), below = middle_of(north), middle_of(south)[1]
    half_way = (below - y) / 2 * math.cos(math.radians(10))  # names are a hundredth of a degree apart

    page.mouse.click(x + half_way, y)
    expect(page.locator("#detail")).to_contain_text("-179.995000, 10.005000")
    page.go_back()
    expect(page.locator("#map")).to_have_attribute("data-ready", "true", timeout=30_000)
    page.mouse.click(x - half_way, y)
    expect(page.locator("#detail")).to_contain_text("179.995000, 10.005000")
    assert seen.errors == []


def middle_of(name: Locator) -> tuple[float, float]:
    box = name.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
