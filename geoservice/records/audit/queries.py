"""Entries of the audit: written by the one function that there is, read, and sealed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from geoservice.records.audit.model import AuditEntry, AuditSearch, Head, Link, Waiting

_NOTE = text("SELECT geoservice.note_audit(:what, :jurisdiction_id, CAST(:touched AS jsonb), :role)")
_NOTE_ENDED = text("SELECT geoservice.note_ended_rights(:most)")
_SEAL = text("SELECT geoservice.seal_audit(:most)")
_HEAD = text("SELECT h.seq, h.hash FROM geoservice.audit_head AS h")
_LAST = text("SELECT s.seq, s.hash FROM geoservice.audit_seal AS s ORDER BY s.seq DESC LIMIT 1")
_LINKS = text("""
    SELECT s.seq, s.entry_id, s.hash, CASE WHEN e.id IS NOT NULL THEN geoservice.audit_line(e) END AS line,
           j.code AS jurisdiction_code
      FROM geoservice.audit_seal AS s
      LEFT JOIN geoservice.audit_entry AS e ON e.id = s.entry_id
      LEFT JOIN geoservice.jurisdiction AS j ON j.id = e.jurisdiction_id
     WHERE s.seq > :after ORDER BY s.seq LIMIT :limit
""")
_HASH = text("SELECT s.hash FROM geoservice.audit_seal AS s WHERE s.seq = :seq")
#: What stands before the last entry that was sealed was final when that was, and would be sealed too.
_BACK_DATED = text("""
    SELECT e.id FROM geoservice.audit_entry AS e, geoservice.audit_head AS h
     WHERE (e.era, e.tx, e.id) <= (h.sealed_era, h.sealed_tx, h.sealed_id)
       AND NOT EXISTS (SELECT FROM geoservice.audit_seal AS s WHERE s.entry_id = e.id)
     ORDER BY e.id LIMIT :limit
""")
_WAITING = text("""
    SELECT count(*) AS entries, min(e.at) AS oldest_at FROM geoservice.audit_entry AS e, geoservice.audit_head AS h
     WHERE (e.era, e.tx, e.id) > (h.sealed_era, h.sealed_tx, h.sealed_id)
""")
_WANTED = """
     WHERE (CAST(:who AS text) IS NULL OR e.who = :who) AND (CAST(:what AS text) IS NULL OR e.what = :what)
       AND (CAST(:jurisdiction_id AS integer) IS NULL OR e.jurisdiction_id = :jurisdiction_id)
       AND (CAST(:since AS timestamptz) IS NULL OR e.at >= :since)
       AND (CAST(:until AS timestamptz) IS NULL OR e.at < :until)
       AND (CAST(:incident AS text) IS NULL OR e.id IN (
            SELECT a.id FROM geoservice.audit_entry AS a WHERE a.touched ->> 'incident' = :incident
            UNION ALL
            SELECT a.id FROM geoservice.audit_entry AS a
             WHERE a.what IN ('erasure_added', 'incident_added', 'incident_changed', 'incident_removed')
               AND a.touched -> 'ids' @> to_jsonb(CAST(:incident AS text))))
"""
_ENTRIES = text(f"""
    SELECT e.id, s.seq, e.at, e.who, e.role, j.code AS jurisdiction_code, e.what, e.purpose, e.touched, e.request
      FROM geoservice.audit_entry AS e
      LEFT JOIN geoservice.audit_seal AS s ON s.entry_id = e.id
      LEFT JOIN geoservice.jurisdiction AS j ON j.id = e.jurisdiction_id
    {_WANTED} AND (CAST(:before AS bigint) IS NULL OR e.id < :before)
     ORDER BY e.id DESC LIMIT :limit
""")  # noqa: S608  conditions of ours
_COUNT = text(f"SELECT count(*) FROM geoservice.audit_entry AS e {_WANTED}")  # noqa: S608  conditions of ours


def note(
    connection: Connection, what: str, *, touched: Mapping[str, Any], jurisdiction_id: int | None = None,
    role: str | None = None,
) -> None:  # fmt: skip
    """Write an entry of what whoever acts in this transaction does; it is there when the transaction is.

    Parameters
    ----------
    touched
        Ids, codes of ours, names of columns, counts; never what somebody wrote.
    role
        Of who acts, where a transaction does not say it.
    """
    connection.execute(
        _NOTE, {"what": what, "jurisdiction_id": jurisdiction_id, "touched": json.dumps(touched), "role": role}
    )


def note_ended_rights(connection: Connection, most: int = 100) -> int:
    """Write the entries of grants, accounts and keys that ended by their time, once each; return how many."""
    noted: int = connection.execute(_NOTE_ENDED, {"most": most}).scalar_one()
    return noted


def seal_some(connection: Connection, most: int = 5000) -> int:
    """Seal entries that are final; return how many, at most `most`."""
    sealed: int = connection.execute(_SEAL, {"most": most}).scalar_one()
    return sealed


def stated_head(connection: Connection) -> Head:
    """Return how far the chain goes by what is noted of it; 0: nothing is sealed."""
    row = connection.execute(_HEAD).one()
    return Head(row.seq, bytes(row.hash))


def last_seal(connection: Connection) -> Head | None:
    """Return the last link that there is."""
    row = connection.execute(_LAST).one_or_none()
    return None if row is None else Head(row.seq, bytes(row.hash))


def hash_at(connection: Connection, seq: int) -> bytes | None:
    """Return the hash of a link; None: there is none of this number."""
    found = connection.execute(_HASH, {"seq": seq}).scalar_one_or_none()
    return None if found is None else bytes(found)


def links_after(connection: Connection, seq: int, *, limit: int) -> tuple[Link, ...]:
    """Return links of the chain that follow one, in their order."""
    return tuple(
        Link(row.seq, row.entry_id, bytes(row.hash), row.line, row.jurisdiction_code)
        for row in connection.execute(_LINKS, {"after": seq, "limit": limit})
    )


def back_dated(connection: Connection, *, limit: int) -> Sequence[int]:
    """Return ids of entries that stand before the end of the chain and are not in it."""
    return connection.execute(_BACK_DATED, {"limit": limit}).scalars().all()


def waiting(connection: Connection) -> Waiting:
    """Return what is not sealed yet."""
    row = connection.execute(_WAITING).one()
    return Waiting(row.entries, row.oldest_at)


def find_entries(
    connection: Connection, search: AuditSearch, *, before: int | None = None, limit: int
) -> tuple[AuditEntry, ...]:
    """Return entries, the latest first, with ids below `before`."""
    found = connection.execute(_ENTRIES, _asked(search) | {"before": before, "limit": limit})
    return tuple(AuditEntry(**row._mapping) for row in found)


def count_entries(connection: Connection, search: AuditSearch) -> int:
    """Return how many entries there are."""
    count: int = connection.execute(_COUNT, _asked(search)).scalar_one()
    return count


def _asked(search: AuditSearch) -> dict[str, Any]:
    return vars(search) | {"incident": None if search.incident is None else str(search.incident)}
