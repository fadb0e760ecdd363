"""What the address of a print says: which sheets, on which paper, to which scale, with what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field, field_validator

from geoservice.domain.languages import Language
from geoservice.maps.sheets.frame import scale_of_zoom
from geoservice.maps.sheets.paper import Orientation, Size
from geoservice.services.narrowing import Narrowing
from geoservice.web.language import page_address
from geoservice.web.parsing import Code, QueryFlag, QueryInteger, QueryNumber, StrictModel
from geoservice.web.validation import validated

#: Sheets of an atlas that are made at once.
MOST_SHEETS = 40
#: Words of a map's address that narrow what it shows.
FILTERS = ("off", "status", "service", "source", "officer", "age", "late", "soon")
_WORDS = ("paper", "orientation", "scale", "grid", "atlas", "sheet", "map", "layers", *FILTERS)


class PrintWords(StrictModel):
    """A print as an address says it."""

    paper: Size = "a4"
    orientation: Orientation = "landscape"
    #: Millimetres of ground in one of paper; the largest round one that shows all when None.
    scale: QueryInteger | None = Field(None, ge=100, le=10_000_000)
    #: Code of the grid that the sheet is about.
    grid: Code | None = None
    #: Whether it is an atlas: a sheet for each grid, after one of all.
    atlas: QueryFlag = False
    #: Sheet of the atlas to begin with.
    sheet: QueryInteger = Field(1, ge=1, le=100_000)
    #: Zoom, longitude and latitude of the middle, as a map's address says it.
    map: tuple[QueryNumber, QueryNumber, QueryNumber] | None = None
    #: Ids of styles; those that a map shows at first when None.
    layers: tuple[str, ...] | None = None
    #: Lines of the map's legend that are switched off, `style.value`; and its filters, as its address says them.
    off: tuple[str, ...] = ()
    status: tuple[str, ...] | None = None
    service: Code | None = None
    source: Code | None = None
    officer: Code | None = None
    age: QueryInteger | None = Field(None, ge=1, le=36_500)
    late: QueryFlag = False
    soon: QueryFlag = False

    @field_validator("map", mode="before")
    @classmethod
    def _of_three(cls, value: object) -> object:
        return tuple(value.split("/")) if isinstance(value, str) else value

    @field_validator("map")
    @classmethod
    def _on_earth(cls, value: tuple[float, float, float] | None) -> tuple[float, float, float] | None:
        if value is not None and not (0 <= value[0] <= 24 and -180 <= value[1] <= 180 and -80 <= value[2] <= 84):
            raise ValueError("write zoom/longitude/latitude, as in 15.5/91.77/29.24")
        return value

    @field_validator("layers", "off", "status", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return tuple(filter(None, value.split(","))) if isinstance(value, str) else value

    @property
    def narrowing(self) -> Narrowing:
        """Return which of what is in hand is drawn."""
        return Narrowing(
            None if self.status is None else frozenset(self.status), self.service or "", self.source or "",
            self.officer or "", self.age, self.late, self.soon,
        )  # fmt: skip

    @property
    def switched_off(self) -> dict[str, set[str]]:
        """Return the values that are switched off, by style."""
        found: dict[str, set[str]] = {}
        for line in self.off:
            style, _, value = line.partition(".")
            found.setdefault(style, set()).add(value)
        return found

    @property
    def stated_scale(self) -> int | None:
        """Return the scale that is asked for, by itself or by the zoom of a map on a screen."""
        if self.scale is None and self.map is not None:
            return scale_of_zoom(self.map[0], self.map[2])
        return self.scale


@dataclass(frozen=True)
class PrintAddress:
    """A print as its address says it."""

    jurisdiction: str
    said: Mapping[str, str]
    language: Language

    @classmethod
    def of(cls, jurisdiction: str, arguments: Mapping[str, str], language: Language) -> PrintAddress:
        """Return what a request says; words that the page does not know, and those left empty, count for nothing."""
        return cls(jurisdiction, {name: arguments[name] for name in _WORDS if arguments.get(name)}, language)

    @property
    def asked(self) -> PrintWords:
        """Return which print it is; refuse what can not be understood of it."""
        return validated(PrintWords, dict(self.said))

    def url(self, part: str = "", **changes: str | None) -> str:
        """Return the address of the same print with other words; None takes one out."""
        told = {name: value or None for name, value in {**self.said, **changes}.items()}
        return page_address(f"/maps/{self.jurisdiction}/print{part}", self.language, **told)
