"""Many reports at once: put into the inbox, which the database routes and stores as a set."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

from shapely import Point
from sqlalchemy import Connection, text

from layers.db.bulk import copy_rows
from layers.incidents.model import Report

_COLUMNS = (
    "id", "jurisdiction_id", "service_code", "geom", "received_x", "received_y", "declared_crs", "source",
    "description", "accuracy_m", "building_code", "reported_at",
)  # fmt: skip
#: As they came in, whatever became of them: lines of a history stay as they were written.
_TOLD = text("""
    SELECT i.id, e.service_code, e.source, e.reported_at, e.received_x, e.received_y, e.declared_crs, e.accuracy_m,
           e.building_code
      FROM geoservice.incident AS i
      LEFT JOIN geoservice.incident_event AS e ON e.incident_id = i.id AND e.rule = 'reported'
     WHERE i.id = ANY(:ids)
""")
_METHODS = text("SELECT i.method, count(*) FROM geoservice.incident AS i WHERE i.id = ANY(:ids) GROUP BY i.method")
_BUILDINGS = text(
    "SELECT b.code FROM geoservice.building AS b WHERE b.jurisdiction_id = :home AND b.code = ANY(:codes)"
)


class NumberedReport(NamedTuple):
    """A report, and the id that its incident gets."""

    id: UUID
    report: Report


def put_reports(connection: Connection, reports: Sequence[NumberedReport]) -> None:
    """Store reports as incidents; the database routes them in one statement."""
    copy_rows(connection, "incident_inbox", _COLUMNS, _rows(reports))


def _rows(reports: Sequence[NumberedReport]) -> Iterator[tuple[object, ...]]:
    for number, one in reports:
        place = one.place
        yield (number, one.jurisdiction_id, one.service_code, Point(place.position.lon, place.position.lat), place.x,
               place.y, place.crs, one.source, one.description, one.accuracy_m, one.building_code,
               one.reported_at)  # fmt: skip


def stored_alike(connection: Connection, reports: Sequence[NumberedReport]) -> dict[UUID, bool]:
    """Return which reports are incidents already, and whether these came in saying the same, but for words."""
    by_id = dict(reports)
    found = connection.execute(_TOLD, {"ids": list(by_id)}).all()
    return {id_: tuple(told) == _told(by_id[id_]) for id_, *told in found}


def _told(one: Report) -> tuple[object, ...]:
    place = one.place
    return (one.service_code, one.source, one.reported_at, place.x, place.y, place.crs, one.accuracy_m,
            one.building_code)  # fmt: skip


def count_by_method(connection: Connection, ids: Collection[UUID]) -> dict[str, int]:
    """Return how many of some incidents were given to a grid by which method."""
    return {method: count for method, count in connection.execute(_METHODS, {"ids": list(ids)})}


def known_buildings(connection: Connection, jurisdiction_id: int, codes: Collection[str]) -> frozenset[str]:
    """Return which of some codes are buildings of a jurisdiction."""
    asked = {"home": jurisdiction_id, "codes": list(codes)}
    return frozenset(connection.execute(_BUILDINGS, asked).scalars())
