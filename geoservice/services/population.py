"""Population by grid over time: counts as they were known, rounded but to whoever may see single households."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from geoservice.auth.model import Identity
from geoservice.auth.permissions import Permission, permitted
from geoservice.domain.small_counts import GridCounts, told_counts
from geoservice.errors import PeriodTooLong
from geoservice.services.audit.traces import note_read
from geoservice.services.lookups import get_jurisdiction, own_grids
from layers.db.session import Database
from layers.grids.territory import grids_in_force
from layers.summaries.population import flows_between, population_at

#: Instants of one answer; each is counted for itself.
INSTANTS_MAX = 37
#: All households of a town and each building's owner; a request's limit does not fit it.
TIMEOUT_S = 30.0
_STOCKS = ("households", "residents", "floating")
_FLOWS = ("arrivals", "departures")


@dataclass(frozen=True)
class Counted:
    """Figures of an instant, or of a period: by figure, by grid."""

    figures: Mapping[str, GridCounts]

    @property
    def hidden(self) -> int:
        """Return how many counts of grids are not told."""
        return sum(count is None for told in self.figures.values() for count in told.by_grid.values())


@dataclass(frozen=True)
class PopulationFigures:
    """Population of a jurisdiction at some instants, and what came and went between the first and the last."""

    instants: tuple[tuple[datetime, Counted], ...]
    #: None: there is one instant.
    flows: Counted | None


class PopulationService:
    """Counts of who lives where."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def figures(
        self, jurisdiction_code: str, since: datetime, until: datetime | None, *, monthly: bool = False,
        identity: Identity,
    ) -> PopulationFigures:  # fmt: skip
        """Return who lived in each grid at an instant; with another one at both, and who came and went between them.

        Parameters
        ----------
        monthly
            Also at the beginning of each month between them, in the jurisdiction's time zone.

        Raises
        ------
        JurisdictionUnknown
        PeriodTooLong
            More instants than one answer tells.
        """
        with self._database.transaction(one_view=True, timeout_s=TIMEOUT_S) as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            j = jurisdiction.id
            touched = {"part": "population", "monthly": monthly}
            note_read(connection, "counts_read", touched=touched, jurisdiction_id=j)
            whole = _seen_whole(connection, j, identity)
            between = _months(since, until, ZoneInfo(jurisdiction.time_zone)) if monthly and until is not None else []
            instants = [since, *between, *([] if until is None else [until])]
            found = tuple((at, _counted(connection, j, at, whole)) for at in instants)
            if until is None:
                return PopulationFigures(found, None)
            flows = flows_between(connection, since, until, jurisdiction_id=j)
            grids = {grid: 0 for _, counted in found for grid in counted.figures["residents"].by_grid}
            by_figure = {
                name: grids | {one.grid_code: int(getattr(one, name)) for one in flows} for name in _FLOWS
            }  # fmt: skip
            return PopulationFigures(found, _told(by_figure, whole, together=True))


def _seen_whole(connection: Connection, j: int, identity: Identity) -> Collection[str | None] | None:
    """Return the grids of which whoever asks may see single households; None: all."""
    if not permitted(identity, Permission.READ_HOUSEHOLDS):
        return ()
    return own_grids(connection, j, identity, Permission.READ_HOUSEHOLDS)


def _months(since: datetime, until: datetime, zone: ZoneInfo) -> list[datetime]:
    local = since.astimezone(zone)
    year, month = local.year, local.month
    found: list[datetime] = []
    while True:
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        at = datetime(year, month, 1, tzinfo=zone)
        if at >= until:
            return found
        if len(found) + 3 > INSTANTS_MAX:
            raise PeriodTooLong(instants=INSTANTS_MAX)
        found.append(at.astimezone(UTC))


def _counted(connection: Connection, j: int, at: datetime, whole: Collection[str | None] | None) -> Counted:
    known: dict[str | None, int] = {
        str(grid["code"]): 0 for grid in grids_in_force(connection, jurisdiction_id=j, at=at)
    }
    stocks = population_at(connection, at, jurisdiction_id=j)
    by_figure: dict[str, Mapping[str | None, int]] = {
        name: {**known, **{one.grid_code: int(getattr(one, name)) for one in stocks}} for name in _STOCKS
    }
    return _told(by_figure, whole, together=False)


def _told(
    by_figure: Mapping[str, Mapping[str | None, int]], whole: Collection[str | None] | None, *, together: bool
) -> Counted:
    """Return what may be told.

    Parameters
    ----------
    together
        What is not told of one figure of a grid is told of none: with the residents before and after, arrivals would
        give away departures.
    """
    told = {name: told_counts(counts, whole=whole) for name, counts in by_figure.items()}
    if not together:
        return Counted(told)
    hidden = {grid for one in told.values() for grid, count in one.by_grid.items() if count is None}
    return Counted({name: _without(one, hidden) for name, one in told.items()})


def _without(told: GridCounts, hidden: Collection[str | None]) -> GridCounts:
    by_grid = {grid: None if grid in hidden else count for grid, count in told.by_grid.items()}
    return GridCounts(by_grid, None if hidden else told.total)


def grids_of(figures: Sequence[GridCounts]) -> list[str | None]:
    """Return the grids of some figures, by code, those of no grid last."""
    found = {grid for told in figures for grid in told.by_grid}
    return sorted(found, key=lambda grid: (grid is None, grid or ""))
