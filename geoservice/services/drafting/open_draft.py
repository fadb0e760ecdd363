"""One draft, opened to be edited: locked, in one transaction, at the revision that its editor saw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from geoservice.domain.editing.change import Change
from geoservice.domain.editing.merging import Side, merged
from geoservice.domain.editing.verifying import sound
from geoservice.domain.privacy import holds_personal_number
from geoservice.errors import EditionNotEditable, MergeConflict, OutlinesDiffer, PersonalNumberRefused
from geoservice.reading.shapes import GridFields
from geoservice.services.drafting.model import Edited
from geoservice.services.lookups import get_edition
from layers.antimeridian import eastward, whole
from layers.crs import Bbox, Position
from layers.db.session import Database
from layers.errors import EditedMeanwhile
from layers.grids import drafts, queries
from layers.grids.drafts import GridChange
from layers.grids.model import Edition, EditionOutline, GridShape

G = TypeVar("G", bound=BaseGeometry)

#: A draft of a city is copied as a whole.
TIMEOUT_S = 60.0


@contextmanager
def opened(database: Database, edition_id: int, *, revision: int | None, actor: str) -> Iterator[OpenDraft]:
    """Run the block with a draft that nobody else edits meanwhile, in one transaction.

    Raises
    ------
    EditionUnknown, EditionNotEditable
        There is none, or it is no draft.
    EditedMeanwhile
        It is at another revision than its editor saw.
    """
    with database.transaction(actor=actor, timeout_s=TIMEOUT_S) as connection:
        queries.lock_edition(connection, edition_id)
        edition = get_edition(connection, edition_id)
        require_editable(edition, revision)
        yield OpenDraft(connection, edition)


def require_editable(edition: Edition, revision: int | None) -> None:
    """Raise EditionNotEditable for no draft, EditedMeanwhile for one at another revision than its editor saw."""
    if edition.status != "draft":
        raise EditionNotEditable(edition=edition.id, status=edition.status)
    if revision not in (None, edition.revision):
        raise EditedMeanwhile(
            f"Draft {edition.id} was edited meanwhile: it is at revision {edition.revision}, not {revision}.",
            "Look at it as it is now, then edit it.",
        )


@dataclass(frozen=True)
class OpenDraft:
    """A draft that is being edited."""

    connection: Connection
    #: As it was when it was opened.
    edition: Edition

    @property
    def _id(self) -> int:
        return self.edition.id

    @cached_property
    def _lies_across(self) -> bool:
        return queries.lies_across_180(self.connection, self._id)

    def placed(self, drawn: G) -> G:
        """Return what somebody drew as the draft's grids are read: whole where they lie across 180 degrees."""
        if not self._lies_across:
            return drawn
        (moved,) = whole([drawn])
        return moved

    def drawn(self, grid: GridShape) -> GridShape:
        """Return a grid that somebody drew, its shape as `placed` returns it; raise EditRefused for no sound one."""
        sound([grid], "Put its shape right, then send it again.", easternmost=None)
        return grid if grid.geom is None else replace(grid, geom=self.placed(grid.geom))

    def placed_at(self, place: Position) -> Position:
        """Return a place as `placed` does."""
        return Position(float(eastward(np.array([place[0]]))[0]), place[1]) if self._lies_across else place

    def around(self, codes: Sequence[str]) -> tuple[GridShape, ...]:
        """Return the grids of some codes and those near them."""
        extent = queries.extent_of(self.connection, self._id, codes)
        return () if extent is None else self.near(extent)

    def near(self, bounds: Bbox) -> tuple[GridShape, ...]:
        """Return the grids near a box, and those that touch them: all that an edit there can reach."""
        if self._lies_across:  # boxes of stored shapes know of no neighbour across
            bounds = bounds._replace(west=-180.0, east=180.0)
        first = queries.grids_near(self.connection, self._id, bounds)
        extent = queries.extent_of(self.connection, self._id, [grid.code for grid in first])
        return first if extent is None else queries.grids_near(self.connection, self._id, extent)

    def make(self, verb: str, there: Sequence[GridShape], change: Change) -> Edited:
        """Carry a change out as a step of this name; what changes nothing is no step.

        Raises
        ------
        PersonalNumberRefused
            A name holds what looks like one.
        """
        if not change.removed and not change.put:
            return Edited(self.edition, (), ())
        for grid in change.put:
            _require_no_personal_number(grid)
        drafts.begin_step(self.connection, self._id, verb)
        present = [grid.code for grid in there]
        drafts.change_grids(self.connection, self._id, present=present, removed=change.removed, put=change.put)
        return Edited(get_edition(self.connection, self._id), change.removed, change.put)

    def replay(self, verb: str, changes: Sequence[GridChange], outline: MultiPolygon | None) -> Edited:
        """Carry changes out one after the other, as they were made or undone, and give an outline back, if any."""
        drafts.begin_step(self.connection, self._id, verb)
        if outline is not None:
            drafts.set_outline(self.connection, self._id, outline)
        touched: dict[str, GridShape | None] = {}
        for change in changes:
            before, after = change.before, change.after
            if before is not None and (after is None or after.code != before.code):
                drafts.change_grids(self.connection, self._id, present=(), removed=[before.code], put=())
                touched[before.code] = None
            if after is not None:
                present = [after.code] if before is not None and before.code == after.code else []
                drafts.change_grids(self.connection, self._id, present=present, removed=(), put=[after])
                touched[after.code] = after
        removed = tuple(code for code, grid in touched.items() if grid is None)
        return Edited(
            get_edition(self.connection, self._id),
            removed,
            tuple(grid for grid in touched.values() if grid is not None),
        )

    def outline_with(self, other: int) -> EditionOutline | None:
        """Return the outline to take over from another draft of the same base; None: keep what is here.

        Raises
        ------
        OutlinesDiffer
            Both have another one than their base, and not the same.
        """
        ours = queries.outline_beside(self.connection, self._id)
        theirs = queries.outline_beside(self.connection, other)
        if theirs.is_as_before or theirs.outline.equals_exact(ours.outline):
            return None
        if not ours.is_as_before:
            raise OutlinesDiffer(first=self._id, second=other)
        return theirs

    def carry_decisions(self, verb: str, other: int) -> None:
        """Take over, in a step of this name, what was decided in another draft and is not known in this one."""
        known = set(drafts.decisions_of(self.connection, self._id))
        new = [one for one in drafts.decisions_of(self.connection, other) if one not in known]
        drafts.carry_decisions(self.connection, self._id, new, verb=verb)

    def keep_ballpark(self, ballpark: str | None) -> None:
        """Keep what is not sure of the datum of something that is taken over; None: nothing."""
        if ballpark is not None:
            drafts.set_ballpark(self.connection, self._id, ballpark)

    def merge(self, verb: str, theirs: Sequence[GridShape], settle: Mapping[str, Side] | None) -> Edited:
        """Take over what `theirs` changed of the base."""
        base = () if self.edition.base_id is None else queries.grids_of(self.connection, self.edition.base_id)
        ours = queries.grids_of(self.connection, self._id)
        result = merged(base, ours, theirs, settle)
        if result.conflicts:
            raise MergeConflict(result.conflicts, edition=self._id)
        return self.make(verb, ours, change_between(ours, result.grids))


