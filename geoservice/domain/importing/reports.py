"""Reports of a file: what their columns are, and by what each is known again when it is sent once more."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from geoservice.domain.importing.mapping import Proposal
from geoservice.domain.importing.model import RefusedRow
from layers.incidents.layer import SOURCES
from layers.incidents.model import Report, Service
from layers.layer import Column, Layer
from layers.title import Title

#: As the table of incidents has it.
DESCRIPTION_LENGTH = 4000
#: Of ids that are made of what a sender calls its report (RFC 9562, version 5); ours, and never another one.
_REPORTS = UUID("6f0b1c5e-6f5d-4f3b-9a53-3f4c1d0f7b52")


@dataclass(frozen=True)
class ReportRow:
    """A report as a row of a file tells it."""

    #: As the file numbers its rows.
    row: int
    #: What its sender calls it; what it says, hashed, where it is called nothing.
    reference: str
    report: Report


@dataclass(frozen=True)
class ReadReports:
    """The reports of a file, in its order; every row is one of them or refused."""

    reports: Sequence[ReportRow]
    refused: tuple[RefusedRow, ...]
    #: What was taken for what, and what was left out: sentences for whoever imports.
    remarks: tuple[str, ...]
    proposal: Proposal
    #: By column with words that mean none of its codes: those of them that may be repeated.
    unknown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def reports_table(services: Iterable[Service]) -> Layer:
    """Return what the columns of a file of reports are matched with, where these services are offered.

    A name means what is offered: one that was retired is known by its code wherever another one has its name by now.
    """
    every = tuple(services)
    offered = {name for one in every if not one.retired for name in (one.name, one.name_en)}
    codes = {
        one.code: Title(one.code, one.code) if one.retired and {one.name, one.name_en} & offered - {None}
        else Title(one.name, one.name_en or one.name) for one in every
    }  # fmt: skip
    return Layer(
        id="reports",
        title=Title("上报清单", "Reports"),
        one=Title("上报", "Report"),
        description=Title("批量上报的事件。", "Incidents that are handed in together."),
        table="incident_inbox",
        geometry="Point",
        assignment="routing",
        tiling=None,
        columns=(
            Column("code", "text", Title("工单编号", "Reference"), nullable=True, identifier=True),
            Column("service_code", "text", Title("事项编码", "Service"), codes=codes),
            Column("reported_at", "instant", Title("上报时间", "Reported at")),
            Column("source", "text", Title("来源", "Source"), codes=SOURCES, nullable=True),
            Column("description", "text", Title("描述", "Description"), nullable=True),
            Column("accuracy_m", "number", Title("定位精度", "Accuracy"), unit="m", nullable=True),
        ),
    )


def reference_of(report: Report) -> str:
    """Return by what a report is known that its sender has no name for: all that it says."""
    place = report.place.position
    said = (report.service_code, report.source, report.description, report.accuracy_m, report.building_code,
            report.reported_at, place.lon, place.lat)  # fmt: skip
    return hashlib.sha256("\0".join(map(repr, said)).encode()).hexdigest()


def report_id(jurisdiction_id: int, system: str, reference: str) -> UUID:
    """Return the id of a report, the same whenever it is sent; of each jurisdiction and system another one."""
    return uuid5(_REPORTS, "\0".join((str(jurisdiction_id), system, reference)))
