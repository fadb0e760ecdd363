"""One application for all tests that only knock at its door: building one for each would take longer than the tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from geoservice.app import create_app
from geoservice.auth.model import Role
from geoservice.services.incidents import IncidentService
from geoservice.settings import Settings
from geoservice.wiring import Services, build_services
from tests.geoservice.web.door import Door


@pytest.fixture(scope="session")
def door(live: Any) -> Iterator[Door]:
    """Return an application that shares its database with the live server."""
    settings = Settings(database_url=SecretStr(live.database_url), pool_size=4)
    services = build_services(settings)
    app = create_app(settings, services=services)
    keys = {role: services.keys.create(role, "door") for role in Role if role is not Role.PUBLIC}
    yield Door(app, app.test_client(), services, keys, _existing(services))
    services.database.close()


def _existing(services: Services) -> dict[str, Any]:
    jurisdiction = services.viewing.jurisdictions()[0].code
    incidents: IncidentService = services.incidents
    return {
        "jurisdiction": jurisdiction,
        "code": services.grids.grids(jurisdiction)[0].code,
        "grid": services.grids.grids(jurisdiction)[0].code,
        "id": str(incidents.incidents(limit=1)[0].id),
        "service_code": incidents.services(jurisdiction)[0].code,
        "lon": 91.77,
        "lat": 29.24,
        "layer": "grids",
        "version": "none",
        "file": "static/styles/map.css",
        "positions": [[91.77, 29.24]],
    }
