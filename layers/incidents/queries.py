"""Reads of tables service, incident and incident_event."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    DateTime,
    Row,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute

from layers.crs import Position
from layers.incidents.model import (
    Alike,
    Incident,
    IncidentEvent,
    ReportKey,
    Routing,
    Said,
    Search,
    Service,
    StatusChange,
)
from layers.incidents.tables import IncidentRow

#: What a number of an incident begins with, as pages show it.
_NUMBER_BEGINS = r"[0-9a-fA-F]{8}[0-9a-fA-F-]{0,28}"
_INCIDENT = select(
    *(column for column in IncidentRow.__table__.c if column.name != "geom"),
    func.st_x(IncidentRow.geom).label("lon"),
    func.st_y(IncidentRow.geom).label("lat"),
    literal_column("(SELECT j.code FROM geoservice.jurisdiction AS j WHERE j.id = incident.jurisdiction_id)").label(
        "jurisdiction_code"
    ),
    # Steps after it have words of their own, or none. Who gets it otherwise, or back, was not told these.
    literal_column(
        "(SELECT CASE WHEN e.rule NOT IN ('returned', 'moved by edition') THEN e.reason END"
        " FROM geoservice.incident_event AS e"
        " WHERE e.incident_id = incident.id AND geoservice.is_open(incident.status) AND e.rule IN"
        " ('dispatched', 'reassigned', 'overruled', 'reopened', 'returned', 'moved by edition')"
        " ORDER BY e.id DESC LIMIT 1)"
    ).label("assignment_reason"),
)
_HISTORIES = text("SELECT e.* FROM geoservice.incident_event AS e WHERE e.incident_id = ANY(:ids) ORDER BY e.id")
_STATUS_CHANGES = text("""
    SELECT e.id, e.incident_id, e.at, e.to_status FROM geoservice.incident_event AS e
     WHERE e.jurisdiction_id = :jurisdiction_id AND e.at >= :since AND e.at < :until
       AND e.from_status IS DISTINCT FROM e.to_status AND e.id > :after
     ORDER BY e.id LIMIT :limit OFFSET :skip
""")
#: How a list may be ordered; both end in what no two incidents share, and an index has either.
Order = Literal["new", "due"]
_ORDERS: dict[Order, tuple[ColumnElement[Any], ...]] = {
    "new": (IncidentRow.reported_at.desc(), IncidentRow.id.desc()),
    "due": (IncidentRow.urgency.asc(), IncidentRow.id.asc()),
}
#: From here on nobody has to do anything any more (urgency_of, migrations/schema/incidents.sql).
_DONE_WITH = 2e11
#: What somebody still has to do something about.
OPEN_STATUSES = frozenset(("reported", "dispatched", "accepted", "resolved", "returned"))
#: Counted so far and no farther, of what is in hand and of what is not: to count would cost more than to list.
OPEN_COUNTED_MOST, COUNTED_MOST = 50_000, 5_000
_ANY_TIME = (None, None)
_ROUTINGS = text("""
    SELECT e.at, e.rule, e.actor, e.routed_at, st_x(e.geom) AS lon, st_y(e.geom) AS lat, e.received_x, e.received_y,
           e.declared_crs, e.accuracy_m, e.building_code, e.edition_id, e.to_grid_code AS grid_code, e.method,
           e.distance_to_border_m, e.near_border, e.candidates, e.officer_code, e.reason,
           o.grid_code AS again_grid_code, o.method AS again_method, o.edition_id AS again_edition_id,
           o.distance_to_border_m AS again_distance_to_border_m, o.near_border AS again_near_border
      FROM geoservice.incident_event AS e
      JOIN geoservice.incident AS i ON i.id = e.incident_id,
           geoservice.route_again(e, i.jurisdiction_id) AS o
     WHERE e.incident_id = :id AND e.routed_at IS NOT NULL
     ORDER BY e.id
