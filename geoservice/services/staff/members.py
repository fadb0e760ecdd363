"""Staff and postings, one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from geoservice.domain.importing.values import NotAValue
from geoservice.domain.staff.cover import COVERING
from geoservice.domain.staff.rosters import DISPATCHER, read_call_sign, read_staff_code
from geoservice.errors import (
    PostedToNoGrid,
    PostingBegun,
    PostingUnknown,
    StaffMemberUnknown,
    StaffNotStored,
    StaffUnknown,
)
from geoservice.services.lookups import get_jurisdiction
from layers.db.session import Database
from layers.grids.territory import grids_in_force
from layers.staff import edits, queries
from layers.staff.call_signs import free_call_signs, is_chinese
from layers.staff.model import Member, NumberedPosting, PostingSpan


@dataclass(frozen=True)
class StaffCalendar:
    """Who serves which grid from today on."""

    today: date
    members: tuple[Member, ...]
    #: Those that are not over, by grid, the grid officer first.
    postings: tuple[NumberedPosting, ...]
    #: Names of the grids in force, Chinese and, where there is one, English, by code.
    grids: Mapping[str, tuple[str, str | None]]

    def serving(self, grid_code: str, day: date) -> tuple[PostingSpan, ...]:
        """Return who serves a grid on a day, as grid officer or deputy, the grid officer first."""
        return tuple(
            one for _, one in self.postings
            if one.grid_code == grid_code and one.role in COVERING and one.valid_from <= day < one.ends
        )  # fmt: skip


class StaffService:
    """Staff by code and call sign, and who serves which grid."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def members(self, jurisdiction_code: str) -> tuple[Member, ...]:
        """Return the staff of a jurisdiction, by code; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            j = get_jurisdiction(connection, jurisdiction_code).id
            return queries.members(connection, jurisdiction_id=j)

    def member(self, jurisdiction_code: str, code: str) -> Member:
        """Return a member of staff; raise JurisdictionUnknown, StaffMemberUnknown."""
        with self._database.transaction() as connection:
            j = get_jurisdiction(connection, jurisdiction_code).id
            return _member(connection, j, code)

    def put(self, jurisdiction_code: str, code: str, *, role: str, call_sign: str | None, actor: str) -> Member:
        """Write a member of staff, new or changed.

        Parameters
        ----------
        call_sign
            None: as it is, or the next one of the role.

        Raises
        ------
        JurisdictionUnknown
        StaffNotStored
            The code is a number by which a person is reached or known, the call sign a name.
        """
        try:
            code, sign = read_staff_code(code), None if call_sign is None else read_call_sign(call_sign)
        except NotAValue as exc:
            raise StaffNotStored(reason=f"The code, or the call sign, {exc}.") from exc
        with self._database.transaction(actor=actor) as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            edits.lock_staff(connection, jurisdiction.id)
            known = {one.code: one for one in queries.members(connection, jurisdiction_id=jurisdiction.id)}
            if sign is None and code in known:
                sign = known[code].call_sign
            taken = {one.call_sign for one in known.values()}
            sign = sign or next(free_call_signs(role, taken, chinese=is_chinese(jurisdiction.name)))
            edits.put_members(connection, jurisdiction_id=jurisdiction.id, members=[Member(code, sign, role)])
            return _member(connection, jurisdiction.id, code)

    def postings(self, jurisdiction_code: str, *, day: date | None = None) -> tuple[NumberedPosting, ...]:
        """Return who is posted where on a day (today when None), by grid; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            j = get_jurisdiction(connection, jurisdiction_code).id
            day = day or queries.today_in(connection, j)
            return queries.numbered_postings(connection, jurisdiction_id=j, day=day)

    def calendar(self, jurisdiction_code: str) -> StaffCalendar:
        """Return who serves which grid from today on; raise JurisdictionUnknown."""
        with self._database.transaction(one_view=True) as connection:
            j = get_jurisdiction(connection, jurisdiction_code).id
            today = queries.today_in(connection, j)
            postings = queries.numbered_postings(connection, jurisdiction_id=j)
            in_force = grids_in_force(connection, jurisdiction_id=j)
            grids = {str(one["code"]): (str(one["name"]), one["name_en"]) for one in in_force}
            lasting = tuple(one for one in postings if one.posting.ends > today)
            return StaffCalendar(today, queries.members(connection, jurisdiction_id=j), lasting, grids)

    def post(self, jurisdiction_code: str, posting: PostingSpan, *, actor: str) -> NumberedPosting:
        """Post a member of staff to a grid.

        Raises
        ------
        JurisdictionUnknown, StaffUnknown, PostedToNoGrid
        StaffNotStored
            A dispatcher serves no single grid.
        RefusedByDatabase
            Another grid officer is there on some of the days; it ends before it begins.
        """
        with self._database.transaction(actor=actor) as connection:
            j = get_jurisdiction(connection, jurisdiction_code).id
            found = queries.members(connection, jurisdiction_id=j, code=posting.staff_code)
            if not found:
                raise StaffUnknown(staff=posting.staff_code, jurisdiction=jurisdiction_code)
            if found[0].role == DISPATCHER:
                raise StaffNotStored(reason="A dispatcher serves no single grid.")
            if not grids_in_force(connection, jurisdiction_id=j, code=posting.grid_code):
                raise PostedToNoGrid(grid=posting.grid_code)
            number = edits.post(connection, jurisdiction_id=j, posting=posting)
            return NumberedPosting(number, posting)

    def end(self, jurisdiction_code: str, number: int, day: date | None, *, actor: str) -> NumberedPosting:
        """Have a posting be over from a day on (None: until further notice).

        Raises
        ------
        JurisdictionUnknown, PostingUnknown
        RefusedByDatabase
            Another grid officer is there then; it would end before it begins.
        """
        with self._database.transaction(actor=actor) as connection:
            j = get_jurisdiction(connection, jurisdiction_code).id
            edits.end_posting(connection, jurisdiction_id=j, id=number, day=day)
            found = queries.numbered_postings(connection, jurisdiction_id=j, id=number)
            if not found:
                raise PostingUnknown(posting=number)
            return found[0]

    def withdraw(self, jurisdiction_code: str, number: int, *, actor: str) -> NumberedPosting:
        """Take back a posting that has not begun, and return it: nobody served by it. The audit keeps that it was.

        Raises
        ------
        JurisdictionUnknown, PostingUnknown, PostingBegun
        """
        with self._database.transaction(actor=actor) as connection:
            j = get_jurisdiction(connection, jurisdiction_code).id
            found = queries.numbered_postings(connection, jurisdiction_id=j, id=number)
            if not found:
                raise PostingUnknown(posting=number)
            if not edits.withdraw_posting(connection, jurisdiction_id=j, id=number):
                raise PostingBegun(posting=number)
            return found[0]


def _member(connection: Connection, j: int, code: str) -> Member:
    found = queries.members(connection, jurisdiction_id=j, code=code)
    if not found:
        raise StaffMemberUnknown(code=code)
    return found[0]
