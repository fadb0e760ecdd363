"""The officers' page in a browser: live, without a network, and the officer's own grid; one server for all of it."""

from __future__ import annotations

import json
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from geoservice.auth.model import Role
from geoservice.services.keys import KeyService
from layers.db.session import Database
from tests.browser.conftest import CHROMIUM_ARGUMENTS
from tests.browser.desk import UNNAMED, LiveDesk, axe_script, sign_in
from tests.browser.phone import PHONE, fill_in, incident_card, officer_key, show_key, wait_for_list

pytestmark = pytest.mark.browser

#: A place that grid officer G01 serves.
LON, LAT = 91.7665, 29.2412


@pytest.fixture
def officer(field: LiveDesk, visit: Callable[..., Any], known: Callable[..., Any]) -> Callable[..., Any]:
    """Open the page as the officer of the first grid; return the visit."""

    def go(query: str = "lang=en", **context: Any) -> Any:
        again = "permissions" not in context  # which would be gone from a window that is had again
        who = known("post-1", staff="G01")
        seen = visit(f"{field.url}/officer?{query}", again=again, storage_state=who, **(PHONE | context))
        wait_for_list(seen.page)
        return seen

    return go


def come_in(field: LiveDesk, words: str, service: str = "light") -> str:
    """Have a report come in at that place; return its id."""
    [[incident, officer]] = field.sql(
        "INSERT INTO geoservice.incident (jurisdiction_id, service_code, geom, description)"
        " SELECT id, %s, st_setsrid(st_makepoint(%s, %s), 4326), %s FROM geoservice.jurisdiction WHERE code = 'sare'"
        " RETURNING id::text, officer_code",
        service, LON, LAT, words,
    )  # fmt: skip
    assert officer == "G01"
    return str(incident)


def act(field: LiveDesk, incident: str, action: str, **body: str) -> None:
    """Take a step as a dispatcher, over the interface."""
    database = Database.connect(field.database_url, pool_size=1)
    key = KeyService(database).create(Role.DISPATCHER, "elsewhere")
    database.close()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    address = f"{field.url}/v1/incidents/{incident}/actions/{action}"
    with urlopen(Request(address, json.dumps(body).encode(), headers)) as answer:  # noqa: S310  our own server
        assert answer.status == 200


def rules(field: LiveDesk, incident: str) -> list[str]:
    """Return what happened to an incident after it was reported."""
    found = field.sql("SELECT rule FROM geoservice.incident_event WHERE incident_id = %s ORDER BY id", incident)
    return [rule for (rule,) in found if rule not in ("reported", "overdue")]


def top_of(page: Page, incident: str) -> float:
    return float(incident_card(page, incident).evaluate("card => card.getBoundingClientRect().top"))


def test_what_is_new_or_changed_shows_by_itself_and_nothing_under_the_hand_moves(
    field: LiveDesk, officer: Callable[..., Any]
) -> None:
    seen = officer()
    page = seen.page
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    last = page.locator("#list .card").last.get_attribute("data-id")
    card = incident_card(page, last)
    card.get_by_role("button", name="Return").click()
    card.locator("textarea").fill("half a sen")
    before, count = top_of(page, last), page.locator("#list .card").count()

    new = [come_in(field, "a new one", service) for service in ("light", "fire", "garbage")]

    for one in new:
        expect(incident_card(page, one)).to_have_count(1)
    expect(page.locator("#fresh")).to_have_text("3 new · look")
    assert page.title() == "(3) Officer"
    assert page.locator("#list .card").count() == count + 3
    order = page.locator("#list .card").evaluate_all("cards => cards.map((card) => card.dataset.id)")
    assert any(order.index(one) < order.index(last) for one in new)
    assert abs(top_of(page, last) - before) < 1
    expect(card.locator("textarea")).to_be_focused()
    expect(card.locator("textarea")).to_have_value("half a sen")

    field.step(new[0], "cancelled", "cancelled", "reported twice")
    expect(incident_card(page, new[0]).locator(".now")).to_contain_text("Now cancelled")
    assert abs(top_of(page, last) - before) < 1
    page.locator("#fresh").click()
    expect(page).to_have_title("Officer")
    assert page.locator(".card:focus").get_attribute("data-id") in new
    seen.assert_quiet()


