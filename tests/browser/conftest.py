"""A Chromium that sees this machine only and remembers everything it was asked, and a small sample to look at."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask, g
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright
from werkzeug.serving import make_server

from geoservice.auth.model import PUBLIC, Role
from geoservice.maps import assets
from geoservice.pages.maps.pages import maps_blueprint
from geoservice.pages.shell.files import files_blueprint
from layers.jurisdictions.model import Visitors
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
def known(chromium: Browser, field: LiveDesk) -> Callable[..., Any]:
    """Return what makes a context somebody's who is signed in already; each signs in once."""
    states: dict[str, Any] = {}

    def state(login: str, role: Role = Role.OFFICER, staff: str | None = None) -> Any:
        if login not in states:
            field.account(login, role, staff=staff)
            context = chromium.new_context(locale="zh-CN")
            page = context.new_page()
            page.goto(f"{field.url}/signin?next=/report")
            sign_in(page, field, login, role)
            page.wait_for_url("**/report")
            states[login] = context.storage_state()
            context.close()
        return states[login]

    return state


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


@dataclass(frozen=True)
class SampleStatistics:
    grids: int = 2
    households: int = 30
    residents: int = 8987
    floating: int = 6001
    received: int = 3
    closed: int = 1
    in_hand: int = 2


@dataclass(frozen=True)
class SampleJurisdiction:
    code: str = "sample"
    name: str = "样例社区"
    name_en: str = "Sample community"
    bbox: tuple[float, float, float, float] = (91.0, 29.0, 91.01, 29.01)
    attribution: str | None = None
    visitors: Visitors = "open"
    time_zone: str = "Asia/Shanghai"
    statistics: SampleStatistics = SampleStatistics()


def square(west: float, south: float, size: float) -> dict:
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def point(lon: float, lat: float) -> dict:
    return {"type": "Point", "coordinates": [lon, lat]}


def sample_layers(name: str) -> dict[str, list[tuple[dict, dict]]]:
    """Two grids and one or more of everything else; every free text is the given one."""
    grid = {"name": name, "name_en": name, "officer": name, "households": 15, "residents": 40}
    grid |= {"floating": 20, "police_officers": 2, "in_hand": 1, "closed": 1}
    incident = {"service_name": name, "service_name_en": name, "grid_code": name, "id": name}
    incident |= {"method": "covers", "near_border": False, "source": name}
    incident |= {"reported_at": "2026-05-04T09:30:00+08:00", "service_code": name}
    street = {"type": "LineString", "coordinates": [[91.0, 29.005], [91.01, 29.005]]}
    place = {"name": name, "name_en": name}
    return {
        "basemap": [
            (square(91.0, 29.0, 0.01), {"kind": "block"} | place),
            (square(91.0002, 29.0062, 0.001), {"kind": "green"} | place),
            (street, {"kind": "street"} | place),
        ],
        "grids": [
            (square(91.0, 29.0, 0.005), grid | {"code": name}),
            (square(91.005, 29.0, 0.005), grid | {"code": "02"}),
        ],
        "buildings": [
            (square(91.001, 29.001, 0.001), {"code": name, "name": name, "kind": name, "floors": 6,
                                             "address": name, "grid_code": name, "households": 30}),
        ],
        "households": [
            (point(91.0015, 29.0015), {"building_code": name, "households": 30, "grid_code": name})
        ],
        "cameras": [
            (point(91.003, 29.003), {"code": name, "kind": name, "bearing_deg": 45, "fov_deg": 60,
                                     "range_m": 50, "status": name, "grid_code": name})
        ],
        "camera_sectors": [(square(91.003, 29.003, 0.0005), {"code": name, "status": name})],
        "organisations": [
            (point(91.006, 29.002 + 0.001 * i), {"code": name, "kind": kind, "grid_code": name} | place)
            for i, kind in enumerate(("party_branch", "partner", "service_point"))
        ],
        "incidents": [
            (point(91.002, 29.004), incident | {"status": "reported"}),
            (point(91.002, 29.004), incident | {"status": "accepted"}),
            (point(91.008, 29.008), incident | {"status": "closed"}),
        ],
    }  # fmt: skip


class SampleViewing:
    """A hand-made world of two grids."""

    def __init__(self, text: str) -> None:
        self._jurisdiction = SampleJurisdiction(name=text, name_en=text)
        self.layers = sample_layers(text)

    def jurisdictions(self) -> tuple[SampleJurisdiction, ...]:
        return (self._jurisdiction,)

    def jurisdiction_view(self, code: str) -> SampleJurisdiction:
        return self._jurisdiction

    def layer_geojson(self, jurisdiction_code: str, layer: str) -> bytes:
        features = [
            {"type": "Feature", "geometry": geometry, "properties": properties}
            for geometry, properties in self.layers[layer]
        ]
        return json.dumps({"type": "FeatureCollection", "features": features}).encode()


@pytest.fixture
def serve_viewing() -> Iterator[Callable[[SampleViewing], str]]:
    """Serve the pages over a viewing; return their base address."""
    assets.build()
    servers = []

    def start(viewing: SampleViewing) -> str:
        app = Flask("sample")
        app.before_request(lambda: setattr(g, "identity", PUBLIC))
        app.register_blueprint(maps_blueprint(viewing, lambda _: lambda view: view))
        app.register_blueprint(files_blueprint(lambda _: lambda view: view))
        server = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def serve_sample(serve_viewing: Callable[[SampleViewing], str]) -> Callable[..., str]:
    """Serve the sample with a text of the test's choice in every name."""
    return lambda text="样例社区": serve_viewing(SampleViewing(text))


@pytest.fixture
def sample_viewing() -> SampleViewing:
    return SampleViewing("样例社区")
