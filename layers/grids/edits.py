"""Writes to tables edition, grid and finding; publishing is a function of the database."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

import orjson
from shapely import MultiPolygon
from sqlalchemy import Connection, text

from layers.antimeridian import cut, stored
from layers.db.bulk import copy_rows, ewkb, insert_rows
from layers.grids.model import Finding, GridShape

_INSERT_EDITION = text("""
    INSERT INTO geoservice.edition (jurisdiction_id, title, source, outline, outline_reason, ballpark)
    VALUES (:jurisdiction_id, :title, :source, CAST(:outline AS geometry), :outline_reason, :ballpark) RETURNING id
""")
_CODES_EVER = text("""
    SELECT DISTINCT g.code FROM geoservice.grid AS g
      JOIN geoservice.edition AS e ON e.id = g.edition_id WHERE e.jurisdiction_id = :jurisdiction_id
""")
_FORGET_REASSIGNED = text("DELETE FROM geoservice.reassigned_code WHERE edition_id = :edition_id AND code = :code")
_ACCEPT_REASSIGNED = text("""
    INSERT INTO geoservice.reassigned_code (edition_id, code, reason) VALUES (:edition_id, :code, :reason)
""")
_FORGET_NEEDLESS_REASSIGNED = text("""
    DELETE FROM geoservice.reassigned_code AS r
     WHERE r.edition_id = :edition_id AND r.code NOT IN (SELECT w.code FROM geoservice.reused_codes(:edition_id) AS w)
""")
_FORGET_FINDINGS = text("DELETE FROM geoservice.finding WHERE edition_id = :edition_id")
_MARK_VALIDATED = text("""
    UPDATE geoservice.edition AS e SET validated_hash = geoservice.edition_hash(e.id) WHERE e.id = :edition_id
""")
_APPLY_DUE = text("SELECT CASE WHEN pg_is_in_recovery() THEN 0 ELSE geoservice.apply_due_editions() END")
_PUBLISH = text("""
    SELECT geoservice.publish_edition(
        :edition_id, coalesce(CAST(:starts AS timestamptz), now()), :revision, :fingerprint)
""")


def insert_edition(
    connection: Connection, *, jurisdiction_id: int, title: str, source: str | None,
    outline: MultiPolygon | None = None, outline_reason: str | None = None, ballpark: str | None = None,
) -> int:  # fmt: skip
    """Insert a draft without grids; return its id.

    Parameters
    ----------
    outline
        EPSG:4326; None: that of the edition it is drawn from.
    outline_reason
        Why it has another one; None: nobody confirmed that yet.
    ballpark
        What is not sure of the datum of its grids or its outline, a sentence; None: nothing, but for an outline that is
        taken over.

    Raises
    ------
    RefusedByDatabase
        The outline can not be stored, or the reason not be shown.
    """
    asked = {"jurisdiction_id": jurisdiction_id, "title": title, "source": source,
             "outline": None if outline is None else ewkb(cut(outline)), "outline_reason": outline_reason,
             "ballpark": ballpark}  # fmt: skip
    return int(connection.execute(_INSERT_EDITION, asked).scalar_one())


def with_new_codes(
    connection: Connection, grids: Sequence[GridShape], *, jurisdiction_id: int, stem: str
) -> list[GridShape]:
    """Return grids under codes that never named a place here: a stem and a number."""
    used = set(connection.execute(_CODES_EVER, {"jurisdiction_id": jurisdiction_id}).scalars())
    numbers = (f"{stem}-{number:02d}" for number in itertools.count(1))
    free = (code for code in numbers if code not in used)
    return [replace(grid, code=code, name=code) for grid, code in zip(grids, free, strict=False)]


def insert_grids(connection: Connection, edition_id: int, grids: Iterable[GridShape]) -> None:
    """Insert grids into a draft; each must have a geometry. Raise RefusedByDatabase for one that can not be stored."""
    columns = ("edition_id", "code", "name", "name_en", "parent_code", "geom", "properties", "unowned_reason")
    rows = (
        (edition_id, grid.code, grid.name, grid.name_en, grid.parent_code, stored(grid.geom), _json(grid.properties),
         grid.unowned_reason)
        for grid in grids
    )  # fmt: skip
    copy_rows(connection, "grid", columns, rows)


def accept_reassigned(connection: Connection, edition_id: int, codes: Iterable[str], reason: str) -> None:
    """Note that codes name another place from a draft on, and why; a later reason takes the place of an earlier one."""
    asked = [{"edition_id": edition_id, "code": code, "reason": reason} for code in codes]
    if asked:
        connection.execute(_FORGET_REASSIGNED, asked)
        connection.execute(_ACCEPT_REASSIGNED, asked)


def forget_needless_reassigned(connection: Connection, edition_id: int) -> None:
    """Forget what was accepted of codes that name no other place any more, as the draft stands now."""
    connection.execute(_FORGET_NEEDLESS_REASSIGNED, {"edition_id": edition_id})


def replace_findings(connection: Connection, edition_id: int, findings: Iterable[Finding]) -> None:
    """Put findings in the place of those of an earlier look."""
    connection.execute(_FORGET_FINDINGS, {"edition_id": edition_id})
    columns = ("edition_id", "rule", "severity", "grid_codes", "message", "size", "unit", "geom")
    rows = (
        (edition_id, one.rule, one.severity, list(one.grid_codes), one.message, one.size, one.unit, stored(one.geom))
        for one in findings
    )
    insert_rows(connection, "finding", columns, rows)


def mark_validated(connection: Connection, edition_id: int) -> None:
    """Say that the content as this transaction sees it was validated; hold `lock_edition` since before reading it."""
    connection.execute(_MARK_VALIDATED, {"edition_id": edition_id})


def apply_due_editions(connection: Connection) -> int:
    """Re-assign features where the day of an edition has come; return in how many jurisdictions.

    A standby, which can not be written to, does nothing: its primary does it.
    """
    return int(connection.execute(_APPLY_DUE).scalar_one())


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
    FourEyes
        Its publisher had a hand in it, and the jurisdiction wants somebody else.
    RefusedByDatabase
        With a sentence: not validated as it stands, findings of severity error, not a draft.
    """
    asked = {"edition_id": edition_id, "starts": starts, "revision": revision, "fingerprint": fingerprint}
    return int(connection.execute(_PUBLISH, asked).scalar_one())


def _json(properties: dict[str, object]) -> str:
    return orjson.dumps(properties, option=orjson.OPT_NON_STR_KEYS).decode()
