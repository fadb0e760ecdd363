"""What the editing of drafts gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from geoservice.domain.editing.diff import Difference
from layers.grids.model import Decision, Edition, Finding, GridShape


@dataclass(frozen=True)
class Edited:
    """What an edit did."""

    #: As it is afterwards.
    edition: Edition
    removed: tuple[str, ...]
    #: Grids as they are afterwards: new and changed ones.
    put: tuple[GridShape, ...]


@dataclass(frozen=True)
class FileDifference:
    """What a file makes of a draft, or would make."""

    edition: Edition
    difference: Difference
    #: What is not sure of its datum, as was allowed; None: nothing.
    ballpark: str | None
    #: How the features of the file became grids.
    remarks: Sequence[Finding]


@dataclass(frozen=True)
class KeptDecision:
    """A gap or an overlap that somebody gave away, and who has its place by now."""

    decision: Decision
    #: Codes, in order; the one that it was given to, unless the ground was edited since.
    held_by: tuple[str, ...]
