"""An application to knock at, with the keys to it and the names of what is behind it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from pydantic import SecretStr

from geoservice.app import create_app
from geoservice.auth.model import Identity, Role
from geoservice.services.incidents import NewReport
from geoservice.services.layers.features import FeatureEdit
from geoservice.settings import Settings
from geoservice.wiring import Services, build_services
from layers.crs import declared_position
from tests.keys import holder
from tests.loading import stop, wait_until_loaded

#: A variable as Flask or OpenAPI writes it, with the noun before it.
_VARIABLE = re.compile(r"(?P<noun>\w*)(?P<join>[/.])[<{](?:\w+:)?(?P<name>\w+)[>}]")

#: Nothing is ever sent there: no worker runs at the door.
WEBHOOK_URL = "http://127.0.0.1:9/hook"


@dataclass(frozen=True)
class Door:
    """An application on the demo community, and what opens it."""

    app: OpenAPI
    client: FlaskClient
    services: Services
    #: A key for each role but the public.
    keys: dict[Role, str]
    #: Codes and ids that exist, by the name of the parameter that takes them; an id's by what it is the id of.
    existing: dict[str, Any]

    def fill(self, path: str, spoilt: Mapping[str, str] | None = None) -> str:
        """Return an address with the variables of its rule filled in: by what exists, but for those to spoil."""

        def value(found: re.Match[str]) -> str:
            name = found["name"]
            spoils = (spoilt or {}).get(name)
            home = path.split("/")[1]
            known = next(
                (
                    self.existing[key]
                    for key in (f"{found['noun']}.{name}", f"{home}.{name}", name)
                    if key in self.existing
                ),
                "none",
            )
            return f"{found['noun']}{found['join']}{quote(known if spoils is None else spoils, safe='')}"

        return _VARIABLE.sub(value, path)

    def headers(self, role: Role = Role.ADMIN) -> dict[str, str]:
        """Return what shows the key of a role; nothing for the public."""
        return {"Authorization": f"Bearer {self.keys[role]}"} if role in self.keys else {}


@contextmanager
def open_door(database_url: str) -> Iterator[Door]:
    """Yield an application on a database that holds the demo community."""
    settings = Settings(database_url=SecretStr(database_url), pool_size=4, webhook_networks="127.0.0.0/8")
    services = build_services(settings)
    app = create_app(settings, services=services)
    wait_until_loaded(services)
    keys = {role: services.keys.create(role, "door", staff=holder(role)) for role in Role if role is not Role.PUBLIC}
    yield Door(app, app.test_client(), services, keys, _existing(services))
    stop(services)


def _a_camera(services: Services) -> str:
    cameras = json.loads(services.viewing.layer_geojson(services.viewing.jurisdictions()[0].code, "cameras"))
    return str(cameras["features"][0]["properties"]["code"])


def _an_account(services: Services, jurisdiction: str) -> str:
    services.accounts.create_unless_there("door", Role.READER, created_by="door", jurisdiction=jurisdiction)
    services.keys.create_unless_valid(
        Role.READER, "other", expires_at=datetime.now(UTC) + timedelta(days=1), jurisdiction=jurisdiction
    )
    return "door"


def _existing(services: Services) -> dict[str, Any]:
    jurisdiction = services.viewing.jurisdictions()[0].code
    report = NewReport("cable", declared_position(91.77, 29.24), "resident")
    incident, token = services.incidents.report(report, identity=Identity(Role.DISPATCHER))
    # What was loaded first can not be undone by a caller who guesses its number: something of it was changed since.
    services.features.put(
        jurisdiction, "cameras", _a_camera(services), FeatureEdit({"range_m": 33.0}),
        identity=Identity(Role.ADMIN, "door"), door="api",
    )  # fmt: skip
    webhook, _ = services.webhooks.add(WEBHOOK_URL, topics={}, actor="door")
    return {
        "staff.code": services.staff.members(jurisdiction)[0].code,
        "postings.id": str(services.staff.postings(jurisdiction)[0].id),
        "services.code": services.incidents.services(jurisdiction)[0].code,
        "jurisdiction": jurisdiction,
        "jurisdictions.code": jurisdiction,
        "jurisdiction_id": jurisdiction,
        "code": services.grids.grids(jurisdiction)[0]["code"],
        "grid": services.grids.grids(jurisdiction)[0]["code"],
        "q": services.grids.grids(jurisdiction)[0]["code"],
        "incidents.id": str(incident.id),
        "editions.id": str(services.editions.editions(jurisdiction)[0].id),
        "service_code": services.incidents.services(jurisdiction)[0].code,
        "lon": 91.77,
        "lat": 29.24,
        "layer": "grids",
        "layers.layer": "cameras",
        "features.key": "door",
        "collection": "grids",
        "items.key": services.grids.grids(jurisdiction)[0]["code"],
        # Of tiles; files of pages are given under any.
        "version": str(services.tiles.tile_set(jurisdiction, "grids").version),
        "tiles.z": "14",
        "tiles.x": "12368",
        "tiles.y": "6799",
        "basemaps.number": "1",  # there is none: it answers nothing, in its own words
        "maps.z": "14",
        "maps.x": "12368",
        "maps.y": "6799",
        "ogc.matrix": "14",
        "ogc.row": "6799",
        "ogc.column": "12368",
        "file": "static/icons/favicon.svg",
        "positions": [[91.77, 29.24]],
        "title": "made at the door",
        "actions.action": "cancel",
        "form": "json",
        "service_request_id": str(incident.id),
        "token": token,
        "long": 91.77,
        "camera": _a_camera(services),
        "kind": "vehicle_parked",
        "url": WEBHOOK_URL,
        "webhooks.id": str(webhook.id),
        "accounts.name": _an_account(services, jurisdiction),
        "keys.name": services.keys.key("other").id,
        "grants.id": str(services.keys.key("other").grants[0].id),
        "grants.number": str(services.keys.key("other").grants[0].id),
        "to": services.editions.editions(jurisdiction)[0].id,
    }
