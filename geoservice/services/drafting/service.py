"""Drafts: made from an edition, edited by verbs that keep a partition a partition, undone, redone, merged, rebased."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from shapely import LineString

from geoservice.domain.editing import verbs
from geoservice.domain.editing.diff import Difference, difference
from geoservice.domain.editing.healing import Healing, LeftOpen, left_open
from geoservice.domain.editing.merging import Side
from geoservice.domain.validating.topology import findings_of
from geoservice.errors import DraftsOfDifferentBases, EditionUnknown, NothingToRedo, NothingToUndo, NotTwoDrafts
from geoservice.reading.grids import grids_of_file
from geoservice.reading.limits import Limits
from geoservice.reading.shapes import GridFields
from geoservice.services.children import OnProgress
from geoservice.services.drafting.model import Edited, FileDifference
from geoservice.services.drafting.open_draft import (
    TIMEOUT_S,
    OpenDraft,
    change_between,
    opened,
    require_editable,
    with_missing_fields_from,
)
from geoservice.services.healing.heal import MAX_S, heal_in_process
from geoservice.services.lookups import get_edition, get_jurisdiction
from layers.crs import Bbox, Position
from layers.db.session import Database
from layers.grids import drafts, edits, queries
from layers.grids.drafts import GridChange, Step
from layers.grids.model import Edition, GridShape

#: How far beyond a place a vertex of its border may lie and still be meant, degrees: 10 m.
NEAR_DEG = 1e-4


class DraftService:
    """The drafts of one database.

    Every edit takes `revision`, the draft's as the caller saw it: when the draft has another by now, EditedMeanwhile is
    raised and nothing is changed. None: whatever it is.
    """

    def __init__(self, database: Database, *, limits: Limits | None = None) -> None:
        self._database = database
        self._limits = limits or Limits()

    def create(
        self, jurisdiction_code: str, *, title: str, from_edition: int | None = None, actor: str = ""
    ) -> Edition:
        """Make a draft with the grids of an edition: of the one published last when None, else of an older one.

        Raises
        ------
        JurisdictionUnknown, EditionUnknown
            There is none, or it is another jurisdiction's.
        """
        with self._database.transaction(actor=actor, timeout_s=TIMEOUT_S) as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            source = from_edition or drafts.latest_edition(connection, jurisdiction.id)
            if source is None:
                draft = edits.insert_edition(connection, jurisdiction_id=jurisdiction.id, title=title, source=None)
                return get_edition(connection, draft)
            beginning = get_edition(connection, source)
            if beginning.jurisdiction_code != jurisdiction_code:
                raise EditionUnknown(edition=source, jurisdiction=jurisdiction_code)
            was_published = beginning.published_at is not None
            draft = edits.insert_edition(
                connection, jurisdiction_id=jurisdiction.id, title=title, source=f"edition {source}",
                # Whoever goes back to an edition means its outline, too; that of a draft may not be confirmed yet.
                outline=queries.outline_of_edition(connection, source),
                outline_reason=f"as edition {source}" if was_published and not jurisdiction.four_eyes else None,
                ballpark=queries.ballpark_of_edition(connection, source),
            )  # fmt: skip
            drafts.copy_grids(connection, edition_id=source, draft_id=draft)
            if not was_published:  # what was published somebody else may have looked at
                drafts.take_over_drawers(connection, draft, source)
            made = get_edition(connection, draft)
            if source != made.base_id:  # the base tells its own
                drafts.carry_decisions(connection, draft, drafts.decisions_of(connection, source))
            return made

    def grids(self, edition_id: int) -> tuple[Edition, tuple[GridShape, ...]]:
        """Return an edition with its grids, by code; raise EditionUnknown."""
        with self._database.transaction(timeout_s=TIMEOUT_S, one_view=True) as connection:
            return get_edition(connection, edition_id), queries.grids_of(connection, edition_id)

    def split(
        self,
        edition_id: int,
        code: str,
        line: LineString,
        *,
        codes: tuple[str, str] | None = None,
        names: tuple[str, str] | None = None,
        revision: int | None,
        actor: str = "",
    ) -> Edited:
        """Cut a grid in two along a line; see `verbs.split`. A part is never named by itself after a grid that was."""
        with self._draft(edition_id, revision, actor) as draft:
            taken = queries.codes_of(draft.connection, edition_id)
            if codes is None:
                taken |= queries.codes_ever(draft.connection, edition_id)
            near = draft.around([code])
            return draft.make("split", near, verbs.split(near, code, draft.placed(line), codes, names, taken=taken))

    def merge(
        self, edition_id: int, codes: Sequence[str], into: str, *, name: str | None = None, revision: int | None,
        actor: str = "",
    ) -> Edited:  # fmt: skip
        """Make one grid of several; see `verbs.merge`."""
        with self._draft(edition_id, revision, actor) as draft:
            near = draft.around(codes)
            return draft.make("merge", near, verbs.merge(near, codes, into, name))

    def move_vertex(
        self, edition_id: int, at: Position, to: Position, *, tolerance_m: float, revision: int | None, actor: str = ""
    ) -> Edited:
        """Move a vertex of a border in every grid that has it, or bend a border; see `verbs.move_vertex`."""
        with self._draft(edition_id, revision, actor) as draft:
            outline = queries.outline_of_edition(draft.connection, edition_id)
            near = draft.near(_box([at := draft.placed_at(at), to := draft.placed_at(to)]))
            return draft.make("move-vertex", near, verbs.move_vertex(near, at, to, tolerance_m, outline))

    def remove_vertex(
        self, edition_id: int, at: Position, *, tolerance_m: float, revision: int | None, actor: str = ""
    ) -> Edited:
        """Take a vertex of a border away in every grid that has it; see `verbs.remove_vertex`."""
        with self._draft(edition_id, revision, actor) as draft:
            outline = queries.outline_of_edition(draft.connection, edition_id)
            at = draft.placed_at(at)
            near = draft.near(_box([at]))
            return draft.make("remove-vertex", near, verbs.remove_vertex(near, at, tolerance_m, outline))

    def redraw_border(
        self, edition_id: int, codes: tuple[str, str], line: LineString, *, revision: int | None, actor: str = ""
    ) -> Edited:
        """Make a line the common border of two neighbours; see `redraw_border`."""
        with self._draft(edition_id, revision, actor) as draft:
            near = draft.around(codes)
            return draft.make("redraw-border", near, verbs.redraw_border(near, codes, draft.placed(line)))

    def recode(
        self, edition_id: int, old: str, new: str, *, name: str | None = None, revision: int | None, actor: str = ""
    ) -> Edited:
        """Give a grid another code."""
        with self._draft(edition_id, revision, actor) as draft:
            near = draft.around([old])
            return draft.make("recode", near, verbs.recode(near, old, new, name))

    def put(self, edition_id: int, grid: GridShape, *, revision: int | None, actor: str = "") -> Edited:
        """Add a grid, or put it in the place of the one of its code; gaps and overlaps are for the gate to find."""
        with self._draft(edition_id, revision, actor) as draft:
            grid = draft.drawn(grid)
            there = draft.around([grid.code])
            known = next((one for one in there if one.code == grid.code), None)
            if known is None:
                return draft.make("add", there, verbs.add(there, grid))
            # Whose the ground is stays as it was decided.
            grid = replace(grid, unowned_reason=known.unowned_reason)
            return draft.make("replace", there, verbs.replace(there, grid))

    def retire(self, edition_id: int, code: str, *, revision: int | None, actor: str = "") -> Edited:
        """Take a grid away; the gate names the gap that it leaves."""
        with self._draft(edition_id, revision, actor) as draft:
            near = draft.around([code])
            return draft.make("retire", near, verbs.retire(near, code))

    def steps(self, edition_id: int) -> tuple[Step, ...]:
        """Return what was done to a draft, the first step first; raise EditionUnknown."""
        with self._database.transaction() as connection:
            get_edition(connection, edition_id)
            return drafts.steps_of(connection, edition_id)

    def undo(self, edition_id: int, *, revision: int | None, actor: str = "") -> Edited:
        """Take the last step back, whoever did it by whatever door; raise NothingToUndo."""
        with self._draft(edition_id, revision, actor) as draft:
            done = [step for step in drafts.steps_of(draft.connection, edition_id) if step.state == "done"]
            if not done:
                raise NothingToUndo(edition=edition_id)
            changes = [GridChange(c.after, c.before) for c in drafts.changes_of(draft.connection, done[-1].id)[::-1]]
            outlines = drafts.outlines_of_step(draft.connection, done[-1].id)
            drafts.set_step_state(draft.connection, done[-1].id, "undone")
            return draft.replay("undo", changes, None if outlines is None else outlines[0])

    def redo(self, edition_id: int, *, revision: int | None, actor: str = "") -> Edited:
        """Do the step again that was taken back last; raise NothingToRedo when another was done since."""
        with self._draft(edition_id, revision, actor) as draft:
            undone = [step for step in drafts.steps_of(draft.connection, edition_id) if step.state == "undone"]
            if not undone:
                raise NothingToRedo(edition=edition_id)
            changes = drafts.changes_of(draft.connection, undone[0].id)
            outlines = drafts.outlines_of_step(draft.connection, undone[0].id)
            drafts.set_step_state(draft.connection, undone[0].id, "done")
            return draft.replay("redo", changes, None if outlines is None else outlines[1])

    def withdraw(self, edition_id: int, *, revision: int | None, actor: str = "") -> Edition:
        """Put a draft away for good; nothing of it was ever in force."""
        with self._draft(edition_id, revision, actor) as draft:
            drafts.withdraw(draft.connection, edition_id)
            return get_edition(draft.connection, edition_id)

    def compare(self, before: int, after: int) -> Difference:
        """Return what is different between two editions of one jurisdiction; raise EditionUnknown."""
        with self._database.transaction(timeout_s=TIMEOUT_S, one_view=True) as connection:
            first, second = get_edition(connection, before), get_edition(connection, after)
            if first.jurisdiction_code != second.jurisdiction_code:
                raise EditionUnknown(edition=after, jurisdiction=first.jurisdiction_code)
            pair = queries.grids_of(connection, before), queries.grids_of(connection, after)
        return difference(*pair)

    def take_state(
        self, edition_id: int, grids: Sequence[GridShape], *, verb: str = "import", ballpark: str | None = None,
        revision: int | None, actor: str = "",
    ) -> Edited:  # fmt: skip
        """Make the grids of a draft these, as one step; grids that are equal stay untouched.

        Parameters
        ----------
        ballpark
            What is not sure of their datum, a sentence; None: nothing.
        """
        with self._draft(edition_id, revision, actor) as draft:
            there = queries.grids_of(draft.connection, edition_id)
            draft.keep_ballpark(ballpark)
            return draft.make(verb, there, change_between(there, grids))

    def take_file(
        self,
        edition_id: int,
        path: str,
        *,
        fields: GridFields,
        crs: str | None = None,
        encoding: str | None = None,
        layer: str | None = None,
        allow_ballpark: bool = False,
        commit: bool,
        actor: str = "",
    ) -> FileDifference:
        """Make the grids of a draft those of a file, as one step; say first what that changes.

        What the file does not tell (names, the larger unit, properties) stays as it is in the draft.

        Parameters
        ----------
        fields, crs, encoding, layer, allow_ballpark
            As for an import.
        commit
            False: only say what would be different.

        Raises
        ------
        FileRefused
            One of its kin.
        EditedMeanwhile
            Somebody edited the draft while the file was being read.
        RefusedByDatabase
            A shape can not be stored; the sentence names the grid.
        """
        edition, there = self.grids(edition_id)
        with self._database.transaction() as connection:
            bbox = get_jurisdiction(connection, edition.jurisdiction_code).bbox
        found = grids_of_file(
            path, fields, bbox=bbox, crs=crs, encoding=encoding, layer=layer, allow_ballpark=allow_ballpark,
            limits=self._limits,
        )  # fmt: skip
        grids = with_missing_fields_from(there, found.grids, found.fields)
        changed = difference(there, grids)
        if commit:
            edition = self.take_state(
                edition_id, grids, ballpark=found.ballpark, revision=edition.revision, actor=actor
            ).edition
        return FileDifference(edition, changed, found.ballpark, found.remarks)

    def heal(
        self, edition_id: int, tolerance_m: float, *, commit: bool, revision: int | None = None,
        longest_s: float = MAX_S, on_progress: OnProgress = lambda share, what: None, actor: str = "",
    ) -> tuple[Edition, Healing, LeftOpen]:  # fmt: skip
        """Close gaps and overlaps of a draft that are narrower than a tolerance, and fit it to its outline.

        Parameters
        ----------
        commit
            False: only say what would be changed.
        on_progress
            Called with the share that is done and what is being done.

        Returns
        -------
        tuple
            The draft; what was, or would be, changed in each grid; and what is left, being wider.

        Raises
        ------
        HealingRefused, HealingTookTooLong, HealerDied, HealerBusy
            Nothing was changed.
        EditionNotEditable
            What is to be changed is no draft.
        EditedMeanwhile
            Somebody edited the draft before, or while it was being healed.
        """
        with self._database.transaction(timeout_s=TIMEOUT_S, one_view=True) as connection:
            edition = get_edition(connection, edition_id)
            grids = queries.grids_of(connection, edition_id)
            outline = queries.outline_of_edition(connection, edition_id)
        if commit:
            require_editable(edition, revision)
        # No connection is held meanwhile: it takes seconds, and the revision tells whether anybody edited.
        healing = heal_in_process(grids, outline, tolerance_m, longest_s=longest_s, on_progress=on_progress)
        if commit:
            seen = edition.revision if revision is None else revision
            edition = self.take_state(edition_id, healing.grids, verb="heal", revision=seen, actor=actor).edition
        return edition, healing, left_open(findings_of(healing.grids, outline))

    def merge_draft(
        self, edition_id: int, other: int, *, settle: Mapping[str, Side] | None = None, revision: int | None,
        actor: str = "",
    ) -> Edited:  # fmt: skip
        """Take over what another draft of the same base changed, as one step, and what was decided in it.

        Parameters
        ----------
        settle
            By grid code, whose version counts where both changed something: ours is this draft.

        Raises
        ------
        NotTwoDrafts
            It is the draft itself, another jurisdiction's, or published.
        DraftsOfDifferentBases, OutlinesDiffer
            Rebase the older one first; both have another outline than their base, and not the same.
        MergeConflict
            Both changed the same border, name or code, or what one leaves to nobody would be a grid's; nothing was
            merged. It carries the conflicts.
        """
        with self._draft(edition_id, revision, actor) as draft:
            theirs = get_edition(draft.connection, other)
            same_place = theirs.jurisdiction_code == draft.edition.jurisdiction_code
            if (
                other == edition_id
                or not same_place
                or (theirs.base_id != draft.edition.base_id and theirs.status != "draft")
            ):
                raise NotTwoDrafts(first=edition_id, second=other)
            if theirs.base_id != draft.edition.base_id:
                raise DraftsOfDifferentBases(first=edition_id, second=other)
            outline = draft.outline_with(other)
            edited = draft.merge("merge-draft", queries.grids_of(draft.connection, other), settle)
            draft.carry_decisions("merge-draft", other)
            draft.keep_ballpark(queries.ballpark_of_edition(draft.connection, other))
            drafts.take_over_drawers(draft.connection, edition_id, other)
            if outline is not None:
                drafts.begin_step(draft.connection, edition_id, "merge-draft")
                four_eyes = get_jurisdiction(draft.connection, draft.edition.jurisdiction_code).four_eyes
                reason = None if four_eyes else outline.reason  # which somebody else gives, of this draft
                drafts.set_outline(draft.connection, edition_id, outline.outline, reason=reason)
            return Edited(get_edition(draft.connection, edition_id), edited.removed, edited.put)

    def rebase(
        self, edition_id: int, *, settle: Mapping[str, Side] | None = None, revision: int | None, actor: str = ""
    ) -> Edited:
        """Draw a draft anew from the edition published last, keeping what it changed.

        It ends what can be undone: the steps before it were made on other grids.

        Raises
        ------
        MergeConflict
            What was published changed the same border, name or code; nothing was changed. It carries the conflicts:
            ours is this draft, theirs what was published.
        """
        with self._draft(edition_id, revision, actor) as draft:
            jurisdiction = get_jurisdiction(draft.connection, draft.edition.jurisdiction_code)
            latest = drafts.latest_edition(draft.connection, jurisdiction.id)
            if latest is None or latest == draft.edition.base_id:
                return Edited(draft.edition, (), ())
            edited = draft.merge("rebase", queries.grids_of(draft.connection, latest), settle)
            drafts.set_base(draft.connection, edition_id, latest)
            # Undone, the draft would be of its old base and say it were of the new one.
            drafts.close_steps(draft.connection, edition_id)
            return Edited(get_edition(draft.connection, edition_id), edited.removed, edited.put)

    def _draft(self, edition_id: int, revision: int | None, actor: str) -> AbstractContextManager[OpenDraft]:
        return opened(self._database, edition_id, revision=revision, actor=actor)


def _box(positions: Sequence[Position]) -> Bbox:
    lons, lats = [p[0] for p in positions], [p[1] for p in positions]
    return Bbox(min(lons) - NEAR_DEG, min(lats) - NEAR_DEG, max(lons) + NEAR_DEG, max(lats) + NEAR_DEG)
