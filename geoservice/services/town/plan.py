"""town.toml: what a town has, in which files, and what is to be taken for what."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from geoservice.domain.importing.choices import Choices
from geoservice.domain.importing.services import Unit
from geoservice.errors import TownFileWrong
from layers.changes.model import Removed
from layers.crs import Bbox
from layers.jurisdictions.model import Visitors

#: A file of sentences and names; larger ones are no town.toml.
BYTES_MAX = 1_000_000
#: Of what is wrong in a file so much is told.
MISTAKES_TOLD = 10


def _mistake(what: str) -> PydanticCustomError:
    return PydanticCustomError("mistake", what)


def _listed(value: object) -> object:
    """Return a table as a list of one: `[cameras]` is `[[cameras]]` with a single file."""
    return [value] if isinstance(value, dict) else value


class _Table(BaseModel):
    """A table of the file; what it has not is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Town(_Table):
    """Whose files they are, and what holds for all that do not say otherwise."""

    code: str
    name: str
    name_en: str | None = None
    time_zone: str = "Asia/Shanghai"
    #: Metric CRS; chosen by the place when absent.
    metric_srid: int | None = None
    crs: str | None = None
    encoding: str | None = None
    #: The day that a register tells of.
    as_of: date | None = None
    attribution: str | None = None
    #: What whoever shows no key sees of it; as it is when absent, `grids` at first.
    visitors: Visitors | None = None
    #: Whether who drew a draft can neither publish it nor confirm its outline; as it is when absent, false at first.
    four_eyes: bool | None = None


class Place(_Table):
    """Where a town is."""

    file: Path | None = None
    layer: str | None = None
    crs: str | None = None
    encoding: str | None = None
    #: In place of a file: the hull of these, 50 m wide all around.
    around: Literal["buildings"] | None = None

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        if (self.file is None) == (self.around is None):
            raise _mistake('say file, or around = "buildings"')
        return self


class Osm(_Table):
    """An extract of OpenStreetMap."""

    file: Path
    take: tuple[Literal["basemap", "buildings"], ...] = ("basemap", "buildings")
    removed: Removed = "keep"


class Features(_Table):
    """A file of features of a layer."""

    file: Path
    #: Header by field.
    columns: Mapping[str, str] = {}
    key: str | None = None
    #: The same for every feature, by field.
    set: Mapping[str, str | int | float | bool] = {}
    #: Code by word, by field.
    words: Mapping[str, Mapping[str, str]] = {}
    layer: str | None = None
    sheet: str | None = None
    crs: str | None = None
    encoding: str | None = None
    swapped: bool = False
    degrees: Literal["decimal", "minutes"] | None = None
    gbt28181: bool | None = None
    no_persons: tuple[str, ...] = ()
    drop_heights: bool = False
    allow_ballpark: bool = False
    removed: Removed = "keep"
    confirm_removal: bool = False

    def choices(self, town: Town, bbox: Bbox | None) -> Choices:
        """Return what is said of the file, to whoever reads it."""
        mapping = dict(self.columns) if self.key is None else {**self.columns, "code": self.key}
        return Choices(
            mapping=mapping, crs=(self.crs or town.crs or "").lower() or None, encoding=self.encoding or town.encoding,
            layer=self.layer, sheet=self.sheet, swapped=self.swapped, degrees=self.degrees, gbt28181=self.gbt28181,
            words=self.words, no_persons=frozenset(self.no_persons), drop_heights=self.drop_heights,
            time_zone=town.time_zone, allow_ballpark=self.allow_ballpark, bbox=bbox,
        )  # fmt: skip


class Register(_Table):
    """A register of persons that is counted."""

    count_register: Path
    per: Literal["unit", "building"] = "unit"
    sheets: tuple[str, ...] | None = None
    columns: Mapping[str, str] = {}
    refuse_above: Annotated[float, Field(ge=0, le=1)] = 0.02
    here: tuple[str, ...] = ()
    swap_is_encrypted: bool = False
    removed: Removed = "keep"
    confirm_removal: bool = False


class Propose(_Table):
    """Grids that are proposed along streets."""

    grids: Annotated[int, Field(ge=1)] | None = None
    households: tuple[int, int] | None = None
    #: What grids are to have alike: households, or buildings while no households are known.
    by: Literal["households", "buildings"] = "households"
    seed: int = 0

    @model_validator(mode="after")
    def _says_how_many(self) -> Self:
        if self.by == "buildings" and self.grids is None:
            raise _mistake('by = "buildings" wants grids = N: nobody knows how many buildings a grid is to have')
        return self


class Grids(_Table):
    """The grids of the town: of a file, or proposed."""

    file: Path | None = None
    layer: str | None = None
    crs: str | None = None
    encoding: str | None = None
    code: str = "code"
    name: str | None = None
    #: Close gaps and overlaps narrower than this, metres.
    heal: float | None = None
    propose: Propose | None = None
    #: Put them in force, when nothing forbids it and the town has none yet.
    publish: bool = False

    @model_validator(mode="after")
    def _come_from_somewhere(self) -> Self:
        if (self.file is None) == (self.propose is None):
            raise _mistake("say file, or propose")
        return self


