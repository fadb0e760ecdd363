"""Writes to tables edition, grid and finding; publishing is a function of the database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import orjson
from sqlalchemy import Connection, text

from layers.db.bulk import copy_rows
from layers.grids.model import Finding, GridShape

_INSERT_EDITION = text("""
    INSERT INTO geoservice.edition (jurisdiction_id, title, source) VALUES (:jurisdiction_id, :title, :source)
    RETURNING id
""")
_FORGET_FINDINGS = text("DELETE FROM geoservice.finding WHERE edition_id = :edition_id")
_MARK_VALIDATED = text("""
    UPDATE geoservice.edition AS e SET validated_hash = geoservice.edition_hash(e.id) WHERE e.id = :edition_id
""")
_PUBLISH = text("""
    SELECT geoservice.publish_edition(
        :edition_id, coalesce(CAST(:starts AS timestamptz), now()), :revision, :fingerprint)
""")


def insert_edition(connection: Connection, *, jurisdiction_id: int, title: str, source: str | None) -> int:
    """Insert a draft without grids; return its id."""
    asked = {"jurisdiction_id": jurisdiction_id, "title": title, "source": source}
    return int(connection.execute(_INSERT_EDITION, asked).scalar_one())


def insert_grids(connection: Connection, edition_id: int, grids: Iterable[GridShape]) -> None:
    """Insert grids into a draft; each must have a geometry. Raise RefusedByDatabase for one that can not be stored."""
    columns = ("edition_id", "code", "name", "name_en", "parent_code", "geom", "properties")
    rows = (
        (edition_id, grid.code, grid.name, grid.name_en, grid.parent_code, grid.geom, _json(grid.properties))
        for grid in grids
    )
    copy_rows(connection, "grid", columns, rows)


def replace_findings(connection: Connection, edition_id: int, findings: Iterable[Finding]) -> None:
    """Put findings in the place of those of an earlier look."""
    connection.execute(_FORGET_FINDINGS, {"edition_id": edition_id})
    columns = ("edition_id", "rule", "severity", "grid_codes", "message", "size", "unit", "geom")
    rows = (
        (edition_id, one.rule, one.severity, list(one.grid_codes), one.message, one.size, one.unit, one.geom)
        for one in findings
    )
    copy_rows(connection, "finding", columns, rows)


def mark_validated(connection: Connection, edition_id: int) -> None:
    """Say that the content as this transaction sees it was validated; hold `lock_edition` since before reading it."""
    connection.execute(_MARK_VALIDATED, {"edition_id": edition_id})


def publish_edition(
    connection: Connection,
    edition_id: int,
    *,
    starts: datetime | None,
    revision: int | None = None,
    fingerprint: str | None = None,
) -> int:
    """Publish a draft from an instant on, or from now; return how many features changed their grid.

    Parameters
    ----------
    revision
        Of the draft as its publisher saw it; None: whatever it is now.
    fingerprint
        Of the preview that its publisher saw; None: whatever moves.

    Raises
    ------
    EditedMeanwhile, PublishedMeanwhile, MovedMeanwhile
        It is not as its publisher saw it.
    RefusedByDatabase
        With a sentence: not validated as it stands, findings of severity error, not a draft.
    """
    asked = {"edition_id": edition_id, "starts": starts, "revision": revision, "fingerprint": fingerprint}
    return int(connection.execute(_PUBLISH, asked).scalar_one())


def _json(properties: dict[str, object]) -> str:
    return orjson.dumps(properties, option=orjson.OPT_NON_STR_KEYS).decode()
