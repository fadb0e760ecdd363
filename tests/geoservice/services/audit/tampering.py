"""What somebody could do who owns the database, and wants it to be different from what it was."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from geoservice.records.audit.model import NO_HASH
from geoservice.records.audit.queries import seal_some, waiting
from layers.db.session import Database
from tests.waiting import wait_until

NOTE = """
    SELECT count(geoservice.note_audit('incident_read', 1 + mod(n, 3)::integer,
                                       jsonb_build_object('incident', gen_random_uuid(), 'n', n)))
      FROM generate_series(%s::bigint, %s::bigint) AS n
"""
ENTRY = "SELECT s.entry_id FROM geoservice.audit_seal AS s WHERE s.seq = %s"


def write_entries(url: str, count: int, *, at_once: int) -> None:
    """Write entries, some of them in each transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        for first in range(1, count + 1, at_once):
            connection.execute(NOTE, [first, min(first + at_once - 1, count)])


def seal_all(database: Database) -> None:
    """Seal what there is, once whatever else writes in the cluster has ended."""

    def sealed() -> bool:
        with database.transaction() as connection:
            while seal_some(connection):
                pass
            return waiting(connection).count == 0

    wait_until(sealed, "every entry is sealed")


@contextmanager
def as_tamperer(url: str) -> Iterator[psycopg.Connection[Any]]:
    """Yield a connection for which no trigger keeps anything."""
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


def entry_at(connection: psycopg.Connection[Any], seq: int) -> int:
    """Return the id of the entry that a link seals."""
    row = connection.execute(ENTRY, [seq]).fetchone()
    assert row is not None
    return int(row[0])


def change(connection: psycopg.Connection[Any], seq: int) -> None:
    connection.execute(
        "UPDATE geoservice.audit_entry SET who = 'somebody:else' WHERE id = %s", [entry_at(connection, seq)]
    )


def remove(connection: psycopg.Connection[Any], seq: int) -> None:
    connection.execute("DELETE FROM geoservice.audit_entry WHERE id = %s", [entry_at(connection, seq)])


def remove_with_seal(connection: psycopg.Connection[Any], seq: int) -> None:
    remove(connection, seq)
    connection.execute("DELETE FROM geoservice.audit_seal WHERE seq = %s", [seq])


def slip_in(connection: psycopg.Connection[Any], seq: int) -> None:
    connection.execute(
        """INSERT INTO geoservice.audit_entry (era, tx, at, who, what)
           SELECT e.era, e.tx, e.at, 'somebody:else', 'incident_read' FROM geoservice.audit_entry AS e
             JOIN geoservice.audit_seal AS s ON s.entry_id = e.id WHERE s.seq = %s""",
        [seq],
    )


def reorder(connection: psycopg.Connection[Any], seq: int) -> None:
    """Let two entries that follow each other change places."""
    pair = connection.execute(
        "DELETE FROM geoservice.audit_seal WHERE seq IN (%s, %s) RETURNING seq, entry_id, hash", [seq, seq + 1]
    ).fetchall()
    (one, first, hash_of_one), (other, second, hash_of_other) = sorted(pair)
    for row in ((one, second, hash_of_one), (other, first, hash_of_other)):
        connection.execute("INSERT INTO geoservice.audit_seal (seq, entry_id, hash) VALUES (%s, %s, %s)", row)


def cut_tail(connection: psycopg.Connection[Any], seq: int) -> None:
    """Cut off all that follows a link, and say that it never was."""
    connection.execute(
        "DELETE FROM geoservice.audit_entry WHERE id IN (SELECT entry_id FROM geoservice.audit_seal WHERE seq > %s)",
        [seq],
    )
    connection.execute("DELETE FROM geoservice.audit_seal WHERE seq > %s", [seq])
    state_head(connection)


def make_anew(connection: psycopg.Connection[Any], seq: int) -> None:
    """Change an entry, and reckon every hash from there on anew."""
    change(connection, seq)
    before = connection.execute("SELECT hash FROM geoservice.audit_seal WHERE seq = %s", [seq - 1]).fetchone()
    last = NO_HASH if before is None else bytes(before[0])
    links = connection.execute(
        """SELECT s.seq, geoservice.audit_line(e) FROM geoservice.audit_seal AS s
             JOIN geoservice.audit_entry AS e ON e.id = s.entry_id WHERE s.seq >= %s ORDER BY s.seq""",
        [seq],
    ).fetchall()
    hashes = []
    for _, line in links:
        last = hashlib.sha256(last + line.encode()).digest()
        hashes.append(last)
    connection.execute(
        """UPDATE geoservice.audit_seal AS s SET hash = n.hash
             FROM unnest(%s::bigint[], %s::bytea[]) AS n (seq, hash) WHERE s.seq = n.seq""",
        [[seq for seq, _ in links], hashes],
    )
    state_head(connection)


def state_head(connection: psycopg.Connection[Any]) -> None:
    """Have the head of the chain say what the last link says."""
    connection.execute(
        """UPDATE geoservice.audit_head AS h SET seq = s.seq, hash = s.hash,
                  sealed_era = e.era, sealed_tx = e.tx, sealed_id = e.id
             FROM geoservice.audit_seal AS s JOIN geoservice.audit_entry AS e ON e.id = s.entry_id
            WHERE s.seq = (SELECT max(seq) FROM geoservice.audit_seal)"""
    )


Deed = Callable[[psycopg.Connection[Any], int], None]
