"""The outline of a draft: looked at beside the one before, given anew, confirmed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from shapely import MultiPolygon

from geoservice.domain.editing.outlining import OutlineChange, outline_change
from geoservice.domain.validating.soundness import outline_findings
from geoservice.errors import OutlineAsBefore
from geoservice.reading.crs import require_sure
from geoservice.reading.file_errors import OutlineNotValid
from geoservice.reading.limits import Limits
from geoservice.reading.reader import read_features
from geoservice.reading.shapes import outline_around, outline_of
from geoservice.services.drafting.open_draft import TIMEOUT_S, opened
from geoservice.services.importing import require_reason
from geoservice.services.lookups import get_edition, get_jurisdiction
from layers.db.session import Database
from layers.grids import drafts, queries
from layers.grids.model import Edition, EditionOutline


@dataclass(frozen=True)
class OutlineView:
    """The outline of an edition, and what it changes."""

    edition: Edition
    outline: EditionOutline
    change: OutlineChange


class FileOutline(NamedTuple):
    """An outline as a file, or as the grids of a draft, say it."""

    #: EPSG:4326.
    outline: MultiPolygon
    #: What is not sure of its datum, as was allowed; None: nothing.
    ballpark: str | None


class OutlineService:
    """The outlines of the editions of one database.

    What changes one takes `revision`, the draft's as the caller saw it: when it has another by now, EditedMeanwhile is
    raised and nothing is changed. None: whatever it is. EditionNotEditable is raised for what is no draft.
    """

    def __init__(self, database: Database, *, limits: Limits | None = None) -> None:
        self._database = database
        self._limits = limits or Limits()

    def look(self, edition_id: int) -> OutlineView:
        """Return the outline of an edition beside the one before; raise EditionUnknown."""
        with self._database.transaction(timeout_s=TIMEOUT_S, one_view=True) as connection:
            edition = get_edition(connection, edition_id)
            return _view(edition, queries.outline_beside(connection, edition_id))

    def read(
        self, edition_id: int, path: str | None, *, crs: str | None = None, encoding: str | None = None,
        layer: str | None = None, allow_ballpark: bool = False,
    ) -> FileOutline:  # fmt: skip
        """Return all the polygons of a file as one outline; or what the grids of a draft cover.

        Parameters
        ----------
        path
            None: of the grids of the draft, as they stand.
        crs, encoding, layer, allow_ballpark
            See `read_features`.

        Raises
        ------
        EditionUnknown, FileRefused
            There is none; one of its kin, OutlineNotValid among them.
        """
        with self._database.transaction(timeout_s=TIMEOUT_S, one_view=True) as connection:
            edition = get_edition(connection, edition_id)
            bbox = get_jurisdiction(connection, edition.jurisdiction_code).bbox
            grids = queries.grids_of(connection, edition_id) if path is None else ()
        if path is None:
            return FileOutline(outline_around(grids), None)
        features = read_features(
            path, crs=crs, encoding=encoding, layer=layer, allow_ballpark=allow_ballpark, limits=self._limits
        )
        require_sure(features.crs, features.geoms, bbox)
        return FileOutline(outline_of(features), features.doubt)

    def compare(self, edition_id: int, outline: MultiPolygon) -> OutlineView:
        """Return what an outline, EPSG:4326, would change if a draft had it; raise OutlineNotValid, EditionUnknown."""
        _require_sound(outline)
        now = self.look(edition_id)
        return _view(now.edition, EditionOutline(now.outline.before, outline, None, None))

    def put(
        self, edition_id: int, outline: MultiPolygon, *, reason: str | None = None, ballpark: str | None = None,
        revision: int | None, actor: str = "",
    ) -> OutlineView:  # fmt: skip
        """Give a draft an outline, as one step.

        Parameters
        ----------
        outline
            EPSG:4326.
        reason
            Why it is another one than before; None: that is to be confirmed still.
        ballpark
            What is not sure of its datum, a sentence; None: nothing.

        Raises
        ------
        OutlineNotValid, ReasonMissing, PersonalNumberRefused
            Nothing was changed.
        """
        _require_sound(outline)
        if reason is not None:
            require_reason(reason)
        with opened(self._database, edition_id, revision=revision, actor=actor) as draft:
            drafts.begin_step(draft.connection, edition_id, "outline")
            draft.keep_ballpark(ballpark)
            drafts.set_outline(draft.connection, edition_id, outline, reason=reason)
            edition = get_edition(draft.connection, edition_id)
            return _view(edition, queries.outline_beside(draft.connection, edition_id))

    def confirm(self, edition_id: int, reason: str, *, revision: int | None, actor: str = "") -> OutlineView:
        """Say why a draft has another outline than the one before.

        Raises
        ------
        OutlineAsBefore, ReasonMissing, PersonalNumberRefused
            There is nothing to confirm; the reason can not be kept.
        """
        require_reason(reason)
        with opened(self._database, edition_id, revision=revision, actor=actor) as draft:
            if queries.outline_beside(draft.connection, edition_id).is_as_before:
                raise OutlineAsBefore(edition=edition_id)
            drafts.begin_step(draft.connection, edition_id, "confirm-outline")
            drafts.confirm_outline(draft.connection, edition_id, reason)
            return _view(
                get_edition(draft.connection, edition_id), queries.outline_beside(draft.connection, edition_id)
            )


def _require_sound(outline: MultiPolygon) -> None:
    for fault in outline_findings(outline):
        raise OutlineNotValid(reason=fault.message)


def _view(edition: Edition, outline: EditionOutline) -> OutlineView:
    return OutlineView(edition, outline, outline_change(outline.before, outline.outline))
