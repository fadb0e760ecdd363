"""Why an edit is refused."""

from __future__ import annotations

from collections.abc import Iterable

from geoservice.errors import RefusedWithHint
from layers.crs import Position


class EditRefused(RefusedWithHint):
    """The grids do not allow the edit."""

    def __init__(self, message: str, hint: str, codes: Iterable[str] = (), place: Position | None = None) -> None:
        super().__init__(message, hint, grid_codes=tuple(codes), position=place)
        #: The grids concerned.
        self.codes: tuple[str, ...] = tuple(codes)
        #: Where, or None.
        self.place = place
