"""The demo community after two years of reports: what its desk, its officers and its figures have to bear."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
import shapely

from geoservice.services.demo import load_demo
from tests.factories import select_one

#: Of the past; of what is in hand the last days.
DAYS, DAYS_IN_HAND = 730, 10
#: How most reports end. What is in hand is dispatched as it comes: an officer is posted in every grid.
_STATUSES = {"closed": 0.9, "cancelled": 0.035, "reported": 0.05, "resolved": 0.015}
_SOURCES = ("resident", "patrol", "camera", "hotline", "system")
_COPY = """
    COPY geoservice.incident (jurisdiction_id, service_code, source, geom, description, reported_at, status, closed_at)
    FROM STDIN
"""
#: Histories were written a moment ago, all of them, and are of two years.
_AS_IT_HAPPENED = """
    SET session_replication_role = replica;
    UPDATE geoservice.incident_event SET at = reported_at;
    RESET session_replication_role;
"""


def make_busy_town(url: str, incidents: int) -> int:
    """Load the demo community into a migrated database and have so much happen; return how many are in hand."""
    load_demo(url, lambda line: None)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        town = connection.execute("SELECT id, st_asbinary(outline) FROM geoservice.jurisdiction").fetchone()
        assert town is not None
        services = [code for (code,) in connection.execute("SELECT code FROM geoservice.service ORDER BY code")]
        with connection.cursor().copy(_COPY) as copy:
            for row in _rows(town[0], shapely.from_wkb(bytes(town[1])), services, incidents):
                copy.write_row(row)
        while connection.execute("SELECT geoservice.mark_overdue(20000)").fetchone() != (0,):
            pass
        connection.execute(_AS_IT_HAPPENED)
        connection.execute("VACUUM ANALYZE")
        return int(select_one(connection, "SELECT count(*) FROM geoservice.incident WHERE geoservice.is_open(status)"))


def _rows(town: int, outline: Any, services: list[str], count: int) -> Iterator[tuple[Any, ...]]:
    rng = np.random.default_rng(20261201)
    west, south, east, north = outline.bounds
    places = rng.uniform((west, south), (east, north), (4 * count, 2))
    places = places[shapely.contains_xy(outline, *places.T)][:count].tolist()
    statuses = rng.choice(list(_STATUSES), count, p=list(_STATUSES.values())).tolist()
    chosen, ages = rng.choice(services, count).tolist(), rng.uniform(0, 1, count).tolist()
    now = datetime.now(UTC)
    for number, ((lon, lat), status) in enumerate(zip(places, statuses, strict=True)):
        over = status in ("closed", "cancelled")
        reported_at = now - timedelta(days=2 + (DAYS if over else DAYS_IN_HAND - 2) * ages[number])
        closed_at = reported_at + timedelta(hours=7) if status == "closed" else None
        yield (town, chosen[number], _SOURCES[number % len(_SOURCES)], f"SRID=4326;POINT({lon!r} {lat!r})",
               f"matter {number}", reported_at, status, closed_at)  # fmt: skip
