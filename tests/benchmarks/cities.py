"""A city to draw: grids published by the project's own services, footprints along streets, and what was reported there.

Made by a generator with a seed, so that every run draws the same one.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray

from geoservice.reading.shapes import GridFields
from geoservice.services.editions import EditionService
from geoservice.services.jurisdictions import JurisdictionService
from layers.crs import Bbox
from layers.db.session import Database
from tests.factories import ewkb, make_service
from tests.geoservice.engine.partitions import voronoi

CODE = "city"
GRIDS = 100
#: 10 by 10 km around 91.77 E 29.24 N.
BOUNDS = Bbox(91.7185, 29.1949, 91.8215, 29.2851)
#: Degrees of a metre there, east and north.
_DEGREES = np.array((BOUNDS.east - BOUNDS.west, BOUNDS.north - BOUNDS.south)) / 10_000
_SINCE = datetime(2025, 1, 1, tzinfo=UTC)
_REPORTED_AT, _CLOSED_AT = "2025-06-01T00:00Z", "2025-06-02T00:00Z"
#: Footprints as they are seen from above, in shares of their width and depth, and how often: a bar, an L, a U, a T, and
#: a bar with bays.
_SHAPES: tuple[tuple[float, tuple[tuple[float, float], ...]], ...] = (
    (0.55, ((0, 0), (1, 0), (1, 1), (0, 1))),
    (0.2, ((0, 0), (1, 0), (1, 0.5), (0.45, 0.5), (0.45, 1), (0, 1))),
    (0.08, ((0, 0), (1, 0), (1, 1), (0.7, 1), (0.7, 0.4), (0.3, 0.4), (0.3, 1), (0, 1))),
    (0.07, ((0.3, 0), (0.7, 0), (0.7, 0.6), (1, 0.6), (1, 1), (0, 1), (0, 0.6), (0.3, 0.6))),
    (0.1, ((0, 0.1), (0.2, 0.1), (0.2, 0), (0.4, 0), (0.4, 0.1), (0.6, 0.1), (0.6, 0), (0.8, 0), (0.8, 0.1), (1, 0.1),
           (1, 0.9), (0, 0.9))),
)  # fmt: skip
#: Lots on a side of a block; its houses stand along its streets.
_BLOCK = 8
_KINDS = ("residential", "shop", "office", "school", "garage", "other")
_SERVICES = ("light", "waste", "noise", "road", "water", "fence")
_SOURCES = ("resident", "patrol", "camera", "hotline", "system")
#: How most reports end, and how some of them stand; nobody is posted, so none is dispatched.
_STATUSES = {"closed": 0.8, "cancelled": 0.05, "reported": 0.13, "resolved": 0.02}
_BUILDINGS = "COPY geoservice.building (jurisdiction_id, code, kind, floors, geom) FROM STDIN"
_INCIDENTS = """
    COPY geoservice.incident (id, jurisdiction_id, service_code, source, geom, reported_at, status, closed_at)
    FROM STDIN
