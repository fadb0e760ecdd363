"""What was known at an instant: told only when nobody can change it any more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text

_KNOWN_SINCE = text("SELECT geoservice.known_since(:jurisdiction_id)")
_WAIT = text("SELECT geoservice.wait_for_publications(:known_at, :jurisdiction_id)")


def wait_for_publications(
    connection: Connection, known_at: datetime | None, jurisdiction_id: int | None = None
) -> None:
    """Wait for publications that are under way, so that what was known at an instant stays what it is.

    Parameters
    ----------
    known_at
        None, for what is known now, settles nothing.
    jurisdiction_id
        None: of all.

    Raises
    ------
    RefusedByDatabase
        It is an instant to come.
    TookTooLong
        A publication takes longer than a statement may.
    """
    if known_at is not None:
        connection.execute(_WAIT, {"known_at": known_at, "jurisdiction_id": jurisdiction_id})


def known_since(connection: Connection, jurisdiction_id: int) -> datetime | None:
    """Return when what we know of a jurisdiction's grids became known: its last publication; None before the first."""
    found: datetime | None = connection.execute(_KNOWN_SINCE, {"jurisdiction_id": jurisdiction_id}).scalar_one()
    return found
