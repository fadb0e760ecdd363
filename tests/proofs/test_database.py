"""The index in memory against the database's own owner_of: owner, method, nearness and distance of every position.

Where they differ a third reckoning says whether rounding may decide there (see reckoning.py). How many such places
there were is printed; nothing else is excused.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from pyarrow import csv as pacsv
from shapely import box

from geoservice.engine.index import OwnershipIndex
from geoservice.engine.loaded_editions import METHODS
from tests.factories import make_edition, make_jurisdiction
from tests.geoservice.engine.conftest import chicago_grids, community_grids
from tests.geoservice.engine.partitions import TRAPS, Grids, beside_borders, voronoi
from tests.oracles import Lonlats, probes, random_lonlats
from tests.places import multi
from tests.proofs.reckoning import SAME_M, Row, kind_of

__all__ = ["chicago_grids", "community_grids"]
pytestmark = pytest.mark.prove

AT_A_TIME = 250_000
CONNECTIONS = 2
ACCURACY_M, SNAP_TOLERANCE_M = 15.0, 25.0
#: What the database does not let into force: grids that overlap, rings that cross.
NOT_PUBLISHABLE = {"overlapping", "unsound"}
#: Grids narrower than the micrometre below which distances are equal: the nearest one can not be told.
NOT_TOLD_APART = {"steps of a double"}
#: So many rows of a piece are reckoned a third time; more than that are differences.
LOOKED_INTO = 200
#: Where each position is compared with thousands of edges.
FEWER = {"crowded cell": 2_000}

CLAIMED = "CREATE TEMP TABLE claimed (lon float8, lat float8, code text, method text, near boolean, metres float8)"
#: Rows in which the database says something else. What it measures and we left out is no difference.
DIFFERENT = """
    SELECT c.lon, c.lat, c.code, c.method, c.near, c.metres,
           (o).grid_code, (o).method, (o).near_border, (o).distance_to_border_m
      FROM (SELECT c, geoservice.owner_of(
                st_setsrid(st_makepoint(c.lon, c.lat), 4326), now(), %(accuracy_m)s, %(town)s) AS o
              FROM claimed AS c OFFSET 0) AS asked, LATERAL (SELECT (asked.c).*) AS c
     WHERE (o).grid_code IS DISTINCT FROM c.code
        OR (o).method IS DISTINCT FROM c.method
        OR ((o).near_border IS DISTINCT FROM c.near AND abs((o).distance_to_border_m - %(accuracy_m)s) > %(same_m)s)
        OR (c.metres IS NOT NULL AND abs((o).distance_to_border_m - c.metres) > %(same_m)s)
