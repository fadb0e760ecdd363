"""A Chromium that sees this machine only and remembers everything it was asked."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from geoservice.auth.model import Role
from tests.browser.desk import LiveDesk, serving_desk, sign_in
from tests.conftest import serving

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
HERE = "http://127.0.0.1:"


@dataclass
class Visit:
    """A page and all that went wrong on it."""

    page: Page
    elsewhere: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def assert_quiet(self) -> None:
        assert self.elsewhere == []
        assert self.refused == []
        assert self.errors == []


@pytest.fixture(scope="session")
def live_server(cluster_url: str, community_template: str) -> Iterator[str]:
    """Return the address of a server that nobody reports to, so that the figures on its page are known."""
    with serving(cluster_url, community_template) as live:
        yield live.url


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.fail("browser tests need the system's Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def field(cluster_url: str, community_template: str) -> Iterator[LiveDesk]:
    """Return the servers that tests of officers share: they report to them, and take steps there."""
    with serving_desk(cluster_url, community_template) as desk:
        yield desk


@pytest.fixture(scope="session")
def known_at(chromium: Browser) -> Callable[..., Any]:
    """Return what makes a context somebody's who is signed in at a desk already; each signs in once there."""
    states: dict[tuple[str, str], Any] = {}

    def state(desk: LiveDesk, login: str, role: Role = Role.DISPATCHER, staff: str | None = None) -> Any:
        if (desk.url, login) not in states:
            desk.account(login, role, staff=staff)
            context = chromium.new_context(locale="zh-CN")
            page = context.new_page()
            page.goto(f"{desk.url}/signin?next=/report")
            sign_in(page, desk, login, role)
            page.wait_for_url("**/report")
            states[desk.url, login] = context.storage_state()
            context.close()
        return states[desk.url, login]

    return state


@pytest.fixture(scope="session")
def known(known_at: Callable[..., Any], field: LiveDesk) -> Callable[..., Any]:
    """Return the same for the servers that officers share."""

    def state(login: str, role: Role = Role.OFFICER, staff: str | None = None) -> Any:
        return known_at(field, login, role, staff)

    return state


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Visit]]:
    contexts: list[BrowserContext] = []

    def go(url: str, width: int = 1920, height: int = 1080, **options: Any) -> Visit:
        context = chromium.new_context(viewport={"width": width, "height": height}, **({"locale": "zh-CN"} | options))
        contexts.append(context)
        seen = Visit(context.new_page())

        # Nothing else is reached: no other name is found. Requests are watched, not held: the browser keeps its cache.
        context.on("request", lambda asked: None if asked.url.startswith(HERE) else seen.elsewhere.append(asked.url))
        seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
        seen.page.on("console", lambda said: seen.errors.append(said.text) if said.type == "error" else None)
        seen.page.on(
            "response",
            lambda answer: seen.refused.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None,
        )
        seen.page.goto(url)
        return seen

    yield go
    for context in contexts:
        context.close()
