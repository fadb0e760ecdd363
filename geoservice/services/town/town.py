"""Make a town, step by step, and tell what it still lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from geoservice.domain.importing.model import RefusedRow
from geoservice.errors import GeoserviceError
from geoservice.reading.limits import Limits
from geoservice.services.layers.importing import LayerImportService
from geoservice.services.service_lists import read_services
from geoservice.services.staff.rosters import read_roster
from geoservice.services.town.making import Done, Making
from geoservice.services.town.plan import Features, Plan
from geoservice.services.town.steps import steps_of
from layers.db.session import Database
from layers.errors import LayerError


class Stopped(NamedTuple):
    """A step that could not be done: those before it stand, and what it wrote whole before it stopped."""

    step: str
    error: GeoserviceError | LayerError


class Looked(NamedTuple):
    """What a file of features would give, before anything is stored."""

    section: str
    file: Path
    #: What they are.
    what: str
    features: int
    refused: tuple[RefusedRow, ...]
    #: Sentences, on its columns among them.
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class TownService:
    """Makes towns."""

    database: Database
    limits: Limits
    actor: str
    #: See `RegisterService`.
    seal_key: bytes | None = None

    def look(self, plan: Plan) -> Iterator[Looked | Stopped]:
        """Read every file of features, services and staff that a plan names, and yield what it would give.

        Nothing is stored. Of what can not be read, or whose columns are not clear, the error is yielded as the last.
        """
        making = self._making(plan)
        for section, file, read in self._readings(making):
            try:
                yield read(section, file)
            except (GeoserviceError, LayerError) as exc:
                yield Stopped(f"{section} ({file.name})", exc)
                return

    def _readings(self, making: Making) -> Iterator[tuple[str, Path, Callable[[str, Path], Looked]]]:
        plan = making.plan
        if plan.services is not None:
            listed = plan.services

            def services(section: str, file: Path) -> Looked:
                read = read_services(str(file), listed.choices(plan.town), self.limits, unit=listed.limit_unit)
                return Looked(section, file, "services", len(read.rows), read.refused, read.remarks)

            yield "services", listed.file, services
        for section, table in _tables(plan):

            def features(section: str, file: Path, table: Features = table) -> Looked:
                found = making.read(section, table)
                return Looked(section, file, "features", len(found.keys), found.refused, found.remarks)

            yield section, table.file, features
        if plan.staff is not None:
            roster = plan.staff

            def staff(section: str, file: Path) -> Looked:
                read = read_roster(str(file), roster.choices(plan.town), self.limits)
                return Looked(section, file, "postings", len(read.rows), read.refused, read.remarks)

            yield "staff", roster.file, staff

    def make(self, plan: Plan, begin: Callable[[str], None] = lambda step: None) -> Iterator[Done | Stopped]:
        """Do the steps of a plan in turn, and yield what each did; stop at the first refusal.

        What a step writes it writes whole, a layer, list or edition in one transaction; what was written before stands.

        Parameters
        ----------
        begin
            Called with the name of a step before it is done.
        """
        making = self._making(plan)
        for name, step in steps_of(plan):
            begin(name)
            try:
                if making.bbox is None and making.there() is not None:
                    making.bbox = LayerImportService(self.database).surroundings(plan.town.code).bbox
                yield step(making)
            except (GeoserviceError, LayerError) as exc:
                yield Stopped(name, exc)
                return

    def _making(self, plan: Plan) -> Making:
        return Making(self.database, plan, self.limits, self.actor, self.seal_key)


def files_of(plan: Plan) -> Iterator[tuple[str, Path]]:
    """Yield every file that a plan names, with its section."""
    for section, table in _tables(plan):
        yield section, table.file
    for section in ("outline", "osm", "grids", "staff", "services"):
        told = getattr(plan, section)
        if told is not None and told.file is not None:
            yield section, told.file
    if plan.calendar is not None and plan.calendar.days is not None:
        yield "calendar", plan.calendar.days
    if plan.households is not None and not isinstance(plan.households, Features):
        yield "households", plan.households.count_register


def _tables(plan: Plan) -> Iterator[tuple[str, Features]]:
    for section in ("basemap", "buildings", "cameras", "organisations"):
        for table in getattr(plan, section):
            yield section, table
    if isinstance(plan.households, Features):
        yield "households", plan.households