"""


@dataclass(frozen=True)
class Ground:
    """A partition in force and in memory."""

    url: str
    jurisdiction_id: int
    grids: Grids
    index: OwnershipIndex


def ground(url: str, grids: Grids) -> Ground:
    """Publish grids, past the gate of the database itself."""
    sound = all(shapely.is_valid(list(grids.values())))
    outline = multi(shapely.union_all(list(grids.values())) if sound else box(90, 28, 93, 31))
    with psycopg.connect(url) as connection:
        town = make_jurisdiction(connection, code="proof", outline=outline, snap_tolerance_m=SNAP_TOLERANCE_M)
        make_edition(connection, town, grids)
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE geoservice.territory")
    return Ground(url, town, grids, OwnershipIndex.build(list(grids), list(grids.values())))


def claims(ground: Ground, lonlats: Lonlats) -> bytes:
    """Return our answers as COPY reads them."""
    found = ground.index.lookup(*lonlats.T, accuracy_m=ACCURACY_M, snap_tolerance_m=SNAP_TOLERANCE_M)
    table = pa.table({
        "lon": lonlats[:, 0], "lat": lonlats[:, 1],
        "code": pa.array(ground.index.codes).take(pa.array(found.owner, mask=found.owner < 0)),
        "method": pa.array([METHODS[method] for method in sorted(METHODS)]).take(pa.array(found.method)),
        "near": found.near_border,
        "metres": pa.array(found.distance_to_border_m, mask=np.isnan(found.distance_to_border_m)),
    })  # fmt: skip
    written = io.BytesIO()
    pacsv.write_csv(table, written, pacsv.WriteOptions(include_header=False))
    return written.getvalue()


def disagreements(ground: Ground, lonlats: Lonlats) -> list[Row]:
    """Return some of the rows in which memory and database differ; print in how many rounding may decide."""

    def differing(some: Lonlats) -> tuple[list[Row], Counter[str]]:
        with psycopg.connect(ground.url) as connection:
            connection.execute(CLAIMED)
            with connection.cursor().copy("COPY claimed FROM STDIN (FORMAT csv)") as copy:
                copy.write(claims(ground, some))
            asked = {"town": ground.jurisdiction_id, "accuracy_m": ACCURACY_M, "same_m": SAME_M}
            rows = [Row(*row) for row in connection.execute(DIFFERENT, asked)]
        kinds = [kind_of(ground.grids, row) for row in rows[:LOOKED_INTO]]
        apart = [row for row, kind in zip(rows, kinds, strict=False) if kind is None] + rows[LOOKED_INTO:]
        return apart[:5], Counter(kind for kind in kinds if kind)

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        pieces = [lonlats[begin : begin + AT_A_TIME] for begin in range(0, len(lonlats), AT_A_TIME)]
        found = list(pool.map(differing, pieces))
    excused = sum((kinds for _, kinds in found), Counter[str]())
    print(f"\n{len(lonlats):,} positions; of them level {excused['level']}, too fine {excused['too fine']}")
    return [row for rows, _ in found for row in rows]


def hard_lonlats(grids: Grids, spread: int, beside: int) -> Lonlats:
    bounds = shapely.total_bounds(np.array(list(grids.values()), dtype=object))
    # Not a step of a double beside borders: there PostGIS reckons with plain doubles and is not exact itself.
    found = np.concatenate(
        (random_lonlats(bounds, spread, seed=21), beside_borders(grids, beside, seed=22), probes(grids))
    )
    return np.ascontiguousarray(found[(np.abs(found) <= (180, 90)).all(axis=1)])


def healed(grids: Grids) -> Grids:
    """Return areas as an exact partition: borders noded, each face given to the area that a place inside it is in."""
    codes = sorted(grids, key=str.encode)
    sound = shapely.make_valid(np.array([grids[code] for code in codes], dtype=object))
    lines = shapely.node(shapely.union_all(shapely.boundary(sound)))
    faces = shapely.get_parts(shapely.polygonize([lines]))
    place, area = shapely.STRtree(sound).query(shapely.point_on_surface(faces), predicate="intersects")
    owner = dict(sorted(zip(place.tolist(), area.tolist(), strict=True), reverse=True))
    parts: dict[str, list[object]] = {}
    for face, number in owner.items():
        parts.setdefault(codes[number], []).append(faces[face])
    return {
        code: shapely.MultiPolygon(shapely.get_parts(shapely.coverage_union_all(own))) for code, own in parts.items()
    }


@pytest.fixture(scope="module")
def london(test_data: Path) -> Iterator[Grids]:
    """Return about 5,000 of the areas of England, healed."""
    table = pq.read_table(test_data / "scale" / "uk_lsoa_2011_england_wales.parquet", columns=["LSOA11CD", "geometry"])
    geoms = shapely.from_wkb(table["geometry"].to_numpy(zero_copy_only=False))
    inside = shapely.intersects_xy(shapely.box(-0.5, 51.3, 0.3, 51.7), *shapely.get_coordinates(
        shapely.centroid(geoms)).T)  # fmt: skip
    yield healed(
        {code.as_py(): geom for code, geom in zip(table["LSOA11CD"].filter(inside), geoms[inside], strict=True)}
    )


def test_community_ten_million_times(database_url: str, community_grids: Grids) -> None:
    lonlats = hard_lonlats(community_grids, 10**7, 10**6)

    assert disagreements(ground(database_url, community_grids), lonlats) == []


@pytest.mark.data
def test_chicago_ten_million_times(database_url: str, chicago_grids: Grids) -> None:
    lonlats = hard_lonlats(chicago_grids, 10**7, 10**6)

    assert disagreements(ground(database_url, chicago_grids), lonlats) == []


@pytest.mark.data
def test_healed_areas_ten_million_times(database_url: str, london: Grids) -> None:
    lonlats = hard_lonlats(london, 10**7, 10**6)

    assert disagreements(ground(database_url, london), lonlats) == []


def test_three_thousand_grids(database_url: str) -> None:
    grids = voronoi(3000)

    assert disagreements(ground(database_url, grids), hard_lonlats(grids, 10**6, 10**6)) == []


@pytest.mark.parametrize("trap", sorted(set(TRAPS) - NOT_PUBLISHABLE - NOT_TOLD_APART))
def test_each_trap(database_url: str, trap: str) -> None:
    grids = {code or "nameless": geom for code, geom in TRAPS[trap]().items()}

    count = FEWER.get(trap, 50_000)
    assert disagreements(ground(database_url, grids), hard_lonlats(grids, count, count)) == []


@pytest.mark.parametrize("trap", sorted(NOT_PUBLISHABLE))
def test_what_is_no_partition_never_comes_into_force(database_url: str, trap: str) -> None:
    with pytest.raises(psycopg.Error):
        ground(database_url, TRAPS[trap]())
