"""Reads and writes of table sign_in_attempt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import BYTEA

#: In one order, so that two who try at once do not wait for each other; the lock holds until the transaction ends.
_TAKE = text("""
    INSERT INTO geoservice.sign_in_attempt AS t (subject) VALUES (:subject)
    ON CONFLICT (subject) DO UPDATE SET failures = CASE
            WHEN t.failed_at > clock_timestamp() - CAST(:window AS interval) THEN t.failures ELSE 0 END
    RETURNING t.failures, extract(epoch FROM t.wait_until - clock_timestamp()) AS wait_s
""").bindparams(bindparam("subject", type_=BYTEA))
_LOCK = text("""
    SELECT FROM geoservice.sign_in_attempt WHERE subject = ANY(:subjects) ORDER BY subject FOR UPDATE
""")
_COUNT = text("""
    UPDATE geoservice.sign_in_attempt SET failures = :failures, failed_at = clock_timestamp(),
           wait_until = clock_timestamp() + make_interval(secs => :wait_s)
     WHERE subject = :subject RETURNING wait_until
""")
_FORGET = text("DELETE FROM geoservice.sign_in_attempt WHERE subject = :subject")
_FORGIVE = text("""
    UPDATE geoservice.sign_in_attempt SET failures = greatest(failures - 1, 0),
           wait_until = CASE WHEN wait_until = :counted_until THEN NULL ELSE wait_until END
     WHERE subject = :subject
""")
_FORGET_OLD = text("""
    DELETE FROM geoservice.sign_in_attempt WHERE subject IN
        (SELECT o.subject FROM geoservice.sign_in_attempt AS o
          WHERE o.failed_at < clock_timestamp() - CAST(:window AS interval)
            AND coalesce(o.wait_until, '-infinity') < clock_timestamp() LIMIT 100 FOR UPDATE SKIP LOCKED)
""")


@dataclass(frozen=True)
class Attempts:
    """How often it failed for a subject, and how long the next try has to wait."""

    failures: int
    #: Seconds; 0 or less: it need not.
    wait_s: float


def take_subjects(
    connection: Connection, subjects: tuple[bytes, ...], *, window: timedelta
) -> Mapping[bytes, Attempts]:
    """Lock subjects until the transaction ends; return how they stand. What is older than the window counts no more."""
    taken = {}
    for subject in sorted(subjects):
        row = connection.execute(_TAKE, {"subject": subject, "window": window}).one()
        taken[subject] = Attempts(row.failures, float(row.wait_s or 0))
    return taken


def lock_subjects(connection: Connection, subjects: tuple[bytes, ...]) -> None:
    """Lock subjects until the transaction ends, in the order in which `take_subjects` does."""
    connection.execute(_LOCK, {"subjects": list(subjects)})


def count_failure(connection: Connection, subject: bytes, *, failures: int, wait_s: float) -> datetime:
    """Write down how often it failed, and how long the next try waits; return until when."""
    asked = {"subject": subject, "failures": failures, "wait_s": wait_s}
    until: datetime = connection.execute(_COUNT, asked).scalar_one()
    return until


def forget_old_failures(connection: Connection, *, window: timedelta) -> None:
    """Remove some of what is older than the window and counts no more; it waits for nobody."""
    connection.execute(_FORGET_OLD, {"window": window})


def forget_failures(connection: Connection, subject: bytes) -> None:
    """Begin to count anew."""
    connection.execute(_FORGET, {"subject": subject})


def forgive_failure(connection: Connection, subject: bytes, *, counted_until: datetime) -> None:
    """Take one failure back, and its wait, if no other has counted since."""
    connection.execute(_FORGIVE, {"subject": subject, "counted_until": counted_until})
