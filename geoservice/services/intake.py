"""Intake: reports of a file become incidents, many at once, each of them once however often the file is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from geoservice.domain.importing.choices import Choices
from geoservice.domain.importing.model import RefusedRow
from geoservice.domain.importing.reports import ReadReports, ReportRow, report_id, reports_table
from geoservice.reading.limits import Limits
from geoservice.reading.reports import read_reports
from geoservice.services.lookups import get_jurisdiction
from layers.db.session import Database, translated_errors
from layers.errors import RefusedByDatabase
from layers.grids.queries import editions_of
from layers.incidents.edits import insert_report
from layers.incidents.intake import (
    NumberedReport,
    count_by_method,
    known_buildings,
    put_reports,
    stored_alike,
)
from layers.incidents.queries import services

#: Reports that are stored in one transaction: publishing waits for it, and it stays when a later one fails.
BATCH = 5_000
#: A set that the database refuses is halved until it is so small; then each is put in by itself.
_FEW = 32
#: Of one statement; a request's limit does not fit a batch.
TIMEOUT_S = 300.0
_NO_BUILDING = "The incident names the unknown building {}."
_ANOTHER = "Its code was given to another report before, which says something else."

#: Hears how many rows are done, of how many.
OnRows = Callable[[int, int], None]


@dataclass
class Intake:
    """What became of the reports of a file."""

    #: Stored by now, or that would be.
    stored: int = 0
    #: Of these, how many by which method of routing: covers, nearest, building, none.
    methods: Counter[str] = field(default_factory=Counter)
    #: Stored before, by this file or an earlier one.
    there: int = 0
    refused: list[RefusedRow] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Return how many rows that is."""
        return self.stored + self.there + len(self.refused)

    def fields(self) -> dict[str, object]:
        """Return it for machines."""
        return {"rows": self.rows, "stored": self.stored, "there": self.there, "methods": dict(self.methods),
                "refused": [one._asdict() for one in self.refused]}  # fmt: skip


class IntakeService:
    """Takes in reports of files."""

    def __init__(self, database: Database, *, batch: int = BATCH) -> None:
        self._database, self._batch = database, batch

    def read(self, path: str, jurisdiction_code: str, choices: Choices, limits: Limits) -> ReadReports:
        """Return the reports of a file; raise JurisdictionUnknown, and as `read_reports` does."""
        with self._database.transaction() as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            offered = services(connection, jurisdiction_id=jurisdiction.id)
            editions = editions_of(connection, jurisdiction.id)
        starts = [one.valid_from for one in editions if one.published_at is not None and one.valid_from is not None]
        retired = frozenset(one.code for one in offered if one.retired)
        read = read_reports(
            path, reports_table(offered), choices, limits, jurisdiction_id=jurisdiction.id, retired=retired
        )
        old = _told_of_old(read, min(starts, default=None), ZoneInfo(jurisdiction.time_zone))
        return replace(read, remarks=(*read.remarks, *old))

    def take_in(
        self, read: ReadReports, *, actor: str, system: str = "", commit: bool = False,
        on_rows: OnRows = lambda done, of: None,
    ) -> Intake:  # fmt: skip
        """Store reports that are not stored yet; those that the database refuses stop no others.

        Parameters
        ----------
        system
            Whose reports these are: two systems may call different ones alike.
        commit
            False: each batch is stored and taken back, so that what is told is what would be.

        Raises
        ------
        LayerError
            The database is away, or busy; batches before this one are stored.
        """
        taken = Intake(refused=list(read.refused))
        total = len(read.reports)
        for start in range(0, total, self._batch):
            rows = read.reports[start : start + self._batch]
            with self._database.transaction(actor=actor, timeout_s=TIMEOUT_S, kept=commit) as connection:
                done = _Batch(connection, system, rows).take_in()
            taken.stored += done.stored
            taken.there += done.there
            taken.methods += done.methods
            taken.refused += done.refused
            on_rows(start + len(rows), total)
        taken.refused.sort()
        return taken


def _told_of_old(read: ReadReports, began: datetime | None, zone: ZoneInfo) -> list[str]:
    """Return a sentence on reports of days on which nobody had a grid: they will be nobody's."""
    if began is None:
        return ["No grids are in force: no report will be in one."]
    old = sum(one.report.reported_at is not None and one.report.reported_at < began for one in read.reports)
    if not old:
        return []
    day = began.astimezone(zone).date()
    return [f"{old} of {len(read.reports)} reports are of before the first grids came into force, on {day}: they will"
            " be in none."]  # fmt: skip


class _Batch:
    """Reports that are stored in one transaction."""

    def __init__(self, connection: Connection, system: str, rows: Sequence[ReportRow]) -> None:
        self._connection, self._done = connection, Intake()
        self._row_of = {report_id(one.report.jurisdiction_id, system, one.reference): one.row for one in rows}
        self._reports = [NumberedReport(number, one.report) for number, one in zip(self._row_of, rows, strict=True)]

    def take_in(self) -> Intake:
        """Store what is not stored yet."""
        stored = self._put(self._with_known_buildings(self._not_there(self._reports)))
        self._done.stored = len(stored)
        self._done.methods.update(count_by_method(self._connection, stored))
        return self._done

    def _not_there(self, reports: Sequence[NumberedReport]) -> list[NumberedReport]:
        """Return those that are not stored; those that are say the same, or are refused."""
        before = stored_alike(self._connection, reports)
        for number, alike in before.items():
            if alike:
                self._done.there += 1
            else:
                self._refuse(number, _ANOTHER)
        return [one for one in reports if one.id not in before]

    def _with_known_buildings(self, reports: Sequence[NumberedReport]) -> list[NumberedReport]:
        """Return those that name no building, or one that is known: a file of another town names none of them."""
        named = {one.report.building_code for one in reports} - {None}
        if not named:
            return list(reports)
        home = reports[0].report.jurisdiction_id
        known = known_buildings(self._connection, home, {code for code in named if code is not None}) | {None}
        for number, report in reports:
            if report.building_code not in known:
                self._refuse(number, _NO_BUILDING.format(report.building_code))
        return [one for one in reports if one.report.building_code in known]

    def _put(self, reports: Sequence[NumberedReport]) -> list[UUID]:
        """Store reports and return their ids; a set of which the database refuses one is halved until that is alone.

        Others may send the same file: what they stored after it was looked for is refused, and is there by then.
        """
        if not reports:
            return []
        try:
            with translated_errors(), self._connection.begin_nested():
                put_reports(self._connection, reports)
        except RefusedByDatabase as exc:
            fresh = self._not_there(reports)
            if len(fresh) < len(reports):
                return self._put(fresh)
            if len(reports) == 1:
                self._refuse(reports[0].id, str(exc))
                return []
        else:
            return [one.id for one in reports]
        if len(reports) <= _FEW:
            return [number for one in reports for number in self._put_singly(one)]
        middle = len(reports) // 2
        return self._put(reports[:middle]) + self._put(reports[middle:])

    def _put_singly(self, one: NumberedReport) -> list[UUID]:
        try:
            with translated_errors(), self._connection.begin_nested():
                insert_report(self._connection, one.report, one.id)
        except RefusedByDatabase as exc:
            if self._not_there([one]):
                self._refuse(one.id, str(exc))
            return []
        return [one.id]

    def _refuse(self, number: UUID, reason: str) -> None:
        self._done.refused.append(RefusedRow(self._row_of[number], reason))
