"""Several editions and jurisdictions in memory answer as the database does: in time, on overlaps, beside borders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pytest
import shapely
from shapely import box
from shapely.geometry.base import BaseGeometry

from geoservice.engine.loaded_editions import METHODS, owner_among, owners_among
from geoservice.services.edition_builder import EditionBuilder
from geoservice.services.snapshots import Snapshot, read_snapshot
from layers.crs import Position
from layers.db.session import Database
from layers.grids.ownership import owners_of
from tests.conftest import DatabaseMaker
from tests.depth import depths
from tests.factories import make_draft, make_jurisdiction, publish, validate
from tests.geoservice.engine.partitions import squares
from tests.oracles import random_lonlats

DAYS = [datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=100 * number) for number in range(5)]


def _town(connection: psycopg.Connection, code: str, fields: list[BaseGeometry], **defaults: float) -> None:
    outline = shapely.MultiPolygon([shapely.union_all(fields)])
    number = make_jurisdiction(connection, code=code, outline=outline, **defaults)
    for turn, day in enumerate(DAYS):
        grids: Mapping[str, BaseGeometry] = {
            f"{(place + turn) % len(fields):02d}@{turn}": shapely.MultiPolygon([field])
            for place, field in enumerate(fields)
        }
        draft = make_draft(connection, number, grids)
        validate(connection, draft)
        publish(connection, draft, day)


@pytest.fixture(scope="module")
def snapshot(cluster_url: str, template: str) -> Iterator[tuple[Snapshot, Database]]:
    """Two towns that overlap, one that touches them, one close by, one far away; five editions each."""
    maker = DatabaseMaker(cluster_url)
    url = maker.clone(template)
    step = 2.0**-8
    with psycopg.connect(url, autocommit=True) as connection:
        _town(connection, "b", squares(91.0, 29.0, step, 4), snap_tolerance_m=30, accuracy_m=20)
        _town(connection, "a", squares(91.0 + 2 * step, 29.0 + 2.5 * step, step, 4), snap_tolerance_m=0, accuracy_m=60)
        _town(connection, "B", squares(91.0 + 4 * step, 29.0 - 1.5 * step, step, 4), snap_tolerance_m=200, accuracy_m=0)
        _town(connection, "c", [box(91.0 - 1e-3, 29.0, 91.0 - 4e-4, 29.01)], snap_tolerance_m=100, accuracy_m=15)
        _town(connection, "far", squares(10.0, 60.0, step, 2))
    database = Database.connect(url, pool_size=2)
    yield read_snapshot(database, None, EditionBuilder(database, lambda: None)), database
    database.close()
    maker.drop_all()


def _places(scattered: int) -> np.ndarray:
    step = 2.0**-8
    corners = [(91 + i * step / 2, 29 + j * step / 2) for i in range(-4, 20) for j in range(-4, 16)]
    around = random_lonlats((90.997, 28.99, 91.035, 29.03), scattered, seed=6)
    return np.array([*corners, *around.tolist(), (10.001, 60.001), (0, 0), (180, -90)])


@depths(100, 1500)
@pytest.mark.parametrize("only", [None, "a", "b", "B", "c"])
@pytest.mark.parametrize("accuracy_m", [None, 0.0, 150.0])
def test_memory_answers_as_the_database_does(
    snapshot: tuple[Snapshot, Database], only: str | None, accuracy_m: float | None, depth: int
) -> None:
    known, database = snapshot
    ids = {one.jurisdiction_code: one.jurisdiction_id for one in known.editions}
    places = _places(depth)
    for at in (DAYS[-1] + timedelta(days=1), DAYS[-1], DAYS[-1] - timedelta(microseconds=1), DAYS[2]):
        editions = known.editions.in_force(at, only)
        assert editions is not None
        many = owners_among(editions, places[:, 0].copy(), places[:, 1].copy(), accuracy_m=accuracy_m)
        positions = [Position(lon, lat) for lon, lat in places.tolist()]
        with database.transaction(timeout_s=60) as connection:
            stored = owners_of(connection, positions, at=at, accuracy_m=accuracy_m, jurisdiction_id=only and ids[only])
        for place, (position, told) in enumerate(zip(positions, stored, strict=True)):
            one = owner_among(editions, *position, accuracy_m=accuracy_m)
            where = (position, at, only)
            assert (one.grid_code, one.edition_id, one.method, one.near_border, one.candidates) == (
                told.grid_code, told.edition_id, told.method, told.near_border, told.candidates), where  # fmt: skip
            assert one.distance_to_border_m == pytest.approx(told.distance_to_border_m, abs=1e-6), where
            code = None if many.code[place] < 0 else many.codes[many.code[place]]
            assert (code, many.edition[place] or None, METHODS[many.method[place]]) == (
                told.grid_code, told.edition_id, told.method), where  # fmt: skip
            assert bool(many.near_border[place]) == told.near_border, where


def test_instants_before_what_is_held_are_not_answered(snapshot: tuple[Snapshot, Database]) -> None:
    editions = snapshot[0].editions

    assert editions.known_since == DAYS[2]
    assert editions.in_force(DAYS[2] - timedelta(microseconds=1)) is None
    assert editions.in_force(DAYS[2], "unknown") is None
    assert len(editions.in_force(DAYS[2]) or ()) == 5
