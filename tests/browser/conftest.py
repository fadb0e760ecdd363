"""A Chromium that sees this machine only and remembers everything it was asked."""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

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
# Milliseconds that a page may take for what it should: a machine that has other work to do is slow, not wrong.
expect.set_options(timeout=30_000)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave to `make check` what a browser shows, but for the few tests that open each page and work with it.

    Of the cases of one of these, such as languages, one is met every day: not the same of every test.
    """
    everyday: dict[str, list[pytest.Item]] = {}
    for item in items:
        if not item.get_closest_marker("browser"):
            continue
        if not item.get_closest_marker("everyday"):
            item.add_marker(pytest.mark.slow)
        elif not any(map(item.get_closest_marker, ("slow", "prove"))):
            everyday.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for name, cases in everyday.items():
        met = zlib.crc32(name.encode()) % len(cases)
        for case in cases[:met] + cases[met + 1 :]:
            case.add_marker(pytest.mark.slow)


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
def office(cluster_url: str, community_template: str) -> Iterator[LiveDesk]:
    """Return the servers of those who read, print and administer: nobody reports to them."""
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
            states[desk.url, login] = {"cookies": context.cookies()}
            context.close()
        return states[desk.url, login]

    return state


@pytest.fixture(scope="session")
def known(known_at: Callable[..., Any], field: LiveDesk) -> Callable[..., Any]:
    """Return the same for the servers that officers share."""

    def state(login: str, role: Role = Role.OFFICER, staff: str | None = None) -> Any:
        return known_at(field, login, role, staff)

    return state


class Windows:
    """Contexts that tests have one after the other: a browser that knows a site takes half the work to show it."""

    def __init__(self, chromium: Browser) -> None:
        self._chromium = chromium
        #: By how they were made: contexts, and where each has been.
        self._free: dict[str, list[tuple[BrowserContext, set[str]]]] = {}

    def take(self, options: dict[str, Any]) -> tuple[BrowserContext, Page, set[str]]:
        """Return a context, a page of it, and what is to be told where it goes; whoever had it before is forgotten."""
        free = self._free.get(_made(options))
        if not free:
            context = self._chromium.new_context(**options)
            return context, context.new_page(), set()
        context, seen = free.pop()
        page = context.new_page()
        devtools = context.new_cdp_session(page)
        for origin in seen:
            devtools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        devtools.detach()
        context.clear_cookies()
        context.add_cookies(options["storage_state"]["cookies"])
        return context, page, seen

    def give_back(self, options: dict[str, Any], context: BrowserContext, seen: set[str]) -> None:
        """Keep a context for the next test, unless its clock is not the machine's."""
        try:
            keep = all(page.evaluate("Date.toString().includes('[native code]')") for page in context.pages)
            for page in context.pages:
                page.close()
            context.unroute_all()
            context.set_offline(False)
            context.clear_permissions()
        except PlaywrightError:  # of a page that hangs or is gone
            keep = False
        if keep:
            self._free.setdefault(_made(options), []).append((context, seen))
        else:
            context.close()


def _made(options: dict[str, Any]) -> str:
    return json.dumps(options, sort_keys=True)


@pytest.fixture(scope="session")
def windows(chromium: Browser) -> Windows:
    return Windows(chromium)


@pytest.fixture
def visit(chromium: Browser, windows: Windows) -> Iterator[Callable[..., Visit]]:
    """Return what opens an address; `again` for somebody who is signed in, in a window that others had before."""
    endings: list[Callable[[], None]] = []

    def go(url: str, width: int = 1920, height: int = 1080, *, again: bool = False, **options: Any) -> Visit:
        options = {"viewport": {"width": width, "height": height}, "locale": "zh-CN"} | options
        if again:
            context, page, here = windows.take(options)
        else:
            context = chromium.new_context(**options)
            page, here = context.new_page(), set()
        seen = Visit(page)

        def watch(asked: Request) -> None:
            # Nothing else is reached: no other name is found. What is asked for is not held up: it would not be cached.
            if asked.url.startswith(HERE):
                here.add("/".join(asked.url.split("/")[:3]))
            else:
                seen.elsewhere.append(asked.url)

        def end() -> None:
            context.remove_listener("request", watch)
            if again:
                windows.give_back(options, context, here)
            else:
                context.close()

        endings.append(end)
        context.on("request", watch)
        seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
        seen.page.on("console", lambda said: seen.errors.append(said.text) if said.type == "error" else None)
        seen.page.on(
            "response",
            lambda answer: seen.refused.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None,
        )
        seen.page.goto(url)
        return seen

    yield go
    for end in endings:
        end()
