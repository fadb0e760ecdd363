"""Where and when a report of a sensitive service was made is told to those alone who handle it, through every door."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import mapbox_vector_tile
import psycopg
import pytest
from flask.testing import FlaskClient

from geoservice.app import create_app
from geoservice.auth.model import Identity, Role
from geoservice.services.incidents import NewReport
from geoservice.settings import Settings
from geoservice.wiring import Services
from layers.crs import declared_position

#: Far from all that the demo reports.
PLACE = (91.7704321, 29.2401234)
WHEN = datetime.now(UTC) - timedelta(days=1, seconds=1111)
#: By the clocks of the jurisdiction.
TODAY = datetime.now(ZoneInfo("Asia/Shanghai"))
VISITOR: dict[str, str] = {}


@dataclass(frozen=True)
class Reported:
    """A report of a dispute, whose service is sensitive, at a building."""

    client: FlaskClient
    services: Services
    id: str
    token: str
    url: str
    building: str

    def headers(self, role: Role) -> dict[str, str]:
        """Return what shows a key of a role."""
        return {"Authorization": f"Bearer {self.services.keys.create(role, 'test', jurisdiction='sare')}"}

    @property
    def signs(self) -> tuple[str, ...]:
        """Return what gives it away: its id, its place, its second."""
        return (f'"{self.id}"', f">{self.id}<", *map(str, PLACE), WHEN.strftime("%Y-%m-%dT%H:%M:%S"))


@pytest.fixture
def reported(services: Services, community_url: str) -> Iterator[Reported]:
    with psycopg.connect(community_url) as connection:
        connection.execute("UPDATE geoservice.service SET sensitive = true WHERE code = 'dispute'")
        row = connection.execute(
            "SELECT code FROM geoservice.building ORDER BY geom <-> st_setsrid(st_makepoint(%s, %s), 4326) LIMIT 1",
            PLACE,
        ).fetchone()
        assert row is not None
    report = NewReport("dispute", declared_position(*PLACE), "resident", building_code=row[0], reported_at=WHEN)
    incident, token = services.incidents.report(report, identity=Identity(Role.PUBLIC))
    yield Reported(
        create_app(Settings(), services=services).test_client(),
        services,
        str(incident.id),
        token,
        community_url,
        row[0],
    )


#: Every address that tells of incidents one by one to visitors of an open jurisdiction.
ADDRESSES = (
    "/maps/sare/layers/incidents.geojson", "/ogc/sare/collections/incidents/items?limit=10000",
    "/ogc/sare/collections/incidents/items/{id}", "/open311/v2/requests.json?jurisdiction_id=sare",
    "/open311/v2/requests.xml?jurisdiction_id=sare", "/open311/v2/requests/{id}.json?jurisdiction_id=sare",
    "/open311/v2/servicerequestupdates.json?jurisdiction_id=sare",
    "/ogc/sare/collections/incidents/items?limit=10000&service_code=dispute", "/maps/sare/incidents.json",
    "/maps/sare/incidents.json?ids={id}", "/v1/place?jurisdiction=sare&lon=91.7704&lat=29.2401&within_m=50",
    "/v1/search?jurisdiction=sare&q={id}",
    f"/maps/sare/incidents.json?from={WHEN - timedelta(days=2):%Y-%m-%d}&to={TODAY:%Y-%m-%d}",
)  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_visitors_and_programs_that_only_ask_are_told_nothing(reported: Reported, address: str) -> None:
    asked = address.format(id=reported.id)
    for headers in (VISITOR, reported.headers(Role.READER), reported.headers(Role.REPORTER)):
        seen = reported.client.get(asked, headers=headers).text
        assert not [sign for sign in reported.signs if sign in seen], headers
    assert reported.id in reported.client.get(asked, headers=reported.headers(Role.DISPATCHER)).text


def test_a_reporter_key_for_everywhere_is_told_nothing_either(reported: Reported) -> None:
    key = {"Authorization": f"Bearer {reported.services.keys.create(Role.REPORTER, 'all')}"}
    assert reported.id not in reported.client.get("/open311/v2/requests.json?jurisdiction_id=sare", headers=key).text


def test_tiles_have_nothing_of_it(reported: Reported) -> None:
    document = reported.client.get("/tiles/sare/incidents.json").json
    found = 0
    for z, x, y in ((16, 49474, 27198), (14, 12368, 6799), (8, 193, 106), (0, 0, 0)):
        address = urlsplit(document["tiles"][0]).path.replace("%7B", "{").replace("%7D", "}")
        told = reported.client.get(address.format(z=z, x=x, y=y))
        if told.status_code == 200 and told.data:
            for layer in mapbox_vector_tile.decode(told.data).values():
                for one in layer["features"]:
                    found += 1
                    assert one["properties"].get("service_code") != "dispute"
    assert found
    with psycopg.connect(reported.url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM geoservice.incident WHERE sensitive AND NOT st_isempty(geom_3857)"
        ).fetchone()
        cells = connection.execute(
            "SELECT sum(features) FROM geoservice.tile_cell WHERE layer = 'incidents' AND level = 17"
        ).fetchone()
        shown = connection.execute("SELECT count(*) FROM geoservice.incident WHERE NOT sensitive").fetchone()
    assert row == (0,)
    assert cells == shown


def test_its_reporter_knows_of_it_and_who_handles_it_finds_it_counted(reported: Reported) -> None:
    followed = reported.client.get("/v1/report", headers={"Report-Token": reported.token}).json
    assert followed["id"] == reported.id
    told = reported.client.get("/v1/statistics?jurisdiction=sare", headers=reported.headers(Role.DISPATCHER)).json
    with psycopg.connect(reported.url) as connection:
        row = connection.execute("SELECT count(*) FROM geoservice.incident").fetchone()
    assert row == (told["received"],)


def test_what_is_listed_taken_from_what_is_counted_leaves_nothing(reported: Reported) -> None:
    for headers in (VISITOR, reported.headers(Role.READER)):
        listed = reported.client.get("/ogc/sare/collections/incidents/items?limit=10000", headers=headers).json
        by_grid = Counter(one["properties"].get("grid_code") for one in listed["features"])
        told = reported.client.get("/v1/statistics?jurisdiction=sare", headers=headers).json
        assert {one["code"]: one["received"] for one in told["per_grid"]} == {
            one["code"]: by_grid[one["code"]] for one in told["per_grid"]
        }
        assert told["received"] == len(listed["features"])
        grids = reported.client.get("/ogc/sare/collections/grids/items?limit=100", headers=headers).json
        for one in grids["features"]:
            assert one["properties"]["received"] == by_grid[one["properties"]["code"]]


def test_who_reports_beside_it_is_not_told_that_it_is_there(reported: Reported) -> None:
    again = {"service_code": "dispute", "lon": PLACE[0], "lat": PLACE[1], "description": "", "jurisdiction": "sare"}
    assert reported.client.post("/v1/report", json=again).json["alike"] == 0


def test_a_service_that_becomes_sensitive_takes_its_reports_along(reported: Reported) -> None:
    report = NewReport("cable", declared_position(*PLACE), "resident")
    incident, _ = reported.services.incidents.report(report, identity=Identity(Role.PUBLIC))
    address = "/maps/sare/layers/incidents.geojson"
    assert str(incident.id) in reported.client.get(address).text
    history = reported.services.incidents.history(incident.id)

    with psycopg.connect(reported.url) as connection:
        connection.execute("UPDATE geoservice.service SET sensitive = true WHERE code = 'cable'")
    assert str(incident.id) not in reported.client.get(address).text
    with psycopg.connect(reported.url) as connection:
        connection.execute("UPDATE geoservice.service SET sensitive = false WHERE code = 'cable'")
    assert str(incident.id) in reported.client.get(address).text
    assert reported.services.incidents.history(incident.id) == history


def test_nobody_says_of_an_incident_itself_whether_it_is_sensitive(reported: Reported) -> None:
    with (
        psycopg.connect(reported.url, options="-c role=geoservice_everywhere") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("UPDATE geoservice.incident SET sensitive = false")


def test_logins_of_people_are_not_told_by_saying_so(reported: Reported) -> None:
    with psycopg.connect(reported.url, options="-c role=geoservice_analyst -c geoservice.told=sensitive") as connection:
        row = connection.execute(
            "SELECT count(*) FROM geoservice.served_incident WHERE id = %s", [reported.id]
        ).fetchone()
    assert row == (0,)
    assert json.loads(reported.services.viewing.layer_geojson("sare", "incidents"))["numberMatched"] > 0