""")
_ORIGINAL = text("SELECT geoservice.original_of(:id)")
#: Of an incident and those that it was merged into.
_SAID = text("""
    WITH RECURSIVE way AS (
        SELECT i.id, i.duplicate_of FROM geoservice.incident AS i WHERE i.id = :id
        UNION SELECT i.id, i.duplicate_of FROM way JOIN geoservice.incident AS i ON i.id = way.duplicate_of
    )
    SELECT e.at, e.rule, e.reason, e.actor = :reporter
      FROM geoservice.incident_event AS e JOIN way ON way.id = e.incident_id
     WHERE e.reason IS NOT NULL
       AND CASE WHEN e.incident_id = :id THEN e.rule = ANY(CAST(:of_matter AS text[]) || CAST(:of_report AS text[]))
                ELSE e.rule = ANY(:of_matter) AND e.actor <> :reporter END
     ORDER BY e.id
""")
#: So near in place and time two reports of one service may be about one matter.
ALIKE_WITHIN_M = 30
ALIKE_WITHIN = timedelta(hours=24)
_REPORTED_AT = text("SELECT i.reported_at FROM geoservice.incident AS i WHERE i.id = :id")
#: Those of its time are found by index, which row policies leave to values alone: not to what is near, nor to what is
#: reckoned in the statement.
_ALIKE = text("""
    SELECT o.id, o.status, o.grid_code, o.reported_at, st_distance(o.geom::geography, i.geom::geography) AS distance_m
      FROM geoservice.incident AS i
      JOIN geoservice.incident AS o ON o.jurisdiction_id = i.jurisdiction_id AND o.service_code = i.service_code
     WHERE i.id = :id AND o.id <> i.id
       AND geoservice.is_open(o.status)
       AND o.reported_at BETWEEN :since AND :until
       AND st_distance(o.geom::geography, i.geom::geography) <= :within_m
     ORDER BY distance_m, o.reported_at, o.id LIMIT 20
""")
_REPORT_KEY = text("""
    SELECT k.request_sha256, k.incident_id, k.sealed_token FROM geoservice.report_key AS k
     WHERE k.key_sha256 = :key_sha256
""")
_SERVICES = text("SELECT s.* FROM geoservice.service AS s WHERE s.jurisdiction_id = :jurisdiction_id ORDER BY s.code")
_ASKED_FOR = text(
    "SELECT s.attributes FROM geoservice.service AS s WHERE s.jurisdiction_id = :jurisdiction_id AND s.code = :code"
)


def find_incident(connection: Connection, incident_id: UUID) -> Incident | None:
    """Return an incident, or None."""
    row = connection.execute(_INCIDENT.where(IncidentRow.id == incident_id)).one_or_none()
    return None if row is None else _incident(row)


def find_original(connection: Connection, duplicate: Incident) -> Incident | None:
    """Return the incident that a duplicate ends at; None of an incident that is no duplicate."""
    if duplicate.duplicate_of is None:
        return None
    return find_incident(connection, connection.execute(_ORIGINAL, {"id": duplicate.id}).scalar_one())


def said(
    connection: Connection, incident_id: UUID, *, of_matter: Sequence[str], of_report: Sequence[str], reporter: str
) -> tuple[Said, ...]:
    """Return the words that came with some rules; `of_matter` also where it was merged into, but others' reporters."""
    asked = {"id": incident_id, "of_matter": list(of_matter), "of_report": list(of_report), "reporter": reporter}
    return tuple(Said(*row) for row in connection.execute(_SAID, asked))


def alike(connection: Connection, incident_id: UUID) -> tuple[Alike, ...]:
    """Return incidents that may be about the same matter, the nearest first, at most 20."""
    reported_at = connection.execute(_REPORTED_AT, {"id": incident_id}).scalar_one_or_none()
    if reported_at is None:
        return ()
    asked = {"id": incident_id, "within_m": ALIKE_WITHIN_M, "since": reported_at - ALIKE_WITHIN,
             "until": reported_at + ALIKE_WITHIN}  # fmt: skip
    return tuple(Alike(*row) for row in connection.execute(_ALIKE, asked))


def find_report_key(connection: Connection, key_sha256: bytes) -> ReportKey | None:
    """Return what is kept of a key that a report came with, or None."""
    row = connection.execute(_REPORT_KEY, {"key_sha256": key_sha256}).one_or_none()
    return None if row is None else ReportKey(row.request_sha256, row.incident_id, row.sealed_token)


def find_incident_of_reporter(connection: Connection, reporter_sha256: bytes) -> Incident | None:
    """Return the incident whose reporter holds a token, by the token's hash, or None."""
    row = connection.execute(_INCIDENT.where(IncidentRow.reporter_sha256 == reporter_sha256)).one_or_none()
    return None if row is None else _incident(row)


