"""Reports from any file of points: read as a table, its columns mapped, its cells made values, its places fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from shapely import Point

from geoservice.domain.importing.choices import Choices
from geoservice.domain.importing.model import RefusedRow
from geoservice.domain.importing.reports import DESCRIPTION_LENGTH, ReadReports, ReportRow, reference_of
from geoservice.domain.importing.values import NotAValue, Read, is_empty, key_of, number_of, text_of, typed
from geoservice.domain.importing.words import KEY
from geoservice.domain.privacy import holds_personal_number
from geoservice.reading.features import proposal_of, read_table, require_clear, require_known, told_of_columns
from geoservice.reading.file_errors import FieldAbsent
from geoservice.reading.file_tables import FileTable
from geoservice.reading.limits import Limits
from geoservice.reading.places import Geoms, outside, placed
from geoservice.reading.unknown_words import repeatable, told_of_words
from layers.crs import DeclaredPosition, Position
from layers.incidents.model import Report
from layers.layer import Layer

#: Of reports that do not say how they came.
_SOURCE = "system"
_MOST_ACCURACY_M = 1000
_REQUIRED = ("service_code", "reported_at")


def read_reports(
    path: str, table: Layer, choices: Choices, limits: Limits, *, jurisdiction_id: int, retired: frozenset[str]
) -> ReadReports:
    """Return the reports of a file; every row is one, or refused with a reason.

    Parameters
    ----------
    path
        Of a CSV, .xlsx, .xls, .ods, GeoJSON, GeoPackage, shapefile, FlatGeobuf or GeoParquet file.
    table
        What its columns are matched with: `reports_table`.
    choices
        What whoever imports says of the file.
    retired
        Codes of services of which nothing new is reported.

    Raises
    ------
    GeoserviceError
        A FileRefused, or what is wrong with the text of a CSV: the file as a whole says too little, or can not be read.
    """
    require_known(table, choices)
    read = read_table(path, table, choices, limits)
    proposal = proposal_of(read, table, choices)
    require_clear(proposal)
    absent = [name for name in _REQUIRED if name not in proposal.fields]
    places = placed(read, proposal.fields, table, choices)
    if absent or places is None:
        raise FieldAbsent(field=", ".join(absent or ("lon", "lat")), columns=", ".join(read.headers))
    reading = _Reading(read, proposal.fields, table, choices)
    reading.read_columns(retired)
    reading.refuse(places.refused)
    reports = tuple(reading.reports(places.geoms, jurisdiction_id))
    refused = tuple(RefusedRow(read.rows[at], reading.reason(at)) for at in sorted(reading.reasons))
    if (away := outside(places.geoms, read.rows, choices)) is not None:
        doubt = " Look at their CRS, and at which coordinate is which." if 2 * away[0] > len(read.rows) else ""
        reading.remarks.append(
            f"{away[0]} of {len(read.rows)} reports lie outside of the jurisdiction, one in row {away[1]}.{doubt}"
        )
    remarks = (*read.remarks, *places.remarks, *reading.remarks, *told_of_columns(proposal))
    return ReadReports(reports, refused, remarks, proposal, reading.unknown)


@dataclass
class _Reading:
    """Reports of a table on their way."""

    table: FileTable
    fields: Mapping[str, str]
    layer: Layer
    choices: Choices
    values: dict[str, Sequence[Any]] = field(default_factory=dict)
    #: Reasons by place in the table.
    reasons: dict[int, list[str]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    #: By column with words that mean none of its codes: those that may be repeated.
    unknown: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def read_columns(self, retired: frozenset[str]) -> None:
        """Make values of the cells of every column."""
        readers: dict[str, Read] = {KEY: key_of, "description": _words, "accuracy_m": _accuracy}
        for column in self.layer.written:
            if column.name in self.fields:
                cells = list(self.table.column(self.fields[column.name]))
                done = typed(cells, column, self.layer, self.choices, read=readers.get(column.name))
                self.values[column.name] = done.values
                self.refuse(done.refused)
                self.remarks += told_of_words(column.name, done.unknown)
                if done.unknown:
                    self.unknown[column.name] = tuple(repeatable(done.unknown))
        self.refuse({at: f"the service {code} is retired" for at, code in enumerate(self.values["service_code"])
                     if code in retired})  # fmt: skip
        if "building" in self.fields:
            self.values["building"] = self._buildings(self.table.column(self.fields["building"]))

    def _buildings(self, cells: Sequence[object]) -> list[str | None]:
        codes: list[str | None] = [None] * len(cells)
        for at, cell in enumerate(cells):
            try:
                codes[at] = None if is_empty(cell) else key_of(cell)
            except NotAValue as exc:
                self.refuse({at: f"building {exc}"})
        return codes

    def refuse(self, reasons: Mapping[int, str]) -> None:
        """Refuse rows, by their places in the table."""
        for at, reason in reasons.items():
            self.reasons.setdefault(at, []).append(reason)

    def reason(self, at: int) -> str:
        """Return why a row is refused."""
        of = "" if self.table.sheets is None else f"sheet {self.table.sheets[at]}: "
        return of + "; ".join(dict.fromkeys(self.reasons[at]))

    def reports(self, geoms: Geoms, jurisdiction_id: int) -> list[ReportRow]:
        """Return those that are not refused; of two that are called alike the second is refused."""
        found: list[ReportRow] = []
        rows: dict[str, int] = {}
        for at, (row, geom) in enumerate(zip(self.table.rows, geoms, strict=True)):
            if geom is None and at not in self.reasons:
                self.refuse({at: "it has no place"})
            if geom is None or at in self.reasons:
                continue
            report = self._report(at, geom, jurisdiction_id)
            code = self._cell(KEY, at)
            reference = reference_of(report) if code is None else f"code {code}"
            if (first := rows.setdefault(reference, row)) != row:
                self.refuse({at: f"it says the same as row {first}, and has no code of its own" if code is None
                             else f"its code stands in row {first} already"})  # fmt: skip
                continue
            found.append(ReportRow(row, reference, report))
        return found

    def _report(self, at: int, geom: Point, jurisdiction_id: int) -> Report:
        place = Position(geom.x, geom.y)
        return Report(
            jurisdiction_id=jurisdiction_id, service_code=self._cell("service_code", at),
            place=DeclaredPosition(geom.x, geom.y, "wgs84", place), source=self._cell("source", at) or _SOURCE,
            description=self._cell("description", at) or "", accuracy_m=self._cell("accuracy_m", at),
            building_code=self._cell("building", at), reported_at=self._cell("reported_at", at),
        )  # fmt: skip

    def _cell(self, name: str, at: int) -> Any:
        return self.values[name][at] if name in self.values else None


_plain = partial(text_of, longest=DESCRIPTION_LENGTH)


def _words(cell: object) -> str:
    text = _plain(cell)
    if holds_personal_number(text):
        raise NotAValue("holds what looks like a person's number")
    return text


def _accuracy(cell: object) -> float:
    metres = number_of(cell)
    if not 0 <= metres <= _MOST_ACCURACY_M:
        raise NotAValue(f"is not between 0 and {_MOST_ACCURACY_M} metres")
    return metres
