"""The report of a month: its numbers are those of a recount, its borders and households those of then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from geoservice.auth.model import Identity, Role
from geoservice.domain.spans import Month
from geoservice.errors import JurisdictionUnknown
from geoservice.pages.monthly.address import MonthAddress
from geoservice.pages.monthly.contents import ReportContents
from geoservice.services.monthly import MonthlyReport, MonthlyReportService
from geoservice.services.population import PopulationService
from layers.db.session import Database
from layers.incidents.overdue_figures import LATE_DAYS
from layers.incidents.span_figures import CountedScope, Tally
from tests import places
from tests.conftest import DatabaseLike
from tests.factories import make_edition, make_household, select_one
from tests.geoservice.services.test_figures import NOW, ZONE, _as_told, _happened, _same, _wanted
from tests.proofs.span_recount import DONE_WITH, Town, recount

THIS = Month.of(NOW.astimezone(ZONE).date())
ADMIN, DISPATCHER = Identity(Role.ADMIN), Identity(Role.DISPATCHER)


@pytest.fixture
def database_url(database_like: DatabaseLike) -> str:
    """Return the database of a town in which this and that happened in ten weeks."""
    return database_like("figures", _happened)


@pytest.fixture
def service(database: Database) -> MonthlyReportService:
    return MonthlyReportService(database, PopulationService(database))


def _late_for(town: Town, until: datetime) -> list[int]:
    """Count for how long what is late then was late, history by history."""
    counted = [0] * (len(LATE_DAYS) + 1)
    for lines in town.histories.values():
        found: datetime | None = None
        before = [one for one in lines if one.at < until]
        for line in before:
            found = line.at if line.rule == "overdue" else None if line.rule == "reopened" else found
        if found is not None and before[-1].to_status not in DONE_WITH | {"resolved"}:
            counted[sum(until - found >= timedelta(days=days) for days in LATE_DAYS)] += 1
    return counted


def _went_on(database_url: str) -> None:
    """Have histories go on after what they tell of was found late: with a remark, or found late once more."""
    with psycopg.connect(database_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        made = connection.execute(
            "INSERT INTO geoservice.incident_event OVERRIDING SYSTEM VALUE"
            " SELECT (jsonb_populate_record(e, jsonb_build_object('id', (SELECT max(id) FROM geoservice.incident_event)"
            " + row_number() OVER (ORDER BY e.id), 'at', CAST(%s AS timestamptz),"
            " 'rule', CASE e.id %% 2 WHEN 0 THEN 'overdue' ELSE 'commented' END))).*"
            " FROM geoservice.incident_event AS e WHERE e.rule = 'overdue' AND e.id %% 3 > 0",
            [NOW - timedelta(hours=1)],
        )
        assert made.rowcount > 5


def test_the_numbers_of_a_month_are_those_of_a_recount(service: MonthlyReportService, database_url: str) -> None:
    _went_on(database_url)
    town, empty, late = Town.of(database_url), _as_told(Tally()), 0
    for month in (THIS, THIS.before, THIS.before.before):
        told = service.told("town", month, identity=DISPATCHER, now=NOW)
        counts, scope = told.figures.counts, CountedScope()
        counted = recount(town, _wanted(told.figures, told.figures.period, scope))
        parts = {(part, key): tally for part, some in counts.parts.items() for key, tally in some.items()}
        for key in parts.keys() | counted.keys():
            assert _same(_as_told(parts.get(key, Tally())), counted.get(key, empty)), (month, key)
        before = recount(town, _wanted(told.figures, told.figures.before, scope)).get(("all", None), empty)
        assert _same(_as_told(counts.before), before), month
        assert list(told.late_for) == _late_for(town, told.figures.period.until), month
        assert sum(told.late_for) == counts.of("all", None).late
        late += sum(told.late_for[1:])
        assert told.is_over == (month != THIS)
    assert late > 0


def test_months_are_compared_whole_and_the_last_that_is_over_is_told_unless_another_is_asked_for(
    service: MonthlyReportService,
) -> None:
    last = service.told("town", None, identity=DISPATCHER, now=NOW)
    before = service.told("town", THIS.before.before, identity=DISPATCHER, now=NOW)
    assert last.month == THIS.before
    assert last.figures.before == before.figures.period
    assert last.figures.counts.before == before.figures.counts.of("all", None)
    with pytest.raises(JurisdictionUnknown):
        service.told("nowhere", None, identity=DISPATCHER)


def test_of_a_month_before_the_first_record_and_of_one_to_come_nothing_is_told(service: MonthlyReportService) -> None:
    for month in (THIS.after, Month(THIS.first.replace(year=2001))):
        told = service.told("town", month, identity=ADMIN, now=NOW)
        assert (told.is_known, told.population, told.borders, told.late_for) == (False, None, (), ())


def _population(report: MonthlyReport) -> dict[str | None, int | None]:
    assert report.population is not None
    return report.population.figures["households"].by_grid


def test_borders_that_changed_are_told_and_few_households_are_not(
    service: MonthlyReportService, database_url: str
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        town: Any = select_one(connection, "SELECT id FROM geoservice.jurisdiction")
        for number in range(2):
            make_household(connection, town, code=f"h{number}")
        grids = {f"new {code}" if code == "B" else code: geom for code, geom in places.GRIDS.items()}
        edition = make_edition(connection, town, grids, starts=datetime.now(UTC))
    month = Month.of(datetime.now(ZONE).date())
    told = service.told("town", month, identity=DISPATCHER)

    (change,) = told.borders
    assert change.number == edition
    assert [(one.predecessor_code, one.successor_code) for one in change.became or ()] == [("B", "new B")]
    contents = ReportContents(MonthAddress("town", month.name, "en"), told)
    day = change.since.astimezone(ZONE).date()
    assert list(contents.borders()) == [
        (f"Edition {edition}, in force from {day}", ["grid B (former) got another code: grid new B"])
    ]
    assert contents.borders_note is not None and str(day) in contents.borders_note
    assert [row[-1].text for row in contents.tables["people"].rows if row[0].text == "grid new B"] == ["below"]
    assert set(told.shapes) == set(grids)
    assert told.figures.names.former["B"] == ("grid B", None)
    assert _population(told)["new B"] is None
    assert _population(service.told("town", month, identity=ADMIN))["new B"] == 2
    assert service.told("town", month.before, identity=DISPATCHER).borders == ()
