"""Browsers at the door of the service, and who sits at them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import psycopg
from flask.testing import FlaskClient
from pydantic import SecretStr
from werkzeug.test import TestResponse

from geoservice.app import create_app
from geoservice.auth.model import Role
from geoservice.settings import Settings
from geoservice.wiring import Services

NEW = "ein neues wort 7"
OWN = {"Origin": "http://localhost"}
INCIDENTS = "/v1/incidents?jurisdiction=sare&limit=3"
HIDDEN = re.compile(r'name="token" value="([0-9a-f]{64})"')


class People:
    """Browsers at the door, and the accounts of who sits at them."""

    def __init__(self, services: Services, url: str, **settings: Any) -> None:
        self.services, self.url = services, url
        self.app = create_app(
            Settings(database_url=SecretStr("postgresql://unused"), **settings), services=services
        )  # fmt: skip

    def browser(self) -> FlaskClient:
        return self.app.test_client()

    def account(self, login: str, role: Role, **where: Any) -> str:
        """Make an account that has a password of its own, and return it."""
        first = self.services.accounts.create(login, role, created_by="test", **where)
        self.services.sessions.change_password(login, first, NEW, address="192.0.2.1")
        return NEW

    def signed_in(self, login: str = "desk-1", role: Role = Role.DISPATCHER, **where: Any) -> FlaskClient:
        """Return the browser of somebody who is signed in."""
        self.account(login, role, **(where or {"jurisdiction": "sare"}))
        browser = self.browser()
        assert sign_in(browser, login, NEW).status_code == 303
        return browser

    def sql(self, statement: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.url) as connection:
            found = connection.execute(statement.encode(), values)
            return found.fetchall() if found.description else []


def sign_in(browser: FlaskClient, login: str, password: str, **more: Any) -> TestResponse:
    headers: Mapping[str, str] = more.pop("headers", OWN)
    form = {"login": login, "password": password} | more.pop("form", {})
    return browser.post("/signin", data=form, headers=headers, **more)


def token_of(browser: FlaskClient) -> str:
    found = HIDDEN.search(browser.get("/signin").text)
    assert found is not None
    return found[1]


def cookie_of(response: TestResponse) -> str:
    [cookie] = response.headers.getlist("Set-Cookie")
    return cookie
