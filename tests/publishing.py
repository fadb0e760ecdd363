"""One edition after another, quickly: the same shapes, each under a new code."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import Connection

from tests.waiting import wait_until

_DRAFT = "INSERT INTO geoservice.edition (jurisdiction_id, title) VALUES (%s, 'turned') RETURNING id"
#: Every grid of the edition in force under a code of this edition.
_TURNED = """
    INSERT INTO geoservice.grid (edition_id, code, name, geom)
    SELECT %(draft)s, split_part(t.code, '~', 1) || '~' || %(draft)s, t.name, t.geom
      FROM geoservice.territory AS t
     WHERE t.jurisdiction_id = %(jurisdiction)s AND upper_inf(t.valid) AND upper_inf(t.known)
"""
_VALIDATED = "UPDATE geoservice.edition SET validated_hash = geoservice.edition_hash(id) WHERE id = %s"


def turned(code: str, edition: int) -> str:
    """Return the code that a grid of the first edition has in a turned one."""
    return f"{code}~{edition}"


def publish_turned(connection: Connection[Any], jurisdiction_id: int) -> int:
    """Publish the edition in force with new codes (see `turned`); return the new edition's id. Does not commit."""
    row = connection.execute(_DRAFT, [jurisdiction_id]).fetchone()
    assert row is not None
    (draft,) = row
    connection.execute(_TURNED, {"draft": draft, "jurisdiction": jurisdiction_id})
    connection.execute(_VALIDATED, [draft])
    connection.execute("SELECT geoservice.publish_edition(%s, now())", [draft])
    return int(draft)


def announce(connection: Connection[Any], *, on: bool) -> None:
    """Have changes announced, or not, as when a notification is lost; a publication touches several tables."""
    query = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'announce'"
    for (table,) in connection.execute(query.encode()).fetchall():
        connection.execute(f"ALTER TABLE {table} {'ENABLE' if on else 'DISABLE'} TRIGGER announce".encode())


def wait_for_locks(url: str, count: int) -> None:
    """Return when so many sessions of a database wait for another."""
    query = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with psycopg.connect(url, autocommit=True) as connection:
        wait_until(lambda: len(connection.execute(query.encode()).fetchall()) >= count, f"{count} wait for a lock")
