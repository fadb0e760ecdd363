"""Days that are past on the map: by keyboard, in the address, narrowed; nothing is live, one click is back to now."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from playwright.sync_api import Page, expect

from geoservice.pages.words.catalogue import words
from tests.browser.conftest import Visit
from tests.browser.desk import LAPTOP, PHONE, LiveDesk, axe_script, serving_desk
from tests.browser.test_desk import WATCH, assert_tame
from tests.publishing import publish_turned

pytestmark = pytest.mark.browser

OpenMap = Callable[..., Visit]
MATTERS = "canvas.matters"


@pytest.fixture(scope="module")
def desk(cluster_url: str, community_template: str) -> Iterator[LiveDesk]:
    with serving_desk(cluster_url, community_template) as desk:
        yield desk


@pytest.fixture
def open_map(desk: LiveDesk, known_at: Callable[..., Any], visit: Callable[..., Visit]) -> OpenMap:
    def go(query: str, **options: Any) -> Visit:
        seen = visit("about:blank", **({**LAPTOP, "storage_state": known_at(desk, "days-1"), "again": True} | options))
        seen.page.add_init_script(WATCH)
        seen.page.goto(f"{desk.url}/maps/sare?{query}")
        expect(seen.page.locator("body")).to_have_attribute("data-ready", "true")
        return seen

    return go


def day_back(days: int) -> date:
    return datetime.now(ZoneInfo("Asia/Shanghai")).date() - timedelta(days=days)


def expect_day(page: Page, day: date) -> None:
    expect(page.locator("#days")).to_have_attribute("data-told", str(day))
    assert f"to={day}" in page.url


def told(page: Page, desk: LiveDesk, query: str) -> list[dict[str, Any]]:
    answer = page.request.get(f"{desk.url}/maps/sare/incidents.json?{query}").json()
    return [dict(zip(answer["columns"], row, strict=True)) for row in answer["rows"]]


@pytest.mark.everyday
@pytest.mark.parametrize(("lang", "size"), [
    pytest.param("zh", PHONE, id="zh-phone"), pytest.param("en", LAPTOP, id="en-laptop"),
    pytest.param("en", PHONE, id="en-phone", marks=pytest.mark.slow),
    pytest.param("zh", LAPTOP, id="zh-laptop", marks=pytest.mark.slow),
])  # fmt: skip
def test_a_day_is_chosen_by_keyboard_and_nothing_of_now_is_drawn(
    open_map: OpenMap, desk: LiveDesk, lang: Any, size: dict[str, int]
) -> None:
    seen = open_map(f"lang={lang}", **size)
    page, said = seen.page, words("maps", lang)
    if size is PHONE:
        page.locator(".tabs button").first.click()
    now = page.locator("body").get_attribute("data-matters")
    page.locator("#days-open").click()
    expect_day(page, day_back(1))
    expect(page.locator("#days-slider")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect_day(page, day_back(3))
    page.keyboard.press("PageDown")
    page.keyboard.press("PageUp")
    page.locator("#days-before").click()
    day = day_back(4)
    expect_day(page, day)

    there = told(page, desk, f"to={day}")
    expect(page.locator(MATTERS)).to_have_attribute("data-drawn", str(len(there)))
    expect(page.locator("#days-told")).to_contain_text(str(day.day))
    expect(page.locator("#days-in_hand")).to_have_text(str(sum(one["in_hand"] for one in there)))
    expect(page.locator("#days-closed")).to_have_text(str(sum(one["closed"] is not None for one in there)))
    assert said["then.paused"] in page.locator("#days").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    (report,) = desk.reports(1, "meanwhile")
    page.wait_for_timeout(1500)  # longer than what happens is gathered
    expect(page.locator("body")).to_have_attribute("data-matters", str(len(there)))

    page.locator("#days-now").click()
    expect(page.locator("body")).to_have_attribute("data-matters", str(int(now or 0) + 1))
    expect(page.locator("#days")).to_be_hidden()
    assert "to=" not in page.url
    desk.step(report, "cancelled", "cancelled", "a mistake")
    expect(page.locator("body")).to_have_attribute("data-matters", str(now))
    page.go_back()
    expect_day(page, day)
    assert_tame(seen)


def test_a_span_is_narrowed_and_its_address_opens_the_same(open_map: OpenMap, desk: LiveDesk) -> None:
    first, last = day_back(12), day_back(6)
    seen = open_map("lang=en")
    page = seen.page
    page.locator("#days-open").click()
    page.locator("#days-to").fill(str(last))
    expect_day(page, last)
    page.locator("#days-from").fill(str(first))
    expect(page.locator("body")).to_have_attribute(
        "data-matters", str(len(told(page, desk, f"from={first}&to={last}")))
    )
    page.locator("#days input[value=in_hand]").uncheck()
    page.locator("#days input[value=reported]").uncheck()
    closed = [one for one in told(page, desk, f"from={first}&to={last}") if one["closed"] is not None]
    expect(page.locator(MATTERS)).to_have_attribute("data-drawn", str(len(closed)))
    page.locator("#filters select[name=source]").select_option("resident")
    some = sum(one["source"] == "resident" for one in closed)
    expect(page.locator("#days-closed")).to_have_text(f"{some} of {len(closed)}")

    assert f"from={first}&to={last}&then=closed" in page.url
    other = open_map(page.url.partition("?")[2])
    expect(other.page.locator(MATTERS)).to_have_attribute("data-drawn", str(some))
    for at in ("#days-told", "#shown", "#days-closed"):
        expect(other.page.locator(at)).to_have_text(page.locator(at).inner_text())
    # Days move together: the span is as long as before.
    other.page.locator("#days-after").click()
    expect_day(other.page, day_back(5))
    assert f"from={day_back(11)}" in other.page.url
    assert_tame(seen)
    assert_tame(other)


def test_the_card_tells_whose_the_place_was_and_what_was_there(open_map: OpenMap, desk: LiveDesk) -> None:
    page = open_map(f"lang=en&to={day_back(8)}").page
    one = next(one for one in told(page, desk, f"to={day_back(8)}") if one["in_hand"])
    page.evaluate(
        "([lon, lat]) => void geoservice.map.setView([lat, lon], 19, { animate: false })", [one["lon"], one["lat"]]
    )
    with page.expect_response(re.compile(r"/v1/owner\?")) as asked:
        box = page.locator(".folium-map").bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert "at=" in asked.value.url
    card = page.locator("#card")
    expect(card).to_have_attribute("data-state", "shown")
    expect(card.locator(f'[data-id="{one["id"]}"]').first).to_be_visible()
    expect(card.locator(".then")).to_contain_text("only what is there now is known")
    expect(card).to_contain_text("On duty then")


def test_it_plays_until_it_is_stopped_and_not_for_whoever_wants_no_motion(open_map: OpenMap) -> None:
    seen = open_map(f"lang=en&to={day_back(9)}")
    page = seen.page
    page.locator("#days-play").click()
    expect(page.locator("#days-play")).to_have_attribute("aria-pressed", "true")
    expect_day(page, day_back(7))
    page.locator("#days-play").click()
    expect(page.locator("#days-play")).to_have_text("Play")
    stopped = page.url
    page.wait_for_timeout(1600)  # longer than a step
    assert page.url == stopped
    page.locator("#days-play").click()
    page.emulate_media(reduced_motion="reduce")
    expect(page.locator("#days-play")).to_be_hidden()
    page.locator("#days-after").click()
    page.emulate_media(reduced_motion="no-preference")
    assert_tame(seen)


def test_days_that_can_not_be_had_say_so_and_are_tried_again(open_map: OpenMap) -> None:
    page = open_map(f"lang=en&to={day_back(9)}").page
    page.route("**/incidents.json?*", lambda route: route.fulfill(status=503))
    page.locator("#days-after").click()
    expect(page.locator("#days-failed")).to_be_visible()
    # What is drawn is what is told: the day before.
    expect(page.locator("#days")).to_have_attribute("data-told", str(day_back(9)))
    page.unroute("**/incidents.json?*")
    page.locator("#days-failed .again").click()
    expect_day(page, day_back(8))
    expect(page.locator("#days-failed")).to_be_hidden()


def test_an_address_opens_the_days_that_can_be_told(open_map: OpenMap) -> None:
    today = day_back(0)
    for asked, there in (
        (f"to={day_back(-5)}", f"to={today}"), ("to=9999-12-31", f"to={today}"), ("to=2026-02-31", ""),
        ("to=0000-01-01", ""),
        (f"from={day_back(3)}", ""), (f"from={day_back(3)}&to={day_back(9)}", f"to={day_back(9)}"),
        (f"from=1999-01-01&to={day_back(9)}", f"from={day_back(739)}&to={day_back(9)}"),
    ):  # fmt: skip
        seen = open_map(f"lang=en&{asked}")
        assert "&".join(re.findall(r"(?:from|to)=[\d-]+", seen.page.url)) == there, asked
        expect(seen.page.locator("#days-failed")).to_be_hidden()
        if there:
            expect_day(seen.page, today if there == f"to={today}" else day_back(9))
        assert_tame(seen)


def test_days_that_can_not_be_had_at_first_say_so_too(open_map: OpenMap) -> None:
    page = open_map("lang=en").page
    page.route("**/incidents.json?*", lambda route: route.fulfill(status=503))
    page.goto(f"{page.url.partition('?')[0]}?lang=en&to={day_back(9)}")
    expect(page.locator("#days-failed")).to_be_visible()
    expect(page.locator("#as-of")).to_have_text("")
    page.unroute("**/incidents.json?*")
    page.locator("#days-failed .again").click()
    expect_day(page, day_back(9))
    expect(page.locator("#days-failed")).to_be_hidden()


def test_coordinates_are_copied_as_the_search_takes_them(open_map: OpenMap) -> None:
    seen = open_map("lang=en&place=91.7712,29.2391")
    page = seen.page
    page.locator("#card .copy").press("Enter")
    expect(page.locator("#card .copy")).to_have_text("The coordinates were copied")
    page.locator("#search").focus()
    page.keyboard.press("Control+V")
    assert page.locator("#search").input_value() == "91.771200, 29.239100"
    expect(page.locator("#card .copy")).to_have_text("Copy the coordinates")
    assert_tame(seen)


def test_late_and_due_soon_are_two_filters_and_the_address_is_copied(open_map: OpenMap) -> None:
    seen = open_map("lang=en")
    page = seen.page
    total = page.locator("body").get_attribute("data-matters")
    late = int(re.findall(r"Late ([\d,]+)$", str(page.locator("#shown").text_content()))[0])
    page.locator("#filters input[name=late]").check()
    expect(page.locator("#shown")).to_contain_text(f"{late} of {total} shown")
    page.locator("#filters input[name=late]").uncheck()
    page.locator("#filters input[name=soon]").check()
    soon = int(str(page.locator("#shown").text_content()).split(" ")[0])
    assert "Late" not in str(page.locator("#shown").text_content())
    page.locator("#filters input[name=late]").check()
    expect(page.locator("#shown")).to_contain_text(f"{late + soon} of {total} shown")
    assert "late=true&soon=true" in page.url
    printed = page.locator("#print").get_attribute("href") or ""
    assert "late=true" in printed and "soon=true" in printed

    page.locator("#copy").click()
    expect(page.locator("#copy")).to_have_text("The address was copied")
    page.locator("#search").focus()
    page.keyboard.press("Control+V")
    assert page.locator("#search").input_value() == page.url[:100]
    assert_tame(seen)


@pytest.mark.parametrize(("scheme", "size"), [("light", LAPTOP), ("dark", PHONE)])
def test_axe_finds_nothing(open_map: OpenMap, scheme: str, size: dict[str, int]) -> None:
    query = f"lang=en&from={day_back(12)}&to={day_back(9)}&place=91.7712,29.2391"
    page = open_map(query, **size, color_scheme=scheme, bypass_csp=True).page
    expect(page.locator("#card")).to_have_attribute("data-state", "shown")
    page.evaluate(axe_script())
    assert [f"{one['id']}: {one['nodes'][0]['html']:.100}" for one in page.evaluate("axe.run()")["violations"]] == []


def test_the_grids_are_those_of_then(open_map: OpenMap, desk: LiveDesk) -> None:
    """The last of this file: every grid has another code."""
    with psycopg.connect(desk.database_url, autocommit=True) as connection:
        ((home,),) = connection.execute("SELECT id FROM geoservice.jurisdiction WHERE code = 'sare'").fetchall()
        edition = publish_turned(connection, home)
    page = open_map("lang=en").page
    expect(page.locator(f'.grid-line[data-grid$="~{edition}"]')).to_have_count(8)
    page.locator("#days-open").click()
    expect_day(page, day_back(1))
    expect(page.locator(f'.grid-line[data-grid$="~{edition}"]')).to_have_count(0)
    expect(page.locator(".grid-line")).to_have_count(8)
    expect(page.locator("#grid-others")).to_be_hidden()
    page.locator("#days-now").click()
    expect(page.locator(f'.grid-line[data-grid$="~{edition}"]')).to_have_count(8)
    expect(page.locator("#grid-others")).to_be_hidden()
    # Put in force for days that are over: what was in hand then keeps the grids that it had, and is not lost.
    desk.sql("SET session_replication_role = replica; UPDATE geoservice.incident_event SET to_grid_code = 'of old'")
    page.locator("#days-open").click()
    expect_day(page, day_back(1))
    in_hand = sum(one["in_hand"] for one in told(page, desk, f"to={day_back(1)}"))
    expect(page.locator("#grid-others")).to_have_text(f"{in_hand} more in hand belong to none of these grids.")
