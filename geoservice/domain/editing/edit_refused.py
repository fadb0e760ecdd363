"""Why an edit is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from geoservice.errors import RefusedWithHint
from layers.crs import Position


class EditRefused(RefusedWithHint):
    """The grids do not allow the edit.

    Parameters
    ----------
    message, hint
        Sentences for people: what is wrong, and where; how to mend it.
    codes, place
        The grids concerned, and where.
    code, values
        What is wrong for programs, and for pages in other languages than the sentences': `geoservice.pages.words` has
        its words; what they speak of.
    """

    def __init__(
        self, message: str, hint: str, codes: Iterable[str] = (), place: Position | None = None, *, code: str,
        values: Mapping[str, object] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message, hint, grid_codes=tuple(codes), position=place)
        #: The grids concerned.
        self.codes: tuple[str, ...] = tuple(codes)
        #: Where, or None.
        self.place = place
        self.code = code
        self.values = dict(values or {})

    def __reduce__(self) -> tuple[Any, ...]:
        """Come out of another process as it went in."""
        make = partial(EditRefused, code=self.code, values=self.values)
        return make, (self.message, self.hint, self.codes, self.place)
