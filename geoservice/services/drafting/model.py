"""What the editing of drafts gives back."""

from __future__ import annotations

from dataclasses import dataclass

from layers.grids.model import Edition, GridShape


@dataclass(frozen=True)
class Edited:
    """What an edit did."""

    #: As it is afterwards.
    edition: Edition
    removed: tuple[str, ...]
    #: Grids as they are afterwards: new and changed ones.
    put: tuple[GridShape, ...]