def incidents(
    connection: Connection, search: Search, *, limit: int = 100, skip: int = 0, order: Order = "new"
) -> tuple[Incident, ...]:
    """Return incidents: newest first, or what is late, what is due soon, and the rest, what waits longest first."""
    query = _INCIDENT.order_by(*_ORDERS[order]).limit(limit).offset(skip).where(*_conditions(search))
    if search.after is not None:
        query = query.where(_following(search.after, order))
    return tuple(_incident(found) for found in connection.execute(query))


class Counted(NamedTuple):
    """How many there are."""

    number: int
    #: Whether these are all.
    is_exact: bool


def count_incidents(connection: Connection, search: Search) -> Counted:
    """Return how many incidents are meant, as far as is counted."""
    most = OPEN_COUNTED_MOST if _is_open(search) else COUNTED_MOST
    some = select(literal_column("1")).select_from(IncidentRow).where(*_conditions(search)).limit(most + 1).subquery()
    found = connection.execute(select(func.count()).select_from(some)).scalar_one()
    return Counted(min(found, most), found <= most)


def _is_open(search: Search) -> bool:
    """Return whether a search means only what somebody still has to do something about."""
    return search.statuses is not None and set(search.statuses) <= OPEN_STATUSES


def count_each(
    connection: Connection, searches: Mapping[str, Search], *, jurisdiction_id: int
) -> dict[str, int]:  # fmt: skip
    """Return how many of a jurisdiction's incidents that are open each search means, by its name; in one pass.

    Whatever a search says of the jurisdiction, of statuses that are not open and of where to go on counts for nothing.
    """
    whole = {name: replace(one, jurisdiction_id=None, after=None) for name, one in searches.items()}
    counted = [
        func.count().filter(and_(literal_column("true"), *_conditions(one))).label(f"n{at}")
        for at, one in enumerate(whole.values())
    ]
    open_there = IncidentRow.jurisdiction_id == jurisdiction_id, IncidentRow.urgency < _DONE_WITH
    row = connection.execute(select(*counted).select_from(IncidentRow).where(*open_there)).one()
    return dict(zip(searches, row, strict=True))


def count_by_part(
    connection: Connection, search: Search, *, bucket: str, time_zone: str
) -> dict[tuple[str | None, str, str, datetime | None], int]:
    """Return how many incidents are meant, by grid, service, source, and hour, day or week.

    The time is that of the report, or of the closing where a search asks for that; None where it asks for neither.
    """
    row = IncidentRow
    at = row.closed_at if search.closed != _ANY_TIME else row.reported_at if search.reported != _ANY_TIME else None
    by: ColumnElement[Any] = null()
    if at is not None:
        by = func.date_trunc(literal(bucket), func.timezone(literal(time_zone), at), type_=DateTime())
    parts = (
        select(row.grid_code, row.service_code, row.source, by.label("bucket")).where(*_conditions(search)).subquery()
    )
    by_all = (parts.c.grid_code, parts.c.service_code, parts.c.source, parts.c.bucket)
    counted = select(*by_all, func.count()).group_by(*by_all)
    return {
        (grid, service, source, bucket): number for grid, service, source, bucket, number in connection.execute(counted)
    }


def _following(last: tuple[datetime | float, UUID], order: Order) -> ColumnElement[bool]:
    row = IncidentRow
    if order == "due":
        return tuple_(row.urgency, row.id) > tuple_(*last)
    return tuple_(row.reported_at, row.id) < tuple_(*last)


