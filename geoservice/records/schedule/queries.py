"""Reads and writes of table scheduled_job, and when something is due next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, text

_ADD = text("INSERT INTO geoservice.scheduled_job (job) SELECT unnest(CAST(:names AS text[])) ON CONFLICT DO NOTHING")
_CLAIM = text("SELECT FROM geoservice.scheduled_job AS s WHERE s.job = :job FOR UPDATE SKIP LOCKED")
_DONE = text("UPDATE geoservice.scheduled_job SET done_at = clock_timestamp() WHERE job = :job")
_AGES = text("""
    SELECT s.job, extract(epoch FROM clock_timestamp() - s.done_at)::float8 AS age_s FROM geoservice.scheduled_job AS s
""")
_NEXT = text("""
    SELECT extract(epoch FROM d.editions - clock_timestamp())::float8 AS editions_s,
           extract(epoch FROM d.overdue - clock_timestamp())::float8 AS overdue_s,
           extract(epoch FROM d.lapses - clock_timestamp())::float8 AS lapses_s,
           extract(epoch FROM d.ends - clock_timestamp())::float8 AS ends_s
      FROM geoservice.next_due() AS d
""")


class NextDue(NamedTuple):
    """In how many seconds there is something to do, below zero when there is now; None: nothing is foreseen."""

    #: An edition comes into force.
    editions_s: float | None
    #: An incident that nobody resolved by then is late.
    overdue_s: float | None
    #: An incident that was resolved long ago is closed.
    lapses_s: float | None
    #: A grant, an account or a key is over.
    ends_s: float | None


def add_jobs(connection: Connection, names: Sequence[str]) -> None:
    """Make the rows of jobs that have none."""
    connection.execute(_ADD, {"names": list(names)})


def claim_job(connection: Connection, name: str) -> bool:
    """Keep others from a job until the transaction ends; False when somebody else does it at this moment."""
    return connection.execute(_CLAIM, {"job": name}).one_or_none() is not None


def note_done(connection: Connection, name: str) -> None:
    """Note that a job was done now."""
    connection.execute(_DONE, {"job": name})


def job_ages(connection: Connection) -> dict[str, float | None]:
    """Return for each job how many seconds ago it was done last, None when never; by the database's own clock."""
    return {row.job: row.age_s for row in connection.execute(_AGES)}


def next_due(connection: Connection) -> NextDue:
    """Return when there is something to do next, by the database's own clock."""
    return NextDue(**connection.execute(_NEXT).one()._mapping)
