"""Lists of services: imported with the difference shown, exported, edited one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from functools import partial
from pathlib import Path
from typing import Literal

import orjson
from sqlalchemy import Connection

from geoservice.domain.importing.choices import Choices
from geoservice.domain.importing.ledgers import SERVICES
from geoservice.domain.importing.limits import Unit
from geoservice.domain.importing.services import (
    ServiceDifference,
    asked_limits,
    compare,
    readers,
    services_of,
)
from geoservice.errors import GeoserviceError
from geoservice.reading.file_errors import LimitsNotClear
from geoservice.reading.ledgers import ReadLedger, read_ledger
from geoservice.reading.limits import Limits
from geoservice.records.calendars.model import WorkingHours
from geoservice.records.calendars.queries import working_hours
from geoservice.services.audit.traces import note_export
from geoservice.services.layers.errors import DifferenceOutdated, MissingNotKnown
from geoservice.services.lookups import get_jurisdiction
from geoservice.writing.exported_file import require_place
from geoservice.writing.ledgers import write_ledger
from layers.db.session import Database
from layers.incidents.model import Service
from layers.incidents.queries import services
from layers.incidents.service_edits import (
    lock_services,
    open_incidents,
    put_services,
    remove_services,
    services_in_use,
)

#: What becomes of services that a list does not name.
RemovedServices = Literal["keep", "delete"]
_LIMITS_SHOWN = 10
#: Of an export, as an import knows them.
COLUMNS = ("code", "name", "name_en", "description", "group", "limit_working_hours", "keywords", "attributes",
           "sensitive", "retired")  # fmt: skip


class ServiceCodeTaken(GeoserviceError):
    """There is a service of this code already."""


@dataclass(frozen=True)
class ComparedServices:
    """What importing a list would change, or did, and what should be known of it."""

    difference: ServiceDifference
    remarks: tuple[str, ...]


def read_services(path: str, choices: Choices, limits: Limits, *, unit: Unit | None = None) -> ReadLedger:
    """Return the rows of a list of services.

    Parameters
    ----------
    path
        Of a CSV, .xlsx, .xls or .ods file with a row a service.
    choices
        `mapping` says which column is which field, `words["limit"]` what limits mean that are no working time.
    unit
        Of limits that are numbers alone; None: as the header says.

    Raises
    ------
    GeoserviceError
        A FileRefused, or what is wrong with the text of a CSV.
    LimitsNotClear
        Limits say no working time, and `choices` not what they mean.
    """
    reads = partial(readers, unit=unit, words=choices.words.get("limit", {}))
    read = read_ledger(path, SERVICES, choices, limits, readers=reads)
    asked = asked_limits(read.rows)
    if asked:
        shown = [f"{text} ({count} rows)" for text, count in asked.items()][:_LIMITS_SHOWN]
        more = f" … {len(shown)} of {len(asked)}" if len(asked) > len(shown) else ""
        raise LimitsNotClear(limits=", ".join(shown) + more)
    return read


class ServiceListService:
    """What can be reported, kept current."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def compare(self, jurisdiction_code: str, read: ReadLedger) -> ComparedServices:
        """Return what importing a list would change; nothing is changed. Raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            return _compared(connection, get_jurisdiction(connection, jurisdiction_code).id, read)

    def apply(
        self, jurisdiction_code: str, read: ReadLedger, *, actor: str, removed: RemovedServices = "keep",
        token: str | None = None,
    ) -> ComparedServices:  # fmt: skip
        """Import a list: write what differs, in one transaction. Services with incidents are never removed.

        Parameters
        ----------
        removed
            What becomes of services that the list does not name.
        token
            Of the difference that was looked at; None: none was.

        Raises
        ------
        JurisdictionUnknown
        DifferenceOutdated
            The difference is not the one that was looked at.
        MissingNotKnown
            Rows were refused, so that nobody knows what is to be removed.
        """
        with self._database.transaction(actor=actor) as connection:
            j = get_jurisdiction(connection, jurisdiction_code).id
            lock_services(connection, j)
            compared = _compared(connection, j, read)
            difference = compared.difference
            if token is not None and token != difference.token:
                raise DifferenceOutdated
            if removed == "delete" and difference.refused:
                raise MissingNotKnown(refused=len(difference.refused))
            put_services(connection, jurisdiction_id=j, services=difference.added)
            put_services(connection, jurisdiction_id=j, services=[new for _, new in difference.changed])
            if removed == "delete":
                remove_services(connection, jurisdiction_id=j, codes=difference.not_named)
            return compared

    def export(self, jurisdiction_code: str, out: Path, *, force: bool = False) -> int:
        """Write the services of a jurisdiction to a CSV and return how many there are.

        Raises
        ------
        JurisdictionUnknown
        ExportExists, ExportOntoFolder, ExportFolderMissing, ExportFolderClosed
            What is wrong with the output; nothing is written.
        """
        require_place(out, force=force)
        with self._database.transaction() as connection:
            j = get_jurisdiction(connection, jurisdiction_code).id
            found = services(connection, jurisdiction_id=j)
            note_export(connection, j, len(found), ledger="services")
        write_ledger(out, COLUMNS, [_row(one) for one in found], force=force)
        return len(found)

    def services(self, jurisdiction_code: str) -> tuple[Service, ...]:
        """Return the services of a jurisdiction by code, retired ones among them; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            return services(connection, jurisdiction_id=get_jurisdiction(connection, jurisdiction_code).id)

    def add(self, jurisdiction_code: str, service: Service, *, actor: str) -> None:
        """Write a service that is new. Raise JurisdictionUnknown, ServiceCodeTaken, RefusedByDatabase."""
        with self._database.transaction(actor=actor) as connection:
            j = get_jurisdiction(connection, jurisdiction_code).id
            lock_services(connection, j)
            if any(one.code == service.code for one in services(connection, jurisdiction_id=j)):
                raise ServiceCodeTaken(service=service.code)
            put_services(connection, jurisdiction_id=j, services=[service])

    def open_incidents(self, jurisdiction_code: str, code: str) -> int:
        """Return how many incidents of a service are in hand; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            j = get_jurisdiction(connection, jurisdiction_code).id
            return open_incidents(connection, jurisdiction_id=j, code=code)

    def put(self, jurisdiction_code: str, service: Service, *, actor: str) -> Service:
        """Write a service, new or changed. Raise JurisdictionUnknown, RefusedByDatabase."""
        with self._database.transaction(actor=actor) as connection:
            j = get_jurisdiction(connection, jurisdiction_code).id
            put_services(connection, jurisdiction_id=j, services=[service])
            return next(one for one in services(connection, jurisdiction_id=j) if one.code == service.code)


def mean_day_hours(hours: Sequence[WorkingHours]) -> float | None:
    """Return how many hours of work a day has on which is worked, on the mean of a week; None: nobody works."""
    days = {stretch.weekday for stretch in hours}
    if not days:
        return None
    return sum(_until(stretch.closes) - _of_day(stretch.opens) for stretch in hours) / len(days)


def _of_day(at: time) -> float:
    return at.hour + at.minute / 60 + at.second / 3600


def _until(closes: time | None) -> float:
    return 24.0 if closes is None else _of_day(closes)


def _compared(connection: Connection, j: int, read: ReadLedger) -> ComparedServices:
    stored = {one.code: one for one in services(connection, jurisdiction_id=j)}
    day_hours = mean_day_hours(working_hours(connection, jurisdiction_id=j))
    found = services_of(read.rows, stored, day_hours=day_hours)
    found.refused += read.refused
    difference = compare(found, stored, in_use=services_in_use(connection, jurisdiction_id=j))
    remarks = []
    if read.has("limit") and day_hours is not None:
        remarks.append(f"A working day has {day_hours:g} hours on the mean of the calendar; so are limits reckoned.")
    if difference.in_use:
        remarks.append(f"Services with incidents stay, named or not: {', '.join(difference.in_use)}.")
    return ComparedServices(difference, tuple(remarks))


def _row(one: Service) -> tuple[object, ...]:
    attributes = orjson.dumps(one.attributes).decode() if one.attributes else None
    limit = None if one.limit_working_hours is None else repr(one.limit_working_hours)
    return (one.code, one.name, one.name_en, one.description, one.category, limit, "、".join(one.keywords), attributes,
            "yes" if one.sensitive else "no", "yes" if one.retired else "no")  # fmt: skip
