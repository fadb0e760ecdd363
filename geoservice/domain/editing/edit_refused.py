"""Why an edit is refused."""

from __future__ import annotations

from collections.abc import Iterable

from layers.crs import Position
from layers.errors import LayerError


class EditRefused(LayerError):
    """The grids do not allow the edit."""

    def __init__(self, message: str, hint: str, codes: Iterable[str] = (), place: Position | None = None) -> None:
        super().__init__(message=message, hint=hint, grid_codes=tuple(codes), position=place)
        #: A sentence for people: what is wrong, and where.
        self.message = message
        #: How to mend it.
        self.hint = hint
        #: The grids concerned.
        self.codes: tuple[str, ...] = tuple(codes)
        #: Where, or None.
        self.place = place

    def __str__(self) -> str:
        return f"{self.message} {self.hint}"
