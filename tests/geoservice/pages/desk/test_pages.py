"""The desk over HTTP: who gets in, what forms must bring, and what is told instead of a page."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from python_calamine import CalamineWorkbook
from werkzeug.test import TestResponse

from geoservice.app import create_app
from geoservice.auth.model import Role
from geoservice.pages.shell.frame import content_security_policy
from geoservice.pages.shell.streams import stream_url
from geoservice.settings import Settings
from geoservice.wiring import Services
from tests.geoservice.web.attacks import hostile_texts

NEW = "ein neues wort 7"
PERSON = {"Accept": "text/html,application/xhtml+xml"}
OWN = {"Origin": "http://localhost"}
SELF = "'self'"
HAND = "status=reported,dispatched,accepted,returned,resolved&sort=due"
TOKEN = re.compile(r'data-token="([0-9a-f]{64})"')


class Browser:
    """Somebody at the desk."""

    def __init__(self, services: Services, login: str, role: Role, jurisdiction: str | None = "sare") -> None:
        app = create_app(Settings(database_url=SecretStr("postgresql://unused"), port=80), services=services)
        self.client: FlaskClient = app.test_client()
        first = services.accounts.create(login, role, created_by="test", jurisdiction=jurisdiction)
        services.sessions.change_password(login, first, NEW, address="192.0.2.1")
        entered = self.client.post("/signin", data={"login": login, "password": NEW}, headers=OWN)
        self.home = entered.headers["Location"]

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=PERSON | headers)

    def token(self) -> str:
        found = TOKEN.search(self.get(f"/desk/sare?{HAND}").text)
        assert found is not None
        return found[1]

    def post(self, path: str, headers: dict[str, str] | None = None, **form: Any) -> TestResponse:
        return self.client.post(path, data=form, headers=PERSON | OWN | (headers or {}))


@pytest.fixture
def dispatcher(services: Services) -> Iterator[Browser]:
    yield Browser(services, "desk-5", Role.DISPATCHER)


def some(dispatcher: Browser, query: str = "status=dispatched") -> dict[str, Any]:
    answer = dispatcher.client.get(f"/v1/incidents?jurisdiction=sare&limit=1&{query}")
    return dict(answer.json["incidents"][0])


@pytest.mark.parametrize(("asked", "preferred", "kept"), [("zh", "en", "zh"), ("en", "zh", "en"), ("en", "en", None)])
def test_a_form_keeps_the_language_of_its_page(
    dispatcher: Browser, asked: str, preferred: str, kept: str | None
) -> None:
    page = dispatcher.client.get(
        f"/desk/sare?{HAND}&lang={asked}", headers={**PERSON, "Accept-Language": preferred}
    ).text
    said = re.findall(r'name="lang" value="(\w+)"', page)
    assert said == ([kept] if kept else [])


def test_a_dispatcher_begins_at_the_desk_with_the_queue(dispatcher: Browser) -> None:
    assert dispatcher.home == "/desk"
    assert dispatcher.get("/desk").headers["Location"] == "/desk/sare"
    assert dispatcher.get("/desk/sare?lang=en").headers["Location"] == "/desk/sare?lang=en&status=reported&sort=due"


def test_who_is_not_signed_in_is_led_there_and_back(client: FlaskClient) -> None:
    answer = client.get(f"/desk/sare?{HAND}&lang=en", headers=PERSON)

    led = urlsplit(answer.headers["Location"])
    assert (answer.status_code, led.path) == (303, "/signin")
    assert parse_qs(led.query) == {"lang": ["en"], "next": [f"/desk/sare?{HAND}&lang=en"]}
    assert client.get("/desk/sare").status_code == 401
    assert client.get("/desk/sare").content_type == "application/problem+json"


@pytest.mark.parametrize(("role", "status"), [(Role.ANALYST, 403), (Role.AUDITOR, 200), (Role.ADMIN, 200)])
def test_others_get_in_by_the_table(services: Services, role: Role, status: int) -> None:
    browser = Browser(services, "post-9", role)
    answer = browser.get(f"/desk/sare?{HAND}&lang=en")
    assert answer.status_code == status
    assert ("This account may not open this page" in answer.text) == (status == 403)
    assert ('id="bulk"' in answer.text) == (role is Role.ADMIN)


def test_an_auditor_takes_no_step(services: Services) -> None:
    browser = Browser(services, "audit-9", Role.AUDITOR)
    incident = some(browser)
    path = f"/desk/sare/incidents/{incident['id']}/accept?sort=new"
    assert browser.post(path, token=browser.token()).status_code == 403


def test_pages_keep_a_policy_without_inline_styles_or_scripts(dispatcher: Browser) -> None:
    incident = some(dispatcher)
    for path in (f"/desk/sare?{HAND}&open={incident['id']}&do=merge", "/desk/sare?open=x&sort=new", "/desk/nowhere"):
        answer = dispatcher.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "script-src 'self';" in policy
        assert " style=" not in answer.text
        assert not re.search(r"<script(?![^>]* src=)|<style|\son[a-z]+=", answer.text)
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("host", "port", "stream"), [
    ("127.0.0.1:8080", None, "http://127.0.0.1:8081/v1/events"), ("[::1]:8080", 9000, "http://[::1]:9000/v1/events"),
    ("desk.example", None, "/v1/events"), ("desk.example:443", None, "/v1/events"), ("127.0.0.1:8080", 0, ""),
])  # fmt: skip
def test_the_stream_is_beside_the_server_or_behind_its_proxy(host: str, port: int | None, stream: str) -> None:
    settings = Settings(port=8080, events_port=port)
    with Flask("test").test_request_context("/desk/sare", headers={"Host": host}):
        assert stream_url(settings) == stream
    where = stream.removesuffix("/v1/events")
    assert f"connect-src {' '.join(filter(None, (SELF, where)))};" in content_security_policy(stream)


@pytest.mark.parametrize("token", [None, "", "0" * 64])
def test_a_form_without_the_token_does_nothing(dispatcher: Browser, token: str | None) -> None:
    incident = some(dispatcher)
    form = {} if token is None else {"token": token}
    for path in (f"incidents/{incident['id']}/accept", "bulk"):
        answer = dispatcher.post(f"/desk/sare/{path}?sort=new", **form, action="verify", sure="yes")
        assert answer.status_code == 403
    assert some(dispatcher)["version"] == incident["version"]


def test_a_form_of_another_site_does_nothing(dispatcher: Browser) -> None:
    incident = some(dispatcher)
    path, token = f"/desk/sare/incidents/{incident['id']}/accept?sort=new", dispatcher.token()
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert dispatcher.post(path, headers, token=token).status_code == 403


def test_a_step_by_a_form_leads_back_to_what_it_was_taken_with(dispatcher: Browser) -> None:
    incident = some(dispatcher)
    path = f"/desk/sare/incidents/{incident['id']}/ask?{HAND}"
    answer = dispatcher.post(path, token=dispatcher.token(), reason="哪一盏？", version=incident["version"])

    assert answer.status_code == 303
    assert "done=ask" in answer.headers["Location"]
    assert "已问上报人" in dispatcher.get(answer.headers["Location"]).text
    again = dispatcher.client.get(f"/v1/incidents/{incident['id']}").json
    assert again["waiting_since"] is not None


@pytest.mark.parametrize("fragment", [True, False])
def test_a_step_that_is_too_late_keeps_the_words_and_tells_what_changed(dispatcher: Browser, fragment: bool) -> None:
    incident, token = some(dispatcher), dispatcher.token()
    path = f"/desk/sare/incidents/{incident['id']}"
    headers = {"X-Fragment": "1"} if fragment else {}
    dispatcher.post(f"{path}/accept?{HAND}", token=token, version=incident["version"])

    late = dispatcher.post(
        f"{path}/return?{HAND}&lang=en", headers, token=token, version=incident["version"], reason="not mine"
    )

    assert late.status_code == 412
    assert "Somebody changed it meanwhile" in late.text
    assert ">not mine</textarea>" in late.text
    assert "Still do it" in late.text
    assert ("<html" in late.text) != fragment
    assert f'name="version" value="{incident["version"] + 1}"' in late.text


@pytest.mark.parametrize(("action", "form", "said"), [
    ("return", {}, "Write a few words."), ("return", {"reason": " \u200b "}, "Write a few words."),
    ("ask", {"reason": "call 13812345678"}, "telephone"), ("merge", {}, "Choose into which one."),
    ("merge", {"duplicate_of_id": "7"}, "no number of an incident"),
    ("merge", {"duplicate_of": str(uuid4())}, "Not taken"),
    ("overrule", {"reason": "x y"}, "Choose a grid."), ("overrule", {"grid": "nowhere", "reason": "x y"}, "Not taken"),
    ("reassign", {"reason": "x y"}, "Choose to whom."), ("reassign", {"officer": "G99", "reason": "x"}, "Not taken"),
    ("resolve", {}, "no longer open"),
])  # fmt: skip
def test_what_is_wrong_with_a_form_is_said_at_it(
    dispatcher: Browser, action: str, form: dict[str, str], said: str
) -> None:
    incident = some(dispatcher)
    path = f"/desk/sare/incidents/{incident['id']}/{action}?{HAND}&lang=en"

    answer = dispatcher.post(path, token=dispatcher.token(), version=incident["version"], **form)

    assert answer.status_code in (404, 409, 422)
    assert said in answer.text
    assert 'role="alert"' in answer.text
    assert dispatcher.client.get(f"/v1/incidents/{incident['id']}").json["version"] == incident["version"]


def test_incidents_of_elsewhere_are_not_there(services: Services, dispatcher: Browser) -> None:
    for path in (f"/desk/sare?sort=new&open={uuid4()}", f"/desk/sare/incidents/{uuid4()}", "/desk/sare/incidents/x"):
        assert dispatcher.get(path, **{"X-Fragment": "1"}).status_code == 404
    admin = Browser(services, "admin-9", Role.ADMIN, None)
    assert admin.get("/desk/nowhere?sort=new").status_code == 404


def test_the_workbook_has_the_rows_of_the_file_and_what_they_are_narrowed_by(dispatcher: Browser) -> None:
    narrowed = "?status=dispatched&service=garbage&lang=en"
    plain, book = (dispatcher.get(f"/desk/sare/list.{ending}{narrowed}") for ending in ("csv", "xlsx"))

    assert plain.status_code == book.status_code == 200
    assert re.fullmatch(r'attachment; filename="sare-[0-9]{8}-[0-9]{4}\.xlsx"', book.headers["Content-Disposition"])
    rows = CalamineWorkbook.from_filelike(io.BytesIO(book.data)).get_sheet_by_index(0).to_python()
    lines = list(csv.reader(io.StringIO(plain.data.decode("utf-8-sig"))))
    assert len(lines) > 5
    assert rows[0] == lines[0]
    assert [row[0] for row in rows[1 : len(lines)]] == [line[0] for line in lines[1:]]
    assert [float(row[-1]) for row in rows[1 : len(lines)]] == [float(line[-1]) for line in lines[1:]]
    below = [row[0] for row in rows[len(lines) + 1 :]]
    assert below[:2] == ["Status: Dispatched", "Service: Exposed garbage"]
    assert below[2].startswith("As of ")
    late = dispatcher.get("/desk/sare/list.xlsx?status=dispatched&overdue=true&near_border=false&lang=en")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(late.data)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in rows[-4:-1]] == ["Status: Dispatched", "Late: yes", "Border: no"]


def test_several_need_a_yes_and_each_is_told(dispatcher: Browser) -> None:
    answer = dispatcher.client.get("/v1/incidents?jurisdiction=sare&status=resolved&limit=3").json["incidents"]
    token, on = dispatcher.token(), [f"{one['id']} {one['version']}" for one in answer]
    path = f"/desk/sare/bulk?{HAND}&lang=en"

    asked = dispatcher.post(path, token=token, action="verify", on=on)
    assert "for 3 of them" in asked.text
    assert dispatcher.client.get(f"/v1/incidents/{answer[0]['id']}").json["status"] == "resolved"
    on[2] = f"{answer[2]['id']} 99"
    told = dispatcher.post(path, token=token, action="verify", on=[*on, "x 1", f"{uuid4()} 1"], sure="yes")

    assert "2 done, 2 not" in told.text
    assert told.text.count("due-late") == 1
    assert dispatcher.client.get(f"/v1/incidents/{answer[0]['id']}").json["status"] == "closed"
    assert dispatcher.post(path, token=token, action="cancel", on=on, sure="yes").status_code == 422


@hostile_texts(5)
def test_no_address_breaks_it(dispatcher: Browser, texts: Sequence[str]) -> None:
    names = ("status", "grid", "sort", "after", "limit", "open", "do", "lang", "overdue")
    for name, text in product(names, texts):
        said = {"sort": "due", "status": "resolved", "limit": "1"} | {name: text}
        answer = dispatcher.client.get("/desk/sare", query_string=said, headers=PERSON)
        assert answer.status_code < 500, (name, text)
        assert "<script>alert" not in answer.text
