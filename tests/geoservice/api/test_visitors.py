"""What whoever shows no key sees of a jurisdiction is its setting, whatever the door."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from flask.testing import FlaskClient

from geoservice.app import create_app
from geoservice.auth.model import Role
from geoservice.services.jurisdictions import JurisdictionService
from geoservice.settings import Settings
from geoservice.wiring import Services
from layers.jurisdictions.model import Visitors
from tests.factories import make_jurisdiction

Show = Callable[[Visitors], None]
#: What every jurisdiction shows but a closed one.
GRIDS = (
    "/v1/grids?jurisdiction=sare", "/v1/owner?lon=91.77&lat=29.24&jurisdiction=sare", "/maps/sare",
    "/v1/place?lon=91.77&lat=29.24&jurisdiction=sare", "/v1/search?q=1&jurisdiction=sare",
    "/maps/sare/figures.json", "/maps/sare/compare", "/maps/sare/compare/lineage.json?then=1&now=1",
    "/maps/sare/layers/grids.geojson", "/maps/sare/layers/basemap.geojson",
    "/tiles/sare/grids.json", "/tiles/sare/basemap.json", "/ogc/sare", "/ogc/sare/collections/grids/items",
    "/ogc/sare/collections/basemap/items", "/v1/editions?jurisdiction=sare", "/v1/statistics?jurisdiction=sare",
    "/open311/v2/services.json?jurisdiction_id=sare", "/v1/layers/basemap/features?jurisdiction=sare",
)  # fmt: skip
#: What only an open one does.
SINGLE = (
    "/maps/sare/layers/buildings.geojson", "/maps/sare/layers/cameras.geojson", "/maps/sare/layers/incidents.geojson",
    "/tiles/sare/buildings.json", "/tiles/sare/incidents.json", "/ogc/sare/collections/buildings/items",
    "/ogc/sare/collections/incidents/items", "/v1/layers/cameras/features?jurisdiction=sare",
    "/open311/v2/requests.json?jurisdiction_id=sare", "/open311/v2/requests.json",
    "/open311/v2/servicerequestupdates.json?jurisdiction_id=sare", "/maps/sare/incidents.json",
    "/maps/sare/incidents.json?to=2026-11-01",
)  # fmt: skip
#: With what a door says that it shows less than it has.
SHUT = {401, 403, 404}


@pytest.fixture
def show(services: Services) -> Show:
    def set_(visitors: Visitors) -> None:
        JurisdictionService(services.database).set_up("sare", visitors=visitors)
        services.visiting._read = None  # a second is over

    return set_


@pytest.fixture
def door(services: Services) -> FlaskClient:
    return create_app(Settings(), services=services).test_client()


@pytest.mark.parametrize("address", GRIDS)
def test_grids_are_shown_unless_all_is_closed(door: FlaskClient, show: Show, address: str) -> None:
    for visitors in ("open", "grids"):
        show(visitors)
        assert door.get(address).status_code == 200, visitors
    show("closed")
    assert door.get(address).status_code in SHUT


@pytest.mark.parametrize("address", SINGLE)
def test_single_features_are_shown_by_an_open_jurisdiction_alone(
    door: FlaskClient, show: Show, services: Services, address: str
) -> None:
    key = {"Authorization": f"Bearer {services.keys.create(Role.DISPATCHER, 'desk', jurisdiction='sare')}"}
    show("open")
    assert door.get(address).status_code == 200
    for visitors in ("grids", "closed"):
        show(visitors)
        assert door.get(address).status_code in SHUT, visitors
        assert door.get(address, headers=key).status_code == 200, visitors


def test_a_closed_jurisdiction_is_in_no_list_and_behind_no_number(
    door: FlaskClient, show: Show, services: Services, community_url: str
) -> None:
    edition = services.editions.editions("sare")[0].id
    key = {"Authorization": f"Bearer {services.keys.create(Role.READER, 'asks', jurisdiction='sare')}"}
    assert door.get(f"/v1/editions/{edition}").status_code == 200

    show("closed")

    assert door.get("/v1/jurisdictions").json["jurisdictions"] == []
    assert "sare" not in door.get("/ogc").text
    assert door.get(f"/v1/editions/{edition}").status_code == 404
    assert door.get(f"/v1/editions/{edition}/grids").status_code == 404
    with psycopg.connect(community_url) as admin:
        make_jurisdiction(admin, code="town")
    elsewhere = {"Authorization": f"Bearer {services.keys.create(Role.ANALYST, 'there', jurisdiction='town')}"}
    assert door.get(f"/v1/editions/{edition}", headers=elsewhere).status_code == 404
    assert [one["code"] for one in door.get("/v1/jurisdictions", headers=elsewhere).json["jurisdictions"]] == ["town"]
    assert door.get("/v1/owner?lon=91.77&lat=29.24").status_code == 401
    assert door.get("/v1/owner?lon=91.77&lat=29.24", headers=key).status_code == 200
    assert "sare" in [one["code"] for one in door.get("/v1/jurisdictions", headers=key).json["jurisdictions"]]


def test_a_resident_reports_and_follows_whatever_is_shown(door: FlaskClient, show: Show) -> None:
    for visitors in ("open", "grids", "closed"):
        show(visitors)
        report = {"service_code": "cable", "lon": 91.77, "lat": 29.24, "description": "loose", "jurisdiction": "sare"}
        told = door.post("/v1/report", json=report)
        assert told.status_code == 201, told.text
        followed = door.get("/v1/report", headers={"Report-Token": told.json["token"]})
        assert followed.json["id"] == told.json["id"]


def test_a_place_and_a_search_tell_only_what_is_shown(door: FlaskClient, show: Show, community_url: str) -> None:
    with psycopg.connect(community_url) as admin:
        row = admin.execute(
            "SELECT b.code, s.call_sign, st_x(p.geom), st_y(p.geom) FROM geoservice.building AS b,"
            " LATERAL (SELECT st_pointonsurface(b.geom) AS geom) AS p, geoservice.staff AS s"
            " WHERE EXISTS (SELECT FROM geoservice.camera AS c WHERE st_covers(c.sector, p.geom)) ORDER BY 1, 2 LIMIT 1"
        ).fetchone()
    assert row is not None
    building, sign, lon, lat = row
    for visitors, layers, cameras in (("open", {"buildings"}, True), ("grids", set(), False)):
        show(visitors)
        place = door.get(f"/v1/place?jurisdiction=sare&lon={lon}&lat={lat}&within_m=0").json
        assert {one["layer"] for one in place["layers"]} == layers
        assert bool(place["cameras"]) == cameras
        assert place["owner"]["grid"] is not None
        found = door.get(f"/v1/search?jurisdiction=sare&q={building}").json["found"]
        assert {one["kind"] for one in found} == layers
        assert "officer" not in door.get("/v1/search", query_string={"jurisdiction": "sare", "q": sign}).text


def test_a_map_lists_only_what_it_may_show(door: FlaskClient, show: Show) -> None:
    show("grids")
    text = door.get("/maps/sare").text
    assert "grids.geojson" in text
    assert "buildings.geojson" not in text
    assert "incidents.geojson" not in text
    assert 'id="filters"' not in text


def test_a_draft_is_for_those_who_work_on_it(door: FlaskClient, services: Services) -> None:
    draft = services.drafts.create("sare", title="canary").id
    analyst = {"Authorization": f"Bearer {services.keys.create(Role.ANALYST, 'draws', jurisdiction='sare')}"}

    assert "canary" not in door.get("/v1/editions?jurisdiction=sare").text
    assert "canary" in door.get("/v1/editions?jurisdiction=sare", headers=analyst).text
    for part in ("", "/grids", f"/diff?to={services.editions.editions('sare')[0].id}", "/steps"):
        assert door.get(f"/v1/editions/{draft}{part}").status_code in SHUT
