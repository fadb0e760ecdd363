"""The database's own clock: the one by which editions hold."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text

_NOW = text("SELECT now()")


def now_in(connection: Connection) -> datetime:
    """Return when the transaction began, with a zone."""
    found: datetime = connection.execute(_NOW).scalar_one()
    return found
