"""Grids that were read become a draft that was looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import NamedTuple

from sqlalchemy import Connection

from geoservice.domain.editing.healing import Healing
from geoservice.domain.privacy import holds_personal_number
from geoservice.errors import CodeNotReused, EditionNotEditable, PersonalNumberRefused, ReasonMissing
from geoservice.reading.grids import FileGrids
from geoservice.services.gate import validate_grids, with_reused_codes
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


def accept(connection: Connection, edition_id: int, reassigned: Reassigned) -> None:
    """Note that codes of a draft name another place from it on; raise CodeNotReused, or what is wrong with it."""
    if not any(map(str.isalnum, reassigned.reason)) or name_fault(reassigned.reason) is not None:
        raise ReasonMissing
    if holds_personal_number(reassigned.reason):
        raise PersonalNumberRefused
    edition = get_edition(connection, edition_id)
    if edition.status != "draft":
        raise EditionNotEditable(edition=edition_id, status=edition.status)
    needless = sorted(set(reassigned.codes) - set(reused_codes(connection, edition_id)))
    if needless:
        raise CodeNotReused(edition=edition_id, codes=", ".join(needless))
    edits.accept_reassigned(connection, edition_id, sorted(set(reassigned.codes)), reassigned.reason)


def store_draft(
    connection: Connection, jurisdiction: Jurisdiction, path: str, found: FileGrids, healing: Healing | None,
    *, title: str | None = None, reassigned: Reassigned | None = None,
) -> ImportResult:  # fmt: skip
    """Make a draft of the grids of a file, as they are or as healing left them, and validate it.

    Parameters
    ----------
    title
        Of the edition; None: the file's name.
    reassigned
        Codes that may name another place from this edition on; None: none.

    Raises
    ------
    CodeNotReused
        One of them names no other place.
    """
    name = PurePath(path).name
    grids: Sequence[GridShape] = found.grids if healing is None else healing.grids
    edition_id = edits.insert_edition(
        connection, jurisdiction_id=jurisdiction.id, title=(title or name)[:_TITLE_LENGTH_MAX], source=name
    )
    findings, storable = validate_grids(connection, jurisdiction, grids, found.remarks)
    edits.insert_grids(connection, edition_id, storable)
    if reassigned is not None:
        accept(connection, edition_id, reassigned)
    findings = with_reused_codes(connection, edition_id, storable, findings)
    edits.replace_findings(connection, edition_id, findings)
    edits.mark_validated(connection, edition_id)
    return ImportResult(edition_id, len(storable), found.crs, findings, healing)
