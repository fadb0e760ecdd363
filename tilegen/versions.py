"""Which version tiles have: the database counts on with each change that was committed."""

from __future__ import annotations

from sqlalchemy import Connection, text

_TAKE_UP = text("SELECT geoservice.take_up_tile_changes()")
_WAITS = text("SELECT EXISTS (SELECT FROM geoservice.tile_change)")
_VERSION = text("""
    SELECT coalesce((SELECT s.version FROM geoservice.tile_set AS s
                      WHERE s.jurisdiction_id = :jurisdiction_id AND s.layer = :layer), 0)
""")


def take_up_changes(connection: Connection) -> int:
    """Give new versions for the changes that were committed; return how many changes it was."""
    taken: int = connection.execute(_TAKE_UP).scalar_one()
    return taken


def changes_wait(connection: Connection) -> bool:
    """Return whether there are changes that were not taken up."""
    waits: bool = connection.execute(_WAITS).scalar_one()
    return waits


def version_of(connection: Connection, jurisdiction_id: int, layer: str) -> int:
    """Return the version of a layer's tile set: that of the last change that was taken up, 0 before the first."""
    version: int = connection.execute(_VERSION, {"jurisdiction_id": jurisdiction_id, "layer": layer}).scalar_one()
    return version
