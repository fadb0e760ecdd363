"""Signing in over HTTP: cookies, pages of others, guesses, and what a session may from one request to the next."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from geoservice.auth.attempts import FREE_OF_NAME, FREE_OF_NETWORK
from geoservice.auth.model import Role
from geoservice.auth.permissions import Permission
from geoservice.domain.languages import language_of
from geoservice.pages.words.catalogue import words
from geoservice.web.guard import LABEL
from geoservice.wiring import Services
from tests.depth import sampled
from tests.geoservice.api.test_walls import showing
from tests.geoservice.pages.accounts.people import HIDDEN, INCIDENTS, NEW, OWN, People, cookie_of, sign_in, token_of

#: What is answered without asking who is signed in.
NEVER_PERSONAL = (Permission.SEE_HEALTH, Permission.LOOK_UP_OWNER)


@contextmanager
def asked_of(people: People) -> Iterator[list[str]]:
    """Yield what is asked of the database meanwhile."""
    asked: list[str] = []

    def hear(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(people.services.database.engine, "before_cursor_execute", hear)
    yield asked
    event.remove(people.services.database.engine, "before_cursor_execute", hear)


def report(browser: FlaskClient, headers: Mapping[str, str]) -> TestResponse:
    """Send something that changes something and that not everybody may."""
    body = {"service_code": "light", "lon": 91.77, "lat": 29.24, "source": "patrol"}
    return browser.post("/v1/incidents", json=body, headers=headers)


# The way in.


def test_whoever_signs_in_first_changes_the_password_and_then_is_led_where_he_was_going(people: People) -> None:
    first = people.services.accounts.create("desk-1", Role.DISPATCHER, created_by="test", jurisdiction="sare")
    browser = people.browser()

    entered = sign_in(browser, " Desk-1", first, form={"next": "/maps/sare?lang=en"}, query_string={"lang": "en"})
    assert (entered.status_code, entered.headers["Location"]) == (
        303, "/account/password?lang=en&next=%2Fmaps%2Fsare%3Flang%3Den",
    )  # fmt: skip
    refused = browser.get(INCIDENTS)
    assert (refused.status_code, refused.json["type"]) == (403, "/docs#problem-password-to-change")
    assert browser.get("/maps/sare").status_code == 200
    assert browser.get("/officer").headers["Location"] == "/account/password?next=%2Fofficer"

    form = {"token": token_of(browser), "current": first, "new": NEW, "again": NEW, "next": "/maps/sare?lang=en"}
    changed = browser.post("/account/password", data=form, headers=OWN)
    assert (changed.status_code, changed.headers["Location"]) == (303, "/maps/sare?lang=en")
    assert browser.get(INCIDENTS).json["incidents"]
    assert "desk-1" in browser.get("/maps/sare").text


def test_a_session_may_what_a_key_of_the_same_role_and_place_may(people: People) -> None:
    browser = people.signed_in("desk-1", Role.DISPATCHER)
    key = people.services.keys.create(Role.DISPATCHER, "test", jurisdiction="sare")
    shown = {"Authorization": f"Bearer {key}"}

    for path in (
        INCIDENTS,
        "/v1/staff?jurisdiction=sare",
        "/v1/webhooks",
        "/v1/incidents?jurisdiction=other",
        "/ogc/sare/collections",
    ):
        by_key, by_session = people.browser().get(path, headers=shown), browser.get(path)
        assert by_session.status_code == by_key.status_code, path
        if by_key.status_code == 200:
            assert by_session.json == by_key.json

    stranger = people.browser().get(INCIDENTS)
    assert stranger.status_code == 401


def test_an_officer_sees_the_own_list_and_histories_name_the_account(people: People) -> None:
    officer = people.signed_in("post-3", Role.OFFICER, staff=("sare", "G03"))

    duty = officer.get("/v1/postings/own").json
    made = report(officer, OWN | {"X-CSRF-Token": token_of(officer)})

    assert duty["officer_code"] == "G03"
    assert made.status_code == 201
    history = "SELECT DISTINCT actor FROM geoservice.incident_event WHERE incident_id = %s"
    assert people.sql(history, made.json["id"]) == [("officer:post-3",)]


def test_a_key_that_is_shown_wins_over_who_is_signed_in(people: People) -> None:
    browser = people.signed_in("boss", Role.ADMIN)
    reader = {"Authorization": "Bearer " + people.services.keys.create(Role.READER, "test")}

    assert browser.get(INCIDENTS, headers=reader).status_code == 403
    assert browser.get(INCIDENTS, headers={"Authorization": "Bearer nonsense"}).status_code == 401
    dispatcher = {"Authorization": "Bearer " + people.services.keys.create(Role.DISPATCHER, "test")}
    assert report(browser, dispatcher).status_code == 201  # a program: no cookie decides, so no token is asked for


@pytest.mark.parametrize("path", ["/", "/maps/sare", "/signin", "/report", "/officer"])
def test_a_session_that_is_over_is_a_visitors(people: People, path: str) -> None:
    browser = people.signed_in()
    people.services.accounts.disable("desk-1")

    assert browser.get(path, follow_redirects=True).status_code == 200
    assert browser.get(INCIDENTS).status_code == 401


def test_look_ups_ask_nobody_who_is_signed_in(people: People) -> None:
    browser = people.signed_in()
    with asked_of(people) as asked:
        assert browser.get("/v1/owner?lon=91.77&lat=29.24&accuracy_m=3").status_code == 200
        assert browser.get("/livez").status_code == 200

    assert [statement for statement in asked if "geoservice.session" in statement] == []


@pytest.mark.slow
def test_no_cache_on_the_way_keeps_what_somebody_who_is_signed_in_is_told(people: People) -> None:
    browser, stranger = people.signed_in("boss", Role.ADMIN), people.browser()
    told = 0
    for rule in people.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.arguments - {"jurisdiction", "layer", "collection"}:
            continue
        path = (
            rule.rule.replace("<jurisdiction>", "sare").replace("<collection>", "cameras").replace("<layer>", "cameras")
        )
        asked = {} if "jurisdiction" in rule.arguments else {"jurisdiction": "sare"}
        answer = browser.get(path, query_string=asked, buffered=True)
        if answer.status_code != 200 or getattr(people.app.view_functions[rule.endpoint], LABEL) in NEVER_PERSONAL:
            continue
        told += 1
        kept = answer.headers.get("Cache-Control", "")
        assert (
            "no-store" in kept
            or "private" in kept
            or answer.data == stranger.get(path, query_string=asked, buffered=True).data
        ), path
    assert told > 15


# The cookie.


def test_over_http_the_cookie_is_the_hosts_and_the_ports(people: People) -> None:
    people.account("desk-1", Role.DISPATCHER)
    plain = cookie_of(sign_in(people.browser(), "desk-1", NEW))
    other = cookie_of(
        sign_in(
            people.browser(),
            "desk-1",
            NEW,
            base_url="http://gis.example:8081",
            headers={"Origin": "http://gis.example:8081"},
        )
    )

    assert re.fullmatch(r"geoservice-80=[\w-]{43}; HttpOnly; Path=/; SameSite=Lax", plain)
    assert other.startswith("geoservice-8081=")


def test_over_https_it_is_bound_to_the_host_and_never_sent_without_tls(people: People) -> None:
    people.account("desk-1", Role.DISPATCHER)
    for proxy, base in (({"X-Forwarded-Proto": "https"}, "http://gis.example"), ({}, "https://gis.example")):
        headers = {"Origin": "https://gis.example"} | proxy
        browser = people.browser()

        cookie = cookie_of(sign_in(browser, "desk-1", NEW, base_url=base, headers=headers))

        assert re.fullmatch(r"__Host-geoservice-443=[\w-]{43}; Secure; HttpOnly; Path=/; SameSite=Lax", cookie)
        secret = cookie.partition("=")[2].partition(";")[0]
        known = {"Cookie": f"__Host-geoservice-443={secret}"} | proxy
        assert people.app.test_client(use_cookies=False).get(INCIDENTS, base_url=base, headers=known).status_code == 200
        # A cookie that somebody on the line set without TLS is not looked at.
        forged = {"Cookie": f"geoservice-443={secret}; geoservice-80={secret}"} | proxy
        assert (
            people.app.test_client(use_cookies=False).get(INCIDENTS, base_url=base, headers=forged).status_code == 401
        )


def test_a_secret_that_was_there_before_is_nobodys_afterwards(people: People) -> None:
    """Session fixation: who planted a secret, of a session or of none, has nothing when the other signs in."""
    planted = people.signed_in("mallory", Role.READER).get_cookie("geoservice-80")
    assert planted is not None
    people.account("desk-1", Role.DISPATCHER)
    for value in (planted.value, "A" * 43, "x"):
        browser = people.browser()
        browser.set_cookie("geoservice-80", value)

        assert sign_in(browser, "desk-1", NEW).status_code == 303

        thief = people.browser()
        thief.set_cookie("geoservice-80", value)
        assert thief.get(INCIDENTS).status_code == 401
        fresh = browser.get_cookie("geoservice-80")
        assert fresh is not None
        assert fresh.value != value


def test_whoever_signs_out_is_gone_here_and_in_the_database(people: People) -> None:
    browser = people.signed_in()
    secret = browser.get_cookie("geoservice-80")
    assert secret is not None

    out = browser.post("/signout", data={"token": token_of(browser)}, headers=OWN)

    assert (out.status_code, out.headers["Location"]) == (303, "/signin")
    assert cookie_of(out).startswith("geoservice-80=; Expires=Thu, 01 Jan 1970")
    browser.set_cookie("geoservice-80", secret.value)
    assert browser.get(INCIDENTS).status_code == 401
    assert browser.post("/signout", data={"token": ""}, headers=OWN).status_code == 303  # once more is no error


def test_an_officer_who_signs_out_is_led_where_the_browser_forgets_his_work(people: People) -> None:
    browser = people.signed_in("post-3", Role.OFFICER, staff=("sare", "G03"))
    assert browser.post("/signout", data={"token": token_of(browser)}, headers=OWN).headers["Location"] == "/officer"


# Pages of others.


def test_whoever_is_signed_in_changes_something_with_the_token_of_the_session_alone(people: People) -> None:
    browser, other = people.signed_in("desk-1"), people.signed_in("desk-2")
    token = token_of(browser)

    assert report(browser, OWN | {"X-CSRF-Token": token}).status_code == 201
    for wrong in ("", "x", token[:-1], token + "0", token_of(other), "ü"):
        refused = report(browser, OWN | {"X-CSRF-Token": wrong})
        assert (refused.status_code, refused.json["type"]) == (403, "/docs#problem-token-missing"), wrong
    assert report(browser, OWN).status_code == 403
    sign_in(browser, "desk-1", NEW)
    assert report(browser, OWN | {"X-CSRF-Token": token}).status_code == 403  # of the session before


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ({"Origin": "http://localhost"}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}, True),
        ({}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "http://localhost.evil.example"}, False),
        ({"Origin": "http://localhost:8081"}, False),
        ({"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "http://localhost", "Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}, False),
    ],
)
def test_what_a_page_of_another_site_sends_does_nothing(people: People, said: dict[str, str], taken: bool) -> None:
    browser = people.signed_in()
    token = token_of(browser)

    made = report(browser, said | {"X-CSRF-Token": token})
    begun = sign_in(people.browser(), "desk-1", NEW, headers=said)
    form = {"token": token, "current": NEW, "new": "noch ein wort 8", "again": "noch ein wort 8"}
    changed = post_form(browser, "/account/password", form | {"new": "x"}, said)
    out = post_form(browser, "/signout", {"token": token}, said)

    assert made.status_code == (201 if taken else 403)
    assert begun.status_code == (303 if taken else 403)
    assert changed.status_code == (422 if taken else 403)
    assert out.status_code == (303 if taken else 403)
    assert ("Set-Cookie" in out.headers) == taken
    assert browser.get(INCIDENTS).status_code == (401 if taken else 200)


def post_form(browser: FlaskClient, path: str, form: dict[str, str], headers: dict[str, str]) -> TestResponse:
    return browser.post(path, data=form, headers=headers)


def test_a_page_of_others_signs_nobody_out_without_his_cookie_either(people: People) -> None:
    out = people.browser().post("/signout", data={"token": ""}, headers={"Origin": "http://evil.example"})

    assert out.status_code == 403
    assert "Set-Cookie" not in out.headers


@pytest.mark.parametrize("path", ["/signout", "/account/password"])
def test_forms_want_the_token_too(people: People, path: str) -> None:
    browser = people.signed_in()
    form = {"current": NEW, "new": "noch ein wort 8", "again": "noch ein wort 8"}

    refused = browser.post(path, data=form | {"token": "0" * 64}, headers=OWN)

    assert refused.status_code == 403
    assert words("accounts", "zh")["stale"] in refused.text
    assert browser.get(INCIDENTS).status_code == 200


@pytest.mark.parametrize(
    "where",
    [
        "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "javascript:alert(1)", "evil",
        "/\t/evil.example", "/\n/evil.example", " /x", "http:/evil.example", "///evil.example", "/x\\y", "",
        "/" + "x" * 2000, "/ü",
    ],
)  # fmt: skip
def test_nobody_is_led_to_another_site(people: People, where: str) -> None:
    people.account("desk-1", Role.DISPATCHER)

    entered = sign_in(people.browser(), "desk-1", NEW, form={"next": where})

    assert entered.headers["Location"] == "/desk"
    page = people.browser().get("/signin", query_string={"next": where}).text
    assert 'name="next" value=""' in page


def test_an_own_path_is_kept_through_both_pages(people: People) -> None:
    people.account("post-1", Role.OFFICER, staff=("sare", "G01"))

    led = [
        sign_in(people.browser(), "post-1", NEW, form={"next": where}).headers["Location"]
        for where in ("/maps/sare?lang=en#a", "/officer", "")
    ]

    assert led == ["/maps/sare?lang=en#a", "/officer", "/officer"]
    led_in = people.browser().get("/account/password?lang=en&next=/maps/sare").headers["Location"]
    assert led_in == "/signin?lang=en&next=%2Faccount%2Fpassword%3Flang%3Den%26next%3D%252Fmaps%252Fsare"


# Guesses.


def test_names_can_not_be_found_out(people: People) -> None:
    people.account("desk-1", Role.DISPATCHER)
    people.account("shut", Role.READER)
    people.services.accounts.disable("shut")
    seen = set()
    for login, password in (("desk-1", "wrong"), ("nobody", "wrong"), ("shut", NEW), ("desk-2", NEW)):
        with asked_of(people) as asked:
            refused = sign_in(people.browser(), login, password)
        told = refused.text.replace(f'value="{login}"', "")
        headers = {name: value for name, value in refused.headers if name not in ("Content-Length", "Date")}
        seen.add((refused.status_code, told, str(headers), tuple(asked)))

    assert len(seen) == 1
    assert next(iter(seen))[0] == 422


def test_who_guesses_too_often_is_told_when_to_come_again(people: People) -> None:
    people.account("desk-1", Role.DISPATCHER)
    browser = people.browser()
    for _ in range(FREE_OF_NAME):
        assert sign_in(browser, "desk-1", "wrong").status_code == 422

    told = sign_in(browser, "desk-1", NEW, query_string={"lang": "en"})

    assert (told.status_code, told.headers["Retry-After"]) == (429, "1")
    assert 'role="alert"' in told.text
    assert "Try again in 1 s." in told.text
    people.sql("UPDATE geoservice.sign_in_attempt SET wait_until = now() + interval '14 minutes'")
    assert "请在 14 分钟 后再试" in sign_in(browser, "desk-1", NEW).text
    people.sql("UPDATE geoservice.sign_in_attempt SET wait_until = now()")
    assert sign_in(browser, "desk-1", NEW).status_code == 303


def test_behind_a_proxy_failures_are_counted_by_whom_it_heard(people: People) -> None:
    people = People(people.services, people.url, proxy_networks="127.0.0.0/8, 10.0.0.0/8")

    def guess(number: int, heard: str) -> int:
        headers = OWN | {"X-Forwarded-For": heard}
        return sign_in(people.browser(), f"name-{number}", "wrong", headers=headers).status_code

    for number in range(FREE_OF_NETWORK):
        # What the guesser writes himself stands before what the proxies add.
        assert guess(number, f"198.51.100.{number}, 203.0.113.9, 10.0.0.2") == 422

    assert guess(99, "203.0.113.77") == 429
    assert guess(99, "192.0.2.1") == 422
    assert guess(98, "nonsense") == 422


def test_who_names_no_proxies_believes_nobody(people: People) -> None:
    for number in range(FREE_OF_NETWORK):
        headers = OWN | {"X-Forwarded-For": f"198.51.{number}.1"}
        assert sign_in(people.browser(), f"name-{number}", "wrong", headers=headers).status_code == 422

    assert sign_in(people.browser(), "name", "wrong", headers=OWN | {"X-Forwarded-For": "192.0.2.1"}).status_code == 429


# During a session.


def test_a_role_that_is_taken_away_is_gone_with_the_next_request(people: People) -> None:
    browser = people.signed_in()
    assert browser.get(INCIDENTS).status_code == 200

    people.sql("UPDATE geoservice.access_grant SET role = 'reader' WHERE login = 'desk-1'")

    assert browser.get(INCIDENTS).status_code == 401
    sign_in(browser, "desk-1", NEW)
    assert browser.get(INCIDENTS).status_code == 403


def test_a_role_that_somebody_gets_is_not_had_by_a_session_from_before(people: People) -> None:
    browser = people.signed_in("desk-1", Role.READER)

    people.sql("UPDATE geoservice.access_grant SET role = 'admin', jurisdiction_id = NULL WHERE login = 'desk-1'")

    assert browser.get(INCIDENTS).status_code == 401


@pytest.mark.parametrize("way", ["disabled", "reset", "ended", "rested"])
def test_a_session_that_ends_is_over_with_the_next_request(people: People, way: str) -> None:
    browser = people.signed_in()
    assert browser.get(INCIDENTS).status_code == 200

    if way == "disabled":
        people.services.accounts.disable("desk-1")
    elif way == "reset":
        people.services.accounts.reset("desk-1")
    elif way == "ended":
        people.sql("UPDATE geoservice.session SET created_at = now() - interval '1 day', expires_at = now()")
    else:
        people.sql("UPDATE geoservice.session SET seen_at = now() - interval '8 hours'")

    assert browser.get(INCIDENTS).status_code == 401


def test_an_officers_sight_ends_with_the_posting(services: Services, community_url: str) -> None:
    people = People(services, community_url)
    officer = people.signed_in("post-3", Role.OFFICER, staff=("sare", "G03"))
    own = "/v1/incidents?jurisdiction=sare&own=true&limit=1"
    assert officer.get(own).json["total"] > 0

    people.sql("DELETE FROM geoservice.posting WHERE staff_code = 'G03'")

    assert officer.get("/v1/postings/own").json["postings"] == []


def test_a_password_that_is_changed_elsewhere_ends_the_session_here(people: People) -> None:
    here, elsewhere = people.signed_in(), people.browser()
    sign_in(elsewhere, "desk-1", NEW)
    form = {"token": token_of(elsewhere), "current": NEW, "new": "noch ein wort 8", "again": "noch ein wort 8"}

    assert elsewhere.post("/account/password", data=form, headers=OWN).status_code == 303

    assert here.get(INCIDENTS).status_code == 401
    assert elsewhere.get(INCIDENTS).status_code == 200
    late = here.post("/account/password", data=form, headers=OWN)
    assert late.status_code == 403
    assert words("accounts", "zh")["signed_out"] in late.text


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ({"current": "wrong"}, "wrong_password"), ({"again": "other"}, "differ"),
        ({"new": "kurz", "again": "kurz"}, "too_short"),
        ({"new": NEW, "again": NEW}, "as_before"), ({"new": "desk-1 desk-1", "again": "desk-1 desk-1"}, "holds_login"),
        ({"new": "aaaaaaaaaaaa", "again": "aaaaaaaaaaaa"}, "too_plain"),
        ({"new": "ab c" * 99, "again": "ab c" * 99}, "too_long"),
        ({"new": "", "again": ""}, "too_short"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("lang", sampled(["zh", "en"], 2))
def test_a_password_that_is_not_taken_is_told_why(people: People, form: dict[str, str], word: str, lang: Any) -> None:
    browser = people.signed_in()
    good = {"token": token_of(browser), "current": NEW, "new": "noch ein wort 8", "again": "noch ein wort 8"}

    refused = browser.post(f"/account/password?lang={lang}", data=good | form, headers=OWN)

    assert refused.status_code == 422
    assert f'<p class="error" role="alert" id="error">{words("accounts", lang)[word]}</p>' in refused.text
    assert browser.get(INCIDENTS).status_code == 200


# The pages.


def test_the_pages_run_no_script_and_are_framed_by_nobody(people: People) -> None:
    browser = people.signed_in()
    for page in (people.browser().get("/signin"), browser.get("/signin?lang=en"), browser.get("/account/password")):
        assert page.status_code == 200
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["Cache-Control"] == "no-store"
        assert "<script" not in page.text
        assert "style=" not in page.text
        labelled = set(re.findall(r'<label for="(\w+)"', page.text))
        fields = set(re.findall(r'<input id="(\w+)"', page.text))
        assert fields == labelled


def test_browsers_know_which_field_is_which(people: People) -> None:
    page, changing = people.browser().get("/signin").text, people.signed_in().get("/account/password").text

    assert re.findall(r'autocomplete="([\w-]+)"', page) == ["username", "current-password"]
    assert re.findall(r'autocomplete="([\w-]+)"', changing) == [
        "username", "current-password", "new-password", "new-password",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "lang"), [("", "zh-CN"), ("?lang=en", "en"), ("?lang=bo", "bo"), ("?lang=fr", "zh-CN")]
)
def test_each_page_is_in_the_language_asked_for(people: People, query: str, lang: str) -> None:
    browser = people.signed_in()
    for page in (people.browser().get(f"/signin{query}"), browser.get(f"/account/password{query}")):
        assert f'<html lang="{lang}">' in page.text
    told = sign_in(people.browser(), "x", "y", query_string=query.lstrip("?"))
    assert words("accounts", language_of(lang) or "zh")["refused"] in told.text


def test_hostile_words_are_words(people: People) -> None:
    login = '"><script>alert(1)</script>{{ 6 * 7 }}'

    page = sign_in(people.browser(), login, "x", form={"next": '/"><script>'}).text

    assert "<script" not in page
    assert 'value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;{{ 6 * 7 }}"' in page


@pytest.mark.parametrize("path", ["/signin", "/signout", "/account/password"])
def test_what_is_no_form_is_refused(people: People, path: str) -> None:
    browser = people.signed_in()
    statuses = {
        browser.post(path, json={"login": "x"}, headers=OWN).status_code,
        browser.post(path, data=b"login=x", headers=OWN, content_type="text/plain").status_code,
        browser.post(path, data={"login": "x"}, headers=OWN, content_type="multipart/form-data").status_code,
    }

    assert statuses == {415}
    assert browser.post(path, data={"login": "x" * 30_000}, headers=OWN).status_code == 413
    assert browser.post(path, data={f"n{n}": "" for n in range(50)}, headers=OWN).status_code in (403, 422)
    garbage = browser.post(
        path, data=b"%ff=%00&&=&login=%ED%A0%80&\xff", headers=OWN, content_type="application/x-www-form-urlencoded"
    )
    assert garbage.status_code in (403, 422)


def test_the_map_and_the_list_show_who_is_signed_in(services: Services, community_url: str) -> None:
    people = People(services, community_url)
    with psycopg.connect(people.url) as connection:
        connection.execute(
            "INSERT INTO geoservice.jurisdiction (code, name, outline, metric_srid)"
            " SELECT 'second', 'Second', st_translate(outline, 1, 0), metric_srid FROM geoservice.jurisdiction"
        )
    stranger, browser = people.browser(), people.signed_in("desk-8")
    for path in ("/?lang=en", "/maps/sare?lang=en"):
        assert (
            f'href="/signin?lang=en&amp;next={path.partition("?")[0].replace("/", "%2F")}%3Flang%3Den"'
            in stranger.get(path).text
        )
        seen = browser.get(path if path.startswith("/maps") else browser.get(path).headers["Location"]).text
        assert ">desk-8</strong>" in seen
        assert 'action="/signout?lang=en"' in seen
        assert HIDDEN.search(seen)


def test_a_closed_jurisdiction_is_not_opened_by_a_cookie_of_nobody(people: People) -> None:
    with showing(people.url, "closed"):
        browser = people.browser()
        browser.set_cookie("geoservice-80", "A" * 43)
        for path in ("/maps/sare", "/v1/grids?jurisdiction=sare"):
            assert browser.get(path).status_code == people.browser().get(path).status_code
