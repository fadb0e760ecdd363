"""The wall in a browser: read from afar, told what comes, cut off and back, for days, by nobody's hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from geoservice.auth.model import Role
from geoservice.pages.words.catalogue import words
from tests.browser.conftest import Visit
from tests.browser.desk import PHONE, LiveDesk, axe_script, sign_in
from tests.browser.phone import HOSTILE
from tests.browser.test_desk import WATCH, assert_tame
from tests.browser.test_map_page import BUILDING, PIXELS
from tests.depth import depths

pytestmark = pytest.mark.browser

OpenWall = Callable[..., Visit]
FULL_HD, FOUR_K, TWO_SCREENS = ({"width": w, "height": h} for w, h in ((1920, 1080), (3840, 2160), (7680, 2160)))
LEAST = 0.028
#: Of each text that is seen: its size on the screen in pixels, whether it is within the screen, and how it begins.
TEXTS = """() => {
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const parent = node.parentElement;
    if (!node.data.trim() || parent.closest('.unseen, script, template, noscript, title, desc')) continue;
    if (!parent.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = (parent.closest('option') ? parent.closest('select') : range).getBoundingClientRect();
    if (box.bottom <= 0) continue;
    const scale = parent.ownerSVGElement ? parent.getScreenCTM().a : 1;
    const size = parseFloat(getComputedStyle(parent.closest('option') ? parent.closest('select') : parent).fontSize);
    // Names of grids beyond the edge of the map are cut off by it, as on every map.
    const within = parent.closest('.leaflet-container') !== null
      || (box.left >= -1 && box.top >= -1 && box.right <= innerWidth + 1 && box.bottom <= innerHeight + 1);
    found.push([size * scale, within, node.data.trim().slice(0, 30)]);
  }
  return found;
}"""
#: Boxes whose contents do not fit into them; a line of large letters has ink above and below itself.
#: Whether the grids of what came last stand whole, however long its service is called.
WHOLE_GRIDS = """() => [...document.querySelectorAll('#newest li')].every((one) => {
  one.querySelector('.service').textContent = 'Floating population registration and more';
  const where = one.querySelector('.where');
  return where.scrollWidth <= where.clientWidth;
})"""
CUT = """() => ['html', '.head', '.stage', '.side', '.newest', '.view-figures', '.tools'].filter((one) => {
  const box = document.querySelector(one);
  const isLine = ['.head', '.newest', '.tools'].includes(one);
  return box.scrollWidth > box.clientWidth + 1 || (!isLine && box.scrollHeight > box.clientHeight + 1);
})"""
#: Keeps the views that are shown, one after the other.
SHOWN = """() => {
  window.shown = [document.body.dataset.view];
  new MutationObserver(() => shown.at(-1) === document.body.dataset.view || shown.push(document.body.dataset.view))
    .observe(document.body, { attributeFilter: ['data-view'] });
}"""
SECRET = "门牌 77 号的王某家里有狗"


@pytest.fixture
def desk(field: LiveDesk) -> LiveDesk:
    return field


@pytest.fixture
def open_wall(desk: LiveDesk, known: Callable[..., Any], visit: Callable[..., Visit]) -> OpenWall:
    """Open the wall, paused unless the query says otherwise; return the visit."""

    def go(
        query: str = "lang=zh&paused=true", *, by_clock: bool = False, login: str = "wall-1", **options: Any
    ) -> Visit:
        options = FULL_HD | {"storage_state": known(login, Role.AUDITOR)} | options
        seen = visit("about:blank", again=not by_clock, **options)
        seen.page.add_init_script(WATCH)
        if by_clock:
            seen.page.clock.install()
        seen.page.goto(f"{desk.url}/maps/sare/wall?{query}")
        expect(seen.page.locator("body")).to_have_attribute("data-ready", "true")
        expect(seen.page.locator("#live")).to_have_attribute("data-state", "live")
        return seen

    return go


def in_hand(desk: LiveDesk) -> int:
    return int(desk.sql("SELECT count(*) FROM geoservice.incident WHERE geoservice.is_open(status)")[0][0])


def cancel(desk: LiveDesk, ids: list[str]) -> None:
    desk.sql("UPDATE geoservice.incident SET status = 'cancelled', step_rule = 'cancelled', step_reason = 'a mistake'"
             " WHERE id = ANY(%s::uuid[])", ids)  # fmt: skip


def wait_for(page: Page, number: int) -> None:
    expect(page.locator("body")).to_have_attribute("data-matters", str(number))


def assert_readable(page: Page) -> None:
    height = page.evaluate("innerHeight")
    for farthest in (-1, 1):  # as far as the picture wanders
        page.evaluate(
            "(at) => ['x', 'y'].forEach((one) => document.body.style.setProperty(`--wander-${one}`, at))", farthest
        )
        texts = page.evaluate(TEXTS)
        assert len(texts) > 20
        assert [one for one in texts if one[0] < LEAST * height - 0.01] == []
        assert [one for one in texts if not one[1]] == []
        assert page.evaluate(CUT) == []


@pytest.mark.parametrize(("lang", "size"), [
    pytest.param("en", FULL_HD, id="en-full-hd"), pytest.param("zh", TWO_SCREENS, id="zh-two-screens"),
    pytest.param("zh", FULL_HD, id="zh-full-hd", marks=pytest.mark.slow),
    pytest.param("en", FOUR_K, id="en-four-k", marks=pytest.mark.slow),
    pytest.param("en", TWO_SCREENS, id="en-two-screens", marks=pytest.mark.slow),
])  # fmt: skip
def test_every_view_is_read_from_four_metres(open_wall: OpenWall, lang: Any, size: dict[str, int]) -> None:
    seen = open_wall(f"lang={lang}&paused=true", **size)
    page = seen.page
    expect(page.locator(".view-figures .card")).to_have_count(5)
    shown = []
    while page.locator("body").get_attribute("data-view") not in shown:
        shown.append(page.locator("body").get_attribute("data-view"))
        if shown[-1] in ("all", "week", "bars") or len(shown) == 2:
            assert_readable(page)
        page.evaluate("document.getElementById('next').click()")
    assert {"all", "week", "bars"} < set(shown)
    page.mouse.move(300, 300)
    expect(page.locator("#tools")).to_be_visible()
    assert_readable(page)
    assert page.evaluate(WHOLE_GRIDS)
    assert_tame(seen)


@pytest.mark.everyday
def test_what_comes_is_announced_and_nobodys_words_are_there(open_wall: OpenWall, desk: LiveDesk) -> None:
    seen = open_wall()
    page, before = seen.page, in_hand(desk)
    asked: list[str] = []
    bodies: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    page.on("response", lambda one: bodies.append(one.text()) if "/wall/" in one.url or "/v1/" in one.url else None)

    (report,) = desk.reports(1, SECRET, service="light")
    line = page.locator(f'#newest [data-id="{report}"]')
    expect(line).to_have_class("new")
    ((service, grid),) = desk.sql(
        "SELECT s.name, t.name FROM geoservice.incident AS i JOIN geoservice.service AS s ON s.code = i.service_code"
        " JOIN geoservice.served_grid AS t ON t.code = i.grid_code WHERE i.id = %s", report)  # fmt: skip
    expect(line).to_contain_text(service)
    expect(line).to_contain_text(grid)
    expect(line.locator("time")).to_have_text(re.compile(r"^\d\d:\d\d$"))
    expect(page.locator("#said")).to_contain_text(f"{service}，{grid}")
    expect(page.locator(".ring")).to_have_count(1)
    wait_for(page, before + 1)
    assert [url for url in asked if "incidents.json" in url] == [url for url in asked if report in url]
    assert len([url for url in asked if "incidents.json" in url]) == 1

    every = page.request.get(f"{desk.url}/maps/sare/wall/incidents.json").text()
    assert report in every
    for text in (page.content(), every, *bodies):
        assert SECRET not in text
    cancel(desk, [report])
    wait_for(page, before)
    expect(line).to_have_count(0)
    assert_tame(seen)


def test_a_confidential_matter_is_counted_in_no_place_and_by_no_name(open_wall: OpenWall, desk: LiveDesk) -> None:
    desk.sql("UPDATE geoservice.service SET sensitive = true WHERE code = 'dogs'")
    try:
        assert_kept_back(open_wall().page, desk)
    finally:
        desk.sql("UPDATE geoservice.service SET sensitive = false WHERE code = 'dogs'")


def assert_kept_back(page: Page, desk: LiveDesk) -> None:
    before = in_hand(desk)
    drawn = int(page.locator("canvas.matters").get_attribute("data-drawn") or 0)

    (report,) = desk.reports(1, SECRET)
    line = page.locator(f'#newest [data-id="{report}"]')
    expect(line).to_contain_text(words("wall", "zh")["kept_back"])
    wait_for(page, before + 1)
    expect(page.locator(".ring")).to_have_count(0)
    assert page.locator("canvas.matters").get_attribute("data-drawn") == str(drawn)
    ((name,),) = desk.sql("SELECT name FROM geoservice.service WHERE code = 'dogs'")
    told = page.request.get(f"{desk.url}/maps/sare/wall/incidents.json").text()
    assert name not in told + page.content()

    cancel(desk, [report])


def test_grids_stand_by_what_is_overdue_and_their_views_follow(open_wall: OpenWall, desk: LiveDesk) -> None:
    seen = open_wall("lang=en&period=5&paused=true", by_clock=True)
    page = seen.page
    late = dict(desk.sql(
        "SELECT grid_code, count(*) FROM geoservice.incident WHERE geoservice.is_open(status)"
        " AND status NOT IN ('resolved', 'returned') AND waiting_since IS NULL AND expected_at <= now()"
        " GROUP BY grid_code"))  # fmt: skip
    rows = page.locator("#grids tr")
    told = [(row.get_attribute("data-grid"), int(row.locator("td").first.inner_text())) for row in rows.all()]
    assert [number for _, number in told] == sorted((number for _, number in told), reverse=True)
    assert {grid: number for grid, number in told if number} == late
    officers = dict(desk.sql("SELECT code, officer FROM geoservice.served_grid WHERE valid_to IS NULL"))
    assert {row.get_attribute("data-grid"): row.locator(".duty").inner_text() for row in rows.all()} == {
        code: officer or words("wall", "en")["nobody"] for code, officer in officers.items()
    }

    page.evaluate(SHOWN)
    page.keyboard.press("Space")
    page.clock.run_for(6_000 * (len(late) + 3))
    page.keyboard.press("Space")
    expect(page.locator("#pause")).to_have_attribute("aria-pressed", "true")
    assert "paused=true" in page.url and "period=5" in page.url
    views = ["all", *(f"grid {grid}" for grid, number in told if number), "week", "bars", "all"]
    shown = page.evaluate("window.shown")
    assert shown[: len(views)] == views
    page.clock.run_for(20_000)
    assert page.evaluate("window.shown") == shown
    assert_tame(seen)


def test_cut_off_it_says_for_how_long_and_back_it_has_missed_nothing(open_wall: OpenWall, desk: LiveDesk) -> None:
    (gone,) = desk.reports(1, "before")
    page = open_wall("lang=zh&period=5", by_clock=True).page
    before = in_hand(desk)
    page.context.set_offline(True)
    page.clock.fast_forward("01:12:30")
    page.clock.run_for(3_000)

    age = page.locator("#age")
    expect(age).to_be_visible()
    expect(age).to_have_text(re.compile(r"截至 \d\d:\d\d，已断开 1 小时 1[23] 分"))
    assert float(age.evaluate("one => parseFloat(getComputedStyle(one).fontSize)")) >= 2 * LEAST * 1080
    expect(page.locator("#live")).to_have_attribute("data-state", "stopped")
    came = desk.reports(3, "meanwhile")
    cancel(desk, [gone])
    page.clock.run_for(20_000)
    expect(page.locator("body")).to_have_attribute("data-matters", str(before))
    assert page.evaluate(PIXELS, BUILDING) > 20

    page.context.set_offline(False)
    page.clock.run_for(40_000)
    wait_for(page, before + 2)
    page.clock.run_for(3_000)
    expect(age).to_be_hidden()
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    assert set(came) == {one.get_attribute("data-id") for one in page.locator("#newest li").all()}
    (later,) = desk.reports(1, "and it goes on")
    expect(page.locator(f'#newest [data-id="{later}"]')).to_have_class("new")
    assert page.evaluate(PIXELS, BUILDING) > 20
    cancel(desk, [*came, later])


def test_to_look_keeps_the_session_and_its_end_is_said(open_wall: OpenWall, desk: LiveDesk) -> None:
    page = open_wall(by_clock=True, login="wall-2").page
    desk.sql("UPDATE geoservice.session SET seen_at = now() - interval '40 minutes' WHERE login = 'wall-2'")
    with page.expect_response(re.compile("incidents.json")):
        page.clock.run_for(61_000)
    ((seen_lately,),) = desk.sql("SELECT bool_or(seen_at > now() - interval '9 minutes') FROM geoservice.session"
                                 " WHERE login = 'wall-2' AND revoked_at IS NULL")  # fmt: skip
    assert seen_lately

    desk.sql("UPDATE geoservice.session SET revoked_at = now() WHERE login = 'wall-2' AND revoked_at IS NULL")
    with page.expect_response(lambda answer: answer.status == 401):
        page.clock.run_for(61_000)
    page.clock.run_for(2_000)
    said = words("wall", "zh")
    expect(page.locator("#age-when")).to_have_text(said["signed_out"])
    expect(page.locator("#age-for")).to_contain_text(said["as_of"].partition("{")[0])
    other = page.context.new_page()
    other.goto(f"{desk.url}{page.locator('#sign-in').get_attribute('href')}")
    sign_in(other, desk, "wall-2", Role.AUDITOR)
    other.wait_for_url("**/maps/sare/wall**")
    other.close()
    page.clock.run_for(60_000)
    expect(page.locator("#age")).to_be_hidden()
    expect(page.locator("#live")).to_have_attribute("data-state", "live")


#: Arrivals of a day, a hundred at once.
@depths(300, 5_000)
def test_a_day_of_arrivals_leaves_no_more_than_it_found(open_wall: OpenWall, desk: LiveDesk, depth: int) -> None:
    seen = open_wall()
    page, before = seen.page, in_hand(desk)
    session = page.context.new_cdp_session(page)
    asked: list[str] = []

    def come_and_go() -> tuple[int, float]:
        ids = desk.reports(100, "of a day")
        wait_for(page, before + 100)
        expect(page.locator(".ring")).to_have_count(8)
        cancel(desk, ids)
        wait_for(page, before)
        page.evaluate("document.getElementById('next').click()")
        session.send("HeapProfiler.collectGarbage")
        nodes = page.evaluate("document.querySelectorAll('*').length")
        return nodes, session.send("Runtime.getHeapUsage")["usedSize"] / 1e6

    come_and_go()
    page.on("request", lambda one: asked.append(one.url) if "incidents.json" in one.url else None)
    counts = [come_and_go() for _ in range(depth // 100)]
    print(f"nodes {counts[0][0]} … {counts[-1][0]}, heap {counts[0][1]:.1f} … {counts[-1][1]:.1f} MB,"
          f" {len(asked)} requests for {2 * depth} changes")  # fmt: skip
    # Views differ by the bars, tiles and names that they have.
    assert max(nodes for nodes, _ in counts) - min(nodes for nodes, _ in counts) < 200
    half = len(counts) // 2
    assert max(heap for _, heap in counts[half:]) < 1.25 * max(heap for _, heap in counts[:half])
    assert len(asked) <= 2 * depth
    assert_tame(seen)


@pytest.mark.parametrize(("lang", "theme"), [
    pytest.param("zh", "dark", id="zh-dark"),
    pytest.param("en", "light", id="en-light", marks=pytest.mark.slow),
    pytest.param("zh", "light", id="zh-light", marks=pytest.mark.slow),
    pytest.param("en", "dark", id="en-dark", marks=pytest.mark.slow),
    pytest.param("bo", "light", id="bo-light", marks=pytest.mark.slow),
])  # fmt: skip
def test_axe_finds_nothing(open_wall: OpenWall, lang: str, theme: str) -> None:
    page = open_wall(f"lang={lang}&theme={theme}&paused=true", bypass_csp=True, reduced_motion="reduce").page
    expect(page.locator(".view-figures .card")).to_have_count(5)
    page.evaluate(axe_script())

    def found() -> list[str]:
        told = page.evaluate("axe.run()")
        return [f"{one['id']}: {one['nodes'][0]['html']:.100}" for one in told["violations"]]

    assert found() == []
    page.mouse.move(300, 300)
    expect(page.locator("#tools")).to_be_visible()
    page.locator("#next").click()
    while page.locator("body").get_attribute("data-view") != "week":
        page.evaluate("document.getElementById('next').click()")
    assert found() == []
    page.locator("#light").click()
    assert ("theme=light" in page.url) == (theme == "dark")
    assert found() == []


def test_in_a_hand_it_is_one_column(open_wall: OpenWall) -> None:
    seen = open_wall(**PHONE)
    assert seen.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    expect(seen.page.locator("[data-number=late]")).to_be_in_viewport()
    seen.page.locator("#grids tr").last.scroll_into_view_if_needed()
    expect(seen.page.locator("#grids tr").last).to_be_in_viewport()
    assert min(size for size, _, _ in seen.page.evaluate(TEXTS)) > 13
    assert_tame(seen)


def test_names_are_text_and_as_long_as_there_is_room(desk: LiveDesk, open_wall: OpenWall) -> None:
    name = HOSTILE[:100]
    (jurisdiction,) = desk.sql("SELECT name, name_en, attribution FROM geoservice.jurisdiction")
    services = desk.sql("SELECT name, name_en, code FROM geoservice.service")
    signs = desk.sql("SELECT call_sign, code FROM geoservice.staff")
    desk.sql("UPDATE geoservice.jurisdiction SET name = %s, name_en = %s, attribution = %s", name, name, name)
    desk.sql("UPDATE geoservice.service SET name = %s, name_en = %s", name, name)
    desk.sql("UPDATE geoservice.staff SET call_sign = %s", name)
    try:
        assert_names_are_text(open_wall(), desk, name)
    finally:
        desk.sql("UPDATE geoservice.jurisdiction SET name = %s, name_en = %s, attribution = %s", *jurisdiction)
        for service in services:
            desk.sql("UPDATE geoservice.service SET name = %s, name_en = %s WHERE code = %s", *service)
        for sign in signs:
            desk.sql("UPDATE geoservice.staff SET call_sign = %s WHERE code = %s", *sign)


def assert_names_are_text(seen: Visit, desk: LiveDesk, name: str) -> None:
    page = seen.page
    (report,) = desk.reports(1, "named")
    expect(page.locator("#newest .new .service")).to_have_text(name)
    expect(page.locator("h1")).to_have_text(name)
    assert name in page.locator("#grids .duty").all_inner_texts()
    assert page.evaluate("document.body.dataset.broken || ''") == ""
    assert page.locator("img[src=x], iframe, svg[onload]").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert_tame(seen)
    cancel(desk, [report])
