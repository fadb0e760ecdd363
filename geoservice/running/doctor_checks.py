"""What the doctor looks at of access: what ends soon, how far the audit is sealed, whether words go by their time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from psycopg import Connection

from geoservice import wiring
from geoservice.settings import Settings

Found = tuple[Literal["ok", "warn", "fail"], str, str]

#: What ends within so many days is told.
ENDS_DAYS = 30
#: Of what ends so many are named; all are counted.
_NAMED = 10
#: The worker seals every 30 s, and anchors every 5 minutes.
_SEALED_LATE_S = 900.0
#: Retention runs once a day.
_RETENTION_LATE_S = 2 * 86_400.0

_ENDING = """
    SELECT w.kind, w.name, to_char(w.expires_at, 'YYYY-MM-DD') FROM (
        SELECT 'key' AS kind, k.id || ' (' || k.label || ')' AS name, k.expires_at
          FROM geoservice.api_key AS k WHERE k.revoked_at IS NULL
        UNION ALL
        SELECT 'account', a.login, a.expires_at FROM geoservice.account AS a WHERE a.disabled_at IS NULL
        UNION ALL
        SELECT 'grant', coalesce(g.login, g.key_id) || ' (' || g.role || ')', g.valid_to
          FROM geoservice.access_grant AS g WHERE g.revoked_at IS NULL) AS w
     WHERE w.expires_at > now() AND w.expires_at < now() + make_interval(days => %s)
     ORDER BY w.expires_at, w.kind, w.name
"""
_UNSEALED = """
    SELECT h.seq, count(e.id), coalesce(extract(epoch FROM clock_timestamp() - min(e.at)), 0)::float8
      FROM geoservice.audit_head AS h
      LEFT JOIN geoservice.audit_entry AS e ON (e.era, e.tx, e.id) > (h.sealed_era, h.sealed_tx, h.sealed_id)
     GROUP BY h.seq
"""
_LAST_SEALED = """
    SELECT to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM geoservice.audit_entry AS e
      JOIN geoservice.audit_seal AS s ON s.entry_id = e.id JOIN geoservice.audit_head AS h ON h.seq = s.seq
"""
#: When it was done last, and since when there was something to do.
_RETENTION = """
    SELECT to_char(j.done_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
           extract(epoch FROM clock_timestamp() - coalesce(j.done_at, t.began_at))::float8
      FROM (SELECT min(recorded_at) AS began_at FROM geoservice.jurisdiction) AS t
      LEFT JOIN geoservice.scheduled_job AS j ON j.job = 'retention'
"""


def ending(connection: Connection[Any], settings: Settings) -> Iterator[Found]:
    """Look for keys and accounts that end soon: whoever uses one finds out when it is too late."""
    found = connection.execute(_ENDING.encode(), [ENDS_DAYS]).fetchall()
    for kind, name, day in found[:_NAMED]:
        remedy = {"key": "key create", "account": "account add", "grant": "account grant, or key grant"}[kind]
        yield "warn", f"The {kind} {name} ends on {day}.", f"Make another where it is to go on: geoservice {remedy}"
    if len(found) > _NAMED:
        told = f"{len(found) - _NAMED} more keys and accounts end within {ENDS_DAYS} days."
        yield "warn", told, "Run: geoservice key list; geoservice account list"
    if not found:
        yield "ok", f"No key and no account ends within {ENDS_DAYS} days.", ""


def sealed(connection: Connection[Any], settings: Settings) -> Iterator[Found]:
    """Look how far the chain of the audit is, without going through it."""
    seq, waiting, age_s = connection.execute(_UNSEALED.encode()).fetchone() or (0, 0, 0.0)
    last = connection.execute(_LAST_SEALED.encode()).fetchone()
    until = "Nothing is sealed yet" if last is None else f"Link {seq:,} is of {last[0]} UTC"
    said = f"{until}; {waiting:,} entries wait for at most {age_s:.0f} s."
    late = age_s > _SEALED_LATE_S
    yield "warn" if late else "ok", said, f"{_worker(settings)}, and that no transaction stays open." if late else ""


def anchored(settings: Settings) -> Iterator[Found]:
    """Look whether it can be told beside the database how far the chain is."""
    path = wiring.anchor_file(settings).path
    there = next(one for one in (path, *path.absolute().parents) if one.exists())
    if _may_write(there):
        yield "ok", f"Anchors can be added to {path}.", ""
    else:
        yield "fail", f"No anchor can be added to {path}: {there} is not to be written.", f"Run: chmod u+w '{there}'"


def _may_write(path: Path) -> bool:
    return os.access(path, os.W_OK)


def words_go(connection: Connection[Any], settings: Settings) -> Iterator[Found]:
    """Look when retention ran last."""
    done_at, age_s = connection.execute(_RETENTION.encode()).fetchone() or (None, None)
    said = "It has not run yet." if done_at is None else f"It ran last at {done_at} UTC."
    late = age_s is not None and age_s > _RETENTION_LATE_S
    yield "warn" if late else "ok", said, f"{_worker(settings)}, or run: geoservice retention run" if late else ""


def _worker(settings: Settings) -> str:
    return f"See that a worker runs: {'geoservice up' if settings.embedded else 'geoservice serve --worker'}"
