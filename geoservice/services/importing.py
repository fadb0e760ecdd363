"""Grids that were read become a draft that was looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import NamedTuple

from shapely import MultiPolygon
from sqlalchemy import Connection

from geoservice.domain.editing.healing import Healing
from geoservice.domain.editing.slits import without_slits
from geoservice.domain.privacy import holds_personal_number
from geoservice.domain.words import has_words
from geoservice.errors import CodeNotReused, EditionNotEditable, PersonalNumberRefused, ReasonMissing
from geoservice.reading.grids import FileGrids
from geoservice.reading.shapes import outline_around
from geoservice.services.children import OnProgress
from geoservice.services.gate import validate_grids, with_confirmations
from geoservice.services.healing.heal import heal_in_process
from geoservice.services.lookups import get_edition
from layers.grids import edits
from layers.grids.model import Finding, GridShape, name_fault
from layers.grids.queries import reused_codes
from layers.jurisdictions.model import Jurisdiction

#: Importing, validating and publishing move all grids of a city at once; a request's limit does not fit them.
TIMEOUT_S = 300.0
#: The longest title that the database takes.
_TITLE_LENGTH_MAX = 200


@dataclass(frozen=True)
class ImportResult:
    """What became of a file."""

    edition_id: int
    #: How many grids the draft has; a grid that can not be stored is only a finding.
    grids: int
    #: What its coordinates were taken for.
    crs: str
    findings: tuple[Finding, ...]
    #: What healing changed; None: it was not asked for.
    healing: Healing | None = None


class Reassigned(NamedTuple):
    """Codes that are accepted to name another place, and why."""

    codes: tuple[str, ...]
    reason: str


class OwnOutline(NamedTuple):
    """Grids that make their own outline."""

    #: What was done to them first; None: nothing.
    healing: Healing | None
    #: What they cover, EPSG:4326.
    outline: MultiPolygon


def with_own_outline(
    grids: Sequence[GridShape], heal_m: float | None, on_progress: OnProgress = lambda share, what: None
) -> OwnOutline:
    """Return grids with what they cover, after closing gaps and overlaps narrower than `heal_m` metres if it is given.

    Raises
    ------
    OutlineNotValid
        They are taken as they are, and one is no valid area.
    HealingRefused, HealingTookTooLong, HealerDied
        They can not be healed, or not with that tolerance.
    """
    if heal_m is None:
        return OwnOutline(None, outline_around(grids))
    healing = heal_in_process(grids, None, heal_m, on_progress=on_progress)
    outline = outline_around(healing.grids)
    wider = without_slits(outline, healing.grids, heal_m)
    if wider is not outline:
        healing = heal_in_process(grids, wider, heal_m, on_progress=on_progress)
    return OwnOutline(healing, wider)


class NewOutline(NamedTuple):
    """Another outline than the one before."""

    #: EPSG:4326.
    geom: MultiPolygon
    #: Why; None: nobody confirms it yet.
    reason: str | None


def require_reason(reason: str) -> None:
    """Raise ReasonMissing, PersonalNumberRefused for words that can not be kept as a reason."""
    if not has_words(reason) or name_fault(reason) is not None:
        raise ReasonMissing
    if holds_personal_number(reason):
        raise PersonalNumberRefused


def accept(connection: Connection, edition_id: int, reassigned: Reassigned) -> None:
    """Note that codes of a draft name another place from it on; raise CodeNotReused, or what is wrong with it."""
    require_reason(reassigned.reason)
    edition = get_edition(connection, edition_id)
    if edition.status != "draft":
        raise EditionNotEditable(edition=edition_id, status=edition.status)
    needless = sorted(set(reassigned.codes) - set(reused_codes(connection, edition_id)))
    if needless:
        raise CodeNotReused(edition=edition_id, codes=", ".join(needless))
    edits.accept_reassigned(connection, edition_id, sorted(set(reassigned.codes)), reassigned.reason)


def store_draft(
    connection: Connection, jurisdiction: Jurisdiction, path: str, found: FileGrids, healing: Healing | None,
    *, title: str | None = None, reassigned: Reassigned | None = None, outline: NewOutline | None = None,
) -> ImportResult:  # fmt: skip
    """Make a draft of the grids of a file, as they are or as healing left them, and validate it.

    Parameters
    ----------
    title
        Of the edition; None: the file's name.
    reassigned
        Codes that may name another place from this edition on; None: none.
    outline
        What the grids are to partition; None: what the edition before did.

    Raises
    ------
    CodeNotReused
        One of them names no other place.
    """
    name = PurePath(path).name
    grids: Sequence[GridShape] = found.grids if healing is None else healing.grids
    edition_id = edits.insert_edition(
        connection, jurisdiction_id=jurisdiction.id, title=(title or name)[:_TITLE_LENGTH_MAX], source=name,
        outline=None if outline is None else outline.geom, outline_reason=None if outline is None else outline.reason,
        ballpark=found.ballpark,
    )  # fmt: skip
    findings, storable = validate_grids(connection, edition_id, jurisdiction, grids, found.remarks)
    edits.insert_grids(connection, edition_id, storable)
    if reassigned is not None:
        accept(connection, edition_id, reassigned)
    findings = with_confirmations(connection, edition_id, storable, findings)
    edits.replace_findings(connection, edition_id, findings)
    edits.mark_validated(connection, edition_id)
    return ImportResult(edition_id, len(storable), found.crs, findings, healing)
