"""Cells as values of a layer's or a ledger's columns; what is no such value refuses its row, with the reason."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial
from zoneinfo import ZoneInfo

from geoservice.domain.importing.bearings import BearingUnknown, bearing_of
from geoservice.domain.importing.choices import Choices
from geoservice.domain.importing.instants import written_instant
from geoservice.domain.importing.kinds import SEVERAL, codes_by_word
from geoservice.domain.importing.ledgers import Importable
from geoservice.domain.importing.persons import personal
from geoservice.domain.importing.words import KEY, plain
from layers.errors import LayerError
from layers.grids.codes import code_text
from layers.households.layer import BANDS
from layers.layer import Column

#: What the database's CHECKs hold, so that a row is refused and not the whole file; a test holds them together.
BOUNDS: Mapping[str, tuple[float, float]] = {
    "floors": (1, 200), "bearing_deg": (0, 360), "fov_deg": (0, 360), "range_m": (0, 2000), "households": (1, 10_000),
    **dict.fromkeys(BANDS, (0, 10_000)), "floating": (0, 50_000),
}  # fmt: skip
#: Those whose lower bound is none of their values.
_ABOVE = ("fov_deg", "range_m")
CODE_LENGTH, TEXT_LENGTH = 64, 200
#: Of whole numbers, as columns of the layers and of own layers hold them; floats are exact below 2^53 (IEEE 754).
_INTEGER_BITS, OWN_INTEGER_BITS = 32, 64
_EXACT_FLOATS = 2**53
_WHOLE = re.compile(r"([+-]?[0-9]+)(?:\.0+)?(?:层|楼|户|人|个|栋|f|floors?|levels?)?")
_NUMBER = re.compile(r"([+-]?(?:[0-9]+(?:[.,][0-9]+)?|[.,][0-9]+)(?:e[+-]?[0-9]+)?)(?:m|米|公尺|°|度|deg)?")
#: One thousand and two hundred, or one and a fifth: nobody knows.
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")
_YES = frozenset("是 有 对 真 1 true t yes y ja j √ ✓ ✔".split())
_NO = frozenset("否 无 没有 不是 假 0 false f no n nein × ✗ x".split())
#: Others of a day are slips of the pen.
YEARS = (1900, 2200)
#: And of an instant, as the database has it: of others not even a list can be told in which they stand.
INSTANTS = tuple(datetime(year, 1, 1, tzinfo=UTC) for year in YEARS)
#: Below what is drawn: what CHECKs of names and codes refuse.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u180e\u2028-\u202e\u2060-\u206f\ufeff\U000E0000-\U000E007F]")
_UNSEEN_IN_CODES = re.compile(r"[\u00ad\u200b-\u200f]")
_BREAKS = re.compile(r"[ \t\u3000]*[\r\n\v\f\u2028\u2029]+[ \t\u3000]*")

Read = Callable[[object], object]


class Inexact(str):
    """A number of which only the first digits are known: the file, or the program that wrote it, lost the others."""

    __slots__ = ()


class NotAValue(ValueError):
    """Why a cell is no value of its column; the words of the cell are not in it, which could be a person's."""


@dataclass
class Typed:
    """The cells of a column as values."""

    values: list[object]
    #: Reason by place of the cell.
    refused: dict[int, str] = field(default_factory=dict)
    #: Words that mean no code, with how often they stand there.
    unknown: dict[str, int] = field(default_factory=dict)


def typed(
    cells: list[object], column: Column, table: Importable, choices: Choices, *, read: Read | None = None
) -> Typed:  # fmt: skip
    """Return the cells of a column as its values, with reasons for those that are none.

    Parameters
    ----------
    read
        Makes a value of a cell, or raises NotAValue; by the type of the column when None.
    """
    read = read or reader_of(column, table, choices)
    done = Typed([None] * len(cells))
    for place, cell in enumerate(cells):
        if is_empty(cell):
            if not column.nullable:
                done.refused[place] = f"{column.name} is empty"
            continue
        try:
            done.values[place] = read(cell)
        except NotAValue as exc:
            done.refused[place] = f"{column.name} {exc}"
            if column.codes and isinstance(cell, str | int | float | Decimal):
                word = str(cell).strip()
                done.unknown[word] = done.unknown.get(word, 0) + 1
    return done


