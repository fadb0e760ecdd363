"""The second factor over HTTP: set up, asked for, taken off; no page, and no door, is a way round it."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from geoservice.auth.attempts import FREE_OF_NAME
from geoservice.auth.model import Role
from geoservice.pages.words.catalogue import words
from geoservice.services.accounts.sessions import SessionLimits, SessionService
from tests.geoservice.pages.accounts.people import INCIDENTS, NEW, OWN, People, sign_in, token_of
from tests.geoservice.services.accounts.desk import code_of

LIMITS = SessionLimits(3600, 86_400)


def set_up(browser: FlaskClient, password: str = NEW) -> tuple[bytes, list[str]]:
    """Set up a second factor in a browser; return its secret and the recovery codes."""
    token = token_of(browser)
    shown = browser.post("/account/code", data={"token": token, "current": password}, headers=OWN)
    assert shown.status_code == 200
    assert '<figure class="qr-code"><svg' in shown.text
    secret = secret_in(shown)
    form = {"token": token, "secret": typed(secret), "code": code_of(secret)}
    done = browser.post("/account/code/confirm", data=form, headers=OWN)
    assert done.status_code == 200
    return secret, re.findall(r"<li><code>([a-z0-9-]{19})</code>", done.text)


def typed(secret: bytes) -> str:
    return base64.b32encode(secret).decode()


def secret_in(page: TestResponse) -> bytes:
    found = re.search(r'<code id="secret">([A-Z2-7 ]+)</code>', page.text)
    assert found is not None, page.text
    return base64.b32decode(found[1].replace(" ", ""))


def codes_pass(people: People) -> None:
    people.sql("UPDATE geoservice.second_factor SET last_step = 0")


def show(browser: FlaskClient, code: str, **more: Any) -> TestResponse:
    form = {"code": code} | more.pop("form", {})
    return browser.post("/signin/code", data=form, headers=more.pop("headers", OWN), **more)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_whole_way(people: People, lang: Any) -> None:
    browser, said = people.signed_in(), words("accounts", lang)
    page = browser.get(f"/account/code?lang={lang}")
    assert said["factor_why"] in page.text
    secret, codes = set_up(browser)
    assert len(codes) == 10
    assert said["factor_since"].partition("{")[0] in browser.get(f"/account/code?lang={lang}").text
    codes_pass(people)

    elsewhere = people.browser()
    asked = sign_in(elsewhere, "desk-1", NEW, query_string={"lang": lang}, form={"next": "/maps/sare"})
    assert asked.status_code == 303
    assert asked.headers["Location"].startswith("/signin/code")
    page = elsewhere.get(asked.headers["Location"])
    assert said["code_hint"] in page.text
    assert 'autocomplete="one-time-code"' in page.text
    assert elsewhere.get(INCIDENTS).status_code == 401

    entered = show(elsewhere, code_of(secret), form={"next": "/maps/sare"})

    assert (entered.status_code, entered.headers["Location"]) == (303, "/maps/sare")
    assert elsewhere.get(INCIDENTS).status_code == 200
    assert elsewhere.get("/signin/code").headers["Location"].startswith("/signin")


def test_the_secret_on_the_way_is_no_session_by_any_door(people: People) -> None:
    set_up(people.signed_in())
    browser = people.browser()
    asked = sign_in(browser, "desk-1", NEW)
    [cookie] = asked.headers.getlist("Set-Cookie")
    secret = cookie.partition("=")[2].partition(";")[0]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Max-Age=300"))
    browser.set_cookie("geoservice-80", secret)

    assert browser.get(INCIDENTS).status_code == 401
    assert browser.get("/desk", headers={"Accept": "text/html"}).status_code in (302, 303)
    assert browser.get("/account/code").headers["Location"].startswith("/signin?")
    assert browser.get("/account/password").headers["Location"].startswith("/signin?")
    for path in ("/account/code", "/account/code/confirm", "/account/code/off", "/account/password"):
        form = {"token": "0" * 64, "current": NEW, "code": "000000", "new": "x" * 20, "again": "x" * 20}
        assert browser.post(path, data=form, headers=OWN).status_code == 403
    assert people.services.sessions.listener(secret) is None


def test_a_wrong_code_is_told_and_who_guesses_waits(people: People) -> None:
    secret, _ = set_up(people.signed_in())
    codes_pass(people)
    browser = people.browser()
    sign_in(browser, "desk-1", NEW)
    for _ in range(FREE_OF_NAME):
        refused = show(browser, code_of(secret, around=9), query_string={"lang": "en"})
        assert refused.status_code == 422
        assert words("accounts", "en")["code_refused"] in refused.text

    waits = show(browser, code_of(secret), query_string={"lang": "en"})

    assert (waits.status_code, waits.headers["Retry-After"]) == (429, "1")
    assert "Try again in 1 s." in waits.text


def test_the_step_before_is_not_left_out(people: People) -> None:
    secret, codes = set_up(people.signed_in())
    codes_pass(people)
    browser = people.browser()

    for code in (code_of(secret), codes[0]):
        refused = show(browser, code)
        assert refused.status_code == 403
        assert words("accounts", "zh")["pending_over"] in refused.text
    assert browser.get("/signin/code?next=/desk").headers["Location"] == "/signin?next=%2Fdesk"
    for origin in (
        {},
        {"Origin": "http://evil.example"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    ):
        sign_in(browser, "desk-1", NEW)
        assert show(browser, code_of(secret), headers=origin).status_code == 403


def test_forms_want_the_token_and_the_password(people: People) -> None:
    browser = people.signed_in()
    for path in ("/account/code", "/account/code/confirm", "/account/code/off"):
        form = {"current": NEW, "code": "000000"}
        assert browser.post(path, data=form, headers=OWN).status_code == 403
        assert browser.post(path, data=form | {"token": token_of(browser)}).status_code == 403
        assert people.browser().post(path, data=form, headers=OWN).status_code == 403
    wrong = browser.post("/account/code", data={"token": token_of(browser), "current": "wrong"}, headers=OWN)
    assert wrong.status_code == 422
    assert words("accounts", "zh")["wrong_password"] in wrong.text
    assert people.sql("SELECT count(*) FROM geoservice.second_factor") == [(0,)]


def test_a_code_that_does_not_confirm_shows_the_secret_once_more(people: People) -> None:
    browser = people.signed_in()
    token = token_of(browser)
    secret = secret_in(browser.post("/account/code", data={"token": token, "current": NEW}, headers=OWN))

    form = {"token": token, "secret": typed(secret), "code": "x"}
    again = browser.post("/account/code/confirm", data=form, headers=OWN)

    assert again.status_code == 422
    assert secret_in(again) == secret
    address = re.search(r'href="(otpauth://[^"]+)"', again.text)
    assert address is not None
    assert html.unescape(address[1]).startswith("otpauth://totp/geoservice%20localhost:desk-1?secret=")
    assert again.headers["Cache-Control"] == "no-store"
    assert people.services.second_factors.standing("desk-1") is None


def test_a_session_that_showed_no_password_is_told_nothing_of_a_secret_on_the_way(people: People) -> None:
    browser, stolen = people.signed_in(), people.browser()
    cookie = browser.get_cookie("geoservice-80")
    assert cookie is not None
    stolen.set_cookie("geoservice-80", cookie.value)
    token = token_of(browser)
    secret = secret_in(browser.post("/account/code", data={"token": token, "current": NEW}, headers=OWN))

    for shown in ("", "x", "A" * 32, "\u00fc", "\x00"):
        form = {"token": token, "secret": shown, "code": code_of(secret)}
        told = stolen.post("/account/code/confirm", data=form, headers=OWN)
        assert told.status_code in (409, 422)
        assert typed(secret) not in told.text.replace(" ", "")
        assert "<li><code>" not in told.text
    assert people.services.second_factors.standing("desk-1") is None


def test_it_is_taken_off_against_a_code(people: People) -> None:
    browser = people.signed_in()
    _, codes = set_up(browser)
    token = token_of(browser)

    assert browser.post("/account/code/off", data={"token": token, "code": "1"}, headers=OWN).status_code == 422
    there = browser.post("/account/code", data={"token": token, "current": NEW}, headers=OWN)
    assert there.status_code == 409
    done = browser.post("/account/code/off", data={"token": token, "code": codes[0]}, headers=OWN)

    assert done.status_code == 303
    assert words("accounts", "zh")["factor_why"] in browser.get("/account/code").text
    assert browser.post("/account/code/off", data={"token": token, "code": codes[1]}, headers=OWN).status_code == 409


# Demanded.


@pytest.fixture
def strict(people: People) -> Iterator[People]:
    """Return the door where dispatchers have to have one."""
    sessions = SessionService(people.services.database, LIMITS, {Role.DISPATCHER})
    yield People(replace(people.services, sessions=sessions), people.url)


def test_who_has_to_have_one_does_nothing_before(strict: People) -> None:
    first = strict.services.accounts.create("desk-1", Role.DISPATCHER, created_by="test", jurisdiction="sare")
    browser = strict.browser()
    assert sign_in(browser, "desk-1", first).headers["Location"] == "/account/password"
    assert browser.get("/account/code").headers["Location"] == "/account/password?next=%2Faccount%2Fcode"
    form = {"token": token_of(browser), "current": first, "new": NEW, "again": NEW, "next": "/maps/sare"}
    changed = browser.post("/account/password", data=form, headers=OWN)
    assert changed.headers["Location"] == "/account/code?next=%2Fmaps%2Fsare"

    refused = browser.get(INCIDENTS)
    assert (refused.status_code, refused.json["type"]) == (403, "/docs#problem-second-factor-wanted")
    led = browser.get("/desk/sare", headers={"Accept": "text/html"})
    assert led.headers["Location"].startswith("/account/code?")
    assert browser.get("/officer").headers["Location"] == "/account/code?next=%2Fofficer"
    assert words("accounts", "zh")["must_enrol"] in browser.get("/account/code").text
    set_up(browser)

    assert browser.get(INCIDENTS).status_code == 200


def test_the_new_pages_run_no_script_and_are_framed_by_nobody(people: People) -> None:
    browser = people.signed_in()
    token = token_of(browser)
    empty = browser.get("/account/code")
    secret = browser.post("/account/code", data={"token": token, "current": NEW}, headers=OWN)
    form = {"token": token, "secret": typed(secret_in(secret)), "code": code_of(secret_in(secret))}
    codes = browser.post("/account/code/confirm", data=form, headers=OWN)
    standing, asked = browser.get("/account/code"), people.browser()
    sign_in(asked, "desk-1", NEW)
    for page in (empty, secret, codes, standing, asked.get("/signin/code")):
        assert page.status_code == 200
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert page.headers["Cache-Control"] == "no-store"
        assert "<script" not in page.text
        assert "style=" not in page.text
        labelled = set(re.findall(r'<label for="(\w+)"', page.text))
        assert set(re.findall(r'<input id="(\w+)"', page.text)) == labelled


@pytest.mark.parametrize("path", ["/signin/code", "/account/code", "/account/code/confirm", "/account/code/off"])
def test_what_is_no_form_is_refused(people: People, path: str) -> None:
    browser = people.signed_in()
    statuses = {
        browser.post(path, json={"code": "x"}, headers=OWN).status_code,
        browser.post(path, data=b"code=x", headers=OWN, content_type="text/plain").status_code,
    }

    assert statuses == {415}
    assert browser.post(path, data={"code": "x" * 30_000}, headers=OWN).status_code == 413
    for said in (b"%ff=%00&code=%ED%A0%80&\xff", b"code=%00", b""):
        kind = "application/x-www-form-urlencoded"
        assert browser.post(path, data=said, headers=OWN, content_type=kind).status_code in (403, 409, 422)
    with_token = {"token": token_of(browser), "code": "\x00", "current": "\x00", "next": "//evil.example"}
    assert browser.post(path, data=with_token, headers=OWN).status_code in (403, 409, 422)
