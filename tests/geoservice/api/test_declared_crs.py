"""GCJ-02 and BD-09 at every door: the same grids as in WGS 84, what was sent kept, elsewhere refused."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

from geoservice.api.batch.rows import OUTSIDE_MAINLAND
from geoservice.app import create_app
from geoservice.auth.model import Role
from geoservice.demo.community import build_community
from geoservice.settings import Settings
from geoservice.wiring import Services, build_services
from layers.shifted import FROM_WGS84
from tests.conftest import DatabaseMaker
from tests.loading import stop, wait_until_loaded

BATCH = "/v1/owner/batch"
ARROW = "application/vnd.apache.arrow.stream"
SEOUL = [126.978, 37.566]


@pytest.fixture(scope="module", params=["from the database", "from memory"])
def services(request: pytest.FixtureRequest, cluster_url: str, community_template: str) -> Iterator[Services]:
    maker = DatabaseMaker(cluster_url)
    services = build_services(Settings(database_url=SecretStr(maker.clone(community_template)), pool_size=4))
    if request.param == "from memory":
        wait_until_loaded(services)
    yield services
    stop(services)
    maker.drop_all()


@pytest.fixture(scope="module")
def client(services: Services) -> FlaskClient:
    settings = Settings(database_url=SecretStr("postgresql://unused"), fast_path=True)
    return create_app(settings, services=services).test_client()


@pytest.fixture(scope="module")
def lonlats() -> np.ndarray:
    """Return where the demo's incidents are, most of them close to the borders of grids: (n, 2), EPSG:4326."""
    incidents = build_community(now=datetime.now(UTC)).incidents
    return np.array([(one.position.x, one.position.y) for one in incidents])


def shifted(lonlats: np.ndarray, crs: str) -> np.ndarray:
    return np.column_stack(FROM_WGS84[crs](lonlats[:, 0], lonlats[:, 1]))


def codes(client: FlaskClient, pairs: np.ndarray, **more: str) -> list[str]:
    return [row["grid_code"] for row in client.post(BATCH, json={"positions": pairs.tolist(), **more}).json["results"]]


@pytest.mark.parametrize("crs", FROM_WGS84)
def test_places_of_the_demo_have_the_owners_they_have_in_wgs84(
    client: FlaskClient, lonlats: np.ndarray, crs: str
) -> None:
    expected = codes(client, lonlats)

    found = codes(client, shifted(lonlats, crs), crs=crs)
    one_by_one = [
        client.get("/v1/owner", query_string={"x": repr(x), "y": repr(y), "crs": crs}).json["grid"]["code"]
        for x, y in shifted(lonlats, crs)[:40].tolist()
    ]

    assert len(set(expected)) == 8
    assert found == expected
    assert one_by_one == expected[:40]
    # Taken for WGS 84 they would go astray: that is what this is for.
    astray = [one for one, true in zip(codes(client, shifted(lonlats, crs)), expected, strict=True) if one != true]
    assert len(astray) > len(expected) // 4


def test_every_form_of_a_batch_takes_the_declared_crs(client: FlaskClient, lonlats: np.ndarray) -> None:
    expected = codes(client, lonlats)
    lon, lat = shifted(lonlats, "bd09").T
    bodies: list[tuple[str, Any]] = [
        ("text/csv", "lon,lat\n" + "".join(f"{x!r},{y!r}\n" for x, y in zip(lon.tolist(), lat.tolist(), strict=True))),
        ("application/x-ndjson", "".join(f"[{x!r},{y!r}]\n" for x, y in zip(lon.tolist(), lat.tolist(), strict=True))),
        (ARROW, arrow(lon, lat)),
    ]

    answers = {
        kind: client.post(BATCH, data=body, content_type=kind, query_string={"crs": "bd09"}) for kind, body in bodies
    }

    assert [one["grid_code"] for one in csv.DictReader(io.StringIO(answers["text/csv"].text))] == expected
    assert answers["application/x-ndjson"].text.count('"problem"') == 0
    assert read_arrow(answers[ARROW].data)["grid_code"].to_pylist() == expected


def test_rows_outside_the_mainland_say_so_in_their_place(client: FlaskClient) -> None:
    pairs = np.array([[91.7712, 29.2369], SEOUL])

    rows = client.post(BATCH, json={"positions": pairs.tolist(), "crs": "gcj02"}).json["results"]
    table = read_arrow(client.post(BATCH, data=arrow(*pairs.T), content_type=ARROW, query_string={"crs": "gcj02"}).data)

    assert rows[0]["grid_code"] == "540502001001002"
    assert rows[1] == {
        "grid_code": None, "method": None, "near_border": None, "edition": None, "unowned_reason": None,
        "problem": OUTSIDE_MAINLAND,
    }  # fmt: skip
    assert table["problem"].to_pylist() == [None, OUTSIDE_MAINLAND]
    assert table["method"].to_pylist() == ["covers", None]


def test_a_crs_that_batches_do_not_take_is_refused(client: FlaskClient) -> None:
    answer = client.post(BATCH, json={"positions": [], "crs": "epsg:4540"})

    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "#/crs"


@pytest.mark.slow
def test_incidents_of_the_demo_reach_the_same_grids_when_sent_as_gcj02(
    services: Services, client: FlaskClient, lonlats: np.ndarray
) -> None:
    key = {"Authorization": f"Bearer {services.keys.create(Role.DISPATCHER, 'test')}"}
    service = client.get("/v1/incidents?limit=1", headers=key).json["incidents"][0]["service_code"]
    expected = codes(client, lonlats)

    sent = shifted(lonlats, "gcj02").tolist()
    answers = [
        client.post("/v1/incidents", json={"service_code": service, "x": x, "y": y, "crs": "gcj02"}, headers=key)
        for x, y in sent
    ]

    assert {answer.status_code for answer in answers} == {201}
    assert [answer.json["grid_code"] for answer in answers] == expected
    assert [answer.json["received"] for answer in answers] == [{"x": x, "y": y, "crs": "gcj02"} for x, y in sent]
    assert np.abs(np.array([answer.json["position"] for answer in answers]) - lonlats).max() < 1e-11


def test_an_incident_outside_the_mainland_is_refused(services: Services, client: FlaskClient) -> None:
    key = {"Authorization": f"Bearer {services.keys.create(Role.DISPATCHER, 'test')}"}
    body = {"service_code": "any", "x": SEOUL[0], "y": SEOUL[1], "crs": "bd09"}

    answer = client.post("/v1/incidents", json=body, headers=key)

    assert answer.status_code == 422
    assert answer.json["type"] == "/docs#problem-outside-mainland"


def arrow(lon: np.ndarray, lat: np.ndarray) -> bytes:
    table, out = pa.table({"lon": lon, "lat": lat}), io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


def read_arrow(data: bytes) -> pa.Table:
    return pa.ipc.open_stream(data).read_all()
