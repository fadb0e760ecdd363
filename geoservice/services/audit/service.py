"""The audit: entries are told to those who may see them, and refusals are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from geoservice.auth.model import Identity
from geoservice.records.audit.model import AuditEntry, AuditSearch
from geoservice.records.audit.queries import count_entries, find_entries, note
from geoservice.services.audit.traces import note_read
from geoservice.services.lookups import jurisdiction_id
from layers.db.scope import EVERYWHERE
from layers.db.session import Database

#: A count of millions takes longer than a request's statement may.
TIMEOUT_S = 30.0


class AuditService:
    """The audit of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self, search: AuditSearch, *, jurisdiction_code: str | None = None, before: int | None = None, limit: int
    ) -> tuple[tuple[AuditEntry, ...], int | None]:
        """Return entries that whoever asks may see, the latest first, and with the first ones how many there are.

        Whoever looks at traces leaves one.

        Parameters
        ----------
        before
            Only entries with smaller ids.

        Raises
        ------
        JurisdictionUnknown
        """
        with self._database.transaction(timeout_s=TIMEOUT_S) as connection:
            wanted = replace(search, jurisdiction_id=jurisdiction_id(connection, jurisdiction_code))
            found = find_entries(connection, wanted, before=before, limit=limit)
            total = None if before is not None else count_entries(connection, wanted)
            asked = [name for name, value in vars(wanted).items() if value is not None]
            note_read(
                connection, "audit_read", touched={"count": len(found), "filter": asked},
                jurisdiction_id=wanted.jurisdiction_id,
            )  # fmt: skip
            return found, total

    def note_refusal(self, identity: Identity, touched: Mapping[str, Any]) -> None:
        """Write that somebody known was refused at a door; raise LayerError."""
        home = None if identity.home is None else identity.home.id
        with self._database.transaction(actor=identity.actor, scope=EVERYWHERE) as connection:
            note(connection, "refused", touched=touched, jurisdiction_id=home, role=identity.role)
