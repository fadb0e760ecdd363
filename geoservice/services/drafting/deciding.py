"""Gaps and overlaps decided by name, and ground that belongs to nobody."""

from __future__ import annotations

from geoservice.domain.editing import deciding
from geoservice.domain.editing.edit_refused import EditRefused
from geoservice.domain.validating.topology import findings_of
from geoservice.services.drafting.model import Edited, KeptDecision
from geoservice.services.drafting.open_draft import TIMEOUT_S, opened
from geoservice.services.importing import require_reason
from geoservice.services.lookups import get_edition
from layers.antimeridian import on_one_side
from layers.crs import Position
from layers.db.session import Database
from layers.geometry import place_in
from layers.grids import drafts, queries


class DecidingService:
    """What people decide about the ground of drafts; `revision` is that of the draft, as everywhere in drafting.

    Every reason is kept with the edition, and told by every later look at it. Raised are EditionUnknown,
    EditionNotEditable, EditedMeanwhile, EditRefused, and ReasonMissing or PersonalNumberRefused for a reason.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def give(
        self, edition_id: int, place: Position, *, to: str, reason: str, revision: int | None, actor: str = ""
    ) -> Edited:
        """Give the gap or the overlap at a place to a grid that touches it."""
        return self._decide(edition_id, place, to, reason, to_nobody=False, revision=revision, actor=actor)

    def leave(
        self, edition_id: int, place: Position, *, code: str, reason: str, revision: int | None, actor: str = ""
    ) -> Edited:
        """Leave the gap or the overlap at a place to nobody, as ground with a code of its own."""
        return self._decide(edition_id, place, code, reason, to_nobody=True, revision=revision, actor=actor)

    def disown(self, edition_id: int, code: str, *, reason: str, revision: int | None, actor: str = "") -> Edited:
        """Leave the ground of a grid to nobody."""
        require_reason(reason)
        with opened(self._database, edition_id, revision=revision, actor=actor) as draft:
            near = draft.around([code])
            return draft.make("disown", near, deciding.disown(near, code, reason))

    def own(self, edition_id: int, code: str, *, revision: int | None, actor: str = "") -> Edited:
        """Make a grid of ground that belongs to nobody."""
        with opened(self._database, edition_id, revision=revision, actor=actor) as draft:
            near = draft.around([code])
            return draft.make("own", near, deciding.own(near, code))

    def decisions(self, edition_id: int) -> tuple[KeptDecision, ...]:
        """Return what was decided in an edition or a draft that it came of, the first first; raise EditionUnknown."""
        with self._database.transaction(timeout_s=TIMEOUT_S, one_view=True) as connection:
            get_edition(connection, edition_id)
            found = drafts.decisions_of(connection, edition_id)
            grids = queries.stored_grids_of(connection, edition_id) if found else ()
        held = deciding.holders(found, grids)
        return tuple(KeptDecision(*pair) for pair in zip(found, held, strict=True))

    def _decide(
        self, edition_id: int, place: Position, code: str, reason: str, *, to_nobody: bool, revision: int | None,
        actor: str,
    ) -> Edited:  # fmt: skip
        require_reason(reason)
        with opened(self._database, edition_id, revision=revision, actor=actor) as draft:
            grids = queries.grids_of(draft.connection, edition_id)
            outline = queries.outline_of_edition(draft.connection, edition_id)
            place = draft.placed_at(place)
            found = deciding.open_ground(findings_of(grids, outline), place)
            if to_nobody:
                change = deciding.leave(grids, outline, found.geom, code, reason)
            else:
                change = deciding.give(grids, outline, found.geom, code)
            if not change.put:
                raise EditRefused(
                    "That ground is too narrow to be given away.", "Heal the draft.", [code], place, code="too-narrow"
                )
            edited = draft.make("decide", grids, change)
            drafts.decide(
                draft.connection, edition_id, kind=found.rule, to=code, area_m2=found.size or 0.0,
                place=place_in(found.geom) or Position(on_one_side(place.lon), place.lat), reason=reason,
            )  # fmt: skip
            return edited
