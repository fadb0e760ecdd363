"""Grids of the map coloured by a figure: classes told in words, what is not told hatched, followed as it happens."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from geoservice.pages.maps.rendering import SHADES
from geoservice.pages.words.catalogue import words
from tests.browser.conftest import Visit
from tests.browser.desk import LAPTOP, PHONE, LiveDesk, axe_script, serving_desk
from tests.browser.test_desk import WATCH, assert_tame

pytestmark = pytest.mark.browser

OpenMap = Callable[..., Visit]
#: The fill of each grid that is coloured, and how light it is.
FILLS = "[...document.querySelectorAll('.leaflet-shading-pane path')].map((one) => one.getAttribute('fill'))"
#: Where somebody looks at what the test saw: a folder; unset, nothing is kept.
PICTURES = os.environ.get("GEOSERVICE_TEST_PICTURES")


@pytest.fixture(scope="module")
def desk(cluster_url: str, community_template: str) -> Iterator[LiveDesk]:
    with serving_desk(cluster_url, community_template) as desk:
        first = "(SELECT min(grid_code) FROM geoservice.household)"
        desk.sql(
            f"DELETE FROM geoservice.household WHERE grid_code = {first} AND id NOT IN"  # noqa: S608  a query of ours
            f" (SELECT id FROM geoservice.household WHERE grid_code = {first} LIMIT 2)"
        )
        yield desk


@pytest.fixture
def open_map(desk: LiveDesk, known_at: Callable[..., Any], visit: Callable[..., Visit]) -> OpenMap:
    """Open the map as a dispatcher, or as nobody; return the visit."""

    def go(query: str, *, visitor: bool = False, **options: Any) -> Visit:
        known = {} if visitor else {"storage_state": known_at(desk, "map-1"), "again": True}
        seen = visit("about:blank", **({**LAPTOP} | known | options))
        seen.page.add_init_script(WATCH)
        seen.page.goto(f"{desk.url}/maps/sare?{query}")
        expect(seen.page.locator("body")).to_have_attribute("data-ready", "true", timeout=30_000)
        return seen

    return go


def lines(page: Page) -> list[str]:
    return [str(one.text_content()).strip() for one in page.locator("#shade-legend li").all()]


def keep(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def luminance(colour: str) -> float:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("lang", "size", "scheme"), [
    pytest.param("zh", PHONE, "dark", id="zh-phone"), pytest.param("en", LAPTOP, "light", id="en-laptop"),
    pytest.param("en", PHONE, "light", id="en-phone", marks=pytest.mark.slow),
    pytest.param("zh", LAPTOP, "dark", id="zh-laptop", marks=pytest.mark.slow),
])  # fmt: skip
def test_grids_are_coloured_by_what_is_chosen(open_map: OpenMap, lang: Any, size: dict[str, int], scheme: str) -> None:
    seen = open_map(f"lang={lang}", color_scheme=scheme, bypass_csp=True, **size)
    page, said = seen.page, words("maps", lang)
    if size is PHONE:
        page.locator('.tabs [data-pane="layers"]').click()
    assert page.evaluate(FILLS) == []

    control = page.get_by_label(said["shade"], exact=True)
    for figure in SHADES:
        control.select_option(label=said[f"shade.{figure}"])
        expect(page).to_have_url(re.compile(f"[?&]shade={figure}(&|$)"))
        page.wait_for_function(f"{FILLS}.length === 8")
        told = lines(page)
        counts = [int(found[0]) for line in told if (found := re.findall(r"\d+", line))]
        assert sum(counts) == 8, told
        solid = sorted({fill for fill in page.evaluate(FILLS) if fill.startswith("#")}, key=luminance)
        assert all(luminance(b) - luminance(a) > 20 for a, b in pairwise(solid)), solid
        page.locator("#shade-legend").scroll_into_view_if_needed()
        keep(page, f"{lang}-{size['width']}-{scheme}-{figure}")
        if figure == "households":
            assert said["shade.class"].format(grids=said["shade.grid"], limits=said["shade.few"]) in told
            assert page.evaluate(FILLS).count("url(#untold)") == 1
    page.evaluate(axe_script())
    assert page.evaluate("axe.run('.shading')")["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert_tame(seen)


def test_colours_stand_in_the_address_and_go_with_the_language(open_map: OpenMap) -> None:
    seen = open_map("lang=en&shade=late", visitor=True)
    page = seen.page
    page.wait_for_function(f"{FILLS}.length === 8")
    assert page.locator("#shade").input_value() == "late"
    page.locator(".languages a", has_text="中文").click()
    expect(page.locator("body")).to_have_attribute("data-ready", "true", timeout=30_000)
    page.wait_for_function(f"{FILLS}.length === 8")
    page.locator("#shade").focus()
    page.keyboard.press("Home")  # a list of the browser's own: keys choose in it
    expect(page).not_to_have_url(re.compile("shade="))
    assert (page.evaluate(FILLS), lines(page)) == ([], [])
    page.goto(page.url.partition("?")[0] + "?lang=en&shade=officer")
    expect(page.locator("body")).to_have_attribute("data-ready", "true", timeout=30_000)
    assert page.locator("#shade").input_value() == ""
    assert_tame(seen)


def test_colours_follow_what_happens(open_map: OpenMap, desk: LiveDesk) -> None:
    seen = open_map("lang=en&shade=in_hand")
    page = seen.page
    expect(page.locator("#live")).to_have_attribute("data-state", "live", timeout=20_000)
    page.wait_for_function(f"{FILLS}.length === 8")
    before = lines(page)

    desk.reports(9, "to be coloured")

    expect(page.locator("#shade-legend")).not_to_have_text("".join(before), timeout=20_000)
    most = max(int(number) for line in lines(page) for number in re.findall(r"\d+", line.partition(":")[2]))
    query = ("SELECT max(n) FROM (SELECT count(*) AS n FROM geoservice.incident"
             " WHERE geoservice.is_open(status) AND grid_code IS NOT NULL GROUP BY grid_code) AS g")  # fmt: skip
    assert most == desk.sql(query)[0][0]
    assert_tame(seen)
