"""The map of a town across 180 degrees shows the town, and no band around the world."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
import shapely
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.conftest import LiveServer, serving
from tests.factories import make_edition, make_jurisdiction, make_service

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
def live(cluster_url: str, template: str) -> Iterator[LiveServer]:
    with serving(cluster_url, template) as live:
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
