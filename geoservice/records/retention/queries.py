"""What is past its time, and taking it away; erasing the words of reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection, text

#: Why words were erased: by their reporter, because somebody asked, as they are of somebody else, were written by
#: mistake, or an authority ordered it.
Because = Literal["reporter", "request", "third-person", "mistake", "authority"]
#: Of each kind at once: in a transaction of its own, which nobody waits for.
PIECE = 200

_DUE = text("SELECT d.* FROM geoservice.retention_due() AS d")
_DUE_AFTER = text("SELECT d.* FROM geoservice.retention_due_after(:kind, :jurisdiction_id, :days) AS d")
#: Pieces of a run are one line.
_RUNS = text("""
    SELECT (r.at AT TIME ZONE j.time_zone)::date AS day, r.kind, sum(r.removed) AS removed, min(r.oldest) AS oldest,
           r.actor
      FROM geoservice.retention_run AS r JOIN geoservice.jurisdiction AS j ON j.id = r.jurisdiction_id
     WHERE r.jurisdiction_id = :jurisdiction_id
     GROUP BY 1, 2, r.actor ORDER BY 1 DESC, 2, r.actor LIMIT :limit
""")
_RUN = text("SELECT geoservice.run_retention(:most)")
_ERASE = text("SELECT geoservice.erase_words(CAST(:ids AS uuid[]), :because)")
_ERASED_AT = text("SELECT max(e.at) FROM geoservice.erasure AS e WHERE e.incident_id = :id")


@dataclass(frozen=True)
class Due:
    """What retention would take away of one kind now."""

    #: None: of no jurisdiction, or of all.
    jurisdiction: str | None
    kind: str
    #: So many of so many that are kept.
    due: int
    kept: int
    oldest: datetime | None
    #: What was over before then; None: it is kept for good.
    until: datetime | None


@dataclass(frozen=True)
class RetentionCount:
    """What retention took away of one kind on a day."""

    day: date
    kind: str
    removed: int
    oldest: datetime
    actor: str


def retention_due_after(connection: Connection, *, jurisdiction_id: int, kind: str, days: int) -> Due:
    """Return what retention would take away of one kind in a jurisdiction if it were kept for so many days."""
    row = connection.execute(_DUE_AFTER, {"kind": kind, "jurisdiction_id": jurisdiction_id, "days": days}).one()
    return Due(None, kind, row.due, row.kept, row.oldest, None)


def retention_runs(connection: Connection, *, jurisdiction_id: int, limit: int) -> tuple[RetentionCount, ...]:
    """Return what was taken away in a jurisdiction, by day and kind, the latest first."""
    rows = connection.execute(_RUNS, {"jurisdiction_id": jurisdiction_id, "limit": limit})
    return tuple(RetentionCount(row.day, row.kind, int(row.removed), row.oldest, row.actor) for row in rows)


def retention_due(connection: Connection) -> tuple[Due, ...]:
    """Return what retention would take away now, by jurisdiction and kind."""
    return tuple(Due(*row) for row in connection.execute(_DUE))


def run_retention(connection: Connection) -> int:
    """Take away a piece of what is past its time; return how many went of a kind, PIECE where there is more."""
    done: int = connection.execute(_RUN, {"most": PIECE}).scalar_one()
    return done


def erase_words(connection: Connection, incident_ids: Sequence[UUID], *, because: Because | Literal["restore"]) -> int:
    """Erase the words of reports that whoever asks may write, or follows; return of how many."""
    asked = {"ids": [str(one) for one in incident_ids], "because": because}
    done: int = connection.execute(_ERASE, asked).scalar_one()
    return done


def erased_at(connection: Connection, incident_id: UUID) -> datetime:
    """Return when the words of a report were erased last."""
    at: datetime = connection.execute(_ERASED_AT, {"id": incident_id}).scalar_one()
    return at
