"""Administrators who sign in and send forms."""

from __future__ import annotations

import html
import re
from typing import Any

import psycopg
from werkzeug.test import TestResponse

from geoservice.auth.model import Role
from geoservice.wiring import Services
from tests.geoservice.pages.desk.test_pages import TOKEN, Browser

SECRET = re.compile(r'id="secret"[^>]* value="([^"]+)"')
ERROR = re.compile(r'<p class="error" id="f-([a-z_0-9]+)-error">([^<]+)</p>')


class Administrator(Browser):
    """An administrator of a jurisdiction; None: of every one."""

    def __init__(self, services: Services, login: str = "admin-5", jurisdiction: str | None = "sare") -> None:
        super().__init__(services, login, Role.ADMIN, jurisdiction)
        self.place = jurisdiction or "sare"

    def token(self) -> str:
        found = TOKEN.search(self.show("accounts").text)
        assert found is not None
        return found[1]

    def show(self, path: str, query: str = "") -> TestResponse:
        return self.get(f"/admin/{self.place}/{path}?lang=en{query}")

    def send(self, path: str, **form: Any) -> TestResponse:
        return self.post(f"/admin/{self.place}/{path}?lang=en", token=self.token(), **form)


def errors(answer: TestResponse) -> dict[str, str]:
    """Return the sentences beside fields, by the field; the summary links to each."""
    assert answer.status_code == 422, answer.text
    assert "<title>Error:" in answer.text
    found = {name: html.unescape(said).removeprefix("Error: ") for name, said in ERROR.findall(answer.text)}
    assert all(f'href="#f-{name}"' in answer.text for name in found)
    return found


def secret(answer: TestResponse) -> str:
    """Return what a page shows once; nobody may store it."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    found = SECRET.search(answer.text)
    assert found is not None
    return html.unescape(found[1])


SEEN = re.compile(r'name="seen" value="([0-9a-f]{16})"')


def seen(answer: TestResponse) -> str:
    """Return what a form brings along of the state that it was made of."""
    found = SEEN.search(answer.text)
    assert found is not None
    return found[1]


def make_town(url: str) -> None:
    """Make a second jurisdiction beside the community."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO geoservice.jurisdiction (code, name, outline, metric_srid)"
            " SELECT 'town', 'Town', st_translate(outline, 1, 0), metric_srid FROM geoservice.jurisdiction"
        )


def noted(url: str, what: str) -> list[str]:
    """Return who is entered in the audit for something, the latest first."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT who FROM geoservice.audit_entry WHERE what = %s ORDER BY id DESC", [what])
        return [row[0] for row in rows]
