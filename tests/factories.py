"""Small makers of rows, straight in SQL as any client could write them. None of them commits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import shapely
from psycopg import Connection, sql
from psycopg.rows import dict_row
from shapely.geometry.base import BaseGeometry

from tests import places

#: When the made editions begin, unless a test says otherwise.
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def ewkb(geom: BaseGeometry) -> str:
    """Return a geometry in EPSG:4326 as the database reads it."""
    return shapely.to_wkb(shapely.set_srid(geom, 4326), hex=True, include_srid=True)


def insert(
    connection: Connection[Any], table: str, columns: Mapping[str, object], *, returning: str = "*"
) -> dict[str, Any]:  # fmt: skip
    """Insert a row and return it as it was stored, whole or a column; shapely geometries are written as EWKB."""
    values = [ewkb(v) if isinstance(v, BaseGeometry) else v for v in columns.values()]
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING {}").format(
        sql.Identifier("geoservice", table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join([sql.Placeholder()] * len(values)),
        sql.SQL("*") if returning == "*" else sql.Identifier(returning),
    )
    row = connection.cursor(row_factory=dict_row).execute(statement, values).fetchone()
    assert row is not None
    return row


def select_one(connection: Connection[Any], query: str, *values: object) -> Any:
    """Return the first column of the one row of a query."""
    row = connection.execute(query.encode(), values).fetchone()
    assert row is not None
    return row[0]


def make_jurisdiction(
    connection: Connection[Any], *, code: str = "town", outline: BaseGeometry = places.OUTLINE, **columns: object
) -> int:
    """Insert a jurisdiction and return its id."""
    defaults = {"name": f"Town {code}", "metric_srid": 4540}
    return int(insert(connection, "jurisdiction", {"code": code, "outline": outline} | defaults | columns)["id"])


def make_draft(
    connection: Connection[Any], jurisdiction_id: int, grids: Mapping[str, BaseGeometry] | None = None,
    **columns: object,
) -> int:  # fmt: skip
    """Insert a draft with grids and return its id."""
    edition = insert(connection, "edition", {"jurisdiction_id": jurisdiction_id, "title": "made"} | columns)
    copy = "COPY geoservice.grid (edition_id, code, name, geom) FROM STDIN"
    with connection.cursor().copy(copy) as rows:
        for code, geom in (places.GRIDS if grids is None else grids).items():
            rows.write_row((edition["id"], code, f"grid {code}", ewkb(places.multi(geom))))
    return int(edition["id"])


def validate(connection: Connection[Any], edition_id: int) -> None:
    """Mark a draft as validated as it stands; it has no finding."""
    connection.execute(
        "UPDATE geoservice.edition SET validated_hash = geoservice.edition_hash(id) WHERE id = %s", [edition_id]
    )


def publish(connection: Connection[Any], edition_id: int, starts: datetime = LONG_AGO) -> int:
    """Publish a draft and return how many features moved."""
    return int(select_one(connection, "SELECT geoservice.publish_edition(%s, %s)", edition_id, starts))


def make_edition(
    connection: Connection[Any],
    jurisdiction_id: int,
    grids: Mapping[str, BaseGeometry] | None = None,
    *,
    starts: datetime = LONG_AGO,
) -> int:
    """Insert a draft, publish it, and return its id."""
    edition_id = make_draft(connection, jurisdiction_id, grids)
    validate(connection, edition_id)
    publish(connection, edition_id, starts)
    return edition_id


def make_service(connection: Connection[Any], jurisdiction_id: int, *, code: str = "light") -> str:
    """Insert a service and return its code."""
    columns = {"jurisdiction_id": jurisdiction_id, "code": code, "name": "Street light"}
    return str(insert(connection, "service", columns)["code"])


def make_incident(
    connection: Connection[Any], place: places.Place = places.CENTRE, *, service_code: str = "light",
    returning: str = "*", **columns: object,
) -> dict[str, Any]:  # fmt: skip
    """Insert an incident and return it as it was stored, whole or a column."""
    known = {"service_code": service_code, "geom": place.wkt}
    return insert(connection, "incident", known | columns, returning=returning)


def make_building(
    connection: Connection[Any], jurisdiction_id: int, *, code: str = "b1", geom: BaseGeometry | None = None
) -> dict[str, Any]:
    """Insert a building, 0.2 units wide in the middle of grid B unless told where, and return it."""
    shape = places.area(1.9, 4.9, 2.1, 5.1) if geom is None else geom
    columns = {"jurisdiction_id": jurisdiction_id, "code": code, "geom": places.multi(shape)}
    return insert(connection, "building", columns)


def make_household(
    connection: Connection[Any], jurisdiction_id: int, place: places.Place = places.CENTRE, **columns: object
) -> dict[str, Any]:
    """Insert a household of two and return it."""
    defaults = {"jurisdiction_id": jurisdiction_id, "geom": place.wkt, "age_18_59": 2}
    return insert(connection, "household", defaults | columns)


def make_camera(
    connection: Connection[Any], jurisdiction_id: int, place: places.Place = places.CENTRE, **columns: object
) -> dict[str, Any]:
    """Insert a camera that looks north and return it."""
    defaults = {"jurisdiction_id": jurisdiction_id, "code": "c1", "geom": place.wkt, "bearing_deg": 0, "fov_deg": 60,
                "range_m": 50}  # fmt: skip
    return insert(connection, "camera", defaults | columns)


def make_organisation(
    connection: Connection[Any], jurisdiction_id: int, place: places.Place = places.CENTRE, **columns: object
) -> dict[str, Any]:
    """Insert an organisation and return it."""
    defaults = {"jurisdiction_id": jurisdiction_id, "code": "o1", "name": "Partner", "kind": "partner",
                "geom": place.wkt}  # fmt: skip
    return insert(connection, "organisation", defaults | columns)


@dataclass(frozen=True)
class Town:
    """The partition of tests.places in force, with one service."""

    jurisdiction_id: int
    edition_id: int


def make_town(connection: Connection[Any]) -> Town:
    """Insert the hand-made partition, published long ago, and a service."""
    jurisdiction_id = make_jurisdiction(connection)
    edition_id = make_edition(connection, jurisdiction_id)
    make_service(connection, jurisdiction_id)
    return Town(jurisdiction_id, edition_id)
