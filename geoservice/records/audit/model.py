"""Who did what, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

#: What the first link of the chain hashes in place of one before it.
NO_HASH = bytes(32)


@dataclass(frozen=True)
class AuditEntry:
    """One thing that somebody did. It holds no words of anybody: ids, codes, names of columns, and counts."""

    id: int
    #: Its place in the chain; None: it is not sealed yet.
    seq: int | None
    at: datetime
    who: str
    role: str | None
    #: Code of the jurisdiction whose matter it was; None: nobody's, or everybody's.
    jurisdiction_code: str | None
    what: str
    purpose: str | None
    touched: Mapping[str, Any]
    request: UUID | None


@dataclass(frozen=True)
class AuditSearch:
    """Which entries; None: any."""

    who: str | None = None
    what: str | None = None
    jurisdiction_id: int | None = None
    #: From this instant on, and before that one.
    since: datetime | None = None
    until: datetime | None = None
    #: That name this incident.
    incident: UUID | None = None


@dataclass(frozen=True)
class Link:
    """A link of the chain, with what it seals."""

    seq: int
    entry_id: int
    hash: bytes
    #: The one text of the entry, as it is now; None: there is no such entry.
    line: str | None
    #: Code of the entry's jurisdiction.
    jurisdiction_code: str | None = None


@dataclass(frozen=True)
class Head:
    """The last link of the chain, told where nobody who changes the database changes it."""

    seq: int
    hash: bytes


@dataclass(frozen=True)
class Waiting:
    """Entries that are not sealed yet."""

    count: int
    oldest_at: datetime | None
