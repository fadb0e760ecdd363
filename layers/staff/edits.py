"""Writes of tables staff and posting."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Connection, text

from layers.staff.model import Member, PostingSpan

_LOCK = text("SELECT FROM geoservice.jurisdiction AS j WHERE j.id = :jurisdiction_id FOR NO KEY UPDATE")
_PUT = text("""
    INSERT INTO geoservice.staff (jurisdiction_id, code, call_sign, role)
    VALUES (:jurisdiction_id, :code, :call_sign, :role)
    ON CONFLICT (jurisdiction_id, code) DO UPDATE SET call_sign = excluded.call_sign, role = excluded.role
""")
_POST = text("""
    INSERT INTO geoservice.posting (jurisdiction_id, staff_code, grid_code, role, valid_from, valid_to)
    VALUES (:jurisdiction_id, :staff_code, :grid_code, :role, :valid_from, :valid_to) RETURNING id
""")
_REMOVE = text("""
    DELETE FROM geoservice.posting
     WHERE jurisdiction_id = :jurisdiction_id AND staff_code = :staff_code AND grid_code = :grid_code AND role = :role
       AND valid_from = :valid_from AND valid_to IS NOT DISTINCT FROM CAST(:valid_to AS date)
""")
_WITHDRAW = text("""
    DELETE FROM geoservice.posting AS p USING geoservice.jurisdiction AS j
     WHERE p.jurisdiction_id = :jurisdiction_id AND p.id = :id AND j.id = p.jurisdiction_id
       AND p.valid_from > (clock_timestamp() AT TIME ZONE j.time_zone)::date
""")
_END = text("UPDATE geoservice.posting SET valid_to = :day WHERE jurisdiction_id = :jurisdiction_id AND id = :id")


def lock_staff(connection: Connection, jurisdiction_id: int) -> None:
    """Let nobody else change the staff of a jurisdiction by a roster until this transaction ends."""
    connection.execute(_LOCK, {"jurisdiction_id": jurisdiction_id})


def put_members(connection: Connection, *, jurisdiction_id: int, members: Iterable[Member]) -> None:
    """Write staff, new or changed."""
    rows = [{"jurisdiction_id": jurisdiction_id} | one._asdict() for one in members]
    if rows:
        connection.execute(_PUT, rows)


def post(connection: Connection, *, jurisdiction_id: int, posting: PostingSpan) -> int:
    """Write a posting and return its number."""
    number: int = connection.execute(_POST, {"jurisdiction_id": jurisdiction_id} | posting._asdict()).scalar_one()
    return number


def replace_postings(
    connection: Connection, *, jurisdiction_id: int, old: Iterable[PostingSpan], new: Iterable[PostingSpan]
) -> None:
    """Write postings in the place of others: all of those go first, so that no two are in each other's way."""
    for statement, postings in ((_REMOVE, old), (_POST, new)):
        rows = [{"jurisdiction_id": jurisdiction_id} | one._asdict() for one in postings]
        for row in rows:
            connection.execute(statement, row)


def end_posting(connection: Connection, *, jurisdiction_id: int, id: int, day: date | None) -> None:
    """Have a posting be over from a day on."""
    connection.execute(_END, {"jurisdiction_id": jurisdiction_id, "id": id, "day": day})


def withdraw_posting(connection: Connection, *, jurisdiction_id: int, id: int) -> bool:
    """Take a posting back that has not begun by the jurisdiction's clock; return whether there was such a one."""
    return connection.execute(_WITHDRAW, {"jurisdiction_id": jurisdiction_id, "id": id}).rowcount > 0
