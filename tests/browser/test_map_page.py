"""The map page in a browser: read, asked, searched, narrowed and followed, by visitors and by staff."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from geoservice.pages.words.catalogue import words
from tests.browser.conftest import Visit
from tests.browser.desk import LAPTOP, PHONE, UNNAMED, LiveDesk, axe_script, serving_desk
from tests.browser.phone import HOSTILE
from tests.browser.test_desk import WATCH, assert_tame

pytestmark = pytest.mark.browser

OpenMap = Callable[..., Visit]
#: How many dots of a colour the tiles of the page hold.
PIXELS = """(colour) => [...document.querySelectorAll('canvas.leaflet-tile')].reduce((sum, tile) => {
  const data = tile.getContext('2d').getImageData(0, 0, tile.width, tile.height).data;
  let found = 0;
  for (let i = 0; i < data.length; i += 4)
    if (data[i + 3] > 250 && colour.every((value, c) => Math.abs(data[i + c] - value) < 12)) found += 1;
  return sum + found;
}, 0)"""
BUILDING, STREET = [216, 208, 192], [255, 255, 255]
#: Where a place of the ground is on the screen.
AT = (
    "([lon, lat]) => { const { map } = geoservice; const { x, y } = map.latLngToContainerPoint([lat, lon]);"
    " const box = map.getContainer().getBoundingClientRect(); return [box.x + x, box.y + y]; }"
)
MATTERS = "canvas.matters"
HTML_MOST = 60_000


@pytest.fixture(scope="module")
def desk(cluster_url: str, community_template: str) -> Iterator[LiveDesk]:
    with serving_desk(cluster_url, community_template) as desk:
        yield desk


def wait_until_drawn(page: Page) -> None:
    expect(page.locator("body")).to_have_attribute("data-ready", "true")


@pytest.fixture
def open_map(desk: LiveDesk, known_at: Callable[..., Any], visit: Callable[..., Visit]) -> OpenMap:
    """Open the map as a dispatcher, or as nobody; return the visit."""

    def go(query: str = "lang=en", *, visitor: bool = False, **options: Any) -> Visit:
        known = {} if visitor else {"storage_state": known_at(desk, "map-1"), "again": True}
        seen = visit("about:blank", **({**LAPTOP} | known | options))
        seen.page.add_init_script(WATCH)
        seen.page.goto(f"{desk.url}/maps/sare?{query}")
        wait_until_drawn(seen.page)
        if not visitor:
            expect(seen.page.locator("#live")).to_have_attribute("data-state", "live")
        return seen

    return go


def in_hand(desk: LiveDesk) -> int:
    return int(desk.sql("SELECT count(*) FROM geoservice.incident WHERE geoservice.is_open(status)")[0][0])


def click_at(page: Page, lon: float, lat: float) -> None:
    page.mouse.click(*page.evaluate(AT, [lon, lat]))


def shown_card(page: Page) -> Any:
    expect(page.locator("#card")).to_have_attribute("data-state", "shown")
    return page.locator("#card")


@pytest.mark.everyday
@pytest.mark.parametrize(("lang", "size"), [
    pytest.param("zh", LAPTOP, id="zh-laptop"), pytest.param("en", PHONE, id="en-phone"),
    pytest.param("en", LAPTOP, id="en-laptop", marks=pytest.mark.slow),
    pytest.param("zh", PHONE, id="zh-phone", marks=pytest.mark.slow),
])  # fmt: skip
def test_all_that_is_in_hand_is_on_the_map(open_map: OpenMap, desk: LiveDesk, lang: Any, size: dict[str, int]) -> None:
    seen = open_map(f"lang={lang}", **size)
    page, said, number = seen.page, words("maps", lang), in_hand(desk)

    assert page.locator(MATTERS).get_attribute("data-drawn") == str(number)
    assert str(page.locator("#shown").text_content()).startswith(said["shown"].format(x=number, y=number))
    expect(page.locator("#grid-list .grid-line")).to_have_count(8)
    for colour in (BUILDING, STREET):
        assert page.evaluate(PIXELS, colour) > 20, colour
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert [one.get_attribute("data-state") for one in page.locator(".layer:has(.layer-on:checked)").all()] == (
        ["drawn"] * page.locator(".layer:has(.layer-on:checked)").count()
    )
    assert len(page.request.get(page.url).body()) < HTML_MOST
    assert_tame(seen)


def test_many_are_counted_by_discs_and_none_is_left_out(open_map: OpenMap, desk: LiveDesk) -> None:
    ids = desk.reports(620, "many", apart=1e-8)

    page = open_map().page

    drawn = page.locator(MATTERS)
    assert drawn.get_attribute("data-drawn") == str(in_hand(desk))
    assert int(drawn.get_attribute("data-marks") or 0) < 200
    desk.sql("UPDATE geoservice.incident SET status = 'cancelled', step_rule = 'cancelled', step_reason = 'many'"
             " WHERE id = ANY(%s::uuid[])", ids)  # fmt: skip
    expect(page.locator("body")).to_have_attribute("data-matters", str(in_hand(desk)))
    page.wait_for_timeout(50)
    assert drawn.get_attribute("data-marks") == drawn.get_attribute("data-drawn")


def test_what_happens_is_drawn_and_told_without_asking_in_vain(open_map: OpenMap, desk: LiveDesk) -> None:
    seen = open_map()
    page = seen.page
    before = in_hand(desk)
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))

    (report,) = desk.reports(1, "just now")
    expect(page.locator("body")).to_have_attribute("data-matters", str(before + 1))
    assert [url for url in asked if "incidents.json" in url and report not in url] == []
    lon, lat = desk.sql("SELECT st_x(geom), st_y(geom) FROM geoservice.incident WHERE id = %s", report)[0]
    page.evaluate("([lon, lat]) => void geoservice.map.setView([lat, lon], 19, { animate: false })", [lon, lat])
    click_at(page, lon, lat)
    card = shown_card(page)
    expect(card.locator(f'[data-id="{report}"]').first).to_contain_text("Dispatched")

    desk.step(report, "accepted", "accepted")
    expect(card.locator(f'[data-id="{report}"]').first).to_contain_text("Accepted")
    desk.step(report, "resolved", "resolved")
    desk.step(report, "verified", "closed")
    expect(card).to_contain_text(words("maps", "en")["gone"])
    expect(page.locator("body")).to_have_attribute("data-matters", str(before))
    assert_tame(seen)


def test_visitors_without_a_session_ask_every_half_minute(open_map: OpenMap, desk: LiveDesk, visit: Any) -> None:
    seen = visit("about:blank", **LAPTOP)
    seen.page.clock.install()
    seen.page.goto(f"{desk.url}/maps/sare?lang=en")
    wait_until_drawn(seen.page)
    expect(seen.page.locator("#live")).to_have_attribute("data-state", "off")
    before = in_hand(desk)

    (report,) = desk.reports(1, "for visitors")
    seen.page.clock.run_for(31_000)

    expect(seen.page.locator("body")).to_have_attribute("data-matters", str(before + 1))
    desk.step(report, "cancelled", "cancelled", "a mistake")
    seen.assert_quiet()


def test_the_card_names_the_owner_that_the_interface_names(open_map: OpenMap, desk: LiveDesk) -> None:
    seen = open_map("lang=en&layers=grids,buildings")
    page, chance = seen.page, random.Random(35)
    west, south, east, north = page.evaluate("geoservice.settings.bbox")

    for _ in range(8):
        lon, lat = chance.uniform(west, east), chance.uniform(south, north)
        x, y = page.evaluate(AT, [lon, lat])
        with page.expect_response(re.compile("/v1/place")) as asked:
            page.mouse.click(x, y)
        place = asked.value.json()["owner"]["position"]
        told = page.request.get(f"{desk.url}/v1/owner?jurisdiction=sare&lon={place[0]}&lat={place[1]}").json()
        grid = told["grid"] or {"code": ""}
        expect(page.locator("#card .owner")).to_have_attribute("data-grid", grid["code"])
        assert abs(place[0] - lon) < 1e-4 and abs(place[1] - lat) < 1e-4
        for officer in told["officers"]:
            expect(page.locator("#card .owner")).to_contain_text(officer["call_sign"])
    assert_tame(seen)


def test_on_a_phone_nothing_is_chosen_behind_the_sheet(open_map: OpenMap, desk: LiveDesk) -> None:
    seen = open_map("lang=zh", **PHONE)
    page = seen.page
    box = page.locator(".folium-map").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 150, box["y"] + box["height"] - 40)
    shown_card(page)

    place = page.evaluate("new URLSearchParams(location.search).get('place').split(',').map(Number)")
    page.wait_for_timeout(200)
    x, y = page.evaluate(AT, place)
    sheet = page.locator("#side").bounding_box()
    assert sheet is not None and y < sheet["y"] - 10
    assert page.evaluate("([x, y]) => document.elementFromPoint(x, y).closest('.folium-map') !== null", [x, y])
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert_tame(seen)


def searched(page: Page, said: str) -> None:
    page.locator("#search").fill(said)
    expect(page.locator("#search")).to_have_attribute("data-answered", said)
    expect(page.locator("#found [role=option]").first).to_be_visible()


def test_the_box_finds_all_kinds_of_things_by_keyboard(open_map: OpenMap, desk: LiveDesk) -> None:
    seen = open_map()
    page = seen.page
    ((number, grid),) = desk.sql(
        "SELECT id::text, grid_code FROM geoservice.incident WHERE geoservice.is_open(status) ORDER BY id LIMIT 1"
    )
    ((building,),) = desk.sql("SELECT code FROM geoservice.building WHERE name IS NOT NULL ORDER BY code LIMIT 1")
    ((street,),) = desk.sql("SELECT min(name) FROM geoservice.basemap_feature WHERE kind = 'street'")
    ((sign,),) = desk.sql("SELECT min(call_sign) FROM geoservice.staff WHERE role = 'grid_officer'")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()

    for said, kind in ((building, "Building"), (street, "Street"), (sign, "Officer"), (grid, "Grid")):
        searched(page, said)
        expect(page.locator("#found .kind", has_text=kind).first).to_be_visible()
    searched(page, number[:13])
    page.keyboard.press("ArrowDown")
    expect(page.locator("#search")).to_have_attribute("aria-activedescendant", "found-0")
    page.keyboard.press("Enter")

    expect(page.locator("#found-box")).to_be_hidden()
    expect(shown_card(page).locator(f'[data-id="{number}"]').first).to_have_attribute("aria-current", "true")
    # Told once, above what else is in the grid, with the number that leads to it.
    chosen = page.locator(f'#card .matters-list:not(.in-grid *) [data-id="{number}"]')
    expect(chosen).to_have_count(1)
    expect(chosen).to_contain_text(number[:8])
    assert f"open={number}" in page.url
    page.locator("#search").fill("no such thing")
    expect(page.locator("#found-note")).to_have_text("Nothing is called “no such thing”")
    page.keyboard.press("Escape")
    expect(page.locator("#found-box")).to_be_hidden()
    assert_tame(seen)


def test_the_list_of_grids_leads_to_a_card_and_back_by_keyboard(open_map: OpenMap) -> None:
    page = open_map().page
    # Not through all that stands before it.
    page.locator(".to-side").focus()
    assert page.locator(".to-side").bounding_box()["y"] >= 0  # type: ignore[index]
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#grid-list') !== null")
    line = page.locator(".grid-line").nth(2)
    line.focus()
    page.keyboard.press("Enter")
    expect(shown_card(page).locator(".owner")).to_have_attribute("data-grid", str(line.get_attribute("data-grid")))
    expect(page.locator("#card .back")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#overview")).to_be_visible()
    expect(line).to_be_focused()


def test_coordinates_are_read_in_the_system_that_somebody_chooses(open_map: OpenMap) -> None:
    seen = open_map()
    page = seen.page
    places = []
    for keys in (["Enter"], ["ArrowDown", "ArrowDown", "Enter"]):
        searched(page, "91.7700, 29.2400")
        expect(page.locator("#found [role=option]")).to_have_count(2)
        for key in keys:
            page.keyboard.press(key)
        shown_card(page)
        places.append(page.evaluate("new URLSearchParams(location.search).get('place')"))
    assert places[0] == "91.7700000,29.2400000"
    lon, lat = map(float, places[1].split(","))
    assert 100 < 111_000 * ((lon - 91.77) ** 2 + (lat - 29.24) ** 2) ** 0.5 < 1000
    assert_tame(seen)


def test_what_is_narrowed_says_of_how_many_and_its_address_opens_the_same(open_map: OpenMap, desk: LiveDesk) -> None:
    seen = open_map()
    page = seen.page
    total = in_hand(desk)
    ((service, some),) = desk.sql(
        "SELECT service_code, count(*) FROM geoservice.incident WHERE geoservice.is_open(status)"
        " AND status <> 'accepted' GROUP BY 1 ORDER BY 2 DESC LIMIT 1"
    )
    page.locator("#filters select[name=service]").select_option(service)
    page.locator(".legend li[data-value=accepted] .line-on").uncheck()
    page.locator(".layer[data-key=buildings] .layer-on").uncheck()
    page.evaluate("void geoservice.map.setView([29.2391, 91.7712], 16.5, { animate: false })")
    page.mouse.click(683, 400)
    shown_card(page)
    expect(page.locator("#shown")).to_contain_text(f"{some} of {total} shown")
    ((accepted,),) = desk.sql(
        "SELECT count(*) FROM geoservice.incident WHERE geoservice.is_open(status)"
        " AND status = 'accepted' AND service_code = %s",
        service,
    )
    expect(page.locator(".legend li[data-value=accepted] .count")).to_have_text(str(accepted))

    def told(page: Page) -> list[Any]:
        view = "[geoservice.map.getZoom(), geoservice.map.getCenter().lng.toFixed(5)]"
        return [
            page.locator("#shown").text_content(), page.locator(MATTERS).get_attribute("data-drawn"),
            page.locator("#card .owner").get_attribute("data-grid"), page.evaluate(view),
            page.locator(".layer[data-key=buildings] .layer-on").is_checked(),
            page.locator(".legend li[data-value=accepted] .line-on").is_checked(),
            page.locator("#filters select[name=service]").input_value(),
        ]  # fmt: skip

    page.wait_for_timeout(100)
    other = open_map(page.url.partition("?")[2])
    shown_card(other.page)
    assert told(other.page) == told(page)
    assert other.page.evaluate(PIXELS, BUILDING) < 20
    other.page.locator("#clear").click()
    expect(other.page.locator("#shown")).to_contain_text(f"{total} of {total} shown")
    link = page.locator(".languages a[lang^=zh]").get_attribute("href") or ""
    assert f"service={service}" in link and "lang=en" not in link and "map=16.5/" in link
    printed = page.locator("#print").get_attribute("href") or ""
    assert "/maps/sare/print?" in printed and "map=16.5/" in printed and "buildings" not in printed
    assert f"service={service}" in printed and "status=" in printed and "accepted" not in printed
    assert "service=" not in (other.page.locator("#print").get_attribute("href") or "")
    page.go_back()
    expect(page.locator("#overview")).to_be_visible()
    assert_tame(seen)
    assert_tame(other)


def test_what_the_page_does_not_offer_narrows_nothing(open_map: OpenMap, desk: LiveDesk) -> None:
    """Staff are told who has what, and by when: their address shows visitors no empty map."""
    for query in ("officer=G03", "soon=true", "age=abc", "late=maybe"):
        page = open_map(f"lang=en&{query}", visitor=True).page
        expect(page.locator("#shown")).to_contain_text(re.compile(r"^(\d+) of \1 shown"))
        assert query not in page.url
    assert page.locator("#filters input[name=soon]").count() == 0
    for query in ("officer=G03", "soon=true"):
        page = open_map(f"lang=en&{query}").page
        expect(page.locator("#clear")).to_be_visible()
        assert query in page.url


def test_two_clicks_at_once_end_a_line_and_leave_the_map_where_it_is(open_map: OpenMap) -> None:
    seen = open_map()
    page = seen.page
    view = page.evaluate("geoservice.map.getZoom()")
    page.locator("button[title=Measure]").click()
    expect(page.locator(".measured")).to_contain_text("a double click ends the line")
    page.mouse.click(450, 300)
    page.mouse.dblclick(600, 400)
    expect(page.locator(".measured")).to_have_text(re.compile(r"^\d+ m$"))
    page.wait_for_timeout(400)  # as long as a zoom would take
    assert page.evaluate("geoservice.map.getZoom()") == view
    page.mouse.click(500, 500)
    expect(page.locator(".measured")).to_contain_text("Click to measure")
    page.keyboard.press("Escape")
    expect(page.locator(".measured")).to_have_count(0)
    assert_tame(seen)


def test_a_layer_that_fails_says_so_and_is_tried_again(open_map: OpenMap) -> None:
    seen = open_map()
    page = seen.page
    row = page.locator(".layer[data-key=households]")
    page.route("**/households.geojson", lambda route: route.fulfill(status=503))

    row.locator(".layer-on").check()
    expect(row.locator(".layer-failed")).to_be_visible()
    page.unroute("**/households.geojson")
    row.locator(".again").click()

    expect(row).to_have_attribute("data-state", "drawn")
    expect(row.locator(".layer-failed")).to_be_hidden()


@pytest.mark.parametrize(("scheme", "size", "lang"), [
    pytest.param("light", LAPTOP, "en", id="light-laptop", marks=pytest.mark.slow),
    pytest.param("dark", PHONE, "en", id="dark-phone"),
    pytest.param("dark", LAPTOP, "en", id="dark-laptop", marks=pytest.mark.slow),
    pytest.param("light", LAPTOP, "bo", id="light-laptop-bo", marks=pytest.mark.slow),
])  # fmt: skip
def test_axe_finds_nothing(open_map: OpenMap, scheme: str, size: dict[str, int], lang: str) -> None:
    page = open_map(f"lang={lang}&place=91.7712,29.2391", **size, color_scheme=scheme, bypass_csp=True).page
    shown_card(page)

    def found() -> list[str]:
        told = page.evaluate("axe.run()")
        return [f"{one['id']}: {one['nodes'][0]['html']:.100}" for one in told["violations"]]

    page.evaluate(axe_script())
    assert found() == []
    searched(page, "01")
    page.keyboard.press("ArrowDown")
    assert found() == []
    assert page.evaluate(UNNAMED) == []
    if size is PHONE:
        page.keyboard.press("Escape")
        page.locator(".tabs button").first.click()
        expect(page.locator("#layers")).to_be_visible()
        assert found() == []


def test_tiles_come_from_where_the_page_is_whatever_name_their_documents_have_for_it(
    live_server: str, chromium: Browser
) -> None:
    def named_otherwise(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace(live_server, "http://behind-the-proxy:8080"))

    page = chromium.new_page()
    page.route("**/tiles/*/*.json", named_otherwise)
    page.goto(f"{live_server}/maps/sare")
    wait_until_drawn(page)

    assert page.evaluate(PIXELS, BUILDING) > 20
    page.close()


def test_a_camera_that_is_edited_is_drawn_anew_and_so_are_buildings(open_map: OpenMap, desk: LiveDesk) -> None:
    seen = open_map("lang=en")
    page = seen.page
    row = page.locator(".layer[data-key=cameras]")
    before = int(row.get_attribute("data-count") or 0)
    buildings = page.evaluate(PIXELS, BUILDING)

    desk.sql("DELETE FROM geoservice.camera WHERE code = (SELECT min(code) FROM geoservice.camera)")
    expect(row).to_have_attribute("data-count", str(before - 1))
    desk.sql("DELETE FROM geoservice.household")
    desk.sql("DELETE FROM geoservice.building WHERE code > 'B0020'")
    # What is left of that colour is where other colours meet.
    for _ in range(200):
        if page.evaluate(PIXELS, BUILDING) < buildings / 4:
            break
        page.wait_for_timeout(100)
    assert page.evaluate(PIXELS, BUILDING) < buildings / 4
    assert_tame(seen)


def test_names_are_text_wherever_they_are_shown(desk: LiveDesk, open_map: OpenMap) -> None:
    """The last of this file: nothing has its name any more."""
    name = HOSTILE[:100]
    for statement in (
        "UPDATE geoservice.building SET name = %s, address = %s", "UPDATE geoservice.staff SET call_sign = %s",
        "UPDATE geoservice.service SET name = %s, name_en = %s", "UPDATE geoservice.organisation SET name = %s",
        "UPDATE geoservice.basemap_feature SET name = %s, name_en = %s",
        "UPDATE geoservice.jurisdiction SET name = %s, name_en = %s, attribution = %s",
    ):  # fmt: skip
        desk.sql(statement, *[name] * statement.count("%s"))
    ((building,),) = desk.sql("SELECT min(code) FROM geoservice.building")
    lon, lat = desk.sql("SELECT st_x(p), st_y(p) FROM geoservice.building AS b, st_pointonsurface(b.geom) AS p"
                        " WHERE b.code = %s", building)[0]  # fmt: skip
    seen = open_map(f"lang=zh&place={lon},{lat}")
    page = seen.page

    expect(shown_card(page).locator(".thing h3").first).to_have_text(name)
    page.locator("#card details.in-grid summary").click()
    searched(page, "img")
    expect(page.locator("#found b").first).to_have_text(name)
    expect(page.locator(".leaflet-control-attribution")).to_have_text(name)
    assert page.evaluate("document.body.dataset.broken || ''") == ""
    assert page.locator("img[src=x], iframe, svg[onload]").count() == 0
    assert_tame(seen)
