"""What a monthly report says: the tables of the figures, and what it has beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

from geoservice.domain.small_counts import K_MINIMUM, GridCounts
from geoservice.domain.spans import Month
from geoservice.maps.sheets.choropleth import NumberedArea
from geoservice.pages.desk.rendering import place_of
from geoservice.pages.figures.address import FiguresAddress
from geoservice.pages.figures.links import Links
from geoservice.pages.figures.tables import Cell, NumberSpeaker, Table, numbers, tables
from geoservice.pages.monthly.address import MonthAddress
from geoservice.pages.words.catalogue import words
from geoservice.services.monthly import BordersChange, MonthlyReport
from geoservice.services.population import Counted, grids_of
from layers.antimeridian import lies_across
from layers.grids.territory import Became
from layers.incidents.overdue_figures import LATE_DAYS

#: What became of grids, so many lines of an edition; of more it is said how many.
MOST_CHANGES = 40
_PEOPLE = ("households", "residents", "floating")


@dataclass(frozen=True)
class ReportContents:
    """A monthly report in a language."""

    address: MonthAddress
    report: MonthlyReport

    @cached_property
    def words(self) -> dict[str, str]:
        """Return the words of the report."""
        return words("monthly", self.address.language)

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone of its clocks."""
        return ZoneInfo(self.report.figures.jurisdiction.time_zone)

    @property
    def of_days(self) -> FiguresAddress:
        """Return the address of the figures of the same days."""
        span = self.report.figures.span
        days = {"from": span.first.isoformat(), "to": span.last.isoformat()}
        return FiguresAddress(self.address.jurisdiction, days, self.address.language)

    @cached_property
    def tell(self) -> NumberSpeaker:
        """Return what makes the cells; paper has no links."""
        figures = self.report.figures
        said = words("figures", self.address.language)
        return NumberSpeaker(figures, Links(self.of_days, figures, opens_desk=False), said, self.address.language)

    @property
    def place(self) -> str:
        """Return what the jurisdiction is called."""
        return place_of(self.report.figures.jurisdiction, self.address.language).name

    def month(self, month: Month) -> str:
        """Return what a month is called."""
        name = self.words[f"month.{month.first.month}"]
        return self.words["month"].format(month=name, year=month.first.year)

    @property
    def as_of(self) -> str:
        """Return when it is told, by the clocks of the jurisdiction."""
        return f"{self.report.figures.now.astimezone(self.zone):%Y-%m-%d %H:%M}"

    @cached_property
    def tables(self) -> dict[str, Table]:
        """Return every table by its name: those of the figures, whose numbers they are, and the report's own."""
        every = numbers(self.tell)
        made = tables(self.tell, every)
        month = self.report.month
        head = (made["numbers"].header[0], self.month(month), self.month(month.before), made["numbers"].header[3])
        own = [Table("numbers", self.words["numbers"], head, made["numbers"].rows), self._late(), self._ratings()]
        if self.report.population is not None and self.has_people:
            own.append(self._people(self.report.population))
        return made | {one.name: one for one in own}

    @property
    def areas(self) -> list[NumberedArea]:
        """Return the grids of the map with what was received of each; empty: it can not be drawn."""
        shapes = self.report.shapes
        if lies_across(list(shapes.values())):
            return []
        counts = self.report.figures.counts
        return [NumberedArea(self.tell.grid(code), counts.of("grid", code).received, geom)
                for code, geom in shapes.items()]  # fmt: skip

    def borders(self) -> Iterator[tuple[str, list[str]]]:
        """Yield each edition that came into force in the month, and what became of the grids before it."""
        for one in self.report.borders:
            day = one.since.astimezone(self.zone).date().isoformat()
            yield self.words["edition"].format(number=one.number, day=day), list(self._changes(one))

    def _changes(self, change: BordersChange) -> Iterator[str]:
        if change.became is None:
            yield self.words["edition.first"]
            return
        if not change.became:
            yield self.words["edition.same"]
        for became in change.became[:MOST_CHANGES]:
            yield self._became(became)
        if len(change.became) > MOST_CHANGES:
            yield self.words["edition.more"].format(x=MOST_CHANGES, y=len(change.became))

    def _became(self, became: Became) -> str:
        kind = became.kind or ("gone" if became.successor_code is None else "new")
        then, now = became.predecessor_code, became.successor_code
        return self.words[f"became.{kind}"].format(
            then="" if then is None else self.tell.grid(then), now="" if now is None else self.tell.grid(now)
        )

    def _late(self) -> Table:
        """Return for how long what is late has been late."""
        said = self.words
        edges = (0, *LATE_DAYS)
        names = [said["late.until"].format(last=edges[1])]
        names += [said["late.between"].format(first=one, last=edges[at + 2]) for at, one in enumerate(edges[1:-1])]
        names.append(said["late.over"].format(first=edges[-1]))
        rows = [(Cell(name, name), self.tell.count(number))
                for name, number in zip(names, self.report.late_for, strict=True)]  # fmt: skip
        rows.append((Cell(said["sum"], said["sum"]), self.tell.count(sum(self.report.late_for))))
        return Table("late", said["late"], (said["late.for"], self.tell.words["late"]), tuple(rows))

    def _ratings(self) -> Table:
        """Return the ratings of all, and of each service that has some."""
        counts, said = self.report.figures.counts, self.words
        rated = sorted((str(code) for code, one in counts.parts["service"].items() if one.ratings),
                       key=lambda code: (-counts.of("service", code).ratings, code))  # fmt: skip
        told = [(said["sum"], counts.of("all", None))]
        told += [(self.tell.service(code), counts.of("service", code)) for code in rated]
        rows = tuple((Cell(name, name), self.tell.count(one.ratings), self.tell.mean(one.rating)) for name, one in told)
        head = (self.tell.words["service"], said["ratings.number"], said["ratings.mean"])
        return Table("ratings", said["ratings"], head, rows)

    def _people(self, population: Counted) -> Table:
        """Return who lives in each grid, and which grids are outside of what their jurisdiction wants."""
        figures, said = population.figures, self.words
        one = self.report.figures.jurisdiction
        rows = []
        for code in grids_of([figures[name] for name in _PEOPLE]):
            cells = [self._people_of(figures[name], code) for name in _PEOPLE]
            name = self.tell.grid(code)
            rows.append((Cell(name, name), *cells, self._range(cells[0].value, code)))
        total = [Cell(figures[name].total, self._written(figures[name].total)) for name in _PEOPLE]
        rows.append((Cell(said["sum"], said["sum"]), *total, Cell(None, self.tell.words["none"])))
        range_ = said["people.range"].format(first=one.households_min, last=one.households_max)
        head = (self.tell.words["grid"], *(said[f"people.{name}"] for name in _PEOPLE), range_)
        return Table("people", said["people"], head, tuple(rows))

    def _people_of(self, counts: GridCounts, code: str | None) -> Cell:
        number = counts.by_grid.get(code, 0)
        return Cell(number, self._written(number))

    def _written(self, number: int | None) -> str:
        return self.words["people.few"].format(most=K_MINIMUM) if number is None else f"{number:,}"

    def _range(self, households: str | float | None, code: str | None) -> Cell:
        """Return whether a grid has as many households as it should; one that is too few to be told has fewer."""
        one = self.report.figures.jurisdiction
        number = K_MINIMUM - 1 if households is None else int(households)
        if code is None:
            return Cell(None, self.tell.words["none"])
        word = "below" if number < one.households_min else "above" if number > one.households_max else "within"
        return Cell(self.words[f"people.{word}"], self.words[f"people.{word}"])

    @property
    def outside(self) -> str:
        """Return how many grids have fewer or more households than they should, of how many."""
        told = [row[-1].value for row in self.tables["people"].rows if row[-1].value is not None]
        outside = sum(one != self.words["people.within"] for one in told)
        return self.words["people.outside"].format(x=outside, y=len(told))

    @property
    def has_people(self) -> bool:
        """Return whether anybody was recorded then: a table of noughts would say that nobody lives there."""
        population = self.report.population
        return population is not None and any(one != 0 for one in population.figures["households"].by_grid.values())

    @property
    def borders_note(self) -> str | None:
        """Return when borders changed in the month or in the one it is compared with, so that its grids are others."""
        days = [one.astimezone(self.zone).date().isoformat() for one in self.report.figures.borders_changed]
        return self.tell.words["note.borders"].format(day=", ".join(dict.fromkeys(days))) if days else None

    @property
    def attribution(self) -> str:
        """Return whom everything that shows these data has to name."""
        return self.report.figures.jurisdiction.attribution or ""
