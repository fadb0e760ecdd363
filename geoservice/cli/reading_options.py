"""The options of every command that reads features of a file, and what they say to the reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from geoservice.cli.ballpark import allow_ballpark_option
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice.domain.importing import choices as choosing

if TYPE_CHECKING:
    from geoservice.domain.importing.choices import Choices, Degrees
    from geoservice.services.layers.importing import Surroundings

Command = TypeVar("Command", bound=Callable[..., Any])


class Pairs(click.ParamType):
    """NAME=VALUE."""

    name = "NAME=VALUE"

    def convert(
        self, value: str | tuple[str, str], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Return name and value."""
        if isinstance(value, tuple):
            return value
        name, sign, text = value.partition("=")
        if not (name and sign and text):
            wanted = self.name if param is None else param.make_metavar(ctx or click.Context(click.Command("layer")))
            self.fail(f"{value[:80]!r} is not {wanted}.", param, ctx)
        return name, text


_OPTIONS = (
    click.option("--crs", help="wgs84, cgcs2000, gcj02, bd09 or epsg:N; wins over what FILE says."),
    click.option("--encoding", help="Of text in a shapefile or a CSV, such as gbk."),
    click.option("--layer", "file_layer", help="Of a GeoPackage: which of its layers."),
    click.option(
        "--sheet",
        "sheets",
        multiple=True,
        metavar="NAME",
        help="Of a workbook; every sheet with the same header when absent. Repeatable for a register.",
    ),
    click.option("--swap-coordinates", is_flag=True, help="Longitude and latitude stand in each other's column."),
    click.option(
        "--degrees", type=click.Choice(["decimal", "minutes"]), help="29.2404, or 29.1425 for 29 degrees 14' 25\"."
    ),
    click.option(
        "--gbt28181/--no-gbt28181",
        default=None,
        help="Numbers for directions and kinds of cameras are those of GB/T 28181, or are not.",
    ),
    click.option(
        "--no-persons", multiple=True, metavar="FIELD", help="Short words of this field are no names of people."
    ),
    click.option("--drop-heights", is_flag=True, help="Leave heights out; a file with heights is refused otherwise."),
    allow_ballpark_option,
)


def reading_options(command: Command) -> Command:
    """Give a command the options that say how a file is to be read."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def reading_options_as_choices(
    said: Mapping[str, object], around: Surroundings, *, mapping: Mapping[str, str],
    words: Mapping[str, Mapping[str, str]],
) -> Choices:  # fmt: skip
    """Return what the options say, beside which column is which field and what words mean."""
    return choosing.Choices(
        mapping=mapping, crs=_text(said["crs"], lower=True), encoding=_text(said["encoding"]),
        layer=_text(said["file_layer"]), sheet=_one_sheet(said["sheets"]), swapped=bool(said["swap_coordinates"]),
        degrees=cast("Degrees | None", said["degrees"]), gbt28181=cast("bool | None", said["gbt28181"]),
        words=words, no_persons=frozenset(cast("Sequence[str]", said["no_persons"])),
        drop_heights=bool(said["drop_heights"]), time_zone=around.time_zone,
        allow_ballpark=bool(said["allow_ballpark"]), bbox=around.bbox,
    )  # fmt: skip


def _one_sheet(sheets: object) -> str | None:
    named = cast("Sequence[str]", sheets)
    if len(named) > 1:
        raise click.UsageError("Say one --sheet: without any, all that have the same header are read.")
    return named[0] if named else None


def _text(value: object, *, lower: bool = False) -> str | None:
    if value is None:
        return None
    return str(value).lower() if lower else str(value)


def words_by_field(pairs: Sequence[tuple[str, str]]) -> dict[str, dict[str, str]]:
    """Return what words mean, by field."""
    words: dict[str, dict[str, str]] = {}
    for name, code in pairs:
        field, sign, word = name.partition(".")
        if not (sign and word):
            raise click.UsageError(f"--word {name}={code} names no field: write FIELD.WORD=CODE.")
        meant = words.setdefault(field, {})
        if meant.get(word, code) != code:
            raise click.UsageError(f"--word {field}.{word} is said to be {meant[word]} and {code}: say one.")
        meant[word] = code
    return words


def said_once(option: str, pairs: Sequence[tuple[str, str]], *, key: str | None = None) -> dict[str, str]:
    """Return what is said of each name by an option, and by --key of `code`; refuse two things that are said of one."""
    said: dict[str, str] = {}
    for name, value in (*pairs, *([] if key is None else [("code", key)])):
        if said.get(name, value) != value:
            raise click.UsageError(f"{option} {name} is said to be {said[name]} and {value}: say one.")
        said[name] = value
    return said
