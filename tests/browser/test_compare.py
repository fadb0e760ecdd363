"""Then and now in a browser: two maps that move together, what differs marked, what became of whom with its counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page, expect

from geoservice.pages.words.catalogue import words
from tests.browser.conftest import Visit
from tests.browser.desk import LAPTOP, PHONE, LiveDesk, axe_script, serving_desk
from tests.browser.test_desk import WATCH, assert_tame
from tests.geoservice.pages.compare.test_pages import change

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Visit]
HOSTILE = "<img src=x onerror=\"document.body.dataset.broken='1'\">"
VIEWS = "() => [geoservice.map.getCenter().lng.toFixed(5), geoservice.map.getZoom()]"


@pytest.fixture(scope="module")
def desk(cluster_url: str, community_template: str) -> Iterator[LiveDesk]:
    with serving_desk(cluster_url, community_template) as desk:
        with psycopg.connect(desk.database_url, autocommit=True) as connection:
            ((first,),) = connection.execute("SELECT min(id) FROM geoservice.edition").fetchall()
            change(connection, first, HOSTILE)
        yield desk


@pytest.fixture
def open_page(desk: LiveDesk, visit: Callable[..., Visit]) -> OpenPage:
    def go(query: str, **options: Any) -> Visit:
        seen = visit("about:blank", **({**LAPTOP} | options))
        seen.page.add_init_script(WATCH)
        seen.page.goto(f"{desk.url}/maps/sare/compare?{query}")
        expect(seen.page.locator("body")).to_have_attribute("data-ready", "true")
        return seen

    return go


def shown(page: Page) -> list[int]:
    maps = [page.locator(f"{side} .leaflet-container") for side in ("#map-then", "#map-now")]
    return [int(one.get_attribute("data-changed") or 0) for one in maps]


@pytest.mark.everyday
@pytest.mark.parametrize(("lang", "size"), [
    pytest.param("zh", PHONE, id="zh-phone"), pytest.param("en", LAPTOP, id="en-laptop"),
    pytest.param("en", PHONE, id="en-phone", marks=pytest.mark.slow),
    pytest.param("zh", LAPTOP, id="zh-laptop", marks=pytest.mark.slow),
])  # fmt: skip
def test_what_differs_is_marked_and_told_with_its_counts(
    open_page: OpenPage, desk: LiveDesk, lang: Any, size: dict[str, int]
) -> None:
    seen = open_page(f"lang={lang}", **size)
    page, said = seen.page, words("compare", lang)

    assert shown(page) == [3, 3]
    expect(page.locator("#pairs li")).to_have_count(4)
    expect(page.locator("#summary")).to_have_text(said["summary"].format(x=3, y=5))
    told = page.request.get(f"{desk.url}/v1/statistics/population?jurisdiction=sare").json()["instants"][0]["per_grid"]
    (both,) = [one["households"] for one in told if one["grid_code"] == "both"]
    ((in_hand,),) = desk.sql(
        "SELECT count(*) FROM geoservice.incident WHERE geoservice.is_open(status) AND grid_code = 'both'"
    )
    line = page.locator('#pairs li:has([data-pair$=">both"])').first
    expect(line).to_contain_text(said["kind.merge"])
    expect(line.locator("dd").first).to_contain_text(f"→ {both}")
    expect(line.locator("dd").nth(1)).to_contain_text(f"→ {in_hand}")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    then, now = (page.locator(one).bounding_box() for one in ("#map-then", "#map-now"))
    assert then is not None and now is not None
    assert (then["y"] < now["y"]) == (size is PHONE)
    assert page.evaluate("document.body.dataset.broken || ''") == ""
    expect(page.locator("#now option").first).to_contain_text("<img")
    assert_tame(seen)


def test_both_move_together_and_the_address_opens_the_same(open_page: OpenPage) -> None:
    seen = open_page("lang=en")
    page = seen.page
    page.locator("#pairs .pair").first.click()
    one = page.evaluate(VIEWS)
    page.locator("#second").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(600)  # as long as a map glides
    moved = page.evaluate(VIEWS)
    assert moved[0] > one[0] and moved[1] == one[1]
    page.locator("#then").select_option(index=0)
    expect(page.locator("#pairs li")).to_have_count(0)
    expect(page.locator("#summary")).to_have_text(words("compare", "en")["summary.none"].format(y=8))
    assert shown(page) == [0, 0]

    other = open_page(page.url.partition("?")[2])
    assert other.page.evaluate(VIEWS) == moved
    assert other.page.locator("#then").input_value() == page.locator("#then").input_value()
    expect(other.page.locator("#pairs li")).to_have_count(0)
    assert_tame(seen)
    assert_tame(other)


def test_before_anybody_was_counted_nobody_is_told_to_have_lived_there(open_page: OpenPage, desk: LiveDesk) -> None:
    page = open_page("lang=en").page
    told = page.request.get(f"{desk.url}/v1/statistics/population?jurisdiction=sare").json()
    (instant,) = told["instants"]
    none = [one | {"households": 0} for one in instant["per_grid"]]
    body = {"instants": [instant | {"households": 0, "per_grid": none}]}
    page.route("**/population?*at=*", lambda route: route.fulfill(json=body))
    page.reload()
    expect(page.locator("body")).to_have_attribute("data-ready", "true")
    for line in page.locator("#pairs li").all():
        expect(line.locator("dd").first).to_contain_text("– →")


def test_what_can_not_be_had_says_so_and_is_tried_again(open_page: OpenPage) -> None:
    page = open_page("lang=en").page
    page.route("**/lineage.json?*", lambda route: route.fulfill(status=503))
    page.locator("#then").select_option(index=0)
    expect(page.locator("#failed")).to_be_visible()
    page.unroute("**/lineage.json?*")
    page.locator("#again").click()
    expect(page.locator("#failed")).to_be_hidden()
    expect(page.locator("#pairs li")).to_have_count(0)


@pytest.mark.parametrize(("scheme", "size"), [("light", LAPTOP), ("dark", PHONE)])
def test_axe_finds_nothing(open_page: OpenPage, scheme: str, size: dict[str, int]) -> None:
    page = open_page("lang=en", **size, color_scheme=scheme, bypass_csp=True).page
    page.evaluate(axe_script())
    assert [f"{one['id']}: {one['nodes'][0]['html']:.100}" for one in page.evaluate("axe.run()")["violations"]] == []
