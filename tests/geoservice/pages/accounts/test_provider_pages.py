"""Signing in by an identity provider over HTTP: what the browser keeps, where it is led, and what it is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from geoservice.auth.model import Role
from geoservice.oidc.provider import Provider
from geoservice.pages.words.catalogue import words
from geoservice.services.accounts.providers import LinkService, ProviderSignInService
from tests.conftest import free_port
from tests.geoservice.pages.accounts.people import INCIDENTS, People, sign_in
from tests.identity_provider import IdentityProvider, providing

BACK = "/signin/provider/back"
SAID = words("accounts", "en")


@pytest.fixture(scope="module")
def issuer() -> Iterator[IdentityProvider]:
    with providing(free_port(), f"http://localhost{BACK}") as running:
        yield running


@pytest.fixture
def door(people: People, issuer: IdentityProvider) -> People:
    """Return the door beside which a provider stands that knows desk-1."""
    return beside(people, Provider(issuer.settings), issuer)


def beside(people: People, provider: Provider, issuer: IdentityProvider) -> People:
    database = people.services.database
    signing_in = ProviderSignInService(database, people.services.sessions, provider, "SARE ID")
    door = People(replace(people.services, provider=signing_in), people.url)
    if not people.sql("SELECT 1 FROM geoservice.account WHERE login = 'desk-1'"):
        door.account("desk-1", Role.DISPATCHER, jurisdiction="sare")
        LinkService(database).link("desk-1", issuer=issuer.settings.issuer, subject="7f3a")
    return door


def led_to(browser: FlaskClient, **more: Any) -> str:
    led = browser.get("/signin/provider", **more)
    assert led.status_code == 303, led.text
    return led.headers["Location"]


def come_back(browser: FlaskClient, answer: dict[str, str]) -> TestResponse:
    return browser.get(BACK, query_string=answer | {"lang": "en"})


def test_whoever_is_linked_is_led_there_and_back_to_where_he_was_going(door: People, issuer: IdentityProvider) -> None:
    browser = door.browser()
    page = browser.get("/signin?lang=en&next=/maps/sare")
    assert 'href="/signin/provider?lang=en&amp;next=%2Fmaps%2Fsare"' in page.text
    assert SAID["by_provider"].format(name="SARE ID") in page.text
    led = browser.get("/signin/provider?lang=en&next=/maps/sare")
    [cookie] = led.headers.getlist("Set-Cookie")
    assert all(part in cookie for part in ("geoservice-80-provider=", "HttpOnly", "SameSite=Lax", "Max-Age=600"))
    assert led.headers["Cache-Control"] == "no-store"

    back = come_back(browser, issuer.answer_to(led.headers["Location"], "7f3a"))

    assert (back.status_code, back.headers["Location"]) == (303, "/maps/sare")
    assert browser.get(INCIDENTS).status_code == 200
    assert browser.get_cookie("geoservice-80-provider") is None
    # In the language in which it began, of which the provider knows nothing.
    browser = door.browser()
    answer = issuer.answer_to(browser.get("/signin/provider?lang=en").headers["Location"], "7f3a")
    once_more = browser.get(BACK, query_string=answer).headers["Location"]
    assert once_more.startswith(f"{BACK}?lang=en&")
    assert browser.get(once_more).headers["Location"] == "/desk?lang=en"
    # Without a way that was being gone, where the role begins.
    browser = door.browser()
    assert come_back(browser, issuer.answer_to(led_to(browser), "7f3a")).headers["Location"].startswith("/desk")


def test_who_is_not_linked_is_told_as_whom_he_is_known(door: People, issuer: IdentityProvider) -> None:
    browser = door.browser()

    told = come_back(browser, issuer.answer_to(led_to(browser), '<script>"x"'))

    assert told.status_code == 403
    assert "no account here is linked" in told.text
    assert "&lt;script&gt;&#34;x&#34;" in told.text
    assert browser.get(INCIDENTS).status_code == 401


def test_an_answer_without_the_browser_that_asked_is_refused(door: People, issuer: IdentityProvider) -> None:
    asked, other = door.browser(), door.browser()
    answer = issuer.answer_to(led_to(asked), "7f3a")

    for browser in (other, door.browser()):
        refused = come_back(browser, answer)
        assert refused.status_code == 403
        assert SAID["answer_refused"] in refused.text
    other.get("/signin/provider")
    assert come_back(other, answer).status_code == 403
    assert come_back(asked, answer).status_code == 303
    assert come_back(asked, answer).status_code == 403


@pytest.mark.parametrize("kept", ["", "x", "A" * 43 + "//evil.example", "A" * 4000, "A" * 43 + "\u00fc"])
def test_whatever_a_browser_keeps_is_no_way_in(door: People, kept: str) -> None:
    browser = door.browser()
    browser.set_cookie("geoservice-80-provider", kept)

    for query in ("", "?state=x&code=y", "?state=%ff&iss=%00", "?error=" + "x" * 2000, "?code=a&code=b&state=&state="):
        refused = browser.get(BACK + query)
        assert refused.status_code in (403, 422)
        assert "evil" not in refused.text


def test_no_other_site_begins_it(door: People) -> None:
    for site in ("cross-site", "same-site"):
        led = door.browser().get("/signin/provider?next=/desk", headers={"Sec-Fetch-Site": site})
        assert led.headers["Location"] == "/signin?next=%2Fdesk"
        assert "Set-Cookie" not in led.headers
    led = door.browser().get("/signin/provider", headers={"Sec-Fetch-Site": "same-origin"})
    assert urlsplit(led.headers["Location"]).path == "/auth"


def test_a_provider_that_is_away_is_told_and_passwords_are_good(people: People, issuer: IdentityProvider) -> None:
    away = Provider(replace(issuer.settings, issuer=f"http://127.0.0.1:{free_port()}"))
    door = beside(people, away, issuer)
    browser = door.browser()

    told = browser.get("/signin/provider?lang=en")

    assert (told.status_code, told.headers["Retry-After"]) == (503, "2")
    assert SAID["provider_away"] in told.text
    assert sign_in(browser, "desk-1", "ein neues wort 7").status_code == 303


def test_where_no_provider_is_named_there_is_nothing_of_it(people: People) -> None:
    browser = people.browser()

    assert "/signin/provider" not in browser.get("/signin").text
    assert browser.get("/signin/provider").status_code == 404
    assert browser.get(BACK).status_code == 404
