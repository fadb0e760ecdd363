"""Every door gives one owner for every place, the same: SQL, the incidents' trigger, HTTP, shapely by brute force."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import numpy as np
import psycopg
import pytest
import shapely
from flask.testing import FlaskClient
from pydantic import SecretStr
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from geoservice.app import create_app
from geoservice.demo.community import build_community
from geoservice.settings import Settings
from geoservice.wiring import build_services
from tests.depth import depths
from tests.factories import make_edition, make_jurisdiction, make_service
from tests.oracles import Lonlats, distances_m, owners_by_covers, probes, random_lonlats
from tests.places import multi

#: (owner, method) of one place.
Answers = list[tuple[str | None, str]]
RANDOM_PLACES = 100_000
SINGLE_REQUESTS = 2_000
#: The everyday run asks about one place in so many.
THINNED, ALL = 40, 1
#: So many at a time that a statement ends in its time on a machine however busy.
BATCH = 1_000

SQL = """
    SELECT (o).grid_code, (o).method
      FROM (SELECT number, geoservice.owner_of(st_setsrid(st_makepoint(lon, lat), 4326), now(), 0, %s) AS o
              FROM unnest(%s::float8[], %s::float8[]) WITH ORDINALITY AS p (lon, lat, number)) AS answers
     ORDER BY number
