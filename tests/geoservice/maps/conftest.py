"""A jurisdiction to draw, and pages over it that need no database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from flask import Flask, g
from flask.testing import FlaskClient

from geoservice.auth.model import PUBLIC
from geoservice.maps import assets
from geoservice.maps.builders import PageFrame
from geoservice.maps.pages import maps_blueprint
from layers.catalogue import catalogue
from layers.jurisdictions.model import Visitors

EMPTY = b'{"type":"FeatureCollection","features":[]}'


@dataclass(frozen=True)
class Figures:
    grids: int = 8
    households: int = 3100
    residents: int = 8987
    floating: int = 6001
    received: int = 286
    closed: int = 153
    in_hand: int = 133


@dataclass(frozen=True)
class Jurisdiction:
    code: str = "sare"
    name: str = "萨热社区"
    name_en: str = "Sare community"
    bbox: tuple[float, float, float, float] = (91.76, 29.23, 91.78, 29.25)
    attribution: str | None = None
    visitors: Visitors = "open"
    statistics: Figures = Figures()


class StubViewing:
    """Knows the jurisdictions it is given; every layer is empty but large enough to compress."""

    def __init__(self, *jurisdictions: Jurisdiction) -> None:
        self._jurisdictions = jurisdictions

    def jurisdictions(self) -> tuple[Jurisdiction, ...]:
        return self._jurisdictions

    def jurisdiction_view(self, code: str) -> Jurisdiction:
        return next(item for item in self._jurisdictions if item.code == code)

    def layer_geojson(self, jurisdiction_code: str, layer: str) -> bytes:
        return EMPTY.replace(b"[]", b"[" + b" " * 2000 + b"]")


@pytest.fixture
def jurisdiction() -> Jurisdiction:
    return Jurisdiction()


@pytest.fixture
def frame() -> PageFrame:
    return PageFrame(
        language="zh",
        layers=set(catalogue()),
        nonce="n0nce",
        asset_url=lambda file: f"/assets/v/{file}",
        layer_url=lambda layer: f"/layers/{layer}",
        figures_url="/maps/sare/figures.json",
        other_language_url="/maps/sare?lang=en",
        tiles_url="/maps/sare/tiles",
    )


@pytest.fixture
def client_of() -> Iterator[Callable[..., FlaskClient]]:
    assets.build()

    def make(*jurisdictions: Jurisdiction) -> FlaskClient:
        app = Flask("maps")
        app.testing = True
        app.before_request(lambda: setattr(g, "identity", PUBLIC))
        asked: list[str] = []

        def guard(action: str):
            asked.append(action)
            return lambda view: view

        app.register_blueprint(maps_blueprint(StubViewing(*jurisdictions), guard))
        app.config["ASKED"] = asked
        return app.test_client()

    yield make