class Roster(_Table):
    """A file of staff and their postings, or of services."""

    file: Path
    columns: Mapping[str, str] = {}
    words: Mapping[str, Mapping[str, str]] = {}
    sheet: str | None = None
    encoding: str | None = None
    removed: Removed = "keep"
    #: Of a roster: whether `to` is the last day of a posting, not the first one after it.
    to_is_last_day: bool = False
    #: Of services: what limits are that say none.
    limit_unit: Unit | None = None

    def choices(self, town: Town) -> Choices:
        """Return what is said of the file, to whoever reads it."""
        return Choices(
            mapping=self.columns, words=self.words, sheet=self.sheet, encoding=self.encoding or town.encoding,
            time_zone=town.time_zone,
        )  # fmt: skip


class Calendar(_Table):
    """When is worked."""

    work: tuple[str, ...] = ()
    days: Path | None = None


#: Days, or that it is kept for good.
Days = Annotated[int, Field(ge=1, le=36500)] | Literal["kept"]


class Kept(_Table):
    """For how many days what people write is kept; what is not said stays as it is."""

    words: Days | None = None
    deliveries: Days | None = None
    report_keys: Days | None = None
    sessions: Days | None = None

    @property
    def days(self) -> dict[str, int | None]:
        """Return what is said, by kind; None: for good."""
        said = ((name, getattr(self, name)) for name in type(self).model_fields)
        return {name: None if value == "kept" else value for name, value in said if value is not None}


class Plan(_Table):
    """A whole town.toml."""

    town: Town
    retention: Kept | None = None
    outline: Place | None = None
    calendar: Calendar | None = None
    services: Roster | None = None
    osm: Osm | None = None
    basemap: Annotated[tuple[Features, ...], BeforeValidator(_listed)] = ()
    buildings: Annotated[tuple[Features, ...], BeforeValidator(_listed)] = ()
    households: Register | Features | None = None
    grids: Grids | None = None
    cameras: Annotated[tuple[Features, ...], BeforeValidator(_listed)] = ()
    organisations: Annotated[tuple[Features, ...], BeforeValidator(_listed)] = ()
    staff: Roster | None = None

    @model_validator(mode="after")
    def _has_one_outline(self) -> Self:
        around = self.outline is not None and self.outline.around is not None
        if around and self.grids is not None and self.grids.file is not None:
            raise _mistake("outline.around and grids.file exclude each other: without [outline] it is what grids cover")
        if around and not self.buildings:
            raise _mistake('outline.around = "buildings" wants a file of buildings: [buildings]')
        return self


def read_plan(path: Path) -> Plan:
    """Return what a town.toml says; its files are looked for beside it.

    Raises
    ------
    TownFileWrong
        It can not be read, or says what nobody understands: where, and what was perhaps meant.
    """
    if path.exists() and not path.is_file():  # a device has no end, and a pipe waits for somebody who writes
        raise TownFileWrong(file=path.name, what="it is no file")
    try:
        with path.open("rb") as opened:
            text = opened.read(BYTES_MAX + 1)
    except OSError as exc:
        raise TownFileWrong(file=path.name, what=str(exc.strerror)) from exc
    if len(text) > BYTES_MAX:
        raise TownFileWrong(file=path.name, what=f"it has more than {BYTES_MAX:,} bytes")
    try:
        told = tomllib.loads(text.decode("utf-8-sig"))
    except (ValueError, RecursionError) as exc:  # of numbers of thousands of digits, too
        raise TownFileWrong(file=path.name, what=f"it is no TOML in UTF-8: {exc}") from exc
    try:
        plan = Plan.model_validate(told)
    except ValidationError as exc:
        raise TownFileWrong(file=path.name, what="; ".join(_mistakes(exc))) from exc
    return _beside(plan, path.absolute().parent)


def _mistakes(error: ValidationError) -> Iterator[str]:
    """Yield what is wrong, and where, so much of it; a word that is not known with the nearest one that is."""
    for one in error.errors(include_url=False, include_input=False, include_context=False)[:MISTAKES_TOLD]:
        if one["type"] == "mistake":
            yield ": ".join(filter(None, (".".join(map(str, one["loc"])), one["msg"])))
            continue
        *parents, last = [part for part in one["loc"] if part not in ("Register", "Features")]
        place = ".".join(str(part) for part in (*parents, last))
        if one["type"] != "extra_forbidden":
            yield f"{place}: {one['msg'].lower()}"
            continue
        known = _fields(parents)
        near = get_close_matches(str(last), known, n=1)
        yield f"{place} is not known: " + (f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}")
    if error.error_count() > MISTAKES_TOLD:
        yield f"… {MISTAKES_TOLD} of {error.error_count()}"


def _fields(path: Sequence[object]) -> list[str]:
    model: type[BaseModel] = Plan
    for part in path:
        if isinstance(part, str) and part in model.model_fields:
            found = _model_in(model.model_fields[part].annotation)
            model = found or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, getattr(annotation, "__args__", ()))), None)


def _beside(plan: Plan, folder: Path) -> Plan:
    """Return a plan whose files have whole paths."""

    def whole(value: object) -> object:
        if isinstance(value, Path):
            return folder / value
        if isinstance(value, tuple):
            return tuple(whole(one) for one in value)
        if isinstance(value, BaseModel):
            return value.model_copy(update={name: whole(getattr(value, name)) for name in type(value).model_fields})
        return value

    return cast("Plan", whole(plan))
