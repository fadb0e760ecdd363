"""PostGIS as a rival: a join, and the project's own function, one row at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon

from tests.benchmarks.rivals import Contender, Owners, fastest, smallest
from tests.factories import make_edition, make_jurisdiction
from tests.oracles import Lonlats


def hex_ewkb(geoms: NDArray[Any]) -> list[str]:
    """Return geometries as COPY reads them."""
    return shapely.to_wkb(shapely.set_srid(geoms, 4326), hex=True, include_srid=True).tolist()


TABLES = """
    DROP SCHEMA IF EXISTS bench CASCADE;
    CREATE SCHEMA bench;
    SET search_path = bench, public;
    CREATE UNLOGGED TABLE grid (grid integer, geom geometry(Geometry, 4326));
    CREATE UNLOGGED TABLE point (id integer, geom geometry(Point, 4326));
"""
#: Both cores, and no reason to do without: unlogged tables let parallel workers in, temporary ones do not.
GENEROUS = """
    SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0.001;
    SET min_parallel_table_scan_size = 0; SET work_mem = '256MB'; SET jit = off;
"""
ANSWER = """
    DROP TABLE IF EXISTS {answer};
    CREATE UNLOGGED TABLE {answer} AS
        SELECT p.id, g.grid FROM point AS p JOIN {grids} AS g ON ST_Covers(g.geom, p.geom);
"""
#: An index on the points lets each grid look for its points, which is faster by far; making it is part of the answer.
POINTS_INDEXED = "DROP INDEX IF EXISTS point_place; CREATE INDEX point_place ON point USING gist (geom); ANALYZE point;"
POINTS_PLAIN = "DROP INDEX IF EXISTS point_place;"


@dataclass(frozen=True)
class Joiner:
    """A connection with grids and points in tables."""

    connection: psycopg.Connection[Any]
    positions: int

    def ask(self, grids: str, points: str) -> None:
        """Write the pairs of positions and the grids that cover them into a table."""
        self.connection.execute(points)
        self.connection.execute(ANSWER.format(answer="answer", grids=grids))

    def owners(self, _: object) -> Owners:
        """Read them back."""
        rows = self.connection.execute("SELECT id, grid FROM answer").fetchall()
        return smallest(self.positions, *(np.array(rows, np.int64).reshape(-1, 2).T))


def copy_in(connection: psycopg.Connection[Any], table: str, geoms: NDArray[Any]) -> None:
    """Fill a table with numbered geometries."""
    with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
        copy.write("".join(f"{number}\t{geom}\n" for number, geom in enumerate(hex_ewkb(geoms))))


def by_join(url: str, geoms: NDArray[Any], lonlats: Lonlats) -> Contender:
    """Return PostGIS's join by ST_Covers: GiST or SP-GiST on the grids, or GiST on the points too."""
    connection = psycopg.connect(url, autocommit=True)
    connection.execute(TABLES)
    connection.execute(GENEROUS)
    copy_in(connection, "grid", geoms)
    copy_in(connection, "point", shapely.points(lonlats))
    connection.execute("CREATE TABLE grid_sp AS TABLE grid")
    connection.execute("CREATE INDEX ON grid USING gist (geom)")
    connection.execute("CREATE INDEX ON grid_sp USING spgist (geom)")
    connection.execute("VACUUM ANALYZE grid, grid_sp, point")
    joiner = Joiner(connection, len(lonlats))

    def contender(way: str, grids: str, points: str) -> Contender:
        return Contender("PostGIS", way, len(lonlats), lambda: joiner.ask(grids, points), joiner.owners)

    return fastest([
        contender("GiST on grids", "grid", POINTS_PLAIN),
        contender("SP-GiST on grids", "grid_sp", POINTS_PLAIN),
        contender("GiST on points and grids", "grid", POINTS_INDEXED),
    ])  # fmt: skip


#: Every row asked on its own, as the triggers ask; it also says how near the border is and who else is meant. What no
#: grid covers it gives to the nearest: no answer to the question that is compared.
OWNER_OF = """
    SELECT p.id, CASE WHEN o.method = 'covers' THEN o.grid_code END
      FROM asked AS p, geoservice.owner_of(p.geom, only_in => %s) AS o
     ORDER BY p.id
"""


def by_owner_of(url: str, codes: Sequence[str], geoms: NDArray[Any], lonlats: Lonlats) -> Contender:
    """Return the database's own rule of ownership; the grids are published for it, so they must be valid."""
    connection = psycopg.connect(url, autocommit=True)
    outline = MultiPolygon(shapely.get_parts(shapely.coverage_union_all(geoms)).tolist())
    with connection.transaction():
        town = make_jurisdiction(connection, code="bench", outline=outline)
        make_edition(connection, town, dict(zip(codes, geoms, strict=True)))
    connection.execute("ANALYZE geoservice.territory, geoservice.grid")
    connection.execute("CREATE TEMP TABLE asked (id integer, geom public.geometry(Point, 4326))")
    copy_in(connection, "asked", shapely.points(lonlats))
    number = {code: place for place, code in enumerate(codes)} | {None: -1}
    return Contender(
        "owner_of", "a row at a time", len(lonlats),
        lambda: connection.execute(OWNER_OF, [town]).fetchall(),
        lambda rows: np.array([number[code] for _, code in rows]),
    )  # fmt: skip
