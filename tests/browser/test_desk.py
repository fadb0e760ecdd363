"""The desk in a browser: work from the list, by mouse and by keyboard, beside others who do the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from geoservice.auth.model import Role
from geoservice.pages.words.catalogue import words
from tests.browser.desk import (
    LAPTOP,
    OPEN,
    PHONE,
    SCREEN,
    UNNAMED,
    LiveDesk,
    axe_script,
    serving_desk,
    sign_in,
    wait_until_ready,
)
from tests.browser.phone import HOSTILE
from tests.depth import crossed

pytestmark = pytest.mark.browser

#: Every report to the policy is an event of the page.
WATCH = (
    "window.violations = []; addEventListener('securitypolicyviolation', (e) => violations.push(e.violatedDirective))"
)


@pytest.fixture(scope="module")
def desk(cluster_url: str, community_template: str) -> Iterator[LiveDesk]:
    with serving_desk(cluster_url, community_template) as desk:
        yield desk


@pytest.fixture
def open_desk(desk: LiveDesk, visit: Callable[..., Any], known_at: Callable[..., Any]) -> Callable[..., Any]:
    """Open a list as somebody who is signed in; return the visit."""

    def go(query: str = OPEN, login: str = "desk-1", role: Role = Role.DISPATCHER, **size: Any) -> Any:
        seen = visit("about:blank", again=True, storage_state=known_at(desk, login, role), **(size or LAPTOP))
        seen.page.add_init_script(WATCH)
        seen.page.goto(f"{desk.url}/desk/sare?{query}")
        wait_until_ready(seen.page)
        return seen

    return go


def assert_tame(seen: Any) -> None:
    assert seen.page.evaluate("window.violations") == []
    seen.assert_quiet()


def begin(page: Page, key: str) -> None:
    """Begin a step by its key, and wait until it can be written."""
    page.keyboard.press(key)
    expect(page.locator("#f-reason")).to_be_focused()


def chosen_id(page: Page) -> str:
    return str(page.locator(".row:has(> [aria-current])").get_attribute("data-id"))


def waiting(desk: LiveDesk, count: int = 1) -> list[str]:
    """Return reports that wait in the queue: nobody is posted any more."""
    ids = desk.reports(count, "somebody is needed")
    desk.sql("UPDATE geoservice.incident SET status = 'returned', step_rule = 'returned', step_reason = 'not mine'"
             " WHERE id = ANY(%s::uuid[])", ids)  # fmt: skip
    return ids


@crossed(3, size={"laptop": LAPTOP, "phone": PHONE, "screen": SCREEN}, lang={"zh": "zh", "en": "en", "bo": "bo"})
def test_a_dispatcher_reads_the_list_and_what_is_first(
    open_desk: Callable[..., Any], size: dict[str, int], lang: Any
) -> None:
    said = words("desk", lang)
    seen = open_desk(f"{OPEN}&lang={lang}", **size)
    page = seen.page

    counts = page.locator("#views .count").all_text_contents()
    assert len(counts) == 6
    assert sum(int(one) for one in counts) > 0
    assert page.locator("#shown").text_content() == said["shown"].format(x=50, y=int(counts[-1]))
    assert page.locator("#map").get_attribute("data-drawn") == "50"
    for view in ("queue", "late", "verify", "returned") if size is not PHONE else ():
        expect(page.locator(f'#views [data-view="{view}"] .count')).to_be_in_viewport(ratio=1)
    if size is PHONE:
        page.locator(".row .open").first.click()
    else:
        expect(page.locator(".row").first).to_be_in_viewport(ratio=1)
    expect(page.locator(".detail h2")).to_be_in_viewport()
    assert page.locator(".detail").get_attribute("data-id") == page.locator(".row").first.get_attribute("data-id")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert_tame(seen)


def test_from_returned_to_dispatched_with_two_keys(open_desk: Callable[..., Any], desk: LiveDesk) -> None:
    waiting(desk)
    seen = open_desk("status=returned&sort=due")
    page = seen.page
    incident = page.locator(".detail").get_attribute("data-id")
    page.keyboard.press("d")
    expect(page.locator("#step-send")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator(".notice.good")).to_have_text("已派单。")
    expect(page.locator(f'#r-{incident}[data-fits="false"]')).to_be_visible()
    assert desk.sql("SELECT status FROM geoservice.incident WHERE id = %s", incident) == [("dispatched",)]
    [(actor,)] = desk.sql(
        "SELECT actor FROM geoservice.incident_event WHERE incident_id = %s ORDER BY id DESC LIMIT 1", incident
    )
    assert actor == "dispatcher:desk-1"
    assert_tame(seen)


def test_what_happens_is_shown_and_nothing_moves(open_desk: Callable[..., Any], desk: LiveDesk) -> None:
    seen = open_desk()
    page = seen.page
    page.keyboard.press("j")
    page.keyboard.press("j")
    row = page.locator(".row:has(> [aria-current])")
    expect(page.locator(f'.detail[data-id="{chosen_id(page)}"]')).to_be_visible()
    before, order = row.bounding_box(), [one.get_attribute("data-id") for one in page.locator(".row").all()]
    focused = page.evaluate("document.activeElement.closest('.row').dataset.id")

    desk.reports(50, "fifty at once")
    expect(page.locator("#fresh")).to_contain_text("50")

    assert row.bounding_box() == before
    assert [one.get_attribute("data-id") for one in page.locator(".row").all()] == order
    assert page.evaluate("document.activeElement.closest('.row').dataset.id") == focused
    page.keyboard.press("n")
    expect(page.locator("#fresh")).to_be_hidden()
    assert chosen_id(page) == focused
    assert_tame(seen)


def test_what_changes_beyond_the_page_is_not_new(open_desk: Callable[..., Any], desk: LiveDesk) -> None:
    *_, last = desk.reports(60, "many")
    seen = open_desk()
    expect(seen.page.locator(f"#r-{last}")).to_have_count(0)

    desk.step(last, "accepted", "accepted")
    desk.reports(1, "one that is")

    expect(seen.page.locator("#fresh")).to_have_text(words("desk", "zh")["new"].format(n=1))
    assert_tame(seen)


def test_a_row_that_no_longer_fits_stays_and_says_so(open_desk: Callable[..., Any], desk: LiveDesk) -> None:
    [incident] = waiting(desk)
    seen = open_desk("status=returned&sort=new")
    page = seen.page
    row = page.locator(f"#r-{incident}")
    count = int(page.locator('#views [data-view="returned"] .count').inner_text())

    desk.sql(
        "UPDATE geoservice.incident SET status = 'cancelled', step_rule = 'cancelled', step_reason = 'gone'"
        " WHERE id = %s",
        incident,
    )

    expect(row).to_have_attribute("data-fits", "false")
    expect(row.locator(".when")).to_contain_text("已取消")
    expect(page.locator('#views [data-view="returned"] .count')).to_have_text(str(count - 1))
    assert_tame(seen)


def test_who_writes_is_not_disturbed_and_learns_what_changed(open_desk: Callable[..., Any], desk: LiveDesk) -> None:
    [incident] = desk.reports(1, "two at once")
    seen = open_desk(f"{OPEN}&open={incident}")
    page = seen.page
    begin(page, "r")
    page.keyboard.type("这里不归我")
    words_of = page.locator("#f-reason")

    desk.step(incident, "accepted", "accepted")
    expect(page.locator(".history li strong").first).to_have_text("接单")  # the facts are patched around the form
    expect(words_of).to_have_value("这里不归我")
    expect(words_of).to_be_focused()
    page.keyboard.press("Control+Enter")

    expect(page.locator("#step-error")).to_be_focused()
    expect(page.locator("#step-error .changes li")).to_contain_text("接单")
    expect(words_of).to_have_value("这里不归我")
    assert [one.split()[0] for one in seen.refused] == ["412"]
    page.locator("#step-send").click()
    expect(page.locator(".notice.good")).to_have_text("已退回。")
    assert desk.sql("SELECT status, step_reason FROM geoservice.incident WHERE id = %s", incident) == [
        ("returned", "这里不归我")
    ]


def test_words_outlive_another_look_and_the_way_back(open_desk: Callable[..., Any], desk: LiveDesk) -> None:
    seen = open_desk()
    page = seen.page
    first = chosen_id(page)
    begin(page, "q")
    page.keyboard.type("哪一盏灯")
    page.keyboard.press("Escape")
    expect(page.locator("#step")).to_have_count(0)
    page.locator(".row .open").nth(3).click()
    expect(page.locator(f'.detail:not([data-id="{first}"])')).to_be_visible()

    page.go_back()
    expect(page.locator(f'.detail[data-id="{first}"]')).to_be_visible()
    assert chosen_id(page) == first
    page.locator('[data-do="ask"]').click()
    expect(page.locator("#f-reason")).to_have_value("哪一盏灯")


def test_an_input_method_and_other_layouts_fire_no_key(open_desk: Callable[..., Any]) -> None:
    seen = open_desk()
    page = seen.page
    first = chosen_id(page)
    for event in (
        "{code: 'KeyJ', key: 'Process', keyCode: 229, isComposing: true}", "{code: 'KeyJ', key: 'j', ctrlKey: true}",
        "{code: 'KeyR', key: 'r', altKey: true}",
    ):  # fmt: skip
        page.evaluate(f"document.body.dispatchEvent(new KeyboardEvent('keydown', {{bubbles: true, ...{event}}}))")
    assert chosen_id(page) == first
    page.evaluate("document.body.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, code: 'KeyJ', key: 'འ'}))")
    expect(page.locator(f'.row:has(> [aria-current]):not([data-id="{first}"])')).to_be_visible()
    page.keyboard.press("Shift+Slash")
    page.locator("#keys-off").check()
    page.keyboard.press("Escape")
    second = chosen_id(page)
    page.keyboard.press("k")
    assert chosen_id(page) == second
    assert_tame(seen)


def test_filters_are_in_the_address_and_it_is_the_interfaces_own(open_desk: Callable[..., Any], desk: LiveDesk) -> None:
    seen = open_desk()
    page = seen.page
    page.locator('.filters select[name="service"]').select_option("noise")
    page.wait_for_url(re.compile("service=noise"))
    expect(page.locator(".chip")).to_have_count(1)
    shown = page.locator(".row").count()
    answer = page.evaluate(
        "fetch('/v1/incidents?jurisdiction=sare&limit=1000&'"
        " + new URL(location.href).search.slice(1).replace(/&?open=[^&]*/, '')).then((a) => a.json())"
    )
    assert shown == answer["total"] > 0
    assert [one.get_attribute("data-id") for one in page.locator(".row").all()] == [
        one["id"] for one in answer["incidents"]
    ]
    page.reload()
    expect(page.locator(".row")).to_have_count(shown)
    page.locator(".chip").click()
    expect(page.locator(".chip")).to_have_count(0)
    assert_tame(seen)


def test_one_is_found_by_words_by_its_number_and_by_its_day_and_the_list_is_a_file(
    open_desk: Callable[..., Any], desk: LiveDesk
) -> None:
    [one] = desk.reports(1, "50%_满溢 =1+1")
    page = open_desk("sort=new").page
    page.keyboard.press("Slash")
    page.keyboard.type("满溢 50%_")
    page.keyboard.press("Enter")
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator('.filters [name="words"]')).to_be_focused()
    page.locator('.filters [name="words"]').fill(one[:8])
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_contain_text(one[:8])
    expect(page.locator(".row")).to_have_attribute("data-id", one)
    page.locator(".row .open").click()
    expect(page.locator(".facts .number")).to_have_text(one)
    page.locator(".chip").click()
    day = page.evaluate("new Intl.DateTimeFormat('sv-SE', {timeZone: document.body.dataset.zone}).format(new Date())")
    page.locator('.filters [name="day"]').fill(day)
    expect(page.locator(".chip")).to_have_count(1)
    expect(page.locator('.filters [name="day"]')).to_have_value(day)
    expect(page.locator(f"#r-{one}")).to_be_visible()
    with page.expect_download() as loading:
        page.locator(".file").click()
    text = loading.value.path().read_text(encoding="utf-8-sig")
    assert loading.value.suggested_filename.startswith("sare-")
    assert next(line for line in text.splitlines() if one in line).count("50%_满溢 =1+1") == 1
    assert len(text.splitlines()) == 1 + int(page.locator("#shown").inner_text().split()[-1])


def test_what_came_beyond_the_page_is_said_to_be_there(open_desk: Callable[..., Any], desk: LiveDesk) -> None:
    page = open_desk("status=reported,dispatched,accepted,returned,resolved&sort=due&limit=20").page
    [one] = desk.reports(1, "far below")
    expect(page.locator("#fresh")).to_be_visible()
    page.keyboard.press("n")
    page.locator(".below").click()
    expect(page.locator(f"#r-{one}")).to_be_visible()


def test_more_adds_what_follows(open_desk: Callable[..., Any]) -> None:
    seen = open_desk("sort=new")
    page = seen.page
    page.locator("#more").click()
    expect(page.locator(".row")).to_have_count(100)
    ids = [one.get_attribute("data-id") for one in page.locator(".row").all()]
    assert len(set(ids)) == 100
    expect(page.locator("#shown")).to_contain_text("100")
    assert page.locator("#map").get_attribute("data-drawn") == "100"
    assert_tame(seen)


def test_each_picks_in_the_other(open_desk: Callable[..., Any], desk: LiveDesk) -> None:
    one, other = desk.reports(2, "on the map", "lost", apart=9e-4)
    seen = open_desk("status=dispatched&service=lost&sort=new", **SCREEN)
    page = seen.page
    page.locator(f"#r-{one} .open").click()
    expect(page.locator(f'.detail[data-id="{one}"]')).to_be_visible()
    expect(page.locator("#map")).to_have_attribute("data-chosen", one)
    x, y = (float(number) for number in str(page.locator("#map").get_attribute("data-chosen-at")).split(","))
    page.locator(f"#r-{other} .open").click()
    expect(page.locator(f'.detail[data-id="{other}"]')).to_be_visible()

    page.locator("#map").click(position={"x": x, "y": y})

    expect(page.locator(f'.detail[data-id="{one}"]')).to_be_visible()
    assert chosen_id(page) == one
    assert_tame(seen)


def test_several_are_verified_at_once_and_what_is_not_is_named(open_desk: Callable[..., Any], desk: LiveDesk) -> None:
    ids = desk.reports(3, "to verify")
    for incident in ids:
        desk.step(incident, "accepted", "accepted")
        desk.step(incident, "resolved", "resolved", "done")
    seen = open_desk("status=resolved&sort=new&service=dogs")
    page = seen.page
    for incident in ids:
        page.locator(f"#r-{incident} .mark input").check()
    # Somebody reopens one meanwhile, and the page has not heard of it.
    page.route("**/rows?**", lambda route: route.abort())
    desk.step(ids[0], "reopened", "dispatched", "not done")
    page.keyboard.press("v")  # of those that are marked
    expect(page.locator(".alike")).to_contain_text("to verify")
    page.locator("#sure").click()

    expect(page.locator("#result")).to_contain_text("2")
    expect(page.locator("#result")).to_contain_text("1")
    expect(page.locator(".alike .due-late")).to_have_count(1)
    states = dict(desk.sql("SELECT id::text, status FROM geoservice.incident WHERE id = ANY(%s::uuid[])", ids))
    assert [states[one] for one in ids] == ["dispatched", "closed", "closed"]


def test_it_can_be_read_and_worked_without_scripts(desk: LiveDesk, visit: Callable[..., Any]) -> None:
    [incident] = waiting(desk)
    seen = visit(f"{desk.url}/desk/sare?status=returned&sort=new", **LAPTOP, java_script_enabled=False)
    page = seen.page
    assert "/signin?next=" in page.url
    sign_in(page, desk)
    page.locator(f"#r-{incident} .open").click()
    page.locator('[data-do="dispatch"]').click()
    page.locator("#step-send").click()

    expect(page.locator(".notice.good")).to_have_text("已派单。")
    assert desk.sql("SELECT status FROM geoservice.incident WHERE id = %s", incident) == [("dispatched",)]
    page.locator('[data-do="ask"]').click()
    page.locator("#step-send").click()
    expect(page.locator("#step-error")).to_have_text("请写几个字。")
    page.locator("#f-reason").fill("在哪里？")
    page.locator("#step-send").click()
    expect(page.locator(".notice.good")).to_have_text("已问上报人。")
    seen.refused.clear()


def test_hostile_words_are_text(open_desk: Callable[..., Any], desk: LiveDesk) -> None:
    [incident] = desk.reports(1, HOSTILE)
    seen = open_desk(f"sort=new&open={incident}")
    page = seen.page
    expect(page.locator(".report")).to_have_text(HOSTILE)
    expect(page.locator(f"#r-{incident} .words")).to_have_text(HOSTILE)
    begin(page, "q")
    page.keyboard.type(HOSTILE)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".history q").first).to_have_text(HOSTILE)
    assert page.evaluate("document.body.dataset.broken") is None
    assert page.locator("img[onerror], svg[onload]").count() == 0
    assert_tame(seen)


def test_a_stream_that_is_cut_is_told(open_desk: Callable[..., Any]) -> None:
    seen = open_desk()
    page = seen.page
    page.clock.install()
    page.goto(page.url)
    wait_until_ready(page)
    page.context.set_offline(True)
    page.clock.fast_forward(30_000)
    expect(page.locator("#live")).to_have_attribute("data-state", "waiting")
    page.clock.fast_forward(31_000)
    expect(page.locator("#live")).to_have_attribute("data-state", "stopped")
    expect(page.locator("#live")).to_contain_text(re.compile(r"\d\d:\d\d"))
    page.context.set_offline(False)
    page.clock.fast_forward(60_000)
    expect(page.locator("#live")).to_have_attribute("data-state", "live")


def test_who_signed_out_elsewhere_is_told_and_keeps_the_words(open_desk: Callable[..., Any], desk: LiveDesk) -> None:
    seen = open_desk(login="desk-2")
    page = seen.page
    begin(page, "q")
    page.keyboard.type("还在吗")
    desk.sql("UPDATE geoservice.session SET revoked_at = now() WHERE login = 'desk-2'")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".transient a")).to_have_attribute("href", re.compile("/signin"))
    expect(page.locator("#f-reason")).to_have_value("还在吗")
    assert "401" in seen.refused[0]

    # He signs in in a new window and comes back: the form has his words, and is sent as whom he is now.
    with page.expect_popup() as opened:
        page.locator(".transient a").click()
    sign_in(opened.value, desk, "desk-2")
    expect(opened.value.locator("#password")).to_have_count(0)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#step-error")).to_contain_text("重新登录过了")
    expect(page.locator("#f-reason")).to_have_value("还在吗")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".notice.good")).to_have_text("已问上报人。")
    desk.reports(1, "another")  # what the page hears of takes the answer away no more
    expect(page.locator(".history")).to_contain_text("还在吗")
    expect(page.locator(".notice.good")).to_have_text("已问上报人。")


def test_auditors_read_and_do_nothing(open_desk: Callable[..., Any]) -> None:
    seen = open_desk(login="audit-1", role=Role.AUDITOR)
    page = seen.page
    expect(page.locator("#steps")).to_have_text(words("desk", "zh")["read_only"])
    expect(page.locator(".mark, #bulk, #step")).to_have_count(0)
    page.keyboard.press("d")
    expect(page.locator("#step")).to_have_count(0)
    assert_tame(seen)


def test_who_may_not_is_told_in_words(desk: LiveDesk, visit: Callable[..., Any]) -> None:
    seen = visit(f"{desk.url}/desk/sare?lang=en", **LAPTOP)
    sign_in(seen.page, desk, "analyst-1", Role.ANALYST)
    expect(seen.page.locator("h1")).to_have_text(words("shell", "en")["error.403"])
    seen.page.goto(f"{desk.url}/desk/sare?lang=en&open=nothing")
    assert seen.page.locator("a", has_text="Sign in").count() == 1


def test_light_and_dark_are_chosen_and_kept(open_desk: Callable[..., Any]) -> None:
    seen = open_desk()
    page = seen.page
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.locator("#theme").select_option("dark")
    dark = page.evaluate(paper)
    assert light != dark
    page.reload()
    assert page.evaluate(paper) == dark
    assert_tame(seen)


@pytest.mark.parametrize(
    ("scheme", "size", "lang"),
    [
        pytest.param("dark", PHONE, "en", id="dark-phone"),
        pytest.param("light", LAPTOP, "en", id="light-laptop", marks=pytest.mark.slow),
        pytest.param("dark", LAPTOP, "en", id="dark-laptop", marks=pytest.mark.slow),
        pytest.param("light", PHONE, "en", id="light-phone", marks=pytest.mark.slow),
        pytest.param("light", LAPTOP, "bo", id="light-laptop-bo", marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_axe_finds_nothing(open_desk: Callable[..., Any], scheme: str, size: dict[str, int], lang: str) -> None:
    seen = open_desk(f"{OPEN}&lang={lang}", **size, color_scheme=scheme, bypass_csp=True)
    page = seen.page

    def found() -> list[str]:
        told = page.evaluate("axe.run()")
        return [f"{one['id']}: {one['nodes'][0]['html']:.100}" for one in told["violations"]]

    page.evaluate(axe_script())
    assert found() == []
    page.locator(".row .open").nth(3).click()
    page.locator('[data-do="overrule"]').click()
    expect(page.locator("#step")).to_be_visible()
    assert found() == []
    assert page.evaluate(UNNAMED) == []