def _require_no_personal_number(grid: GridShape) -> None:
    for name in (grid.name, grid.name_en):
        if name is not None and name != grid.code and holds_personal_number(name):
            raise PersonalNumberRefused(grid=grid.code)


def change_between(there: Sequence[GridShape], grids: Sequence[GridShape]) -> Change:
    """Return the change that makes grids those."""
    old = {grid.code: grid for grid in there}
    new = {grid.code for grid in grids}
    put = tuple(grid for grid in grids if grid.code not in old or not _equal(old[grid.code], grid))
    return Change(tuple(code for code in old if code not in new), put)


def _equal(one: GridShape, other: GridShape) -> bool:
    named = (one.name, one.name_en, one.parent_code, one.properties, one.unowned_reason)
    if named != (other.name, other.name_en, other.parent_code, other.properties, other.unowned_reason):
        return False
    return one.geom is not None and other.geom is not None and one.geom.equals_exact(other.geom)


def with_missing_fields_from(
    there: Sequence[GridShape], grids: Sequence[GridShape], fields: GridFields
) -> list[GridShape]:
    """Return the grids of a file with what it does not tell filled in from the grids that are there."""
    old = {grid.code: grid for grid in there}
    return [_filled(grid, old[grid.code], fields) if grid.code in old else grid for grid in grids]


def _filled(grid: GridShape, known: GridShape, fields: GridFields) -> GridShape:
    return replace(
        grid,
        name=known.name if fields.name is None else grid.name,
        name_en=known.name_en if fields.name_en is None else grid.name_en,
        parent_code=known.parent_code if fields.parent_code is None else grid.parent_code,
        properties=grid.properties if fields.keep else known.properties,
        unowned_reason=known.unowned_reason if fields.unowned is None else grid.unowned_reason,
    )
