"""The figures of managers are those of a recount, line by line; numbers that lead to a list have as many there."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from geoservice.domain.spans import Period, Span, SpanName
from geoservice.errors import JurisdictionUnknown
from geoservice.services.figures import Figures, FiguresQuery, FiguresService
from layers.db.scope import choose, leave, of_officer, within
from layers.db.session import Database
from layers.incidents.model import Search
from layers.incidents.queries import incidents
from layers.incidents.span_figures import CountedScope, Tally
from tests.conftest import DatabaseLike
from tests.depth import depths
from tests.factories import insert, make_incident, make_service, make_town
from tests.geoservice.services.test_handling_figures import PLACES, STORIES, _try
from tests.proofs.span_recount import Town, Wanted, recount

SOURCES = ("resident", "patrol", "hotline")
ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime.now(UTC)
DAYS = 70


@pytest.fixture(scope="module")
def chance() -> random.Random:
    return random.Random(20261130)


def _happened(database_url: str) -> None:
    chance = random.Random(20261130)
    with psycopg.connect(database_url, autocommit=True) as connection:
        town = make_town(connection)
        make_service(connection, town.jurisdiction_id, code="road")
        make_service(connection, town.jurisdiction_id, code="quiet")
        known = {"jurisdiction_id": town.jurisdiction_id}
        for code, grid in (("G1", "B"), ("G2", "a")):
            insert(connection, "staff", known | {"code": code, "call_sign": code, "role": "grid_officer"})
            insert(connection, "posting", known | {"staff_code": code, "grid_code": grid, "role": "grid_officer",
                                                   "valid_from": "2020-01-01"})  # fmt: skip
        connection.execute("UPDATE geoservice.service SET limit_working_hours = 8 WHERE code = 'light'")
        for number in range(150):
            reported_at = NOW - timedelta(hours=chance.uniform(1, DAYS * 24))
            code, source = "road" if number % 3 else "light", chance.choice(SOURCES)
            made = make_incident(
                connection, chance.choice(PLACES), reported_at=reported_at, service_code=code, source=source
            )
            story = chance.choice(STORIES)
            for status, words in story[: chance.randint(0, len(story))]:
                _try(connection, made["id"], status, words)
        connection.execute("SELECT geoservice.mark_overdue(1000)")
        _spread(connection)


@pytest.fixture
def database_url(database_like: DatabaseLike) -> str:
    """Return the database of a town in which this and that happened in ten weeks."""
    return database_like("figures", _happened)


@pytest.fixture
def service(database: Database) -> FiguresService:
    return FiguresService(database)


def _spread(connection: psycopg.Connection[Any]) -> None:
    """Have each history tell of a time from its report on, instead of the seconds in which it was written."""
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(
            "UPDATE geoservice.incident_event AS e SET at = least(now(), i.reported_at + n.n * interval '17 hours')"
            " FROM geoservice.incident AS i,"
            " (SELECT id, row_number() OVER (PARTITION BY incident_id ORDER BY id) - 1 AS n"
            " FROM geoservice.incident_event) AS n WHERE i.id = e.incident_id AND n.id = e.id"
        )
        connection.execute(
            "UPDATE geoservice.incident_event AS e SET took_s = geoservice.worked_s(i.jurisdiction_id, e.at)"
            " - geoservice.worked_s(i.jurisdiction_id, i.reported_at)"
            " FROM geoservice.incident AS i WHERE i.id = e.incident_id AND e.took_s IS NOT NULL"
        )
        connection.execute(
            "UPDATE geoservice.incident AS i SET closed_at = e.at FROM (SELECT incident_id, max(at) AS at"
            " FROM geoservice.incident_event WHERE to_status = 'closed' AND from_status <> 'closed' GROUP BY 1) AS e"
            " WHERE e.incident_id = i.id AND i.status = 'closed'"
        )


def _any_query(chance: random.Random) -> FiguresQuery:
    def some(values: tuple[str, ...]) -> tuple[str, ...] | None:
        return None if chance.random() < 0.5 else tuple(chance.sample(values, chance.randint(1, len(values))))

    scope = CountedScope(some(("B", "a", "nowhere")), some(("light", "road", "quiet")), some(SOURCES))
    names: tuple[SpanName, ...] = ("today", "week", "thirty", "month")
    if chance.random() < 0.3:
        return FiguresQuery(chance.choice(names), scope)
    first = (NOW - timedelta(days=chance.randint(0, DAYS + 10))).date()
    return FiguresQuery(Span(first, first + timedelta(days=chance.randint(0, 60))), scope)


def _wanted(told: Figures, period: Period, scope: CountedScope) -> Wanted:
    return Wanted(period.since, period.until, scope.grids, scope.services, scope.sources, ZONE, told.span.bucket)


def _as_told(tally: Tally) -> dict[str, Any]:
    took = {name: (one.number, one.median_s, one.ninth_decile_s)
            for name, one in (("to_accept", tally.to_accept), ("to_resolve", tally.to_resolve))}  # fmt: skip
    return vars(tally) | took


def _same(told: dict[str, Any], counted: dict[str, Any]) -> bool:
    for name, value in counted.items():
        if name.startswith("to_"):
            if told[name] != pytest.approx(value, abs=1e-3):
                return False
        elif told[name] != (pytest.approx(value) if name == "rating" and value is not None else value):
            return False
    return True


@depths(12, 1000)
def test_figures_are_those_of_a_recount(
    service: FiguresService, database_url: str, chance: random.Random, depth: int
) -> None:
    town, empty = Town.of(database_url), _as_told(Tally())
    seen = 0
    for _ in range(depth):
        query = _any_query(chance)
        told = service.told("town", query, now=NOW)
        counted = recount(town, _wanted(told, told.period, query.scope))
        parts = {(part, key): tally for part, some in told.counts.parts.items() for key, tally in some.items()}
        for key in parts.keys() | counted.keys():
            mine, other = _as_told(parts.get(key, Tally())), counted.get(key, empty)
            assert _same(mine, other), (query, key, mine, other)
        before = recount(town, _wanted(told, told.before, query.scope)).get(("all", None), empty)
        assert _same(_as_told(told.counts.before), before), query
        seen += bool(counted)
    assert seen > depth / 3


def test_every_number_that_a_list_tells_is_the_length_of_that_list(service: FiguresService, database: Database) -> None:
    told = service.told("town", FiguresQuery("thirty", CountedScope(sources=("resident", "patrol"))))
    whole = Search(jurisdiction_id=told.jurisdiction.id, sources=("resident", "patrol"))
    period = (told.period.since, told.period.until)
    lists = {
        "received": Search(**vars(whole) | {"reported": period}),
        "closed": Search(**vars(whole) | {"statuses": ("closed",), "closed": period}),
        "in_hand": Search(**vars(whole) | {"statuses": ("reported", "dispatched", "accepted", "returned", "resolved")}),
        "late": Search(**vars(whole) | {"statuses": ("reported", "dispatched", "accepted", "returned"),
                                       "overdue": True}),
    }  # fmt: skip
    with database.transaction() as connection:
        for name, search in lists.items():
            listed = len(incidents(connection, search, limit=1000))
            number = getattr(told.counts.of("all", None), name)
            assert told.listed[name].get(("all", None), 0) == listed  # type: ignore[index]
            assert told.is_listed(name, "all", None, number) == (number == listed)  # type: ignore[arg-type]
            if name != "closed":  # what was reopened since was closed all the same
                assert number == listed > 0, name


def test_a_source_leads_to_the_reports_that_came_that_way(service: FiguresService, database: Database) -> None:
    told = service.told("town", FiguresQuery("thirty", CountedScope()))
    with database.transaction() as connection:
        for source in SOURCES:
            search = Search(jurisdiction_id=told.jurisdiction.id, sources=(source,),
                            reported=(told.period.since, told.period.until))  # fmt: skip
            number = told.counts.of("source", source).received
            assert number == len(incidents(connection, search, limit=1000)) > 0
            assert told.is_listed("received", "source", source, number)
            assert not told.is_listed("received", "source", source, number + 1)


def test_zero_is_not_nothing(service: FiguresService) -> None:
    quiet = service.told("town", FiguresQuery("thirty", CountedScope(services=("quiet",))))
    assert quiet.is_known(quiet.period)
    assert quiet.counts.of("all", None) == Tally()
    old = service.told("town", FiguresQuery(Span(date(2001, 1, 1), date(2001, 1, 9)), CountedScope()))
    assert not old.is_known(old.period)
    later = (NOW + timedelta(days=9)).date()
    to_come = service.told("town", FiguresQuery(Span(later, later), CountedScope()))
    assert not to_come.is_known(to_come.period)


def test_what_took_how_long_is_kept_as_it_was_worked_then(service: FiguresService, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        reported_at = NOW - timedelta(days=3)
        made = make_incident(connection, PLACES[0], reported_at=reported_at, service_code="light")
        for status in ("accepted", "resolved"):
            _try(connection, made["id"], status, None)
        _try(connection, made["id"], "dispatched", "again")
        _try(connection, made["id"], "accepted", None)
        lines = connection.execute(
            "SELECT rule, took_s, at FROM geoservice.incident_event WHERE incident_id = %s ORDER BY id", [made["id"]]
        ).fetchall()
    town = Town.of(database_url)
    assert [rule for rule, *_ in lines] == ["reported", "accepted", "resolved", "reopened", "accepted"]
    assert [worked_s for _, worked_s, _ in lines] == [
        None, pytest.approx(town.worked(reported_at, lines[1][2]), abs=1e-3),
        pytest.approx(town.worked(reported_at, lines[2][2]), abs=1e-3), None, None,
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["elsewhere", "officer"])
def test_who_does_not_see_all_is_told_nothing(service: FiguresService, kind: str) -> None:
    number = service.told("town", FiguresQuery("week", CountedScope())).jurisdiction.id
    token = choose(within(number + 1) if kind == "elsewhere" else of_officer(number, "G1"))
    try:
        with pytest.raises(JurisdictionUnknown):
            service.told("town", FiguresQuery("week", CountedScope()))
    finally:
        leave(token)
