"""Grants: what accounts and keys may, where and until when. Give, take back, give again."""

from __future__ import annotations

from datetime import datetime

from geoservice.auth.model import Role
from geoservice.errors import GeoserviceError
from geoservice.records.grants import queries
from geoservice.records.grants.model import StoredGrant
from geoservice.records.grants.queries import Holder
from geoservice.services import lookups
from layers.db.scope import EVERYWHERE
from layers.db.session import Database
from layers.errors import RefusedByDatabase

#: Constraints that keep one from being given twice, and their errors.
_TWICE = "grant_once"
_ANOTHER_OFFICER = "grant_one_officer"


class GrantUnknown(GeoserviceError):
    """There is no such grant to be taken back, or to be given again; lists show all."""


class GrantHeldAlready(GeoserviceError):
    """The role is granted there already, for some of the time that is meant: take that back first."""


class OfficerElsewhere(GeoserviceError):
    """An account or a key is one officer, of one jurisdiction: in another it takes another account."""


class GrantService:
    """The grants of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database.scoped(EVERYWHERE)

    def give(
        self, holder: Holder, name: str, role: Role, *, by: str, jurisdiction: str | None = None,
        staff: tuple[str, str] | None = None, valid_from: datetime | None = None, valid_to: datetime | None = None,
    ) -> int:  # fmt: skip
        """Give an account, by its login name, or a key, by its id, a grant; return its number. Sessions end.

        Parameters
        ----------
        jurisdiction
            Code of that where alone it is good; None: everywhere, or where the member of staff is.
        staff
            Codes of a jurisdiction and of the member of its staff who holds it.
        valid_from, valid_to
            None: from now on; without an end.

        Raises
        ------
        JurisdictionUnknown, StaffUnknown, GrantHeldAlready, OfficerElsewhere
        OutlastsOwn
            It would last longer than what whoever gives it has there himself.
        RefusedByDatabase
            There is no such account or key, an officer's grant names nobody, it ends before it begins.
        """
        try:
            with self._database.transaction() as connection:
                grant = lookups.new_grant(
                    connection, role, jurisdiction=jurisdiction, staff=staff, valid_from=valid_from, valid_to=valid_to
                )
                return queries.give(connection, holder, name, grant, by=by)
        except RefusedByDatabase as exc:
            raise _refused(exc) from exc

    def gives_until(self, named: str, jurisdiction: str | None) -> datetime | None:
        """Return until when somebody may give in a jurisdiction (None: everywhere); None: without an end.

        Parameters
        ----------
        named
            As histories name him.
        """
        with self._database.transaction() as connection:
            return queries.gives_until(connection, named, jurisdiction)

    def revoke(self, grant: StoredGrant, *, by: str) -> None:
        """Take a grant back at once; sessions end.

        Raises
        ------
        GrantUnknown
            It was taken back, or is over.
        LastAdministrator
        """
        with self._database.transaction() as connection:
            if not queries.revoke(connection, grant.id, by=by):
                raise GrantUnknown(grant=grant.id)

    def restore(self, grant: StoredGrant) -> None:
        """Give a grant again as it was before it was taken back; raise GrantUnknown, GrantHeldAlready, OutlastsOwn."""
        try:
            with self._database.transaction() as connection:
                if not queries.restore(connection, grant.id):
                    raise GrantUnknown(grant=grant.id)
        except RefusedByDatabase as exc:
            raise _refused(exc) from exc


def _refused(error: RefusedByDatabase) -> Exception:
    """Return what is told in place of a constraint."""
    return {_TWICE: GrantHeldAlready, _ANOTHER_OFFICER: OfficerElsewhere}.get(str(error.rule), lambda: error)()
