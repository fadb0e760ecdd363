"""A map for notebooks: one file that asks nobody, shows what the service shows, and takes every text as text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import shapely
from playwright.sync_api import Browser, Page, expect

from geoservice.maps.notebook import NotAnswered, jurisdiction_map
from geoservice.maps.standalone import StandaloneMap
from tests.conftest import LiveServer

pytestmark = pytest.mark.browser
HOSTILE = "</script><script>document.title='taken'</script>{{7*7}}<img src=x onerror=\"document.title='taken'\">\u2028"
COUNT_GRIDS = """
Object.entries(window).filter(([name]) => name.startsWith('map_')).map(([, map]) => {
  let grids = 0;
  map.eachLayer(({ feature }) => { grids += feature && feature.properties.police_officers !== undefined ? 1 : 0; });
  return grids;
})
"""
#: How many things are drawn in the blue that Leaflet has for what nobody painted.
UNPAINTED = """
Object.entries(window).filter(([name]) => name.startsWith('map_')).reduce((sum, [, map]) => {
  map.eachLayer(({ options }) => { sum += options.stroke && options.color === '#3388ff' ? 1 : 0; });
  return sum;
}, 0)
"""
SQUARE = shapely.box(91.0, 29.0, 91.01, 29.01)


@pytest.fixture
def opened(chromium: Browser, tmp_path: Path):
    """Open a map from a file, without a network; return the page and what it asked for or complained of."""
    context = chromium.new_context(offline=True, viewport={"width": 900, "height": 700})

    def go(drawn: StandaloneMap) -> tuple[Page, list[str]]:
        file = tmp_path / "map.html"
        drawn.save(str(file))
        page, said = context.new_page(), []
        at_home = ("data:", file.as_uri())
        page.on("request", lambda asked: None if asked.url.startswith(at_home) else said.append(asked.url))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda line: said.append(line.text))
        page.goto(file.as_uri())
        return page, said

    yield go
    context.close()


@pytest.mark.everyday
def test_a_jurisdiction_is_drawn_from_one_file_without_a_network(opened, live: LiveServer) -> None:
    town = jurisdiction_map(live.url, "sare", key=live.key, language="en")
    page, said = opened(town)

    assert said == []
    switches = page.locator(".leaflet-control-layers-overlays label")
    expect(switches.filter(has_text="Incidents in hand")).to_have_count(1)
    drawn = page.evaluate(COUNT_GRIDS)
    assert drawn == [8]
    assert page.evaluate(UNPAINTED) == 0
    page.mouse.click(450, 350)
    expect(page.locator(".leaflet-popup-content caption")).to_have_count(1)


def test_a_query_is_drawn_above_and_every_text_is_text(opened) -> None:
    feature = {"type": "Feature", "geometry": json.loads(shapely.to_geojson(SQUARE)), "properties": {"name": HOSTILE}}
    drawn = StandaloneMap((91.0, 29.0, 91.01, 29.01), attribution=HOSTILE)
    drawn.add_features({"type": "FeatureCollection", "features": [feature]}, title=HOSTILE)
    page, said = opened(drawn)
    page.mouse.click(450, 350)

    expect(page.locator(".leaflet-popup-content td").nth(1)).to_have_text(HOSTILE.replace("\u2028", " ").strip())
    assert page.locator(".leaflet-control-layers-overlays").inner_text().strip().startswith("</script>")
    assert "{{7*7}}" in page.locator(".leaflet-control-attribution").inner_text()
    assert page.title() != "taken"
    assert said == []


def test_a_notebook_shows_it_in_its_cell(chromium: Browser) -> None:
    drawn = StandaloneMap((91.0, 29.0, 91.01, 29.01)).add_features(SQUARE, title="Square")
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.set_content(drawn._repr_html_())
    expect(page.frame_locator("iframe").locator(".leaflet-container")).to_be_visible()
    context.close()


def test_what_there_is_not_and_what_is_no_map_is_said(live: LiveServer) -> None:
    with pytest.raises(NotAnswered, match="404"):
        jurisdiction_map(live.url, "nowhere", key=live.key)
    with pytest.raises(TypeError, match="GeoJSON"):
        StandaloneMap((0, 0, 1, 1)).add_features([1, 2], title="x")
