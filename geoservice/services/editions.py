"""Editions: import one from a file, validate it, publish it, look at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from geoservice.domain.editing.change import Change
from geoservice.domain.editing.healing import Healing
from geoservice.errors import EditionNotDraft, InstantWithoutZone, PreviewOutdated, PreviewUnknown
from geoservice.reading.grids import grids_of_file
from geoservice.reading.limits import Limits
from geoservice.reading.shapes import GridFields
from geoservice.services.children import OnProgress
from geoservice.services.drafting.open_draft import OpenDraft, opened, require_editable
from geoservice.services.gate import validate_grids, with_confirmations
from geoservice.services.healing.heal import heal_in_process
from geoservice.services.impact import (
    EditionImpact,
    Impact,
    grids_concerned,
    impact_of_grids,
    publish_blockers,
    told_moves,
    told_workloads,
    without_incidents,
    workloads_after,
)
from geoservice.services.importing import (
    TIMEOUT_S,
    ImportResult,
    NewOutline,
    Reassigned,
    accept,
    require_reason,
    store_draft,
    with_own_outline,
)
from geoservice.services.lookups import get_edition, get_jurisdiction
from layers.db.scope import counting_all, sees_households, sees_sensitive
from layers.db.session import Database
from layers.errors import EditedMeanwhile, MovedMeanwhile, TryAgain
from layers.grids import drafts, edits, queries
from layers.grids.model import Edition, Finding, GridShape
from layers.households.queries import housed_places
from layers.jurisdictions.model import Jurisdiction
from layers.staff.queries import posted_now
from layers.summaries import previews
from layers.summaries.previews import Move

#: A publication and a writer who wait for each other: one of the two is begun anew so often.
TRIES = 3


@dataclass(frozen=True)
class PublishResult:
    """What publishing did."""

    edition: Edition
    #: Buildings, households, cameras and organisations that changed their grid.
    moved_features: int


class EditionService:
    """The editions of one database."""

    def __init__(self, database: Database, *, limits: Limits | None = None) -> None:
        self._database = database
        self._limits = limits or Limits()

    def import_file(
        self, path: str, *, jurisdiction_code: str, fields: GridFields, crs: str | None = None,
        encoding: str | None = None, layer: str | None = None, allow_ballpark: bool = False, title: str | None = None,
        heal_m: float | None = None, reassigned: Reassigned | None = None, own_outline: bool = False,
        outline_reason: str | None = None, on_progress: OnProgress = lambda share, what: None, actor: str = "",
    ) -> ImportResult:  # fmt: skip
        """Make a draft of the grids in a file, and validate it.

        Parameters
        ----------
        path, crs, encoding, layer, allow_ballpark
            See `read_features`.
        fields
            Which fields of it are code and names.
        title
            Of the edition; None: the file's name.
        heal_m
            Close gaps and overlaps narrower than this, in metres, and mend invalid rings, before it is stored; None:
            the grids are taken as they are.
        reassigned
            Codes that may name another place from this edition on, and why; None: none may.
        own_outline, outline_reason
            Whether the outline of the edition is what these grids cover, and why that is another one than before; None:
            that is to be confirmed still.
        on_progress
            Called with the progress of healing.

        Raises
        ------
        CodeNotReused
            One of `reassigned` names no other place; nothing is stored then.
        JurisdictionUnknown
            There is no such jurisdiction; the file is not opened then.
        FileRefused
            One of its kin; nothing is stored then.
        """
        if outline_reason is not None:
            require_reason(outline_reason)
        with self._database.transaction(actor=actor) as connection:
            bbox = get_jurisdiction(connection, jurisdiction_code).bbox
        # Reading takes seconds and needs no database: no connection is held meanwhile.
        found = grids_of_file(
            path, fields, bbox=bbox, crs=crs, encoding=encoding, layer=layer, allow_ballpark=allow_ballpark,
            limits=self._limits,
        )  # fmt: skip
        if own_outline:
            healing, around = with_own_outline(found.grids, heal_m, on_progress)
        else:
            healing, around = self._healed(found.grids, jurisdiction_code, heal_m, on_progress), None
        with self._database.transaction(actor=actor, timeout_s=TIMEOUT_S) as connection:
            return store_draft(
                connection, get_jurisdiction(connection, jurisdiction_code), path, found, healing, title=title,
                reassigned=reassigned, outline=None if around is None else NewOutline(around, outline_reason),
            )  # fmt: skip

    def _healed(
        self, grids: Sequence[GridShape], jurisdiction_code: str, tolerance_m: float | None, on_progress: OnProgress
    ) -> Healing | None:
        if tolerance_m is None:
            return None
        with self._database.transaction() as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            outline = queries.outline_to_begin_with(connection, jurisdiction.id)
        return heal_in_process(grids, outline, tolerance_m, on_progress=on_progress)

    def reassign(self, edition_id: int, reassigned: Reassigned, *, actor: str = "") -> tuple[Finding, ...]:
        """Accept that codes of a draft name another place from it on, and validate it; see `validate`.

        Raises
        ------
        EditionUnknown, CodeNotReused
            There is none; a code names no other place than before.
        RefusedByDatabase
            It is no draft, or the reason can not be shown.
        """
        with self._database.transaction(actor=actor, timeout_s=TIMEOUT_S) as connection:
            accept(connection, edition_id, reassigned)
        return self.validate(edition_id, actor=actor)

    def validate(self, edition_id: int, *, actor: str = "") -> tuple[Finding, ...]:
        """Look at a draft as it stands now, whoever edited it, and keep what was found.

        Raises
        ------
        EditionUnknown, EditionNotDraft
            There is none; what is published was validated and does not change.
        """
        with self._database.transaction(actor=actor, timeout_s=TIMEOUT_S) as connection:
            queries.lock_edition(connection, edition_id)  # nobody edits between looking and saying so
            edition = get_edition(connection, edition_id)
            if edition.status != "draft":
                raise EditionNotDraft(edition=edition_id, status=edition.status)
            jurisdiction = get_jurisdiction(connection, edition.jurisdiction_code)
            grids = queries.grids_of(connection, edition_id)
            edits.forget_needless_reassigned(connection, edition_id)
            findings, _ = validate_grids(connection, edition_id, jurisdiction, grids)
            findings = with_confirmations(connection, edition_id, grids, findings)
            edits.replace_findings(connection, edition_id, findings)
            edits.mark_validated(connection, edition_id)
        return findings

    def preview(self, edition_id: int, *, valid_from: datetime | None = None, actor: str = "") -> Impact:
        """Rehearse the publication of a draft: what would have another grid, and each grid's load before and after.

        Of households whoever may not see single ones is told by neighbourhoods.

        Raises
        ------
        EditionUnknown, InstantWithoutZone
            There is none; the instant has no zone.
        RefusedByDatabase
            It is no draft.
        """
        _require_zone(valid_from)
        with self._database.transaction(actor=actor, timeout_s=TIMEOUT_S) as connection:
            edition = get_edition(connection, edition_id)
            jurisdiction = get_jurisdiction(connection, edition.jurisdiction_code)
            preview = previews.make_preview(connection, edition_id, starts=valid_from)
            preview = replace(preview, moves=self._told(connection, preview, jurisdiction))
            codes = grids_concerned(preview.moves)
            places = previews.places_of(connection, preview.moves)
            old = frozenset() if edition.base_id is None else queries.owned_codes_of(connection, edition.base_id)
            new = queries.owned_codes_of(connection, edition_id)
            leaving = posted_now(connection, jurisdiction_id=jurisdiction.id, grid_codes=sorted(old - new))
            arriving = posted_now(connection, jurisdiction_id=jurisdiction.id, grid_codes=sorted(new - old))
            reassigned = queries.reassigned_codes(connection, edition_id)
            outline = queries.outline_beside(connection, edition_id)
            decisions = drafts.decisions_of(connection, edition_id)
            blockers = publish_blockers(edition, drafts.latest_edition(connection, jurisdiction.id))
            drawn_by = queries.drawers_of(connection, edition_id)
            before = self._loads(connection, jurisdiction, codes)
        staffed = {one.grid_code for one in arriving if one.officer.role in ("grid_officer", "deputy")}
        after = workloads_after(before, preview.moves)
        unstaffed = tuple(sorted(new - old - staffed))
        return Impact(
            preview, before, after, places, leaving, unstaffed, jurisdiction.reroute, blockers, reassigned, outline,
            decisions, drawn_by, jurisdiction.four_eyes,
        )  # fmt: skip

    def impact(
        self, edition_id: int, *, supposing: Change | None = None, revision: int | None = None, actor: str = ""
    ) -> EditionImpact:
        """Rehearse the publication of a draft, and keep nothing of it: what becomes of every grid.

        It is the rehearsal of a preview, so that both tell the same.

        Parameters
        ----------
        supposing
            As if this had been done to the draft first; None: as it stands.
        revision
            Of the draft that is meant; None: whatever it is.

        Raises
        ------
        EditionUnknown, EditionNotDraft, EditedMeanwhile
        """
        with self._database.transaction(actor=actor, timeout_s=TIMEOUT_S, kept=False) as connection:
            edition = get_edition(connection, edition_id)
            if edition.status != "draft":
                raise EditionNotDraft(edition=edition_id, status=edition.status)
            require_editable(edition, revision)
            if supposing is not None:
                OpenDraft(connection, edition).make(
                    "take-proposal", queries.grids_of(connection, edition_id), supposing
                )
            jurisdiction = get_jurisdiction(connection, edition.jurisdiction_code)
            moves = self._told(connection, previews.make_preview(connection, edition_id, starts=None), jurisdiction)
            grids = queries.grids_of(connection, edition_id)
            old = frozenset() if edition.base_id is None else queries.owned_codes_of(connection, edition.base_id)
            codes = sorted(old | {grid.code for grid in grids if grid.unowned_reason is None})
            posted = posted_now(connection, jurisdiction_id=jurisdiction.id, grid_codes=codes)
            blockers = publish_blockers(edition, drafts.latest_edition(connection, jurisdiction.id))
            drawn_by = queries.drawers_of(connection, edition_id)
            is_own, is_exact = queries.is_own_draft(connection, edition_id), sees_households()
            loads = self._loads(connection, jurisdiction, codes)
        found = impact_of_grids(grids, old, loads, moves, posted, jurisdiction)
        return EditionImpact(
            edition, jurisdiction.households_min, jurisdiction.households_max, found, moves, blockers, drawn_by,
            jurisdiction.four_eyes, is_exact, is_own,
        )  # fmt: skip

    def ask(self, edition_id: int, *, note: str | None, revision: int | None, actor: str = "") -> Edition:
        """Ask for a draft, as it stands, to be put in force; whoever edits it afterwards takes that back.

        Parameters
        ----------
        note
            Why it is drawn, kept with the edition; None: unsaid.

        Raises
        ------
        EditionUnknown, EditionNotEditable, EditedMeanwhile
            There is none; it is no draft; it is at another revision than whoever asks saw.
        RefusedByDatabase
            The note can not be shown, or holds a number of a person.
        """
        with opened(self._database, edition_id, revision=revision, actor=actor) as draft:
            drafts.ask_for_publishing(draft.connection, edition_id, note)
            return get_edition(draft.connection, edition_id)

    def _told(self, connection: Connection, preview: previews.Preview, jurisdiction: Jurisdiction) -> tuple[Move, ...]:
        """Return the moves of a preview as whoever asks may be told them."""
        if sees_households():
            return preview.moves
        return told_moves(preview.moves, housed_places(connection, jurisdiction.id))

    def _loads(
        self, connection: Connection, jurisdiction: Jurisdiction, codes: Sequence[str]
    ) -> tuple[previews.Workload, ...]:
        """Return what grids have to look after now, as whoever asks may be told; the rest of the transaction counts."""
        counting_all(connection)
        loads = previews.workloads(connection, jurisdiction_id=jurisdiction.id, codes=codes)
        return loads if sees_households() else told_workloads(loads)

    def publish(
        self,
        edition_id: int,
        *,
        valid_from: datetime | None = None,
        revision: int | None = None,
        preview_id: UUID | None = None,
        actor: str = "",
    ) -> PublishResult:
        """Put a draft in force from an instant on, or from now; the edition in force ends there.

        Parameters
        ----------
        valid_from
            Before now, it corrects what was believed; after now, it waits for its day.
        revision
            Of the draft, as the publisher saw it; None: whatever it is.
        preview_id
            What the publisher was shown: publishing moves exactly that, or nothing. None: whatever moves.

        Raises
        ------
        EditionUnknown, InstantWithoutZone, PreviewUnknown
            There is none; the instant has no zone; the preview is of another draft.
        EditedMeanwhile, PublishedMeanwhile
            The draft, or what is in force, is not as the publisher saw it.
        FourEyes
            The publisher had a hand in the draft, and the jurisdiction wants somebody else.
        PreviewOutdated
            Data moved since the preview; it says which.
        RefusedByDatabase
            The draft was not validated as it stands, or has errors.
        TryAgain
            Others moved features again and again at the same moment.
        """
        _require_zone(valid_from)
        for _ in range(TRIES - 1):
            try:
                return self._publish(edition_id, valid_from, revision, preview_id, actor)
            except TryAgain:  # somebody holds what is to be moved and waits for this publication: he goes first
                continue
        return self._publish(edition_id, valid_from, revision, preview_id, actor)

    def _publish(
        self, edition_id: int, valid_from: datetime | None, revision: int | None, preview_id: UUID | None, actor: str
    ) -> PublishResult:
        seen = None
        try:
            with self._database.transaction(actor=actor, timeout_s=TIMEOUT_S) as connection:
                get_edition(connection, edition_id)
                if preview_id is not None:
                    seen = previews.find_preview(connection, edition_id, preview_id)
                    if seen is None:
                        raise PreviewUnknown(edition=edition_id, preview=preview_id)
                    revision = _same_revision(edition_id, revision, seen.revision)
                moved = edits.publish_edition(
                    connection, edition_id, starts=valid_from,
                    revision=revision,
                    fingerprint=None if seen is None else seen.fingerprint,
                )  # fmt: skip
                return PublishResult(get_edition(connection, edition_id), moved)
        except MovedMeanwhile:
            now = self._rehearsed(edition_id, valid_from, actor)
            shown = () if seen is None else seen.moves
            appeared, gone = sorted(set(now) - set(shown), key=str), sorted(set(shown) - set(now), key=str)
            if not sees_sensitive():
                appeared, gone = without_incidents(appeared), without_incidents(gone)
            raise PreviewOutdated(
                appeared=appeared, gone=gone,
                edition=edition_id, counted=sees_households(),
            ) from None  # fmt: skip

    def _rehearsed(self, edition_id: int, valid_from: datetime | None, actor: str) -> tuple[previews.Move, ...]:
        with self._database.transaction(actor=actor, timeout_s=TIMEOUT_S, kept=False) as connection:
            return previews.make_preview(connection, edition_id, starts=valid_from).moves
        raise AssertionError("unreachable")  # pragma: no cover

    def editions(self, jurisdiction_code: str | None = None) -> tuple[Edition, ...]:
        """Return the editions of a jurisdiction, or of all, the oldest first; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            if jurisdiction_code is None:
                return queries.editions_of(connection, None)
            return queries.editions_of(connection, get_jurisdiction(connection, jurisdiction_code).id)

    def edition(self, edition_id: int) -> Edition:
        """Return an edition; raise EditionUnknown."""
        with self._database.transaction() as connection:
            return get_edition(connection, edition_id)

    def findings(self, edition_id: int) -> tuple[Finding, ...]:
        """Return what the last validation or import of an edition found, errors first; raise EditionUnknown."""
        with self._database.transaction() as connection:
            get_edition(connection, edition_id)
            return queries.findings_of_edition(connection, edition_id)


def _same_revision(edition_id: int, stated: int | None, previewed: int) -> int:
    """Return the revision that a publisher saw; raise EditedMeanwhile when his preview is of another."""
    if stated not in (None, previewed):
        raise EditedMeanwhile(
            f"The preview is of revision {previewed} of draft {edition_id}, not of {stated}.", "Look at a new preview."
        )
    return previewed


def _require_zone(instant: datetime | None) -> None:
    if instant is not None and instant.tzinfo is None:
        raise InstantWithoutZone(valid_from=instant.isoformat())