def test_a_late_answer_to_nobody_does_not_throw_out_who_entered_a_key_meanwhile(
    field: LiveDesk, visit: Callable[..., Any]
) -> None:
    page = visit("about:blank", **PHONE).page
    held: list[Route] = []
    page.route("**/officer/session", lambda route: route.continue_() if held else held.append(route))
    page.goto(f"{field.url}/officer?lang=en")
    page.wait_for_function("() => document.querySelector('#door') && !document.querySelector('#door').hidden")

    show_key(page, officer_key(field, "G01"))
    wait_for_list(page)
    held[0].continue_(headers={})  # as it was asked: by nobody
    with page.expect_response("**/v1/incidents?*"):
        page.locator("#reload").click()

    expect(page.locator("#door")).to_be_hidden()
    expect(page.locator("#list .card").first).to_be_visible()


def test_the_next_job_has_its_button_on_the_smallest_phone_and_targets_are_large(officer: Callable[..., Any]) -> None:
    seen = officer(width=360, height=640)
    page = seen.page
    first = page.locator("#list .card").first
    expect(first.locator(".steps > .first")).to_be_in_viewport(ratio=1)
    box, tabs = first.locator(".steps > .first").bounding_box(), page.locator("#tabs").bounding_box()
    assert box["y"] + box["height"] <= tabs["y"]
    for room in ("list", "map", "grid", "own"):
        page.locator(f"[data-room={room}]").click()
        low = page.locator("main button:visible, main a:visible, main input[type=text]:visible, main select:visible")
        assert [one["height"] for one in (each.bounding_box() for each in low.all()) if one["height"] < 48] == []


def test_sound_and_vibration_are_switched_and_kept_and_distance_is_told(officer: Callable[..., Any]) -> None:
    here = {"permissions": ["geolocation"], "geolocation": {"longitude": LON, "latitude": LAT, "accuracy": 8}}
    seen = officer(**here)
    page = seen.page
    expect(page.locator("#list .card .at").first).not_to_have_text(re.compile(r"\d+ m ·"))
    page.locator("[data-room=own]").click()
    page.get_by_label("A sound for new work").uncheck()
    page.get_by_label("Show how far it is").check()
    page.reload()
    wait_for_list(page)
    expect(page.locator("#list .card .at").first).to_have_text(re.compile(r"^[\d,.]+ k?m · Grid 1"))
    page.locator("[data-room=own]").click()
    expect(page.get_by_label("A sound for new work")).not_to_be_checked()
    expect(page.get_by_label("Vibrate for new work")).to_be_checked()
    seen.assert_quiet()


# Without a network


