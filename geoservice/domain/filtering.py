"""Filters as CQL2 writes them, text or JSON, read into plain values: with bounds that are looked at before reading."""

from __future__ import annotations

import bisect
import json
import math
import re
from typing import Any, Literal

from cql2 import ParseError, ValidationError, parse_json, parse_text

from layers.errors import FilterRefused

FilterLanguage = Literal["cql2-text", "cql2-json"]
LENGTH_MAX = 8_000
#: The parser recurses in a process that serves others too: some thousand levels end it.
NESTING_MAX = 40
#: Names, texts, words and operators; the numbers of a shape are not counted.
TERMS_MAX = 400
_TOKEN = re.compile(
    r"""'(?:[^']|'')*+'|"(?:[^"]|"")*+"|[(\[]|[)\]]|[\w.]*[^\W\d]\w*|[-+*/%^<>=]+?""", re.UNICODE
)  # fmt: skip
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]')
_NUMBER = re.compile(r"[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?", re.ASCII)
_WRITTEN = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", re.ASCII)


def read_filter(said: str, language: FilterLanguage) -> Any:
    """Return a filter as CQL2 JSON has it: dicts, lists, texts, numbers, booleans.

    Raises
    ------
    FilterRefused
        It is too large, or it is no CQL2.
    """
    if len(said) > LENGTH_MAX:
        raise FilterRefused(f"It has {len(said)} characters; {LENGTH_MAX} at most are read.")
    _require_bounds(_NUMBER.sub("0", said) if language == "cql2-text" else said, language)
    try:
        expression = parse_text(said) if language == "cql2-text" else parse_json(said)
        found = expression.to_json()
        json.dumps(found, allow_nan=False)
    except BaseException as exc:  # the parser panics, which is no Exception; whatever is not its own is raised again
        if not _is_of_the_parser(exc):
            raise
        raise FilterRefused(
            f"It is no {language}, or a geometry in it is empty or lacks a number; OGC 21-065r2 describes it."
        ) from None
    return _as_written(found, sorted({float(number) for number in _WRITTEN.findall(said)}))


def _as_written(found: Any, written: list[float]) -> Any:
    """Return what was read with its numbers as they were written.

    The parser reads some numbers of JSON, and of every geometry, up to two units in the last place beside themselves:
    a point that is told with each of its digits would not be found again.
    """
    if isinstance(found, dict):
        return {name: _as_written(part, written) for name, part in found.items()}
    if isinstance(found, list):
        return [_as_written(part, written) for part in found]
    if not isinstance(found, float) or not written:
        return found
    at = bisect.bisect_left(written, found)
    near = min(written[max(at - 1, 0) : at + 1], key=lambda number: abs(number - found))
    return near if abs(near - found) <= 2 * math.ulp(found) else found


def _is_of_the_parser(exc: BaseException) -> bool:
    """Return whether the parser says that it can not read something.

    It is written in Rust: its panics are no Exceptions, and what its reader of geometries refuses (POINT EMPTY) comes
    as an Exception of no class.
    """
    named = (ParseError, ValidationError, ValueError, TypeError, OverflowError)
    return isinstance(exc, named) or type(exc) is Exception or type(exc).__name__ == "PanicException"


def _require_bounds(said: str, language: FilterLanguage) -> None:
    depth = terms = 0
    for part in (_TOKEN if language == "cql2-text" else _JSON_TOKEN).findall(said):
        if part in "([{":
            depth += 1
            if depth > NESTING_MAX:
                raise FilterRefused(f"It is nested more than {NESTING_MAX} levels deep.")
        elif part in ")]}":
            depth -= 1
        else:
            terms += 1
            if terms > (TERMS_MAX if language == "cql2-text" else 4 * TERMS_MAX):
                raise FilterRefused(f"It has more than {TERMS_MAX} terms.")
