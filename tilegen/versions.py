"""Which version tiles have: the database counts on with each change that was committed."""

from __future__ import annotations

from sqlalchemy import Connection, text

_GATHER = text("SELECT CASE WHEN NOT pg_is_in_recovery() THEN geoservice.gather_figures(:jurisdiction_id) END")
_TAKE_UP = text("SELECT geoservice.take_up_tile_changes(:layer, :jurisdiction_id)")
_WAITS = text("""
    SELECT NOT pg_is_in_recovery() AND EXISTS (
        SELECT FROM geoservice.tile_change AS c WHERE c.layer = :layer AND c.jurisdiction_id = :jurisdiction_id)
""")
_VERSION = text("""
    SELECT coalesce((SELECT s.version FROM geoservice.tile_set AS s
                      WHERE s.jurisdiction_id = :jurisdiction_id AND s.layer = :layer), 0)
""")
_NEWEST = text("""
    SELECT greatest(coalesce((SELECT s.version FROM geoservice.tile_set AS s
                               WHERE s.jurisdiction_id = :jurisdiction_id AND s.layer = :layer), 0),
                    coalesce((SELECT max(d.version) FROM geoservice.tile_edition AS d
                                JOIN geoservice.edition AS e ON e.id = d.edition_id
                               WHERE :layer = 'grids' AND e.jurisdiction_id = :jurisdiction_id), 0))
""")


def gather(connection: Connection, jurisdiction_id: int) -> None:
    """Bring what is counted of grids to what it is now; a hot standby has it from its primary."""
    connection.execute(_GATHER, {"jurisdiction_id": jurisdiction_id})


def take_up_changes(connection: Connection, jurisdiction_id: int | None = None, layer: str | None = None) -> int:
    """Give new versions for changes that were committed, all or those of one tile set; return how many it was."""
    asked = {"jurisdiction_id": jurisdiction_id, "layer": layer}
    taken: int = connection.execute(_TAKE_UP, asked).scalar_one()
    return taken


def changes_wait(connection: Connection, jurisdiction_id: int, layer: str) -> bool:
    """Return whether there are changes of a tile set to be taken up; on a hot standby its primary sees to them."""
    asked = {"jurisdiction_id": jurisdiction_id, "layer": layer}
    waits: bool = connection.execute(_WAITS, asked).scalar_one()
    return waits


def version_of(connection: Connection, jurisdiction_id: int, layer: str) -> int:
    """Return the version of a layer's tile set: that of the last change that was taken up, 0 before the first."""
    version: int = connection.execute(_VERSION, {"jurisdiction_id": jurisdiction_id, "layer": layer}).scalar_one()
    return version


def newest_version(connection: Connection, jurisdiction_id: int, layer: str) -> int:
    """Return the newest version of a tile set, of grids that of the edition that was drawn last."""
    newest: int = connection.execute(_NEWEST, {"jurisdiction_id": jurisdiction_id, "layer": layer}).scalar_one()
    return newest