def is_empty(cell: object) -> bool:
    """Return whether a cell says nothing."""
    if isinstance(cell, str):
        return not cell.strip()
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def reader_of(column: Column, table: Importable, choices: Choices) -> Read:
    """Return what makes a value of a cell of a column."""
    if column.codes:
        words = codes_by_word(table, column, choices.words.get(column.name, {}), gbt28181=bool(choices.gbt28181))
        return partial(_code, words=words)
    if column.name == "bearing_deg" and not table.own:
        return partial(_bearing, gbt28181=bool(choices.gbt28181))
    if column.name == KEY or (column.name in ("building_code", "unit") and not table.own):
        return key_of
    if column.type == "instant":
        return partial(instant_of, time_zone=choices.time_zone)
    if column.type == "day":
        return day_of
    reads: dict[str, Read] = {
        "text": text_of, "number": number_of, "boolean": boolean_of,
        "integer": partial(integer_of, bits=OWN_INTEGER_BITS if table.own else _INTEGER_BITS),
    }  # fmt: skip
    return reads[column.type] if table.own else partial(_within, read=reads[column.type], name=column.name)


# --- Text -------------------------------------------------------------------------------------------------------------


def key_of(cell: object) -> str:
    """Return a code: digits and letters of full width become plain ones, blanks around it go.

    Raises
    ------
    NotAValue
        It is no code, not exact, or a person's number.
    """
    if isinstance(cell, Inexact):
        raise NotAValue("is a number that lost its last digits; keep codes as text")
    try:
        text = code_text(cell)
    except LayerError as exc:
        raise NotAValue("is no code: a number that is not exact, or neither text nor a number") from exc
    text = unicodedata.normalize("NFC", _half_width(text)).strip()
    if len(text) > CODE_LENGTH:
        raise NotAValue(f"has more than {CODE_LENGTH} characters")
    if not text or _UNSEEN.search(text) or _UNSEEN_IN_CODES.search(text):
        raise NotAValue("has characters that nobody sees")
    if text.startswith("/") or text.endswith("/history"):
        raise NotAValue("begins with a slash, or ends with /history, so that no address leads to it")
    if personal(text, names=False, key=True):
        raise NotAValue("is a person's identity number")
    return text


def text_of(cell: object, *, longest: int = TEXT_LENGTH) -> str:
    """Return a text as it is, blanks around it gone, ends of lines within it made blanks; raise NotAValue."""
    if isinstance(cell, Inexact):
        raise NotAValue("is a number that lost its last digits")
    if isinstance(cell, bool) or not isinstance(cell, str | int | float | Decimal):
        if not isinstance(cell, date | time):
            raise NotAValue("is no text")
        cell = cell.isoformat()
    text = cell if isinstance(cell, str) else _digits(cell)
    text = text.strip()
    if len(text) <= 2 * longest:
        text = _BREAKS.sub(" ", text)
    if len(text) > longest:
        raise NotAValue(f"has more than {longest} characters")
    if _UNSEEN.search(text):
        raise NotAValue("has characters that nobody sees")
    if personal(text, names=False):
        raise NotAValue("holds what looks like a person's number")
    return text


def _digits(cell: float | Decimal) -> str:
    try:
        return code_text(cell)
    except LayerError as exc:
        raise NotAValue("is a number that is not exact") from exc


def _half_width(text: str) -> str:
    """Return a text with letters, digits and signs of full width as those of ASCII."""
    return "".join(chr(ord(one) - 0xFEE0) if "！" <= one <= "～" else one for one in text)


def _code(cell: object, *, words: Mapping[str, str]) -> str:
    said = plain(cell if isinstance(cell, str) else _digits(cell) if isinstance(cell, int | float | Decimal) else "")
    if said not in words:
        codes = ", ".join(code for code in dict.fromkeys(words.values()) if code != SEVERAL)
        raise NotAValue(f"is none of the words that are known for it, which mean {codes}")
    if words[said] == SEVERAL:
        raise NotAValue("is what several of its codes are called")
    return words[said]


