"""People sign in with a browser: on a phone and on a wall, in both languages, by keyboard alone, and go again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page, expect

from geoservice.auth.model import Role
from geoservice.pages.words.catalogue import words
from geoservice.services.accounts.accounts import AccountService
from layers.db.session import Database
from tests.browser.phone import PHONE, wait_for_list
from tests.conftest import LiveServer, serving
from tests.depth import crossed

pytestmark = pytest.mark.browser

NEW = "ein neues wort 7"
WALL = {"width": 1920, "height": 1080}
NARROW = {"width": 320, "height": 640}


@pytest.fixture(scope="module")
def live(cluster_url: str, community_template: str) -> Iterator[LiveServer]:
    """Return a server of one's own: failures to sign in are counted for all who come from this machine."""
    with serving(cluster_url, community_template) as live:
        yield live


@pytest.fixture
def accounts(live: LiveServer) -> Iterator[AccountService]:
    with psycopg.connect(live.database_url) as connection:
        for table in ("session", "account", "sign_in_attempt"):
            connection.execute(f"DELETE FROM geoservice.{table}")  # noqa: S608
    database = Database.connect(live.database_url, pool_size=1)
    yield AccountService(database)
    database.close()


def officer(accounts: AccountService) -> str:
    return accounts.create("post-3", Role.OFFICER, created_by="test", staff=("sare", "G03"))


def fill_sign_in(page: Page, login: str, password: str) -> None:
    page.locator("#login").fill(login)
    page.locator("#password").fill(password)
    page.locator("form:has(#password) button").click()


def choose_password(page: Page, first: str, new: str = NEW) -> None:
    page.locator("#current").fill(first)
    page.locator("#new").fill(new)
    page.locator("#again").fill(new)
    page.locator("form:has(#new) button").click()


def assert_no_sideways_scrolling(page: Page) -> None:
    page.wait_for_load_state("load")  # its style sheets with it
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.everyday
@crossed(size={"wall": WALL, "phone": PHONE}, lang={"zh": "zh", "en": "en"})
def test_an_officer_signs_in_changes_the_password_sees_the_own_list_and_goes(
    live: LiveServer, visit: Callable[..., Any], accounts: AccountService, size: dict[str, int], lang: Any
) -> None:
    first, said = officer(accounts), words("accounts", lang)
    seen = visit(f"{live.url}/officer?lang={lang}", **size)
    page = seen.page
    expect(page.locator("#account")).to_be_hidden()
    page.locator("#sign-in").click()

    expect(page.locator("h1")).to_have_text(said["sign_in"])
    assert_no_sideways_scrolling(page)
    fill_sign_in(page, "post-3", first)
    expect(page.locator(".notice")).to_have_text(said["must_change"])
    choose_password(page, first)

    expect(page.locator("#work")).to_be_visible()
    wait_for_list(page)
    assert page.locator("#list .card").count() > 0
    page.locator("[data-room=own]").click()
    expect(page.locator("#leave")).to_be_hidden()
    assert page.evaluate("sessionStorage.length") == 0
    assert page.evaluate("document.cookie") == ""
    assert_no_sideways_scrolling(page)
    seen.assert_quiet()

    page.locator("#account button").click()
    expect(page.locator("#sign-in")).to_be_visible()
    assert "geoservice-officer" not in page.evaluate("Object.keys(localStorage)")
    page.goto(f"{live.url}/officer?lang={lang}")
    expect(page.locator("#sign-in")).to_be_visible()
    seen.assert_quiet()


def test_a_step_is_taken_by_who_is_signed_in(
    live: LiveServer, visit: Callable[..., Any], accounts: AccountService
) -> None:
    seen = visit(f"{live.url}/signin?next=/officer", **PHONE)
    first = officer(accounts)
    fill_sign_in(seen.page, "post-3", first)
    choose_password(seen.page, first)
    wait_for_list(seen.page)
    card = seen.page.locator('#list .card[data-status="dispatched"]').first
    incident = card.get_attribute("data-id")

    card.locator(".steps button", has_text="接单").click()

    expect(seen.page.locator("#toast")).to_contain_text("已接单")
    with psycopg.connect(live.database_url) as connection:
        actors = connection.execute(
            "SELECT actor FROM geoservice.incident_event WHERE incident_id = %s AND rule = 'accepted'", [incident]
        ).fetchall()
    assert actors[-1] == ("officer:post-3",)
    seen.assert_quiet()


