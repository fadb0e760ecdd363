"""Visits of grid officers: noted by codes, told by grid and time."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from geoservice.auth.model import Identity
from geoservice.auth.permissions import Permission, only_as_officer
from geoservice.errors import VisitOfNobody
from geoservice.services.layers.errors import NotYourGrid
from geoservice.services.lookups import get_jurisdiction, get_staff, own_grids
from layers.db.session import Database
from layers.jurisdictions.model import Jurisdiction
from layers.staff.queries import numbered_postings
from layers.visits.model import NewVisit, Visit
from layers.visits.queries import VisitSearch, find_visits, insert_visit


class VisitService:
    """What grid officers did, and where."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self, jurisdiction_code: str, visit: NewVisit, *, staff_code: str | None = None, identity: Identity
    ) -> Visit:  # fmt: skip
        """Note a visit.

        Parameters
        ----------
        staff_code
            Whose it was, where the key names nobody.

        Raises
        ------
        JurisdictionUnknown, StaffUnknown
        VisitOfNobody
            Neither the key nor the caller says whose visit it was.
        NotYourGrid
            An officer who was not posted to its grid on that day.
        RefusedByDatabase
            No grid owned the place, there is no such building, it is still to come.
        """
        with self._database.transaction(actor=identity.actor) as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            officer = _officer(jurisdiction, staff_code, identity)
            get_staff(connection, jurisdiction_code, officer)
            number = insert_visit(connection, visit, jurisdiction_id=jurisdiction.id, staff_code=officer)
            [stored] = find_visits(connection, VisitSearch(id=number), jurisdiction_id=jurisdiction.id, limit=1)
            if only_as_officer(identity, Permission.RECORD_VISITS) and not _was_posted(
                connection, jurisdiction, stored
            ):
                raise NotYourGrid(grid=stored.grid_code)
            return stored

    def visits(
        self, jurisdiction_code: str, search: VisitSearch, *, limit: int, identity: Identity
    ) -> tuple[Visit, ...]:  # fmt: skip
        """Return visits, the one noted last first; to an officer those of his grids. Raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            j = get_jurisdiction(connection, jurisdiction_code).id
            own = own_grids(connection, j, identity, Permission.READ_VISITS)
            if own is not None:
                search = replace(search, grids=own if search.grids is None else own & frozenset(search.grids))
            return find_visits(connection, search, jurisdiction_id=j, limit=limit)


def _officer(jurisdiction: Jurisdiction, stated: str | None, identity: Identity) -> str:
    named = identity.staff
    if named is not None and named[0] == jurisdiction.id and stated in (None, named[1]):
        return named[1]
    if only_as_officer(identity, Permission.RECORD_VISITS):
        raise NotYourGrid
    if stated is None:
        raise VisitOfNobody
    return stated


def _was_posted(connection: Connection, jurisdiction: Jurisdiction, visit: Visit) -> bool:
    day = visit.at.astimezone(ZoneInfo(jurisdiction.time_zone)).date()
    postings = numbered_postings(connection, jurisdiction_id=jurisdiction.id, day=day)
    return any(
        (one.posting.staff_code, one.posting.grid_code) == (visit.staff_code, visit.grid_code) for one in postings
    )
