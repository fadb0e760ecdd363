"""A jurisdiction that is closed shows strangers, and those who work elsewhere, not even that it is there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import psycopg
import pytest
from flask.testing import FlaskClient

from geoservice.app import create_app
from geoservice.auth.model import PUBLIC, Role
from geoservice.services.events import EventService
from geoservice.services.jurisdictions import JurisdictionService
from geoservice.settings import Settings
from geoservice.wiring import Services
from tests.factories import make_jurisdiction

#: Wherever a jurisdiction is named, with the place of the code.
NAMED = (
    "/v1/jurisdictions/{}", "/v1/jurisdictions/{}/outline", "/v1/statistics?jurisdiction={}",
    "/v1/grids?jurisdiction={}",
    "/v1/statistics/population?jurisdiction={}", "/v1/services?jurisdiction={}", "/v1/editions?jurisdiction={}",
    "/v1/layers/buildings/features?jurisdiction={}", "/v1/grids/x?jurisdiction={}",
    "/v1/grids/x/history?jurisdiction={}",
    "/v1/owner?lon=91.77&lat=29.24&jurisdiction={}", "/v1/incidents?jurisdiction={}", "/v1/staff?jurisdiction={}",
    "/v1/changes?jurisdiction={}", "/v1/audit?jurisdiction={}", "/tiles/{}/grids.json", "/tiles/{}/grids/v/0/0/0.mvt",
    "/ogc/{}", "/ogc/{}/collections", "/ogc/{}/collections/grids/items", "/ogc/{}/api", "/maps/{}", "/maps/{}/tiles",
    "/v1/place?lon=91.77&lat=29.24&jurisdiction={}",
    "/v1/search?q=1&jurisdiction={}", "/maps/{}/incidents.json", "/maps/{}/incidents.json?to=2026-11-01",
    "/maps/{}/layers/grids.geojson?to=2026-11-01", "/maps/{}/basemaps.json", "/maps/{}/basemaps/1/14/0/0",
    "/maps/{}/compare", "/maps/{}/compare/lineage.json?then=1&now=1",
    "/maps/{}/figures.json", "/maps/{}/layers/grids.geojson", "/desk/{}", "/desk/{}/list", "/desk/{}/list.csv",
    "/desk/{}/list.xlsx",
    "/open311/v2/services.json?jurisdiction_id={}", "/open311/v2/requests.json?jurisdiction_id={}",
    "/open311/v2/servicerequestupdates.json?jurisdiction_id={}",
)  # fmt: skip
#: What answers whoever names none.
UNNAMED = (
    "/", "/v1/jurisdictions", "/ogc", "/report", "/report/follow", "/officer", "/signin", "/readyz", "/readyz/lookups",
    "/metrics", "/docs", "/openapi.json", "/open311/v2/discovery.json", "/open311/v2/services.json",
    "/open311/v2/requests.json", "/open311/v2/servicerequestupdates.json", "/v1/owner?lon=91.77&lat=29.24",
)  # fmt: skip


@pytest.fixture
def door(services: Services, community_url: str) -> Iterator[FlaskClient]:
    with psycopg.connect(community_url) as admin:
        make_jurisdiction(admin, code="town")
    JurisdictionService(services.database).set_up("sare", visitors="closed")
    services.visiting._read = None  # a second is over
    yield create_app(Settings(), services=services).test_client()


def strangers(services: Services) -> Iterator[dict[str, str]]:
    yield {}
    for role in (Role.READER, Role.DISPATCHER, Role.ADMIN):
        yield {"Authorization": f"Bearer {services.keys.create(role, role.value, jurisdiction='town')}"}


@pytest.mark.parametrize("address", NAMED)
def test_what_is_closed_is_answered_as_what_is_not_there(door: FlaskClient, services: Services, address: str) -> None:
    for headers in strangers(services):
        told = [door.get(address.format(code), headers=headers) for code in ("sare", "nowhere")]
        texts = [re.sub(r"urn:uuid:[0-9a-f-]+|sare|nowhere", "", one.text) for one in told]
        assert told[0].status_code == told[1].status_code, address
        assert told[0].status_code in (401, 403, 404), address
        assert texts[0] == texts[1], address


@pytest.mark.parametrize("address", UNNAMED)
def test_nobody_from_elsewhere_is_told_of_it(door: FlaskClient, services: Services, address: str) -> None:
    for headers in strangers(services):
        told = door.get(address, headers=headers)
        assert "sare" not in told.text.replace("sare-", ""), address
        assert "萨热" not in told.text, address
        assert "54050200" not in told.text, address  # nor of a grid of it


def test_a_list_of_places_is_not_owned_by_what_is_closed(door: FlaskClient, services: Services) -> None:
    places = {"positions": [[91.77, 29.24]]}
    for headers in strangers(services):
        told = door.post("/v1/owner/batch", json=places, headers=headers)
        assert told.status_code in (401, 403), told.text
    own = {"Authorization": f"Bearer {services.keys.create(Role.READER, 'own', jurisdiction='sare')}"}
    assert door.post("/v1/owner/batch", json=places, headers=own).status_code == 200
    everywhere = {"Authorization": f"Bearer {services.keys.create(Role.READER, 'all')}"}
    assert door.post("/v1/owner/batch", json=places, headers=everywhere).status_code == 200


def test_its_publications_are_heard_by_its_own_alone(door: FlaskClient, services: Services) -> None:
    events = EventService(services.database, services.keys.identify)
    events.newest()
    published = [one for one in events.after(0) if one.type == "edition.published"]
    assert published
    keys = {
        code: services.keys.identify(services.keys.create(Role.READER, code, jurisdiction=code))
        for code in ("sare", "town")
    }
    for one in published:
        assert not events.audience(PUBLIC).may_hear(one)
        assert not events.audience(keys["town"]).may_hear(one)
        assert events.audience(keys["sare"]).may_hear(one)


def test_whoever_names_no_jurisdiction_is_told_what_helps_and_it_does(door: FlaskClient, services: Services) -> None:
    one, many = "/v1/owner?lon=91.77&lat=29.24", "/v1/owner/batch"
    places = {"positions": [[91.77, 29.24]]}
    listed = door.get("/v1/jurisdictions").json["jurisdictions"]
    assert [one["code"] for one in listed] == ["town"]

    for told in (door.get(one), door.post(many, json=places), door.post(many, json=places | {"jurisdiction": "town"})):
        assert told.status_code == 401
        assert "as `?jurisdiction=CODE`: those that GET /v1/jurisdictions lists" in told.json["detail"]
    assert door.get(f"{one}&jurisdiction=town").status_code == 200
    assert door.post(f"{many}?jurisdiction=town", json=places).status_code == 200

    key = {"Authorization": f"Bearer {services.keys.create(Role.READER, 'there', jurisdiction='town')}"}
    refused = door.get(one, headers=key)
    assert refused.status_code == 403
    assert "a look-up has `jurisdiction` in its address. (jurisdiction: town)" in refused.json["detail"]
    assert door.get(f"{one}&jurisdiction=town", headers=key).status_code == 200


def test_naming_one_is_not_advised_where_it_does_not_help(door: FlaskClient, services: Services) -> None:
    for code in ("sare", "nowhere"):
        assert "?jurisdiction" not in door.get(f"/v1/owner?lon=91.77&lat=29.24&jurisdiction={code}").json["detail"]
    assert "?jurisdiction" not in door.get("/v1/incidents").json["detail"]
    JurisdictionService(services.database).set_up("town", visitors="closed")
    services.visiting._read = None  # a second is over
    assert "?jurisdiction" not in door.get("/v1/owner?lon=91.77&lat=29.24").json["detail"]