@pytest.mark.slow
def test_whoever_is_disabled_while_the_page_is_open_is_told_and_sees_no_more(
    live: LiveServer, visit: Callable[..., Any], accounts: AccountService
) -> None:
    seen = visit(f"{live.url}/signin?next=/officer", **PHONE)
    first = officer(accounts)
    fill_sign_in(seen.page, "post-3", first)
    choose_password(seen.page, first)
    wait_for_list(seen.page)
    accounts.disable("post-3")

    seen.page.locator("#reload").click()

    expect(seen.page.locator("#error")).to_have_text("登录已结束，请重新登录。")
    expect(seen.page.locator("#work")).to_be_hidden()
    expect(seen.page.locator("#sign-in")).to_be_visible()
    assert seen.page.locator(".card").count() == 0
    assert "geoservice-officer" not in seen.page.evaluate("Object.keys(localStorage)")


def test_by_keyboard_alone_and_an_error_is_announced(
    live: LiveServer, visit: Callable[..., Any], accounts: AccountService
) -> None:
    first = accounts.create("desk-1", Role.DISPATCHER, created_by="test", jurisdiction="sare")
    page = visit(f"{live.url}/signin?lang=en", **PHONE).page
    expect(page.locator("#login")).to_be_focused()
    page.keyboard.type("desk-1")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_have_text(words("accounts", "en")["refused"])
    expect(page.locator("#login")).to_have_value("desk-1")
    expect(page.locator("#password")).to_be_focused()
    page.keyboard.type(first)
    page.keyboard.press("Enter")
    expect(page.locator("#current")).to_be_focused()
    for typed in (first, "kurz", "kurz"):
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text(words("accounts", "en")["too_short"])
    expect(page.get_by_label("New password", exact=True)).to_have_attribute("autocomplete", "new-password")


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_scrolls_sideways_on_the_smallest_phone(
    live: LiveServer, visit: Callable[..., Any], accounts: AccountService, lang: str
) -> None:
    login = "post-of-the-longest-name-that-there-is.1"
    first = accounts.create(login, Role.DISPATCHER, created_by="test", jurisdiction="sare")
    page = visit(f"{live.url}/signin?lang={lang}", **NARROW).page
    assert_no_sideways_scrolling(page)
    fill_sign_in(page, "w" * 100, "wrong")
    assert_no_sideways_scrolling(page)
    fill_sign_in(page, login, first)
    assert_no_sideways_scrolling(page)
    choose_password(page, first)
    expect(page.locator(".account strong")).to_have_text(login)
    assert_no_sideways_scrolling(page)
    page.goto(f"{live.url}/maps/sare?lang={lang}")
    expect(page.locator(".account strong")).to_have_text(login)
    assert_no_sideways_scrolling(page)
    for path in ("/officer", "/signin", "/account/password"):
        page.goto(f"{live.url}{path}?lang={lang}")
        assert_no_sideways_scrolling(page)


@pytest.mark.slow
@pytest.mark.parametrize("size", [PHONE, WALL], ids=["phone", "wall"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_map_page_leads_in_and_out(
    live: LiveServer, visit: Callable[..., Any], accounts: AccountService, size: dict[str, int], lang: Any
) -> None:
    first = accounts.create("desk-1", Role.DISPATCHER, created_by="test", jurisdiction="sare")
    seen = visit(f"{live.url}/maps/sare?lang={lang}", **size)
    page = seen.page
    page.locator("a.account").click()
    fill_sign_in(page, "desk-1", first)
    choose_password(page, first)

    expect(page.locator("form.account strong")).to_have_text("desk-1")
    assert page.url.endswith(f"/maps/sare?lang={lang}")
    page.locator("form.account button").click()

    expect(page.locator("h1")).to_have_text(words("accounts", lang)["sign_in"])
    page.goto(f"{live.url}/maps/sare?lang={lang}")
    expect(page.locator("a.account")).to_be_visible()
    assert seen.elsewhere == []
    assert [one for one in seen.refused if "/v1/events" not in one] == []  # no events are streamed beside this server
