"""A Chromium that sees this machine only and remembers everything it was asked."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

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


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Visit]]:
    contexts: list[BrowserContext] = []

    def go(url: str, width: int = 1920, height: int = 1080, **options: Any) -> Visit:
        context = chromium.new_context(viewport={"width": width, "height": height}, **({"locale": "zh-CN"} | options))
        contexts.append(context)
        seen = Visit(context.new_page())

        def watch(route: Route) -> None:
            if route.request.url.startswith(HERE):
                route.continue_()
            else:
                seen.elsewhere.append(route.request.url)
                route.abort()

        context.route("**/*", watch)
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
