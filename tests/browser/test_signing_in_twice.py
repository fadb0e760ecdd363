"""People set up a second factor and sign in with a code, and by an identity provider: on a phone and on a wall."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from geoservice.auth.model import Role
from geoservice.pages.words.catalogue import words
from geoservice.services.accounts.accounts import AccountService
from geoservice.services.accounts.providers import LinkService
from layers.db.session import Database
from tests.browser.desk import axe_script
from tests.browser.phone import PHONE
from tests.browser.test_signing_in import NARROW, NEW, WALL, assert_no_sideways_scrolling, choose_password, fill_sign_in
from tests.conftest import LiveServer, free_port, serving
from tests.geoservice.services.accounts.desk import code_of
from tests.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider, providing

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def issuer(port: int) -> Iterator[IdentityProvider]:
    with providing(free_port(), f"http://127.0.0.1:{port}/signin/provider/back") as running:
        yield running


@pytest.fixture(scope="module")
def live(cluster_url: str, community_template: str, port: int, issuer: IdentityProvider) -> Iterator[LiveServer]:
    """Return a server beside a provider; dispatchers have to have a second factor there."""
    told = {
        "GEOSERVICE_PORT": str(port), "GEOSERVICE_SECOND_FACTOR_ROLES": "dispatcher",
        "GEOSERVICE_OIDC_ISSUER": issuer.settings.issuer, "GEOSERVICE_OIDC_CLIENT_ID": CLIENT_ID,
        "GEOSERVICE_OIDC_CLIENT_SECRET": CLIENT_SECRET, "GEOSERVICE_OIDC_CALLBACK": issuer.callback,
        "GEOSERVICE_OIDC_NAME": "SARE ID",
    }  # fmt: skip
    with serving(cluster_url, community_template, **told) as live:
        yield live


@pytest.fixture
def database(live: LiveServer) -> Iterator[Database]:
    with psycopg.connect(live.database_url) as connection:
        for table in ("session", "pending_sign_in", "second_factor", "account_link", "account", "sign_in_attempt"):
            connection.execute(f"DELETE FROM geoservice.{table}")  # noqa: S608
    database = Database.connect(live.database_url, pool_size=1)
    yield database
    database.close()


def is_clean(page: Page) -> None:
    """Have axe look at a page, which must scroll in one direction alone."""
    assert_no_sideways_scrolling(page)
    page.evaluate(axe_script())
    found = page.evaluate("axe.run()")["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []


def codes_pass(live: LiveServer) -> None:
    with psycopg.connect(live.database_url) as connection:
        connection.execute("UPDATE geoservice.second_factor SET last_step = 0")


@pytest.mark.parametrize(
    ("size", "lang"),
    [
        (PHONE, "zh"), pytest.param(WALL, "en", marks=pytest.mark.slow),
        pytest.param(NARROW, "en", marks=pytest.mark.slow), pytest.param(NARROW, "bo", marks=pytest.mark.slow),
    ],
    ids=["phone", "wall", "narrow", "narrow-bo"],
)  # fmt: skip
def test_a_dispatcher_has_to_set_it_up_and_then_signs_in_with_a_code(
    live: LiveServer, visit: Callable[..., Any], database: Database, size: dict[str, int], lang: Any
) -> None:
    first = AccountService(database).create("desk-1", Role.DISPATCHER, created_by="test", jurisdiction="sare")
    said = words("accounts", lang)
    seen = visit(f"{live.url}/signin?lang={lang}&next=/signin", bypass_csp=True, **size)
    page = seen.page
    fill_sign_in(page, "desk-1", first)
    choose_password(page, first)

    expect(page.locator("p.notice")).to_have_text(said["must_enrol"])
    is_clean(page)
    page.locator("#current").fill(NEW)
    page.locator("form:has(#current) button").click()
    expect(page.locator("#code")).to_be_focused()
    secret = base64.b32decode((page.locator("#secret").text_content() or "").replace(" ", ""))
    is_clean(page)
    page.keyboard.type("000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text(said["code_refused"])
    page.locator("#code").fill(code_of(secret))
    page.keyboard.press("Enter")
    expect(page.locator("#codes li")).to_have_count(10)
    recovery = page.locator("#codes li").first.text_content()
    is_clean(page)
    page.locator("a.first").click()
    expect(page.locator("form.notice strong")).to_have_text("desk-1")

    page.locator("form.notice button").click()
    codes_pass(live)
    fill_sign_in(page, "desk-1", NEW)
    expect(page.locator("#code")).to_be_focused()
    is_clean(page)
    page.keyboard.type(code_of(secret))
    page.keyboard.press("Enter")
    expect(page.locator("h1")).not_to_have_text(said["code_title"])
    page.goto(f"{live.url}/account/code?lang={lang}")
    expect(page.locator("main")).to_contain_text("10")
    is_clean(page)

    page.locator("#code").fill(recovery or "")
    page.locator("form:has(#code) button").click()
    expect(page.locator("p.notice")).to_have_text(said["must_enrol"])
    assert seen.elsewhere == []
    assert [one for one in seen.refused if not one.startswith("422 ")] == []


def test_somebody_signs_in_by_the_provider_and_with_a_code_where_that_is_set_up(
    live: LiveServer, visit: Callable[..., Any], database: Database, issuer: IdentityProvider
) -> None:
    AccountService(database).create("watch", Role.AUDITOR, created_by="test", jurisdiction="sare")
    LinkService(database).link("watch", issuer=issuer.settings.issuer, subject="7f3a")
    page = visit(f"{live.url}/signin?lang=en&next=/account/code%3Flang=en", **PHONE).page
    assert_no_sideways_scrolling(page)

    page.get_by_role("link", name="Sign in by SARE ID").click()
    sign_in_there(page, "7f3a")

    expect(page.locator("h1")).to_have_text(words("accounts", "en")["second_factor"])
    page.locator("main form button.first").click()
    secret = base64.b32decode((page.locator("#secret").text_content() or "").replace(" ", ""))
    scanned = zxingcpp.read_barcode(Image.open(io.BytesIO(page.locator(".qr-code").screenshot())))
    assert scanned is not None
    assert scanned.text == page.locator("a[href^='otpauth:']").get_attribute("href")
    page.locator("#code").fill(code_of(secret))
    page.keyboard.press("Enter")
    expect(page.locator("#codes li")).to_have_count(10)
    codes_pass(live)
    page.context.clear_cookies()
    page.goto(f"{live.url}/signin?lang=en&next=/account/code%3Flang=en")
    page.get_by_role("link", name="Sign in by SARE ID").click()
    sign_in_there(page, "7f3a")
    page.locator("#code").fill(code_of(secret))
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("10 recovery codes left")


def test_who_is_not_linked_is_told_as_whom_he_is_known(
    live: LiveServer, visit: Callable[..., Any], database: Database
) -> None:
    page = visit(f"{live.url}/signin", **PHONE).page

    page.locator("a.second").click()
    sign_in_there(page, "somebody")

    expect(page.get_by_role("alert")).to_contain_text("somebody")
    assert_no_sideways_scrolling(page)


def sign_in_there(page: Page, subject: str) -> None:
    """Sign in at the provider, and let the service know who it is."""
    page.locator("input[name=login]").fill(subject)
    page.locator("input[name=password]").fill("any")
    page.locator("button[type=submit]").click()
    page.locator("button[type=submit]").click()
