"""A city of many grids on a database of its own, whose postmaster may be killed while an edition is published."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import shapely
from psycopg import Connection

from geoservice.embedded.cluster import Cluster
from geoservice.embedded.postmaster import kill_orphans
from geoservice.services import schema
from geoservice.services.editions import EditionService
from layers.db.session import Database
from tests.conftest import free_port
from tests.factories import insert, make_draft, make_edition, make_jurisdiction, make_service, validate
from tests.geoservice.engine.partitions import squares
from tests.oracles import random_lonlats
from tests.places import multi
from tests.waiting import wait_until

WEST, SOUTH, STEP = 91.0, 29.0, 2.0**-9
POINTS = """
    INSERT INTO geoservice.{} ({}) SELECT {}, st_setsrid(st_makepoint(p.lon, p.lat), 4326)
      FROM unnest(%s::float8[], %s::float8[]) AS p (lon, lat)
"""

#: All that must agree: what the edition says of itself, what is in force by each of the tables, and whether every
#: feature carries the grid that the edition in force gives its place.
STATE = """
    SELECT e.status = 'published' AS published,
           geoservice.edition_at(e.jurisdiction_id, now()) = e.id AS in_force,
           (SELECT a.edition_id = e.id FROM geoservice.applied_edition AS a
             WHERE a.jurisdiction_id = e.jurisdiction_id) AS enacted,
           EXISTS (SELECT FROM geoservice.edition_period AS p WHERE p.edition_id = e.id) AS has_period,
           EXISTS (SELECT FROM geoservice.outbox AS o WHERE (o.payload ->> 'edition')::bigint = e.id) AS announced,
           EXISTS (SELECT FROM geoservice.grid_lineage AS l WHERE l.edition_id = e.id) AS has_lineage,
           (SELECT count(*) = (SELECT count(*) FROM geoservice.grid AS g WHERE g.edition_id = e.id)
                   AND count(*) = count(*) FILTER (WHERE t.code LIKE '%%~' || e.id)
              FROM geoservice.territory AS t
             WHERE t.jurisdiction_id = e.jurisdiction_id AND t.valid @> now() AND upper_inf(t.known)) AS laid_out,
           (SELECT count(*) > 0 AND count(*) = count(*) FILTER (WHERE f.grid_code LIKE '%%~' || e.id)
              FROM (SELECT grid_code FROM geoservice.household UNION ALL SELECT grid_code FROM geoservice.camera
                    UNION ALL SELECT grid_code FROM geoservice.incident) AS f) AS carried
      FROM geoservice.edition AS e WHERE e.id = %s
"""
WRONG_FEATURES = """
    SELECT count(*) FROM (SELECT geom, grid_code FROM geoservice.household UNION ALL
                          SELECT geom, grid_code FROM geoservice.camera UNION ALL
                          SELECT geom, grid_code FROM geoservice.incident) AS f
     WHERE f.grid_code IS DISTINCT FROM (geoservice.owner_of(f.geom)).grid_code
"""


class City:
    """Squares, households, cameras and reports among them; each edition gives every square a new code."""

    def __init__(self, cluster: Cluster, side: int, features: int) -> None:
        self.cluster = cluster
        self.shapes = {f"{n:05d}": multi(one) for n, one in enumerate(squares(WEST, SOUTH, STEP, side))}
        self.url = cluster.ensure()
        schema.upgrade(self.url)
        with psycopg.connect(self.url) as connection:
            outline = multi(shapely.union_all(list(self.shapes.values())))
            self.id = make_jurisdiction(connection, code="city", outline=outline)
            make_service(connection, self.id)
            make_edition(connection, self.id, self.shapes)
            self._fill(connection, features, outline.bounds)
        self.drafted = 0

    def _fill(self, connection: Connection[Any], features: int, bounds: tuple[float, float, float, float]) -> None:
        tables = {"household": ("jurisdiction_id, age_18_59, geom", f"{self.id}, 2"),
                  "incident": ("service_code, geom", "'light'")}  # fmt: skip
        for seed, (table, (columns, values)) in enumerate(tables.items()):
            places = random_lonlats(bounds, features, seed=seed).T.tolist()
            connection.execute(POINTS.format(table, columns, values).encode(), places)
        west, south, _, _ = bounds
        camera = {"jurisdiction_id": self.id, "code": "c1", "bearing_deg": 0, "fov_deg": 60, "range_m": 50}
        insert(connection, "camera", camera | {"geom": shapely.Point(west + STEP / 3, south + STEP / 3)})

    def draft(self) -> int:
        """Return a validated draft with a new code for every square."""
        self.drafted += 1
        with psycopg.connect(self.url) as connection:
            number = make_draft(connection, self.id, {})
            grids = {f"{code}~{number}": shape for code, shape in self.shapes.items()}
            self._put(connection, number, grids)
            validate(connection, number)
        return number

    @staticmethod
    def _put(connection: Connection[Any], number: int, grids: dict[str, shapely.MultiPolygon]) -> None:
        shapes = shapely.to_wkb(shapely.set_srid(list(grids.values()), 4326), hex=True, include_srid=True)
        with connection.cursor().copy("COPY geoservice.grid (edition_id, code, name, geom) FROM STDIN") as rows:
            for code, shape in zip(grids, shapes, strict=True):
                rows.write_row((number, code, code, shape))

    def kill(self, *, alone: bool) -> None:
        """Kill the postmaster as the kernel would; not alone: with all its backends, as a power cut would."""
        postmaster = self.cluster.postmaster()
        assert postmaster is not None
        os.kill(postmaster.pid, signal.SIGKILL)
        wait_until(lambda: self.cluster.postmaster() is None, "the postmaster dies")
        if not alone:
            kill_orphans(self.cluster.layout.database)

    def start_again(self) -> None:
        """Start the database; what the killed one left is cleared away."""
        self.cluster.ensure()
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("VACUUM")  # what autovacuum had counted died with the postmaster

    def state(self, edition_id: int) -> dict[str, bool]:
        """Return what each part of the database says about whether an edition is in force."""
        with psycopg.connect(self.url, row_factory=psycopg.rows.dict_row) as connection:
            row = connection.execute(STATE, [edition_id]).fetchone()
        assert row is not None
        return row

    def wrong_features(self) -> int:
        """Return how many features carry another grid than the one that owns their place."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute(WRONG_FEATURES).fetchone()
        assert row is not None
        return int(row[0])


@contextmanager
def some_city(side: int, features: int) -> Iterator[City]:
    """Make a city on a database of its own, and remove it at the end."""
    with tempfile.TemporaryDirectory(prefix="gs-") as name:
        Path(name).chmod(0o755)  # the service account must be able to walk through
        cluster = Cluster(Path(name) / "data", free_port())
        try:
            yield City(cluster, side, features)
        finally:
            cluster.stop()


@contextmanager
def editions(url: str) -> Iterator[EditionService]:
    """Return the service that publishes, with connections of its own."""
    database = Database.connect(url, pool_size=1)
    try:
        yield EditionService(database)
    finally:
        database.close()
