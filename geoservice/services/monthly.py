"""The report of a month: its figures, the borders that changed in it, and who lived in each grid when it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from geoservice.auth.model import Identity
from geoservice.auth.permissions import Permission, permitted
from geoservice.domain.spans import Month
from geoservice.services import lookups
from geoservice.services.figures import Figures, FiguresQuery, read_figures, span_query
from geoservice.services.population import Counted, PopulationService
from layers.db.session import Database
from layers.grids.model import Edition
from layers.grids.queries import editions_of
from layers.grids.territory import Became, grid_shapes, grids_in_force, lineage_between
from layers.incidents.overdue_figures import late_counts
from layers.incidents.span_figures import CountedScope
from layers.jurisdictions.model import Jurisdiction

_EVERYTHING = CountedScope()
#: What held at the end of a month is what held just before the next began.
_JUST_BEFORE = timedelta(microseconds=1)


@dataclass(frozen=True)
class BordersChange:
    """An edition that came into force in the month."""

    number: int
    since: datetime
    #: What became of the grids that differ from those before; None: it is the first edition.
    became: tuple[Became, ...] | None


@dataclass(frozen=True)
class MonthlyReport:
    """What is told of a month."""

    month: Month
    #: Of all incidents of the month, beside the month before; grids are named as they were at both ends of the month.
    figures: Figures
    #: Of what is late at the end, how many for how long, by the classes of `overdue_figures`.
    late_for: tuple[int, ...]
    borders: tuple[BordersChange, ...]
    #: Of the grids in force at the end: EPSG:4326, by code.
    shapes: Mapping[str, BaseGeometry]
    #: Who lived in each at the end, as whoever asks may know; None: he may not, or nothing is known of the month.
    population: Counted | None

    @property
    def is_known(self) -> bool:
        """Return whether anything can be told of it: it has begun, and anything was recorded before it ended."""
        return self.figures.is_known(self.figures.period)

    @property
    def is_over(self) -> bool:
        """Return whether all its days are past."""
        return not self.figures.is_up_to_now

    @property
    def latest(self) -> Month:
        """Return the month that goes on, by the clocks of the jurisdiction."""
        return Month.of(self.figures.now.astimezone(ZoneInfo(self.figures.jurisdiction.time_zone)).date())

    @property
    def earliest(self) -> Month | None:
        """Return the first month of which anything is known; None: of none."""
        zone = ZoneInfo(self.figures.jurisdiction.time_zone)
        return None if self.figures.began is None else Month.of(self.figures.began.astimezone(zone).date())


class MonthlyReportService:
    """Reads what is told of a month."""

    def __init__(self, database: Database, population: PopulationService) -> None:
        self._database = database
        self._population = population

    def told(
        self, jurisdiction_code: str, month: Month | None, *, identity: Identity, now: datetime | None = None
    ) -> MonthlyReport:  # fmt: skip
        """Return the report of a month; raise JurisdictionUnknown.

        Parameters
        ----------
        month
            None: the last that is over, by the clocks of the jurisdiction.
        identity
            Who asks: households are told as he may know them.
        now
            When it is told; this very instant when None.
        """
        now = now or datetime.now(UTC)
        with self._database.transaction(one_view=True) as connection:
            report = _read(connection, jurisdiction_code, month, now)
        if not report.is_known or not permitted(identity, Permission.READ_GRIDS):
            return report
        at_end = report.figures.period.until - _JUST_BEFORE
        told = self._population.figures(jurisdiction_code, at_end, None, identity=identity)
        return replace(report, population=told.instants[0][1])


def _read(connection: Connection, jurisdiction_code: str, month: Month | None, now: datetime) -> MonthlyReport:
    jurisdiction = lookups.get_jurisdiction(connection, jurisdiction_code)
    today = now.astimezone(ZoneInfo(jurisdiction.time_zone)).date()
    chosen = month or Month.of(today).before
    figures = read_figures(connection, jurisdiction_code, FiguresQuery(chosen, _EVERYTHING), now)
    report = MonthlyReport(chosen, figures, (), (), {}, None)
    if not report.is_known:
        return report
    period = figures.period
    asked = span_query(jurisdiction, _EVERYTHING, figures.span, period, figures.before)
    shapes = grid_shapes(connection, jurisdiction_id=jurisdiction.id, at=period.until - _JUST_BEFORE)
    return replace(
        report, figures=_with_names_of_then(connection, figures), late_for=late_counts(connection, asked),
        borders=tuple(_borders(connection, jurisdiction, period.since, period.until)), shapes=shapes,
    )  # fmt: skip


def _with_names_of_then(connection: Connection, figures: Figures) -> Figures:
    """Return figures that call grids which are no longer in force as they were called at both ends of the month."""
    names, ends = figures.names, (figures.period.since, figures.period.until - _JUST_BEFORE)
    then = [one for at in ends for one in grids_in_force(connection, jurisdiction_id=figures.jurisdiction.id, at=at)]
    former = {str(one["code"]): (one["name"], one["name_en"]) for one in then}
    return replace(figures, names=replace(names, former={**names.former, **former}))


def _borders(
    connection: Connection, jurisdiction: Jurisdiction, since: datetime, until: datetime
) -> Sequence[BordersChange]:  # fmt: skip
    published = sorted(
        (one for one in editions_of(connection, jurisdiction.id) if _was_published(one)), key=lambda one: _begins(one)
    )
    return [
        BordersChange(one.id, _begins(one), None if prior is None else lineage_between(connection, prior.id, one.id))
        for prior, one in pairwise([None, *published])
        if one is not None and since <= _begins(one) < until
    ]


def _was_published(edition: Edition) -> bool:
    return edition.status in ("published", "superseded") and edition.valid_from is not None


def _begins(edition: Edition) -> datetime:
    return edition.valid_from or datetime.max.replace(tzinfo=UTC)