"""


@dataclass(frozen=True)
class Ground:
    """A jurisdiction in force and the places to ask about; all of them twice or more near a border."""

    url: str
    jurisdiction: str
    jurisdiction_id: int
    service_code: str
    grids: dict[str, BaseGeometry]
    lonlats: Lonlats


def by_sql(ground: Ground) -> Answers:
    lons, lats = ground.lonlats.T.tolist()
    with psycopg.connect(ground.url) as connection:
        return connection.execute(SQL, [ground.jurisdiction_id, lons, lats]).fetchall()


def by_trigger(ground: Ground) -> Answers:
    """COPY an incident at each place in, the number of the place as its id, and read where the trigger sent it."""
    copy = "COPY geoservice.incident (id, jurisdiction_id, service_code, geom, accuracy_m) FROM STDIN"
    shapes = shapely.to_wkb(shapely.set_srid(shapely.points(ground.lonlats), 4326), hex=True, include_srid=True)
    with psycopg.connect(ground.url) as connection:
        with connection.cursor().copy(copy) as rows:
            for number, shape in enumerate(shapes):
                rows.write_row((UUID(int=number), ground.jurisdiction_id, ground.service_code, shape, 0))
        found = "SELECT grid_code, method FROM geoservice.incident WHERE id <= %s ORDER BY id"
        answers = connection.execute(found, [UUID(int=len(shapes) - 1)]).fetchall()
        connection.rollback()
    return answers


def by_http(ground: Ground, client: FlaskClient) -> Answers:
    answers: Answers = []
    for batch in np.split(ground.lonlats, range(BATCH, len(ground.lonlats), BATCH)):
        body = {"positions": batch.tolist(), "jurisdiction": ground.jurisdiction, "accuracy_m": 0}
        response = client.post("/v1/owner/batch", json=body)
        assert response.status_code == 200, response.text
        answers += [(row["grid_code"], row["method"]) for row in response.get_json()["results"]]
    return answers


def one_by_one(ground: Ground, client: FlaskClient, numbers: list[int]) -> Answers:
    answers: Answers = []
    for lon, lat in ground.lonlats[numbers].tolist():
        query = {"lon": repr(lon), "lat": repr(lat), "jurisdiction": ground.jurisdiction, "accuracy_m": "0"}
        answer = client.get("/v1/owner", query_string=query).get_json()
        answers.append((answer["grid"] and answer["grid"]["code"], answer["method"]))
    return answers


@contextmanager
def client_of(ground: Ground) -> Iterator[FlaskClient]:
    settings = Settings(database_url=SecretStr(ground.url))
    services = build_services(settings)
    yield create_app(settings, services=services).test_client()
    services.database.close()


def differing(ground: Ground, ours: Answers, theirs: Answers) -> list[object]:
    """Return place, owner and owner where two doors differ; a difference is only of use with its coordinates."""
    assert len(ours) == len(theirs) == len(ground.lonlats)
    return [(*place, a, b) for place, a, b in zip(ground.lonlats.tolist(), ours, theirs, strict=True) if a != b][:20]


def places_of(grids: dict[str, BaseGeometry], *, seed: int) -> Lonlats:
    """Return random places, every vertex and the middle of every edge.

    Middles of edges at the rim of all grids lie outside by a rounding as often as not; a tenth of those is enough.
    """
    west, south, east, north = shapely.total_bounds(list(grids.values()))
    scattered = random_lonlats((west - 0.0003, south - 0.0003, east + 0.0003, north + 0.0003), RANDOM_PLACES, seed=seed)
    critical = probes(grids)
    outside = np.array([owner is None for owner in owners_by_covers(grids, critical)])
    return np.concatenate([scattered, critical[~outside], critical[outside][::10]])


@pytest.fixture
def demo(community_url: str) -> Ground:
    grids = {grid.code: grid.geom for grid in build_community(now=datetime.now(UTC)).grids}
    with psycopg.connect(community_url) as connection:
        town = connection.execute("SELECT id, code FROM geoservice.jurisdiction").fetchone()
        service = connection.execute("SELECT code FROM geoservice.service LIMIT 1").fetchone()
    assert town is not None
    assert service is not None
    return Ground(community_url, town[1], town[0], service[0], grids, places_of(grids, seed=11))


@pytest.fixture
def chicago(database_url: str, test_data: Path) -> Ground:
    grids = beats(test_data)
    with psycopg.connect(database_url) as connection:
        outline = multi(shapely.coverage_union_all(list(grids.values())))
        city = make_jurisdiction(connection, code="chicago", outline=outline, metric_srid=26916)
        make_edition(connection, city, grids)
        service = make_service(connection, city)
    return Ground(database_url, "chicago", city, service, grids, places_of(grids, seed=12))


def beats(test_data: Path) -> dict[str, BaseGeometry]:
    """Return the beats of the police; some come as several features."""
    parts: dict[str, list[BaseGeometry]] = {}
    for feature in json.loads((test_data / "chicago/beats_from_2012-12-19.geojson").read_text())["features"]:
        shape = shapely.from_geojson(json.dumps(feature["geometry"]))
        parts.setdefault(feature["properties"]["beat"], []).extend(shapely.get_parts(shape))
    return {beat: MultiPolygon(shapes) for beat, shapes in parts.items()}


def assert_every_door_agrees(ground: Ground) -> None:
    oracle = owners_by_covers(ground.grids, ground.lonlats)
    sql = by_sql(ground)

    assert differing(ground, [(o, "covers") if m == "covers" else (None, "") for o, m in sql],
                     [(o, "covers") if o else (None, "") for o in oracle]) == []  # fmt: skip
    assert differing(ground, by_trigger(ground), sql) == []
    sample = np.linspace(0, len(sql) - 1, min(SINGLE_REQUESTS, len(sql) // 10), dtype=int).tolist()
    with client_of(ground) as client:
        assert differing(ground, by_http(ground, client), sql) == []
        assert one_by_one(ground, client, sample) == [sql[number] for number in sample]
    assert_nearest_is_nearest(ground, sql)


def assert_nearest_is_nearest(ground: Ground, answers: Answers) -> None:
    """Compare a hundred answers from outside all grids with distances measured another way."""
    outside = [number for number, (_, method) in enumerate(answers) if method == "nearest"]
    for number in outside[:: max(1, len(outside) // 100)]:
        lon, lat = ground.lonlats[number].tolist()
        near = shapely.box(lon - 0.001, lat - 0.001, lon + 0.001, lat + 0.001)
        distances = distances_m({c: g for c, g in ground.grids.items() if shapely.intersects(g, near)}, lon, lat)
        owner, _ = answers[number]
        assert distances[owner or ""] <= min(min(distances.values()) * 1.001 + 0.001, 25.025)


@depths(THINNED, ALL)
def test_every_door_agrees_on_the_demo_community(demo: Ground, depth: int) -> None:
    assert len(demo.lonlats) > RANDOM_PLACES
    assert_every_door_agrees(replace(demo, lonlats=demo.lonlats[::depth]))


@pytest.mark.slow
@pytest.mark.data
@depths(THINNED, ALL)
def test_every_door_agrees_on_the_beats_of_chicago(chicago: Ground, depth: int) -> None:
    assert len(chicago.lonlats) > RANDOM_PLACES + 70_000
    assert_every_door_agrees(replace(chicago, lonlats=chicago.lonlats[::depth]))
