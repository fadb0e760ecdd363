"""Pages over a jurisdiction that need no database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import pytest
from flask import Flask, g
from flask.testing import FlaskClient

from geoservice.auth.model import PUBLIC
from geoservice.maps import assets
from geoservice.pages.maps.pages import maps_blueprint
from geoservice.pages.shell.files import files_blueprint
from geoservice.services.mapping import MapService
from tests.geoservice.maps.conftest import Jurisdiction

EMPTY = b'{"type":"FeatureCollection","features":[]}'


class StubViewing:
    """Knows the jurisdictions it is given; every layer is empty but large enough to compress."""

    def __init__(self, *jurisdictions: Jurisdiction) -> None:
        self._jurisdictions = jurisdictions

    def jurisdictions(self) -> tuple[Jurisdiction, ...]:
        return self._jurisdictions

    def jurisdiction_view(self, code: str) -> Jurisdiction:
        return next(item for item in self._jurisdictions if item.code == code)

    def layer_geojson(self, jurisdiction_code: str, layer: str, *, on: date | None = None) -> bytes:
        return EMPTY.replace(b"[]", b"[" + b" " * 2000 + b"]")


@pytest.fixture
def jurisdiction() -> Jurisdiction:
    return Jurisdiction()


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

        app.register_blueprint(maps_blueprint(StubViewing(*jurisdictions), MapService(None), guard, lambda: ""))  # type: ignore[arg-type]  unasked
        app.register_blueprint(files_blueprint(guard))
        app.config["ASKED"] = asked
        return app.test_client()

    yield make
