"""Reads and writes of table access_grant."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, text

from geoservice.records.grants.model import NewGrant

#: What holds grants: an account, by its login name, or a key, by its id.
Holder = Literal["login", "key_id"]
#: SQL of the grants of a holder as `stored_grants` reads them, in one value: no statement more than its own.
_TOLD = """
    (SELECT jsonb_agg(jsonb_build_object(
                'id', g.id, 'role', g.role, 'jurisdiction_id', g.jurisdiction_id, 'jurisdiction_code', w.code,
                'time_zone', w.time_zone,
                'staff_code', g.staff_code, 'valid_from', g.valid_from, 'valid_to', g.valid_to,
                'granted_by', g.granted_by, 'revoked_at', g.revoked_at) ORDER BY g.id)
       FROM geoservice.access_grant AS g LEFT JOIN geoservice.jurisdiction AS w ON w.id = g.jurisdiction_id
      WHERE g.{holder}) AS grants"""
GRANTS_OF_ACCOUNT = _TOLD.format(holder="login = a.login")
GRANTS_OF_KEY = _TOLD.format(holder="key_id = k.id")
_COLUMNS = "role, jurisdiction_id, staff_code, valid_from, valid_to, granted_by"
_VALUES = ":role, :jurisdiction_id, :staff_code, coalesce(CAST(:valid_from AS timestamptz), now()), :valid_to"
#: SQL that gives a grant to what `made`, of the same statement, returns.
GIVEN_TO_ACCOUNT = f"""
    INSERT INTO geoservice.access_grant (login, {_COLUMNS}) SELECT m.login, {_VALUES}, m.created_by FROM made AS m
"""  # noqa: S608  columns of ours
GIVEN_TO_KEY = f"""
    INSERT INTO geoservice.access_grant (key_id, {_COLUMNS}) SELECT m.id, {_VALUES}, m.created_by FROM made AS m
"""  # noqa: S608  columns of ours
_GIVE = {
    holder: text(
        f"INSERT INTO geoservice.access_grant ({holder}, {_COLUMNS}) VALUES (:holder, {_VALUES}, :by) RETURNING id"  # noqa: S608
    )
    for holder in ("login", "key_id")
}
_REVOKE = text("""
    UPDATE geoservice.access_grant SET revoked_at = now(), revoked_by = :by
     WHERE id = :id AND revoked_at IS NULL AND coalesce(valid_to > now(), true)
""")
_RESTORE = text("""
    UPDATE geoservice.access_grant SET revoked_at = NULL, revoked_by = NULL
     WHERE id = :id AND revoked_at IS NOT NULL AND coalesce(valid_to > now(), true)
""")

#: Without an end, and of whom nothing is known: none.
_GIVES_UNTIL = text("""
    SELECT CASE WHEN isfinite(u.until) THEN u.until END
      FROM geoservice.gives_until(
          :named, (SELECT j.id FROM geoservice.jurisdiction AS j WHERE j.code = CAST(:place AS text))) AS u (until)
""")


def gives_until(connection: Connection, named: str, place: str | None) -> datetime | None:
    """Return until when somebody, as histories name him, may give in a jurisdiction, by code (None: everywhere).

    None: without an end.
    """
    until: datetime | None = connection.execute(_GIVES_UNTIL, {"named": named, "place": place}).scalar_one()
    return until


def give(connection: Connection, holder: Holder, name: str, grant: NewGrant, *, by: str) -> int:
    """Give a grant to an account, by its login name, or to a key, by its id; return its number."""
    number: int = connection.execute(_GIVE[holder], grant.values | {"holder": name, "by": by}).scalar_one()
    return number


def revoke(connection: Connection, number: int, *, by: str) -> bool:
    """Take a grant back at once; return whether it was to be had, now or later."""
    return connection.execute(_REVOKE, {"id": number, "by": by}).rowcount == 1


def restore(connection: Connection, number: int) -> bool:
    """Give a grant that was taken back as it was; return whether there was such a one that would not be over."""
    return connection.execute(_RESTORE, {"id": number}).rowcount == 1
