"""180 and -180 degrees are one place, and a pole is a place, at every door."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import shapely
from click.testing import CliRunner
from flask.testing import FlaskClient
from pydantic import SecretStr

from geoservice.app import create_app
from geoservice.auth.model import Role
from geoservice.cli.main import geoservice
from geoservice.settings import Settings
from geoservice.wiring import Services, build_services
from tests import places
from tests.conftest import DatabaseMaker
from tests.factories import make_edition, make_incident, make_jurisdiction, make_service
from tests.loading import stop, wait_until_loaded

#: Beside a border of the grids below, in a grid, just outside of both, and far away.
LATS = (9.99995, 10.00005, 10.009, 10.0201, 12.0)
GRIDS = {
    code: shapely.MultiPolygon([shapely.box(179.99, south, 180, north), shapely.box(-180, south, -179.99, north)])
    for code, south, north in (("n", 10.0, 10.02), ("s", 9.98, 10.0))
}
OUTLINE = shapely.union_all(list(GRIDS.values()))
STORED = """
    SELECT st_astext(geom), grid_code, method, distance_to_border_m, near_border, candidates
      FROM geoservice.incident WHERE grid_code IS NOT NULL
"""


@pytest.fixture(scope="module")
def url(cluster_url: str, template: str) -> Iterator[str]:
    maker = DatabaseMaker(cluster_url)
    url = maker.clone(template)
    with psycopg.connect(url) as connection:
        town = make_jurisdiction(connection, code="across", outline=OUTLINE, metric_srid=32660)
        make_edition(connection, town, GRIDS)
        make_service(connection, town)
    yield url
    maker.drop_all()


@pytest.fixture(scope="module", params=["from the database", "from memory"])
def services(request: pytest.FixtureRequest, url: str) -> Iterator[Services]:
    services = build_services(Settings(database_url=SecretStr(url), pool_size=4))
    if request.param == "from memory":
        wait_until_loaded(services)
    yield services
    stop(services)


@pytest.fixture(scope="module")
def client(services: Services) -> FlaskClient:
    return create_app(Settings(database_url=SecretStr("postgresql://unused")), services=services).test_client()


def owner(client: FlaskClient, lon: float, lat: float, **more: object) -> dict[str, Any]:
    place = {"x": lon, "y": lat} if "crs" in more else {"lon": lon, "lat": lat}
    answer = client.get("/v1/owner", query_string={"accuracy_m": 30} | place | more)
    assert answer.status_code == 200, answer.json
    return {key: value for key, value in answer.json.items() if key not in ("at", "position", "known_at", "as_of")}


@pytest.mark.parametrize("more", [{}, {"crs": "cgcs2000"}, {"jurisdiction": "across"}, {"at": "2025-01-01T00:00:00Z"}])
def test_one_place_is_answered_once(client: FlaskClient, more: dict[str, object]) -> None:
    east, west = ([owner(client, lon, lat, **more) for lat in LATS] for lon in (180, -180))

    assert east == west
    assert [one["grid"] and one["grid"]["code"] for one in east] == ["s", "n", "n", "n", None]
    assert [one["method"] for one in east] == ["covers", "covers", "covers", "nearest", "none"]
    assert [one["near_border"] for one in east] == [True, True, False, True, False]


def test_batches_too(client: FlaskClient) -> None:
    rows = [[lon, lat] for lat in LATS for lon in (180, -180)]
    text = "\n".join(["lon,lat", *(f"{lon},{lat}" for lon, lat in rows)])

    found = client.post("/v1/owner/batch", json={"positions": rows}).json
    table = client.post("/v1/owner/batch", data=text, content_type="text/csv").text

    owners = (
        found["owners"] if "owners" in found else next(value for value in found.values() if isinstance(value, list))
    )
    assert owners[::2] == owners[1::2]
    assert [one["grid_code"] for one in owners[::2]] == ["s", "n", "n", "n", None]
    lines = list(csv.DictReader(io.StringIO(table)))
    told = [(one["grid_code"], one["method"]) for one in lines]
    assert told[::2] == told[1::2]
    assert [code for code, _ in told[::2]] == ["s", "n", "n", "n", ""]


def test_a_report_is_stored_at_one_place_through_every_door(client: FlaskClient, services: Services, url: str) -> None:
    key = services.keys.create(Role.DISPATCHER, "test")
    auth = {"Authorization": f"Bearer {key}"}
    report = {"service_code": "light", "lat": LATS[1], "accuracy_m": 30}
    for lon in (180, -180):
        made = client.post("/v1/incidents", json=report | {"lon": lon}, headers=auth)
        assert made.status_code == 201, made.json
        mine = client.post("/v1/report", json=report | {"lon": lon, "jurisdiction": "across"})
        assert mine.status_code == 201, mine.json
        form = {
            "jurisdiction_id": "across",
            "service_code": "light",
            "lat": str(LATS[1]),
            "long": str(lon),
            "api_key": key,
        }
        theirs = client.post("/open311/v2/requests.json", data=form)
        assert theirs.status_code in (200, 201), theirs.json
        moved = client.post("/v1/incidents", json=report | {"lon": 179.995}, headers=auth).json
        pin = client.post(f"/v1/incidents/{moved['id']}/actions/move", json={"lon": lon, "lat": LATS[1]}, headers=auth)
        assert pin.status_code == 200, pin.json
    with psycopg.connect(url) as connection:
        for lon in (180, -180):
            make_incident(connection, places.Place("there", lon, LATS[1], "n"), accuracy_m=30)
        found = connection.execute(STORED).fetchall()
        connection.rollback()

    assert len(found) >= 10
    assert {(*one[:3], one[4]) for one in found} == {(f"POINT(-180 {LATS[1]})", "n", "covers", True)}
    assert len({(one[3], json.dumps(one[5])) for one in found}) == 1
    # A degree of latitude has 110,608 m there (Snyder 1987, p. 25).
    assert found[0][3] == pytest.approx(5.530, abs=1e-3)


@pytest.mark.parametrize("lat", [90, -90])
@pytest.mark.parametrize("lon", [-180, 0, 12.5, 180])
def test_a_pole_is_a_place(client: FlaskClient, services: Services, lon: float, lat: float) -> None:
    auth = {"Authorization": f"Bearer {services.keys.create(Role.DISPATCHER, 'test')}"}

    assert owner(client, lon, lat)["method"] == "none"
    assert client.post("/v1/owner/batch", json={"positions": [[lon, lat]]}).status_code == 200
    made = client.post("/v1/incidents", json={"service_code": "light", "lon": lon, "lat": lat}, headers=auth)
    assert made.status_code == 201, made.json
    mine = client.post("/v1/report", json={"service_code": "light", "lon": lon, "lat": lat, "jurisdiction": "across"})
    assert mine.status_code < 500
    form = {"service_code": "light", "lat": str(lat), "long": str(lon), "api_key": auth["Authorization"][7:]}
    assert client.post("/open311/v2/requests.json", data=form).status_code < 500
    assert client.get("/v1/places", query_string={"lon": lon, "lat": lat, "jurisdiction": "across"}).status_code < 500


def test_files_of_points_too(tmp_path: Path) -> None:
    grids, points, out = (tmp_path / name for name in ("grids.geojson", "points.csv", "out.csv"))
    features = [{"type": "Feature", "properties": {"code": code}, "geometry": shapely.geometry.mapping(geom)}
                for code, geom in GRIDS.items()]  # fmt: skip
    grids.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    rows = [(lon, lat) for lat in (*LATS, 90, -90) for lon in (180, -180)]
    points.write_text("\n".join(["lon,lat", *(f"{lon},{lat}" for lon, lat in rows)]))

    done = CliRunner().invoke(geoservice, ["assign", str(points), str(out), "--grids", str(grids), "--code", "code"])

    assert done.exit_code == 0, done.output
    with out.open(newline="") as file:
        told = [tuple(row.values())[2:] for row in csv.DictReader(file)]
    assert told[::2] == told[1::2]
    assert [one[0] for one in told[::2]][:3] == ["s", "n", "n"]


def test_features_are_found_in_a_box_across(client: FlaskClient) -> None:
    def codes(box: str) -> list[str]:
        found = client.get("/ogc/across/collections/grids/items", query_string={"bbox": box})
        assert found.status_code == 200, found.json
        return sorted(one["properties"]["code"] for one in found.json["features"])

    assert codes("179.5,10.005,-179.5,10.01") == ["n"]
    assert codes("-180,9.9,-179.5,10.01") == ["n", "s"]
    assert codes("-179.5,9.9,179.5,10.01") == []