"""


@dataclass(frozen=True)
class MadeCity:
    """A city in a database."""

    url: str
    jurisdiction_id: int
    edition_id: int
    buildings: int
    incidents: int


def make_city(url: str, buildings: int, incidents: int) -> MadeCity:
    """Publish the grids in a migrated database, and copy in what is there, through the triggers."""
    jurisdiction_id, edition_id = _published(url)
    rng = np.random.default_rng(1)
    shapes = footprints(buildings, rng)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        for code in _SERVICES:
            make_service(connection, jurisdiction_id, code=code)
        with connection.cursor().copy(_BUILDINGS) as copy:
            for row in _building_rows(jurisdiction_id, shapes, rng):
                copy.write_row(row)
        with connection.cursor().copy(_INCIDENTS) as copy:
            for row in _incident_rows(jurisdiction_id, shapes, incidents, rng):
                copy.write_row(row)
        connection.execute("VACUUM ANALYZE")
    return MadeCity(url, jurisdiction_id, edition_id, buildings, incidents)


def _published(url: str) -> tuple[int, int]:
    """Publish the grids as an analyst would, from a file; return the jurisdiction and the edition."""
    features = [
        {"type": "Feature", "properties": {"code": code}, "geometry": shapely.geometry.mapping(geom)}
        for code, geom in voronoi(GRIDS, bounds=BOUNDS).items()
    ]
    database = Database.connect(url, pool_size=1, statement_timeout_s=60)
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "grids.geojson"
            file.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
            added = JurisdictionService(database).add_from_grids(
                CODE, name="City", grids_path=str(file), fields=GridFields(code="code"), crs="wgs84"
            )
        edition_id = added.draft.edition_id
        editions = EditionService(database)
        editions.validate(edition_id)
        editions.publish(edition_id, valid_from=_SINCE)
    finally:
        database.close()
    return added.jurisdiction.id, edition_id


def footprints(count: int, rng: np.random.Generator) -> NDArray[Any]:
    """Return footprints, EPSG:4326, block by block; each block is turned a little, as its streets are."""
    side = int(np.ceil(np.sqrt(count)))
    lot = np.arange(side * side)
    column, row = lot % side, lot // side
    blocks = -(-side // _BLOCK)
    block = row // _BLOCK * blocks + column // _BLOCK
    order = np.lexsort((lot, block))[:count]
    column, row, block = column[order], row[order], block[order]
    pitch = 10_000 / side
    turned = np.radians(rng.uniform(-12, 12, blocks * blocks))[block]
    size = rng.uniform((0.4, 0.3), (0.8, 0.65), (count, 2)) * pitch
    middle = (np.column_stack((column, row)) + 0.5 + rng.uniform(-0.08, 0.08, (count, 2))) * pitch
    found = np.empty(count, dtype=object)
    shares, shapes = zip(*_SHAPES, strict=True)
    chosen = rng.choice(len(shapes), count, p=shares)
    cos, sin = np.cos(turned), np.sin(turned)
    for number, shape in enumerate(shapes):
        mine = chosen == number
        corner = (np.array((*shape, shape[0])) - 0.5) * size[mine, None]
        east = corner[..., 0] * cos[mine, None] - corner[..., 1] * sin[mine, None]
        north = corner[..., 0] * sin[mine, None] + corner[..., 1] * cos[mine, None]
        metres = np.stack((east, north), axis=-1) + middle[mine, None]
        found[mine] = shapely.polygons(np.round(np.array(BOUNDS[:2]) + metres * _DEGREES, 7))
    return found


def _building_rows(jurisdiction_id: int, shapes: NDArray[Any], rng: np.random.Generator) -> Iterator[tuple[Any, ...]]:
    kinds = rng.choice(_KINDS, len(shapes), p=(0.7, 0.1, 0.06, 0.02, 0.1, 0.02))
    floors = np.minimum(rng.geometric(0.25, len(shapes)), 33)
    for number, (shape, kind, floor) in enumerate(zip(shapes, kinds.tolist(), floors.tolist(), strict=True)):
        yield (jurisdiction_id, f"B{number:06d}", kind, floor, ewkb(shapely.multipolygons([shape])))


def _incident_rows(
    jurisdiction_id: int, shapes: NDArray[Any], count: int, rng: np.random.Generator
) -> Iterator[tuple[Any, ...]]:
    # Some houses are reported much more often than others.
    near = shapes[np.minimum(rng.beta(1, 2, count) * len(shapes), len(shapes) - 1).astype(int)]
    east, north = shapely.get_coordinates(shapely.centroid(near)).T
    lonlats = np.column_stack((east, north)) + rng.normal(0, 15, (count, 2)) * _DEGREES
    lonlats = np.round(np.clip(lonlats, (BOUNDS.west, BOUNDS.south), (BOUNDS.east, BOUNDS.north)), 7).tolist()
    statuses = rng.choice(list(_STATUSES), count, p=list(_STATUSES.values())).tolist()
    services = rng.choice(_SERVICES, count).tolist()
    sources = rng.choice(_SOURCES, count).tolist()
    for number, (lon, lat) in enumerate(lonlats):
        status = statuses[number]
        closed_at = _CLOSED_AT if status == "closed" else None
        yield (UUID(int=number), jurisdiction_id, services[number], sources[number],
               f"SRID=4326;POINT({lon!r} {lat!r})", _REPORTED_AT, status, closed_at)  # fmt: skip