@contextmanager
def phone_of(chromium: Browser, folder: Path) -> Iterator[BrowserContext]:
    """Open the browser of a phone, which keeps what it keeps in a folder, and close it as a whole."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    context = chromium.browser_type.launch_persistent_context(
        folder, executable_path=path, args=CHROMIUM_ARGUMENTS, viewport=PHONE, locale="en-US"
    )
    try:
        yield context
    finally:
        context.close()


def kept_shell(page: Page, room: str) -> None:
    """Wait until the phone keeps the pages of a room."""
    page.wait_for_function(
        "async (room) => (await caches.keys()).some((name) => name.startsWith(`geoservice-shell-${room}-`))"
        " && navigator.serviceWorker.controller !== null",
        arg=room,
    )


def test_what_is_done_without_a_network_is_handed_in_once_each_after_the_browser_was_closed(
    field: LiveDesk, chromium: Browser, tmp_path: Path
) -> None:
    mark = uuid.uuid4().hex[:6]
    handled = [come_in(field, f"without a network {number} {mark}") for number in range(5)]
    cancelled, asked = (come_in(field, f"{what} {mark}") for what in ("to be cancelled", "to be asked about"))
    field.account("post-1", staff="G01")
    lost: list[str] = []

    def lose_the_first_answers(route: Route) -> None:
        if len(lost) >= 2:
            return route.continue_()
        route.fetch()  # it arrives, and nobody hears of that
        lost.append(route.request.url)
        return route.abort()

    with phone_of(chromium, tmp_path) as phone:
        page = phone.pages[0]
        page.goto(f"{field.url}/signin?next=/officer")
        sign_in(page, field, "post-1")
        wait_for_list(page)
        kept_shell(page, "officer")
        resident = phone.new_page()
        resident.goto(f"{field.url}/report")
        kept_shell(resident, "report")
        fill_in(resident, f"a report {mark}")

        phone.set_offline(True)
        resident.locator("#send").click()
        expect(resident.locator("#fresh .card")).to_have_attribute("data-state", "waiting")
        for incident in (*handled, cancelled, asked):
            incident_card(page, incident).get_by_role("button", name="Accept").click()
        for incident in handled:
            card = incident_card(page, incident)
            card.get_by_role("button", name="Resolve").click()
            card.locator("textarea").fill(f"mended {mark}")
            card.get_by_role("button", name="Confirm").click()
        expect(page.locator("#unsent")).to_have_text("Not handed in yet: 12")

    assert [rules(field, incident) for incident in handled] == [[]] * 5
    field.step(cancelled, "cancelled", "cancelled", "no longer needed")
    act(field, asked, "ask", reason="which side?")

    with phone_of(chromium, tmp_path) as phone:
        phone.set_offline(True)
        page = phone.pages[0]
        opened = page.goto(f"{field.url}/officer")
        assert opened is not None
        assert opened.from_service_worker
        expect(page.locator("#unsent")).to_have_text("Not handed in yet: 12")
        expect(incident_card(page, handled[0])).to_contain_text("mended")

        # The browser was closed, so the session is over: nothing is shown or sent before he has signed in again.
        phone.set_offline(False)
        expect(page.locator("#sign-in")).to_be_visible()
        expect(page.locator(".card")).to_have_count(0)
        assert "geoservice-officer" not in page.evaluate("Object.keys(localStorage)")
        phone.route("**/actions/*", lose_the_first_answers)
        page.locator("#sign-in").click()
        sign_in(page, field, "post-1")
        expect(page.locator("#unsent")).to_have_text("Not handed in yet: 2")

        told = page.locator("#outbox .step")
        expect(told).to_have_count(2)
        expect(told.filter(has_text="it is now cancelled")).to_contain_text("This can not be done any more")
        changed = told.filter(has_text="asked the reporter")
        expect(changed).to_contain_text("It changed after you saw it")
        changed.get_by_role("button", name="Still do it").click()
        expect(page.locator("#unsent")).to_have_text("Not handed in yet: 1")
        page.locator("#outbox .step").get_by_role("button", name="Leave it").click()
        expect(page.locator("#unsent")).to_be_hidden()
        resident = phone.new_page()
        resident.goto(f"{field.url}/report")
        expect(resident.locator(".card").first).to_have_attribute("data-state", "sent")

    assert len(lost) == 2
    assert [rules(field, incident) for incident in handled] == [["accepted", "resolved"]] * 5
    assert rules(field, cancelled) == ["cancelled"]
    assert rules(field, asked) == ["asked", "accepted"]
    [[reports]] = field.sql("SELECT count(*) FROM geoservice.incident WHERE description = %s", f"a report {mark}")
    assert reports == 1


def test_another_account_does_not_hand_in_what_waits_and_signing_out_asks(
    field: LiveDesk, officer: Callable[..., Any]
) -> None:
    incident = come_in(field, "two accounts of one phone")
    seen = officer()
    page = seen.page
    page.context.set_offline(True)
    incident_card(page, incident).get_by_role("button", name="Accept").click()
    expect(incident_card(page, incident)).to_contain_text("Kept on this phone")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.locator("[data-room=own]").click()
    page.locator("#account button").click()
    assert len(asked) == 1
    assert "Not handed in: 1" in asked[0]
    page.evaluate("localStorage.setItem('geoservice-steps',"
                  " localStorage.getItem('geoservice-steps').replace('post-1', 'post-9'))")  # fmt: skip
    page.context.set_offline(False)
    page.reload()
    wait_for_list(page)
    expect(page.locator("#strangers")).to_contain_text("Steps of another account kept here: 1")
    assert rules(field, incident) == []


@pytest.fixture
def two(field: LiveDesk, officer: Callable[..., Any], known: Callable[..., Any]) -> tuple[Any, Callable[[], None]]:
    """Return the page of one officer, and what signs another one in with the same browser."""
    seen = officer()

    def sign_in_other() -> None:
        seen.page.context.add_cookies(known("post-2", staff="G02")["cookies"])

    return seen, sign_in_other


def test_a_step_is_not_taken_as_somebody_else_who_signed_in_meanwhile(
    field: LiveDesk, two: tuple[Any, Callable[[], None]]
) -> None:
    seen, sign_in_other = two
    page, incident = seen.page, come_in(field, "one browser, two people")
    page.locator("#reload").click()
    expect(incident_card(page, incident)).to_have_count(1)
    asked: list[int] = []
    page.on("response", lambda answer: asked.extend([answer.status] if "/actions/" in answer.url else []))
    sign_in_other()

    incident_card(page, incident).get_by_role("button", name="Accept").click()

    expect(page.locator("#door")).to_be_visible()
    assert page.locator("#list .card").count() == 0
    assert asked == [403]  # for want of the token, and not asked again as the other one
    assert rules(field, incident) == []
    assert page.evaluate("JSON.parse(localStorage.getItem('geoservice-steps'))[0].state") == "waiting"


def test_a_visit_waits_until_somebody_has_signed_in_again(
    field: LiveDesk, visit: Callable[..., Any], known: Callable[..., Any]
) -> None:
    page = visit(f"{field.url}/officer?lang=en", storage_state=known("post-4", staff="G04"), **PHONE).page
    wait_for_list(page)
    field.sql("UPDATE geoservice.session SET revoked_at = now() WHERE login = 'post-4' RETURNING 1")
    noted = {"key": "k", "at": "2026-03-01T08:00:00Z", "state": "waiting", "tries": 0, "due": 0, "by": "post-4",
             "building": "B1", "kind": "patrol", "outcome": "done"}  # fmt: skip
    page.evaluate("visits => localStorage.setItem('geoservice-visits', visits)", json.dumps([noted]))

    with page.expect_response(lambda answer: "/v1/visits" in answer.url and answer.status == 401):
        page.evaluate("window.dispatchEvent(new Event('online'))")

    page.wait_for_function("JSON.parse(localStorage.getItem('geoservice-visits'))[0].tries > 0")
    assert page.evaluate("JSON.parse(localStorage.getItem('geoservice-visits'))[0].state") == "waiting"
    expect(page.locator("#door")).to_be_visible()


def test_what_another_page_of_the_browser_forgot_is_shown_here_no_more(two: tuple[Any, Callable[[], None]]) -> None:
    seen, sign_in_other = two
    sign_in_other()
    other = seen.page.context.new_page()
    other.goto(seen.page.url)
    wait_for_list(other)

    expect(seen.page.locator("#door")).to_be_visible()
    assert seen.page.locator("#list .card").count() == 0


def test_what_is_refused_was_not_done_and_its_words_are_changed_in_the_card(
    field: LiveDesk, officer: Callable[..., Any]
) -> None:
    incident = come_in(field, "to be mended")
    act(field, incident, "accept")
    page = officer().page
    card = incident_card(page, incident)
    card.get_by_role("button", name="Resolve").click()
    card.locator("textarea").fill("x" * 501)
    card.get_by_role("button", name="Confirm").click()
    expect(card.get_by_role("alert")).to_contain_text("At most 500 characters: 1 too many")
    card.locator("textarea").fill("ask 13812345678")
    card.get_by_role("button", name="Confirm").click()
    refused = page.locator("#outbox .step")
    expect(refused).to_have_attribute("data-state", "refused")
    expect(card.locator(".tags")).to_contain_text("Accepted")
    refused.get_by_role("button", name="Change the words").click()
    expect(refused).to_have_count(0)
    expect(card.locator("textarea")).to_have_value("ask 13812345678")
    card.locator("textarea").fill("done")
    card.get_by_role("button", name="Confirm").click()
    expect(card).to_have_class(re.compile("gone"))
    # Without a network the page is not live, and visits count among what waits.
    page.locator("[data-room=grid]").click()
    expect(page.locator("#buildings .first").first).to_be_visible()
    page.context.set_offline(True)
    expect(page.locator("#live")).to_have_attribute("data-state", "stopped")
    page.locator("#buildings .first").first.click()
    expect(page.locator("#unsent")).to_contain_text("1")
    page.context.set_offline(False)
    expect(page.locator("#unsent")).to_be_hidden()


# The grid


def test_a_visit_is_one_tap_and_counts_are_corrected(field: LiveDesk, officer: Callable[..., Any]) -> None:
    [[building]] = field.sql("SELECT building_code FROM geoservice.household WHERE grid_code LIKE '%%1' AND households"
                             " = 1 GROUP BY 1 ORDER BY count(*), 1 LIMIT 1")  # fmt: skip
    seen = officer()
    page = seen.page
    page.locator("[data-room=grid]").click()
    expect(page.locator("#figures dd")).to_have_count(3)
    page.locator("#building").fill(building)
    line = page.locator(f'.building[data-code="{building}"]')
    page.locator("#kind").select_option("hazard_check")
    line.get_by_role("button", name="Note a visit").click()
    expect(line.locator(".visited")).to_contain_text("Visit noted at")
    line.get_by_role("button", name="Note a visit").click()  # the same visit

    line.locator("summary").click()
    line.get_by_role("button", name="Correct").first.click()
    line.get_by_label("Households").fill("")
    line.get_by_role("button", name="Save").click()
    expect(line.get_by_role("alert")).to_have_text("Households: Write a whole number from 0 to 9999.")
    line.get_by_label("Households").fill("7")
    line.get_by_label("18 to 59 years").fill("13")
    line.get_by_role("button", name="Save").click()
    expect(line.locator(".counts li strong").first).to_have_text("7")

    # Without a network a visit is kept, and noted once though the answer to its first try is lost.
    page.context.set_offline(True)
    page.locator("#kind").select_option("dispute")
    line.get_by_role("button", name="Note a visit").click()
    expect(line.locator(".visited")).to_contain_text("kept on this phone")
    lost: list[int] = []

    def lose_the_first_answer(route: Route) -> None:
        if lost or route.request.method != "POST":
            route.continue_()
            return
        lost.append(route.fetch().status)
        route.abort()

    page.route("**/v1/visits?*", lose_the_first_answer)
    page.context.set_offline(False)
    expect(line.locator(".visited")).to_contain_text("Visit noted at")

    assert lost == [201]
    visits = field.sql("SELECT kind, outcome, staff_code FROM geoservice.visit WHERE building_code = %s ORDER BY id",
                       building)  # fmt: skip
    assert visits == [("hazard_check", "done", "G01"), ("dispute", "done", "G01")]
    corrected = field.sql("SELECT age_18_59 FROM geoservice.household WHERE building_code = %s AND households = 7",
                          building)  # fmt: skip
    assert corrected == [(13,)]
    [[actor]] = field.sql("SELECT actor FROM geoservice.change ORDER BY id DESC LIMIT 1")
    assert actor == "officer:post-1"
    assert seen.refused == []


def test_his_own_figures_are_of_his_grid_and_name_nobody_else(field: LiveDesk, officer: Callable[..., Any]) -> None:
    seen = officer()
    page = seen.page
    page.locator("[data-room=grid]").click()
    shown = page.locator("[data-figure=overdue_now] dd")
    [[late]] = field.sql(
        "SELECT count(*) FROM geoservice.incident WHERE grid_code LIKE '%%1' AND overdue_at IS NOT NULL"
        " AND status IN ('dispatched', 'accepted', 'returned')"
    )
    expect(shown).to_have_text(str(late))
    assert not re.search(r"G0[2-9]", page.locator("#room-grid").inner_text())


@pytest.mark.parametrize(
    ("lang", "scheme", "width"),
    [
        ("en", "light", 320),
        pytest.param("zh", "dark", 390, marks=pytest.mark.slow),
        pytest.param("zh", "light", 320, marks=pytest.mark.slow),
        pytest.param("en", "dark", 1920, marks=pytest.mark.slow),
        pytest.param("bo", "light", 320, marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_axe_finds_nothing_in_any_room_and_nothing_scrolls_sideways(
    officer: Callable[..., Any], lang: str, scheme: str, width: int
) -> None:
    seen = officer(f"lang={lang}", width=width, color_scheme=scheme, bypass_csp=True)
    page = seen.page
    page.evaluate(axe_script())
    for room in ("list", "map", "grid", "own"):
        page.locator(f"[data-room={room}]").click()
        if room == "map":
            expect(page.locator("#map")).to_have_attribute("data-ready", "true")
        if room == "grid":
            expect(page.locator(".building").first).to_be_visible()
        told = page.evaluate("axe.run()")
        assert [f"{room} {one['id']}: {one['nodes'][0]['html']:.100}" for one in told["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        assert page.evaluate(UNNAMED) == []
    seen.assert_quiet()