def _conditions(search: Search) -> Iterator[ColumnElement[bool]]:
    row = IncidentRow
    if search.jurisdiction_id is not None:
        yield row.jurisdiction_id == search.jurisdiction_id
    if search.ids is not None:
        yield row.id == func.any(bindparam("ids", list(search.ids), ARRAY(Uuid)))  # one value, however many they are
    for column, values in (
        (row.status, search.statuses), (row.service_code, search.service_codes), (row.source, search.sources),
        (row.grid_code, search.grid_codes), (row.officer_code, search.officer_codes),
    ):  # fmt: skip
        if values is not None:
            yield column.in_(values)
    if _is_open(search):
        yield row.urgency < _DONE_WITH  # the same once more, as the index has it
    if search.overdue is not None:
        yield row.overdue_at.is_not(None) if search.overdue else row.overdue_at.is_(None)
    if search.near_border is not None:
        yield row.near_border.is_(search.near_border)
    if search.with_grids_or_officer is not None:
        grids, officer = search.with_grids_or_officer
        yield or_(row.grid_code.in_(grids), row.officer_code == officer)
    for one in search.words:
        in_words = row.description.icontains(one, autoescape=True)
        is_number = re.fullmatch(_NUMBER_BEGINS, one)
        yield or_(in_words, cast(row.id, Text).startswith(one.lower())) if is_number else in_words
    yield from _within(row.reported_at, search.reported)
    yield from _within(row.updated_at, search.updated)
    yield from _within(row.closed_at, search.closed)


def _within(
    instant: InstrumentedAttribute[Any], period: tuple[datetime | None, datetime | None]
) -> Iterator[ColumnElement[bool]]:
    since, until = period
    if since is not None:
        yield instant >= since
    if until is not None:
        yield instant < until


def history(connection: Connection, incident_id: UUID) -> tuple[IncidentEvent, ...]:
    """Return what happened to an incident, first things first."""
    return histories(connection, [incident_id]).get(incident_id, ())


def histories(connection: Connection, incident_ids: Sequence[UUID]) -> dict[UUID, tuple[IncidentEvent, ...]]:
    """Return what happened to some incidents, first things first."""
    found: dict[UUID, tuple[IncidentEvent, ...]] = {}
    for row in connection.execute(_HISTORIES, {"ids": list(incident_ids)}):
        found[row.incident_id] = (*found.get(row.incident_id, ()), _event(row))
    return found


def status_changes(
    connection: Connection, *, jurisdiction_id: int, since: datetime, until: datetime, limit: int, skip: int = 0,
    after: int = 0,
) -> tuple[StatusChange, ...]:  # fmt: skip
    """Return the lines of a jurisdiction's histories that changed a status, oldest first.

    Parameters
    ----------
    after
        Only lines with larger numbers.
    """
    asked = {
        "jurisdiction_id": jurisdiction_id, "since": since, "until": until, "limit": limit, "skip": skip,
        "after": after,
    }  # fmt: skip
    return tuple(StatusChange(*row) for row in connection.execute(_STATUS_CHANGES, asked))


def _event(row: Row[Any]) -> IncidentEvent:
    return IncidentEvent(**{name: getattr(row, name) for name in IncidentEvent.__dataclass_fields__})


def routings(connection: Connection, incident_id: UUID) -> tuple[Routing, ...]:
    """Return every time that an incident was routed, first things first, each asked again."""
    found = []
    for row in connection.execute(_ROUTINGS, {"id": incident_id}):
        fields = dict(row._mapping)
        place, near = Position(fields.pop("lon"), fields.pop("lat")), tuple(fields.pop("candidates") or ())
        found.append(Routing(position=place, candidates=near, **fields))
    return tuple(found)


def services(connection: Connection, *, jurisdiction_id: int) -> tuple[Service, ...]:
    """Return the services of a jurisdiction, those that are retired among them."""
    return tuple(
        Service(
            s.code,
            s.name,
            s.name_en,
            s.description,
            s.category,
            tuple(s.keywords),
            s.limit_working_hours,
            tuple(s.attributes),
            s.sensitive,
            s.retired,
        )
        for s in connection.execute(_SERVICES, {"jurisdiction_id": jurisdiction_id})
    )


def asked_for(connection: Connection, *, jurisdiction_id: int, code: str) -> tuple[dict[str, Any], ...] | None:
    """Return what a service of a jurisdiction asks for; None: it offers no such service."""
    row = connection.execute(_ASKED_FOR, {"jurisdiction_id": jurisdiction_id, "code": code}).one_or_none()
    return None if row is None else tuple(row.attributes)


def _incident(row: Row[*tuple[Any, ...]]) -> Incident:
    fields = row._mapping
    return Incident(
        position=Position(fields["lon"], fields["lat"]),
        candidates=tuple(fields["candidates"] or ()),
        **{name: fields[name] for name in Incident.__dataclass_fields__ if name not in ("position", "candidates")},
    )
