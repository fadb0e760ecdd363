"""Load the demo community: everything of one jurisdiction, so that there is something to look at."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from shapely import MultiPolygon
from sqlalchemy import Connection, text

from geoservice.auth.model import Role
from geoservice.demo.community import build_community
from geoservice.demo.holidays import holidays
from geoservice.demo.incident_times import step_times
from geoservice.demo.model import Community, IncidentSeed
from geoservice.domain.validating.topology import findings_of
from geoservice.records.calendars.queries import put_calendar_days
from geoservice.records.keys.queries import StoredKey
from geoservice.services.accounts.accounts import AccountService
from geoservice.services.keys import KeyService
from layers.db.bulk import copy_rows, ewkb, insert_rows
from layers.db.session import Database
from layers.grids import edits
from layers.grids.model import GridShape
from layers.incidents.edits import take_step
from layers.jurisdictions.queries import find_jurisdiction

#: The demo's boundaries are in force since this long before it is loaded: longer than its oldest report.
BOUNDARIES_AGE = timedelta(days=365)
#: A key of the demo works this long; one is handed out while there is none.
KEY_AGE = timedelta(days=90)
KEY_ROLE = Role.DISPATCHER
KEY_LABEL = "demo"
#: Login name of the first administrator, who is one everywhere: towns of one's own come beside the demo.
ADMIN = "admin"
#: Login name of a dispatcher of the demo community.
DISPATCHER = "desk-1"
_RETURNED = "不属于本网格职责，请转办"
#: Which statuses have an accepted or resolved incident behind them.
_STEPS_DONE = {"accepted": ("accepted", "resolved", "closed"), "resolved": ("resolved", "closed")}
_CLOSE = text(
    "UPDATE geoservice.incident SET status = 'closed', step_reason = NULL, closed_at = :closed_at, rating = :rating"
    " WHERE id = :id"
)
#: An incident, a status, and when it came to it.
StepTime = tuple[UUID, str, datetime]
#: Histories are only ever added to, and tell when the database wrote them: but those of the demo tell of what is made
#: up, and the owner of the tables has them tell the times that go with it.
_TELL_TIMES = (
    text("SET LOCAL ROLE NONE"),
    text("ALTER TABLE geoservice.incident_event DISABLE TRIGGER append_only_but_words"),
    text("""
        UPDATE geoservice.incident_event AS e
           SET at = t.at,
               took_s = CASE WHEN e.rule IN ('accepted', 'resolved')
                   THEN geoservice.worked_s(i.jurisdiction_id, t.at)
                        - geoservice.worked_s(i.jurisdiction_id, i.reported_at) END
          FROM unnest(CAST(:incidents AS uuid[]), CAST(:statuses AS text[]), CAST(:times AS timestamptz[]))
            AS t (incident_id, status, at)
          JOIN geoservice.incident AS i ON i.id = t.incident_id
         WHERE e.incident_id = t.incident_id AND e.to_status = t.status AND e.from_status IS DISTINCT FROM t.status
           -- Where a report was routed is asked again as it was known then, and nothing was before the grids were.
           AND e.routed_at IS NULL
    """),
    text("ALTER TABLE geoservice.incident_event ENABLE TRIGGER append_only_but_words"),
    text("ANALYZE"),  # until autovacuum comes by plans would be guesses
)
#: The demo is loaded once, so a statement may take longer than a request's.
TIMEOUT_S = 60


@dataclass(frozen=True)
class DemoSummary:
    """What was loaded, and how to try it."""

    jurisdiction_code: str
    #: An API key with the rights of a dispatcher, shown this once; or the one that was shown before and is still valid.
    key: str | StoredKey
    #: The one-time password of the first administrator, shown this once; None when there is that account already.
    password: str | None
    #: The same of the dispatcher's account.
    desk_password: str | None


def load_demo(url: str, report: Callable[[str], None], *, owner: str | None = None) -> DemoSummary:
    """Load the demo community into a migrated database unless it is there; hand out a key unless one is valid.

    Somebody has to sign in first: accounts of an administrator and a dispatcher are made unless there are such names.

    Parameters
    ----------
    report
        Called with a line for people at each step.
    owner
        Address of the same database for the login that owns the tables; None: `url` is that.
    """
    database = Database.connect(url, pool_size=1)
    try:
        now = datetime.now(UTC)
        told: list[StepTime] = []
        community = build_community(now=now)
        with database.transaction(actor="demo", timeout_s=TIMEOUT_S) as connection:
            if find_jurisdiction(connection, community.code) is None:
                report("Loading the demo community …")
                told = _load(connection, community, now)
                report(_summary(community))
        _tell_times(owner or url, told)
        key = KeyService(database).create_unless_valid(
            KEY_ROLE, KEY_LABEL, expires_at=now + KEY_AGE, jurisdiction=community.code
        )
        accounts = AccountService(database)
        password = accounts.create_unless_there(ADMIN, Role.ADMIN, created_by="demo")
        desk_password = accounts.create_unless_there(
            DISPATCHER, Role.DISPATCHER, created_by="demo", jurisdiction=community.code
        )
        return DemoSummary(community.code, key, password, desk_password)
    finally:
        database.close()


def _summary(community: Community) -> str:
    residents = sum(household.residents for household in community.households)
    return (
        f"Demo community {community.name}: {len(community.grids)} grids, {len(community.buildings)} buildings,"
        f" {len(community.households)} households, {residents} residents, {len(community.incidents)} incidents."
    )


def _load(connection: Connection, community: Community, now: datetime) -> list[StepTime]:
    jurisdiction_id = _insert_jurisdiction(connection, community)
    _publish_grids(connection, community, jurisdiction_id, now - BOUNDARIES_AGE)
    _insert_features(connection, community, jurisdiction_id)
    _insert_people_at_work(connection, community, jurisdiction_id)
    put_calendar_days(connection, jurisdiction_id=jurisdiction_id, days=holidays())
    return _insert_incidents(connection, community, jurisdiction_id, now)


def _insert_jurisdiction(connection: Connection, community: Community) -> int:
    # Nobody lives there: it is shown to everybody.
    statement = text("""
        INSERT INTO geoservice.jurisdiction (code, name, name_en, outline, metric_srid, time_zone, visitors)
        VALUES (:code, :name, :name_en, CAST(:outline AS geometry), :metric_srid, :time_zone, 'open') RETURNING id
    """)
    asked = {"code": community.code, "name": community.name, "name_en": community.name_en,
             "outline": ewkb(community.outline), "metric_srid": community.metric_srid,
             "time_zone": community.time_zone}  # fmt: skip
    return int(connection.execute(statement, asked).scalar_one())


def _publish_grids(connection: Connection, community: Community, jurisdiction_id: int, starts: datetime) -> None:
    """Put the grids in force, through the same gate as any others."""
    edition_id = edits.insert_edition(connection, jurisdiction_id=jurisdiction_id, title="八个网格", source="demo")
    grids = [GridShape(grid.code, grid.name, grid.name_en, None, grid.geom) for grid in community.grids]
    edits.insert_grids(connection, edition_id, grids)
    edits.replace_findings(connection, edition_id, findings_of(grids, community.outline))
    edits.mark_validated(connection, edition_id)
    edits.publish_edition(connection, edition_id, starts=starts)


def _insert_features(connection: Connection, community: Community, j: int) -> None:
    copy_rows(connection, "basemap_feature", ("jurisdiction_id", "kind", "name", "name_en", "geom"),
              ((j, f.kind, f.name or None, f.name_en or None, f.geom) for f in community.basemap))  # fmt: skip
    copy_rows(connection, "building", ("jurisdiction_id", "code", "name", "kind", "floors", "address", "geom"),
              ((j, b.code, b.name, b.kind, b.floors, b.address, MultiPolygon([b.geom]))
               for b in community.buildings))  # fmt: skip
    insert_rows(
              connection, "household",
              ("jurisdiction_id", "building_code", "unit", "geom", "age_0_13", "age_14_17", "age_18_59", "age_60_79",
               "age_80_plus", "floating"),
              ((j, h.building_code, h.unit, h.position, h.age_0_13, h.age_14_17, h.age_18_59, h.age_60_79,
                h.age_80_plus, h.floating) for h in community.households))  # fmt: skip
    copy_rows(connection, "camera",
              ("jurisdiction_id", "code", "kind", "geom", "bearing_deg", "fov_deg", "range_m", "status"),
              ((j, c.code, c.kind, c.position, c.bearing_deg, c.fov_deg, c.range_m, c.status)
               for c in community.cameras))  # fmt: skip
    copy_rows(connection, "organisation", ("jurisdiction_id", "code", "name", "name_en", "kind", "geom"),
              ((j, o.code, o.name, o.name_en, o.kind, o.position) for o in community.organisations))  # fmt: skip


def _insert_people_at_work(connection: Connection, community: Community, j: int) -> None:
    insert_rows(connection, "staff", ("jurisdiction_id", "code", "call_sign", "role"),
              ((j, s.code, s.call_sign, s.role) for s in community.staff))  # fmt: skip
    columns = ("jurisdiction_id", "staff_code", "grid_code", "role", "valid_from", "valid_to")
    postings = ((j, p.staff_code, p.grid_code, p.role, p.valid_from, p.valid_to) for p in community.postings)
    insert_rows(connection, "posting", columns, postings)
    insert_rows(connection, "service",
              ("jurisdiction_id", "code", "name", "name_en", "description", "category", "keywords",
               "limit_working_hours", "attributes"),
              ((j, s.code, s.name, s.name_en, s.description, s.group, s.keywords.split(","), s.hours,
                json.dumps(s.attributes, ensure_ascii=False))
               for s in community.services))  # fmt: skip


def _insert_incidents(connection: Connection, community: Community, j: int, now: datetime) -> list[StepTime]:
    """Report each incident, then bring it to what became of it, so that each has a history; return when it was."""
    insert = text("""
        INSERT INTO geoservice.incident
            (jurisdiction_id, service_code, source, description, geom, accuracy_m, reported_at)
        VALUES (:j, :service, :source, :description, CAST(:geom AS geometry), :accuracy_m, :reported_at) RETURNING id
    """)
    told: list[StepTime] = []
    for seed in community.incidents:
        incident_id = connection.execute(insert, {
            "j": j, "service": seed.service_code, "source": seed.source, "description": seed.description,
            "geom": ewkb(seed.position), "accuracy_m": seed.accuracy_m, "reported_at": seed.reported_at,
        }).scalar_one()  # fmt: skip
        _bring_to(connection, incident_id, seed)
        told += ((incident_id, status, at) for status, at in step_times(seed, now))
    return told


def _tell_times(owner: str, told: Sequence[StepTime]) -> None:
    """Have histories tell the times of what is made up."""
    if not told:
        return
    incidents, statuses, times = (list(one) for one in zip(*told, strict=True))
    database = Database.connect(owner, pool_size=1)
    try:
        with database.transaction(actor="demo", timeout_s=TIMEOUT_S) as connection:
            for statement in _TELL_TIMES:
                asked = {"incidents": incidents, "statuses": statuses, "times": times}
                connection.execute(statement, asked if ":times" in statement.text else {})
    finally:
        database.close()


def _bring_to(connection: Connection, incident_id: UUID, seed: IncidentSeed) -> None:
    """Take the steps that lead to a status, in their order."""
    if seed.status == "returned":
        take_step(connection, incident_id, rule="returned", reason=_RETURNED, status="returned")
    for rule in ("accepted", "resolved"):
        if seed.status in _STEPS_DONE[rule]:
            take_step(connection, incident_id, rule=rule, reason=None, status=rule)
    if seed.status == "closed":
        connection.execute(_CLOSE, {"id": incident_id, "closed_at": seed.closed_at, "rating": seed.rating})
