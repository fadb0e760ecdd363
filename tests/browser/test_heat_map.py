"""The heat map: of what is shown and no more, with a legend that says what it is; a switch in the address."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from geoservice.auth.model import Role
from geoservice.pages.words.catalogue import words
from tests.browser.conftest import Visit
from tests.browser.desk import LAPTOP, PHONE, LiveDesk, axe_script, serving_desk
from tests.browser.test_desk import WATCH, assert_tame

pytestmark = pytest.mark.browser

OpenMap = Callable[..., Visit]
#: How strong the colour is at a place of the ground; how many dots have any.
AT = """([lon, lat]) => { const canvas = document.querySelector('.leaflet-heatmap-layer'); if (!canvas) return -1;
  const { x, y } = geoservice.map.latLngToContainerPoint([lat, lon]);
  return canvas.getContext('2d').getImageData(Math.round(x), Math.round(y), 1, 1).data[3]; }"""
DOTS = """() => { const canvas = document.querySelector('.leaflet-heatmap-layer'); if (!canvas) return -1;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let n = 0; for (let i = 3; i < data.length; i += 4) n += data[i] > 0; return n; }"""


@pytest.fixture(scope="module")
def desk(cluster_url: str, community_template: str) -> Iterator[LiveDesk]:
    with serving_desk(cluster_url, community_template) as desk:
        yield desk


@pytest.fixture
def open_map(desk: LiveDesk, known_at: Callable[..., Any], visit: Callable[..., Visit]) -> OpenMap:
    def go(query: str, *, visitor: bool = False, **options: Any) -> Visit:
        known = {} if visitor else {"storage_state": known_at(desk, "heat-1"), "again": True}
        seen = visit("about:blank", **({**LAPTOP} | known | options))
        seen.page.add_init_script(WATCH)
        seen.page.goto(f"{desk.url}/maps/sare?{query}")
        expect(seen.page.locator("body")).to_have_attribute("data-ready", "true")
        return seen

    return go


def settled(page: Page) -> None:
    page.wait_for_timeout(200)  # it is drawn with the next frame


@pytest.mark.parametrize(("lang", "size"), [
    pytest.param("en", LAPTOP, id="en-laptop"), pytest.param("zh", PHONE, id="zh-phone", marks=pytest.mark.slow),
])  # fmt: skip
def test_it_is_of_what_is_shown_and_says_what_it_is(
    open_map: OpenMap, desk: LiveDesk, lang: Any, size: dict[str, int]
) -> None:
    seen = open_map(f"lang={lang}", **size)
    page = seen.page
    if size is PHONE:
        page.locator(".tabs button").first.click()
    expect(page.locator("#heat-legend")).to_be_hidden()
    page.locator("#heat").check()
    total = str(page.locator("body").get_attribute("data-matters"))
    expect(page.locator("#heat-told")).to_contain_text(total)
    expect(page.locator("#heat-told")).to_contain_text("100" + (" m" if lang == "en" else " 米"))
    settled(page)
    ((lon, lat),) = desk.sql("SELECT st_x(geom), st_y(geom) FROM geoservice.incident"
                             " WHERE geoservice.is_open(status)"
                             " ORDER BY geom <-> st_setsrid(st_makepoint(91.77, 29.24), 4326) LIMIT 1")  # fmt: skip
    assert page.evaluate(AT, [lon, lat]) > 30
    marks = page.locator(".leaflet-matters-pane")
    expect(marks).to_have_css("opacity", "0.35")
    whole = page.evaluate(DOTS)
    assert "heat=true" in page.url

    page.locator("#filters select[name=source]").select_option("hotline")
    settled(page)
    ((some,),) = desk.sql(
        "SELECT count(*) FROM geoservice.incident WHERE geoservice.is_open(status) AND source = 'hotline'"
    )
    expect(page.locator("body")).to_have_attribute("data-heat", str(some))
    assert 0 < page.evaluate(DOTS) < whole
    # Symbols have a switch of their own.
    page.locator(".layer[data-key=incidents_in_hand] .layer-on").uncheck()
    assert page.evaluate(DOTS) > 0
    page.locator("#heat").uncheck()
    expect(page.locator(".leaflet-heatmap-layer")).to_have_count(0)
    expect(marks).to_have_css("opacity", "1")
    assert "heat" not in page.url
    assert_tame(seen)


def test_of_days_that_are_past_and_its_radius_is_that_of_the_ground(open_map: OpenMap, desk: LiveDesk) -> None:
    day = datetime.now(ZoneInfo("Asia/Shanghai")).date() - timedelta(days=9)
    seen = open_map(f"lang=en&heat=true&from={day - timedelta(days=6)}&to={day}&then=closed")
    page = seen.page
    answer = page.request.get(f"{desk.url}/maps/sare/incidents.json?from={day - timedelta(days=6)}&to={day}").json()
    closed = answer["columns"].index("closed")
    expect(page.locator("body")).to_have_attribute(
        "data-heat", str(sum(row[closed] is not None for row in answer["rows"]))
    )
    expect(page.locator("#heat")).to_be_checked()
    for zoom, told in ((12, r"radius of (1[5-9]\d|2\d\d) m"), (16, "radius of 100 m"), (20, r"radius of [12]\d m")):
        page.evaluate("(zoom) => void geoservice.map.setZoom(zoom, { animate: false })", zoom)
        expect(page.locator("#heat-told")).to_have_text(re.compile(told))
    assert_tame(seen)


def test_visitors_find_no_sensitive_report_in_it(open_map: OpenMap, desk: LiveDesk) -> None:
    desk.sql("UPDATE geoservice.service SET sensitive = true WHERE code = 'dispute'")
    ((told,),) = desk.sql(
        "SELECT count(*) FROM geoservice.incident WHERE geoservice.is_open(status) AND service_code <> 'dispute'"
    )
    ((every,),) = desk.sql("SELECT count(*) FROM geoservice.incident WHERE geoservice.is_open(status)")
    assert told < every
    seen = open_map("lang=en&heat=true", visitor=True)
    expect(seen.page.locator("body")).to_have_attribute("data-heat", str(told))
    desk.account("heat-1", Role.DISPATCHER)
    expect(open_map("lang=en&heat=true").page.locator("body")).to_have_attribute("data-heat", str(every))
    desk.sql("UPDATE geoservice.service SET sensitive = false WHERE code = 'dispute'")
    seen.assert_quiet()


@pytest.mark.parametrize(("scheme", "size"), [("light", LAPTOP), ("dark", PHONE)])
def test_axe_finds_nothing(open_map: OpenMap, scheme: str, size: dict[str, int]) -> None:
    page = open_map("lang=zh&heat=true", **size, color_scheme=scheme, bypass_csp=True).page
    if size is PHONE:
        page.locator(".tabs button").first.click()
    expect(page.locator("#heat-told")).to_contain_text(words("maps", "zh")["heat.told"].split("，")[1])
    page.evaluate(axe_script())
    assert [f"{one['id']}: {one['nodes'][0]['html']:.100}" for one in page.evaluate("axe.run()")["violations"]] == []
