"""Drafts as they are edited: made from an edition, changed in steps, steps undone and redone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson
import shapely
from shapely import Point
from sqlalchemy import Connection, Row, text

from layers.antimeridian import cut
from layers.crs import Position
from layers.db.bulk import copy_rows, ewkb
from layers.grids.model import Decision, GridShape

StepState = Literal["done", "undone", "dropped", "closed", "turning"]

_COPY_GRIDS = text("""
    INSERT INTO geoservice.grid (edition_id, code, name, name_en, parent_code, geom, properties, unowned_reason)
    SELECT :draft_id, g.code, g.name, g.name_en, g.parent_code, g.geom, g.properties, g.unowned_reason
      FROM geoservice.grid AS g WHERE g.edition_id = :edition_id
""")
_BEGIN_STEP = text("SELECT geoservice.begin_step(:edition_id, :verb)")
_REMOVE = text("DELETE FROM geoservice.grid WHERE edition_id = :edition_id AND code = ANY(:codes)")
_UPDATE = text("""
    UPDATE geoservice.grid
       SET name = :name, name_en = :name_en, parent_code = :parent_code, geom = CAST(:geom AS geometry),
           properties = CAST(:properties AS jsonb), unowned_reason = :unowned_reason
     WHERE edition_id = :edition_id AND code = :code
""")
_STEPS = text("""
    SELECT s.id, s.number, s.verb, s.state, s.actor, s.at,
           (SELECT array_agg(DISTINCT code ORDER BY code)
              FROM geoservice.draft_change AS c,
                   LATERAL (VALUES (c.before ->> 'code'), (c.after ->> 'code')) AS v (code)
             WHERE c.step_id = s.id AND code IS NOT NULL) AS codes
      FROM geoservice.draft_step AS s WHERE s.edition_id = :edition_id ORDER BY s.number
""")
_CHANGES = text("""
    SELECT c.before, st_asbinary(c.before_geom) AS before_geom, c.after, st_asbinary(c.after_geom) AS after_geom
      FROM geoservice.draft_change AS c WHERE c.step_id = :step_id ORDER BY c.id
""")
_SET_STATE = text("UPDATE geoservice.draft_step SET state = :state WHERE id = :step_id")
_CLOSE = text("""
    UPDATE geoservice.draft_step SET state = CASE state WHEN 'done' THEN 'closed' ELSE 'dropped' END
     WHERE edition_id = :edition_id AND state IN ('done', 'undone')
""")
_DECIDE = text("""
    INSERT INTO geoservice.decision (edition_id, step_id, kind, to_code, area_m2, geom, reason)
    VALUES (:edition_id, geoservice.begin_step(:edition_id, 'decide'), :kind, :to, :area_m2,
            CAST(:geom AS geometry), :reason)
""")
# Those of a step that was undone do not count.
_DECISIONS = text("""
    SELECT d.kind, d.to_code, d.area_m2, st_x(d.geom) AS lon, st_y(d.geom) AS lat, d.reason, d.decided_by,
           d.decided_at
      FROM geoservice.decision AS d LEFT JOIN geoservice.draft_step AS s ON s.id = d.step_id
     WHERE d.edition_id = :edition_id AND coalesce(s.state, 'done') IN ('done', 'closed')
     ORDER BY d.decided_at, d.id
""")
_CARRY_DECISION = text("""
    INSERT INTO geoservice.decision
           (edition_id, step_id, kind, to_code, area_m2, geom, reason, decided_by, decided_at)
    VALUES (:edition_id, :step_id, :kind, :to, :area_m2, CAST(:geom AS geometry), :reason, :actor, :at)
""")
_SET_BASE = text("UPDATE geoservice.edition SET base_id = :base_id WHERE id = :edition_id")
_SET_OUTLINE = text("""
    UPDATE geoservice.edition SET outline = CAST(:outline AS geometry), outline_reason = NULL WHERE id = :edition_id
""")
_ASK = text("""
    UPDATE geoservice.edition SET note = :note, asked_by = geoservice.actor(), asked_revision = revision
     WHERE id = :edition_id
