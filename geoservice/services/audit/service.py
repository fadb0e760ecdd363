"""The audit: entries are told to those who may see them, and refusals are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from geoservice.auth.model import Identity
from geoservice.records.audit.model import AuditEntry, AuditSearch, Head, Waiting
from geoservice.records.audit.queries import count_entries, find_entries, note, stated_head, waiting
from geoservice.services.audit.anchors import Anchor, AnchorFile, AnchorUnreadable
from geoservice.services.audit.traces import note_read
from geoservice.services.lookups import get_jurisdiction, jurisdiction_id
from layers.db.scope import EVERYWHERE
from layers.db.session import Database
from layers.jurisdictions.model import Jurisdiction

#: A count of millions takes longer than a request's statement may.
TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Chain:
    """How the chain stands, without going through it."""

    head: Head
    #: Of those that whoever asks may see.
    waiting: Waiting
    #: What was told last beside the database; None: nothing, or it can not be read.
    anchor: Anchor | None
    is_anchor_readable: bool = True


@dataclass(frozen=True)
class AuditLook:
    """A page of entries, and how the chain stands."""

    jurisdiction: Jurisdiction
    entries: tuple[AuditEntry, ...]
    #: How many there are in all; told with the first ones.
    total: int | None
    #: Below which id the next page begins; None: this is the end.
    more: int | None
    chain: Chain


class AuditService:
    """The audit of one database."""

    def __init__(self, database: Database, anchors: AnchorFile | None = None) -> None:
        self._database = database
        self._anchors = anchors

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
            return _read(connection, wanted, before, limit)

    def look(
        self, jurisdiction_code: str, wanted: Callable[[ZoneInfo], AuditSearch], *, before: int | None = None,
        limit: int,
    ) -> AuditLook:  # fmt: skip
        """Return entries of a jurisdiction as `page` does, with how the chain stands.

        Parameters
        ----------
        wanted
            Returns which entries are asked for, by the zone of the jurisdiction's days.

        Raises
        ------
        JurisdictionUnknown
        """
        with self._database.transaction(timeout_s=TIMEOUT_S) as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            search = replace(wanted(ZoneInfo(jurisdiction.time_zone)), jurisdiction_id=jurisdiction.id)
            head, unsealed = stated_head(connection), waiting(connection)
            found, total = _read(connection, search, before, limit)
        more = found[-1].id if len(found) == limit else None
        try:
            chain = Chain(head, unsealed, None if self._anchors is None else self._anchors.last())
        except (OSError, AnchorUnreadable):
            chain = Chain(head, unsealed, None, is_anchor_readable=False)
        return AuditLook(jurisdiction, found, total, more, chain)

    def note_refusal(self, identity: Identity, touched: Mapping[str, Any]) -> None:
        """Write that somebody known was refused at a door; raise LayerError."""
        [home, *more] = identity.homes
        with self._database.transaction(actor=identity.actor, scope=EVERYWHERE) as connection:
            note(
                connection,
                "refused",
                touched=touched,
                jurisdiction_id=None if more or home is None else home.id,
                role=identity.role,
            )


def _read(
    connection: Connection, wanted: AuditSearch, before: int | None, limit: int
) -> tuple[tuple[AuditEntry, ...], int | None]:
    found = find_entries(connection, wanted, before=before, limit=limit)
    total = None if before is not None else count_entries(connection, wanted)
    asked = [name for name, value in vars(wanted).items() if value is not None]
    note_read(
        connection, "audit_read", touched={"count": len(found), "filter": asked},
        jurisdiction_id=wanted.jurisdiction_id,
    )  # fmt: skip
    return found, total
