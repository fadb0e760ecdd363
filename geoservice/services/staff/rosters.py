"""Rosters become staff and postings: what differs is shown, then written in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from sqlalchemy import Connection

from geoservice.domain.importing.choices import Choices
from geoservice.domain.importing.ledgers import STAFF
from geoservice.domain.staff.cover import remarks_on_cover
from geoservice.domain.staff.differences import RemovedPostings, RosterDifference, compare
from geoservice.domain.staff.rosters import READERS, RosterChoices, StoredStaff, roster_of
from geoservice.reading.ledgers import ReadLedger, read_ledger
from geoservice.reading.limits import Limits
from geoservice.services.audit.traces import note_export
from geoservice.services.layers.errors import DifferenceOutdated, MissingNotKnown
from geoservice.services.lookups import get_jurisdiction
from geoservice.writing.exported_file import require_place
from geoservice.writing.ledgers import write_ledger
from layers.db.session import Database
from layers.grids.territory import grids_in_force
from layers.jurisdictions.model import Jurisdiction
from layers.staff.call_signs import is_chinese
from layers.staff.edits import lock_staff, put_members, replace_postings
from layers.staff.model import PostingSpan
from layers.staff.queries import members, numbered_postings, today_in

#: A city's roster is written row by row; a request's limit does not fit it.
TIMEOUT_S = 600.0
#: Of an export, as an import knows them.
COLUMNS = ("code", "call_sign", "role", "grid", "from", "to")


@dataclass(frozen=True)
class RosterOptions:
    """What whoever imports a roster decides."""

    #: Whether `to` is the last day of a posting, not the first one after it.
    to_is_last_day: bool = False
    #: What becomes of postings that the roster does not name.
    removed: RemovedPostings = "keep"
    #: The first day on which those are over; None: today in the jurisdiction.
    ended_on: date | None = None


@dataclass(frozen=True)
class ComparedRoster:
    """What importing a roster would change, or did, and what should be known of it."""

    difference: RosterDifference
    #: Gaps and doubles as they would be then, a sentence each.
    remarks: tuple[str, ...]


def read_roster(path: str, choices: Choices, limits: Limits) -> ReadLedger:
    """Return the rows of a roster.

    Parameters
    ----------
    path
        Of a CSV, .xlsx, .xls or .ods file with a row a posting.
    choices
        `mapping` says which column is which field, `sheet` and `encoding` how the file is read, `words` what its words
        for roles mean.

    Raises
    ------
    GeoserviceError
        A FileRefused, or what is wrong with the text of a CSV.
    """
    # Names of grids become codes, so that nothing of a cell is kept.
    choices = replace(choices, no_persons=choices.no_persons | {"grid", "grid_name"})
    return read_ledger(path, STAFF, choices, limits, readers=lambda _: READERS, required=("code", "role"))


class RosterService:
    """Imports and exports rosters."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def compare(
        self, jurisdiction_code: str, read: ReadLedger, options: RosterOptions = RosterOptions()
    ) -> ComparedRoster:  # fmt: skip
        """Return what importing a roster would change; nothing is changed. Raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            return _compared(connection, get_jurisdiction(connection, jurisdiction_code), read, options)

    def apply(
        self, jurisdiction_code: str, read: ReadLedger, options: RosterOptions = RosterOptions(), *,
        actor: str, token: str | None = None,
    ) -> ComparedRoster:  # fmt: skip
        """Import a roster: write what differs, in one transaction.

        Parameters
        ----------
        token
            Of the difference that was looked at; None: none was.

        Raises
        ------
        JurisdictionUnknown
        DifferenceOutdated
            The difference is not the one that was looked at.
        MissingNotKnown
            Rows were refused, so that nobody knows whose postings are to end.
        """
        with self._database.transaction(actor=actor, timeout_s=TIMEOUT_S) as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            lock_staff(connection, jurisdiction.id)
            compared = _compared(connection, jurisdiction, read, options)
            difference = compared.difference
            if token is not None and token != difference.token:
                raise DifferenceOutdated
            if options.removed == "end" and difference.refused:
                raise MissingNotKnown(refused=len(difference.refused))
            _write(connection, jurisdiction.id, difference)
            return compared

    def export(self, jurisdiction_code: str, out: Path, *, force: bool = False) -> int:
        """Write the staff of a jurisdiction to a CSV, a row a posting, and return how many rows there are.

        Raises
        ------
        JurisdictionUnknown
        ExportExists, ExportOntoFolder, ExportFolderMissing, ExportFolderClosed
            What is wrong with the output; nothing is written.
        """
        require_place(out, force=force)
        with self._database.transaction(one_view=True) as connection:
            j = get_jurisdiction(connection, jurisdiction_code).id
            rows = list(_rows(_staffed(connection, j)))
            note_export(connection, j, len(rows), ledger="staff")
        write_ledger(out, COLUMNS, rows, force=force)
        return len(rows)


def _compared(
    connection: Connection, jurisdiction: Jurisdiction, read: ReadLedger, options: RosterOptions
) -> ComparedRoster:
    stored, today = _staffed(connection, jurisdiction.id), today_in(connection, jurisdiction.id)
    choices = RosterChoices(today, is_chinese(jurisdiction.name), options.to_is_last_day)
    roster = roster_of(read.rows, stored, choices)
    roster.refused += read.refused
    found = compare(roster, stored, removed=options.removed, ended_on=options.ended_on or today)
    told = tuple(roster.postings.values())
    remarks: tuple[str, ...] = ()
    if told:
        first, last = min(one.valid_from for one in told), max(one.ends for one in told)
        remarks = tuple(remarks_on_cover(found.result, stored.grids, first=first, last=last))
    return ComparedRoster(found, remarks)


def _staffed(connection: Connection, j: int) -> StoredStaff:
    grids = grids_in_force(connection, jurisdiction_id=j, at=None, known_at=None)
    return StoredStaff(
        {one.code: one for one in members(connection, jurisdiction_id=j)},
        tuple(posting for _, posting in numbered_postings(connection, jurisdiction_id=j)),
        {str(grid["code"]): str(grid["name"]) for grid in grids},
    )


def _write(connection: Connection, j: int, difference: RosterDifference) -> None:
    put_members(connection, jurisdiction_id=j, members=difference.staff_added)
    put_members(connection, jurisdiction_id=j, members=[new for _, new in difference.staff_changed])
    changes = [*difference.postings_changed, *difference.postings_ended]
    replace_postings(
        connection, jurisdiction_id=j, old=[*(one.old for one in changes), *difference.postings_removed],
        new=[*(one.new for one in changes), *difference.postings_added],
    )  # fmt: skip


def _rows(stored: StoredStaff) -> Iterator[Sequence[object]]:
    posted: dict[str, list[PostingSpan]] = {code: [] for code in stored.members}
    for one in stored.postings:
        posted[one.staff_code].append(one)
    for code, member in stored.members.items():
        for one in posted[code]:
            yield code, member.call_sign, one.role, one.grid_code, one.valid_from, one.valid_to
        if not posted[code]:
            yield code, member.call_sign, member.role, None, None, None