""")
_CONFIRM_OUTLINE = text("UPDATE geoservice.edition SET outline_reason = :reason WHERE id = :edition_id")
_FORGET_CONFIRMATION = text("UPDATE geoservice.edition SET outline_reason = NULL WHERE id = :edition_id")
_TAKE_OVER_DRAWERS = text("SELECT geoservice.take_over_drawers(:edition_id, :other)")
_SET_BALLPARK = text("UPDATE geoservice.edition SET ballpark = :ballpark WHERE id = :edition_id")
_OUTLINES_OF_STEP = text("""
    SELECT st_asbinary(s.outline_before) AS before, st_asbinary(s.outline_after) AS after
      FROM geoservice.draft_step AS s WHERE s.id = :step_id
""")
_WITHDRAW = text("UPDATE geoservice.edition SET status = 'withdrawn' WHERE id = :edition_id")
_LATEST = text("SELECT geoservice.latest_edition(:jurisdiction_id)")


@dataclass(frozen=True)
class Step:
    """What one person or program did to a draft in one go."""

    id: int
    number: int
    #: split, merge, ...; edit: straight in the database.
    verb: str
    state: StepState
    actor: str
    at: datetime
    #: Of every grid that was changed, before or after.
    codes: tuple[str, ...]


@dataclass(frozen=True)
class GridChange:
    """One grid before and after; None: was not, is not."""

    before: GridShape | None
    after: GridShape | None


def copy_grids(connection: Connection, *, edition_id: int, draft_id: int) -> None:
    """Fill a draft, made in this transaction, with the grids of an edition."""
    connection.execute(_COPY_GRIDS, {"edition_id": edition_id, "draft_id": draft_id})


def latest_edition(connection: Connection, jurisdiction_id: int) -> int | None:
    """Return the edition of a jurisdiction that was published last, or None."""
    latest = connection.execute(_LATEST, {"jurisdiction_id": jurisdiction_id}).scalar_one()
    return None if latest is None else int(latest)


def begin_step(connection: Connection, edition_id: int, verb: str) -> int:
    """Name the step that the changes of this transaction belong to; return its id."""
    return int(connection.execute(_BEGIN_STEP, {"edition_id": edition_id, "verb": verb}).scalar_one())


def change_grids(
    connection: Connection, edition_id: int, *, present: Iterable[str], removed: Sequence[str], put: Sequence[GridShape]
) -> None:
    """Take grids out of a draft and put others in; a grid that is there keeps its id.

    Parameters
    ----------
    present
        Codes that the draft has now, at least those of `put` among them.

    Raises
    ------
    RefusedByDatabase
        A shape is not sound, or the edition is no draft.
    """
    if removed:
        connection.execute(_REMOVE, {"edition_id": edition_id, "codes": list(removed)})
    there = set(present) - set(removed)
    changed = [_row(edition_id, grid) for grid in put if grid.code in there]
    if changed:
        connection.execute(_UPDATE, changed)
    columns = ("edition_id", "code", "name", "name_en", "parent_code", "geom", "properties", "unowned_reason")
    new = [_row(edition_id, grid) for grid in put if grid.code not in there]
    if new:
        copy_rows(connection, "grid", columns, [[row[column] for column in columns] for row in new])


def steps_of(connection: Connection, edition_id: int) -> tuple[Step, ...]:
    """Return the steps of a draft, the first one first."""
    rows = connection.execute(_STEPS, {"edition_id": edition_id})
    return tuple(
        Step(row.id, row.number, row.verb, row.state, row.actor, row.at, tuple(row.codes or ())) for row in rows
    )


def changes_of(connection: Connection, step_id: int) -> tuple[GridChange, ...]:
    """Return what a step did, in order."""
    return tuple(
        GridChange(_grid(row.before, row.before_geom), _grid(row.after, row.after_geom))
        for row in connection.execute(_CHANGES, {"step_id": step_id})
    )


def outlines_of_step(connection: Connection, step_id: int) -> tuple[shapely.MultiPolygon, shapely.MultiPolygon] | None:
    """Return the outline of the draft before and after a step, EPSG:4326; None when it left that alone."""
    row = connection.execute(_OUTLINES_OF_STEP, {"step_id": step_id}).one()
    return None if row.before is None else (shapely.from_wkb(bytes(row.before)), shapely.from_wkb(bytes(row.after)))


def set_outline(
    connection: Connection, edition_id: int, outline: shapely.MultiPolygon, *, reason: str | None = None
) -> None:
    """Give a draft an outline, as part of a step; raise RefusedByDatabase for one that can not be stored.

    Parameters
    ----------
    outline
        EPSG:4326.
    reason
        Why it is another than the one before; None: nobody confirmed that yet.
    """
    connection.execute(_SET_OUTLINE, {"edition_id": edition_id, "outline": ewkb(cut(outline))})
    if reason is not None:  # by itself: with the outline, words that stood there before would be taken for the old ones
        confirm_outline(connection, edition_id, reason)


def confirm_outline(connection: Connection, edition_id: int, reason: str) -> None:
    """Say why a draft has another outline than the one before; without another one nothing is kept.

    Raises
    ------
    FourEyes
        Whoever acts had a hand in the draft, and the jurisdiction wants somebody else.
    """
    # The same words by somebody else are another confirmation.
    connection.execute(_FORGET_CONFIRMATION, {"edition_id": edition_id})
    connection.execute(_CONFIRM_OUTLINE, {"edition_id": edition_id, "reason": reason})


def take_over_drawers(connection: Connection, edition_id: int, other: int) -> None:
    """Note that those had a hand in a draft who had one in another edition."""
    connection.execute(_TAKE_OVER_DRAWERS, {"edition_id": edition_id, "other": other})


def set_ballpark(connection: Connection, edition_id: int, ballpark: str) -> None:
    """Say what is not sure of the datum of a file that something of a draft came from; it is told by every look."""
    connection.execute(_SET_BALLPARK, {"edition_id": edition_id, "ballpark": ballpark})


def set_step_state(connection: Connection, step_id: int, state: StepState) -> None:
    """Say whether a step counts."""
    connection.execute(_SET_STATE, {"step_id": step_id, "state": state})


def close_steps(connection: Connection, edition_id: int) -> None:
    """Let none of the steps so far be undone or redone."""
    connection.execute(_CLOSE, {"edition_id": edition_id})


def decide(
    connection: Connection, edition_id: int, *, kind: str, to: str, area_m2: float, place: Position, reason: str
) -> None:
    """Keep what is decided in the step of this transaction, and why; see `Decision`."""
    asked = {"edition_id": edition_id, "kind": kind, "to": to, "area_m2": area_m2, "geom": ewkb(Point(place)),
             "reason": reason}  # fmt: skip
    connection.execute(_DECIDE, asked)


def decisions_of(connection: Connection, edition_id: int) -> tuple[Decision, ...]:
    """Return what was decided in an edition while it was a draft, or in one it came of, the first decision first."""
    rows = connection.execute(_DECISIONS, {"edition_id": edition_id})
    return tuple(Decision(*row) for row in rows)


def carry_decisions(
    connection: Connection, draft_id: int, decisions: Sequence[Decision], *, verb: str | None = None
) -> None:
    """Let decisions of another draft count in this one, too.

    Parameters
    ----------
    verb
        Of the step that brings them; None: the draft begins with them.
    """
    if not decisions:
        return
    step = None if verb is None else begin_step(connection, draft_id, verb)
    connection.execute(
        _CARRY_DECISION,
        [
            {**one._asdict(), "edition_id": draft_id, "step_id": step, "geom": ewkb(Point(one.lon, one.lat))}
            for one in decisions
        ],
    )


def set_base(connection: Connection, edition_id: int, base_id: int) -> None:
    """Say that a draft is drawn from the edition published last; raise RefusedByDatabase for another."""
    connection.execute(_SET_BASE, {"edition_id": edition_id, "base_id": base_id})


def withdraw(connection: Connection, edition_id: int) -> None:
    """Put a draft away for good."""
    connection.execute(_WITHDRAW, {"edition_id": edition_id})


def ask_for_publishing(connection: Connection, edition_id: int, note: str | None) -> None:
    """Note that whoever acts asks for a draft, as it stands, to be put in force, and why it is drawn; None: unsaid."""
    connection.execute(_ASK, {"edition_id": edition_id, "note": note})


def _row(edition_id: int, grid: GridShape) -> dict[str, Any]:
    return {
        "edition_id": edition_id, "code": grid.code, "name": grid.name, "name_en": grid.name_en,
        "parent_code": grid.parent_code, "geom": None if grid.geom is None else ewkb(cut(grid.geom)),
        "properties": orjson.dumps(grid.properties, option=orjson.OPT_NON_STR_KEYS).decode(),
        "unowned_reason": grid.unowned_reason,
    }  # fmt: skip


def _grid(told: dict[str, Any] | None, geom: Row[Any] | bytes | None) -> GridShape | None:
    if told is None:
        return None
    return GridShape(geom=None if geom is None else shapely.from_wkb(bytes(geom)), **told)