# --- Numbers ----------------------------------------------------------------------------------------------------------


def integer_of(cell: object, *, bits: int = _INTEGER_BITS) -> int:
    """Return a whole number, exact to its last digit; raise NotAValue."""
    value: int | float | Decimal
    if isinstance(cell, str):
        found = _WHOLE.fullmatch(_narrow(cell[:TEXT_LENGTH]))
        if found is None or isinstance(cell, Inexact) or len(cell) > TEXT_LENGTH:
            raise NotAValue("is no whole number")
        value = int(found[1])
    elif isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        value = cell
    else:
        raise NotAValue("is no whole number")
    if not math.isfinite(value) or value != int(value):
        raise NotAValue("is no whole number")
    half = 2 ** (bits - 1)
    if not -half <= value < half:
        raise NotAValue("is larger than any number of its kind")
    if isinstance(value, float) and abs(value) > _EXACT_FLOATS:
        raise NotAValue("is a number that lost its last digits")
    return int(value)


def number_of(cell: object) -> float:
    """Return a number, with a point or a comma before its decimals; raise NotAValue."""
    if isinstance(cell, str):
        found = _NUMBER.fullmatch(_narrow(cell))
        if found is None or isinstance(cell, Inexact):
            raise NotAValue("is no number")
        if _THOUSANDS.fullmatch(found[1]):
            raise NotAValue("has a comma that may stand for thousands or before decimals")
        value = float(found[1].replace(",", "."))
    elif isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        value = float(cell)
    else:
        raise NotAValue("is no number")
    if not math.isfinite(value):
        raise NotAValue("is no number")
    return value


def _bearing(cell: object, *, gbt28181: bool) -> float:
    if isinstance(cell, bool) or not isinstance(cell, str | int | float | Decimal):
        raise NotAValue("is no direction")
    try:
        return bearing_of(str(cell), gbt28181=gbt28181)
    except BearingUnknown as exc:
        raise NotAValue("is no direction") from exc


def _within(cell: object, *, read: Read, name: str) -> object:
    value = read(cell)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return value
    low, high = BOUNDS.get(name, (-math.inf, math.inf))
    if not low <= value <= high or (name in _ABOVE and value == low):
        raise NotAValue(f"is not between {low:g} and {high:g}")
    return value


# --- Yes and no, days -------------------------------------------------------------------------------------------------


def boolean_of(cell: object) -> bool:
    """Return yes or no; raise NotAValue."""
    if isinstance(cell, bool):
        return cell
    said = _narrow(_digits(cell) if isinstance(cell, int | float | Decimal) else cell if isinstance(cell, str) else "")
    if said in _YES:
        return True
    if said in _NO:
        return False
    raise NotAValue("is neither yes nor no")


def instant_of(cell: object, *, time_zone: str | None) -> datetime:
    """Return an instant; a day begins at midnight. Raise NotAValue, also when nobody says in which time zone."""
    found = cell if isinstance(cell, datetime) else _instant(cell)
    if found.tzinfo is None:
        if time_zone is None:
            raise NotAValue("states no time zone")
        found = found.replace(tzinfo=ZoneInfo(time_zone))
    if not INSTANTS[0] <= found <= INSTANTS[1]:
        raise NotAValue(f"is not between the years {YEARS[0]} and {YEARS[1]}")
    return found


def day_of(cell: object) -> date:
    """Return a day; of an instant the day that is written. Raise NotAValue."""
    found = cell.date() if isinstance(cell, datetime) else _instant(cell).date()
    if not YEARS[0] <= found.year <= YEARS[1]:
        raise NotAValue(f"is not between the years {YEARS[0]} and {YEARS[1]}")
    return found


def _instant(cell: object) -> datetime:
    if isinstance(cell, date):
        return datetime.combine(cell, time())
    said = _digits(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else str(cell)
    try:
        return written_instant(said)
    except ValueError as exc:
        raise NotAValue("is no day and no instant") from exc


def _narrow(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()
