"""How deep a body of JSON is nested, known before a parser meets it."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from geoservice.errors import GeoserviceError

#: orjson itself stops at about 1,000.
MAX_DEPTH = 20
#: A body is looked through by so many bytes at a time.
PIECE_BYTES = 1 << 18
_QUOTE, _BACKSLASH = b'"\\'
#: By byte: by how much it changes the depth, and whether it nests or encloses.
_STEPS = np.zeros(256, np.int8)
_STEPS[list(b"[{")], _STEPS[list(b"]}")] = 1, -1
_STRUCTURE = _STEPS != 0
_STRUCTURE[_QUOTE] = True


class TooDeep(GeoserviceError):
    """The body is nested more than 20 levels deep."""


def check_depth(body: bytes) -> None:
    """Raise TooDeep before a parser meets the nesting; brackets inside strings do not count."""
    if body.count(b"{") + body.count(b"[") <= MAX_DEPTH:
        return
    deepest = _deepest(body)
    if deepest is None:
        _check_each_bracket(body)
    elif deepest > MAX_DEPTH:
        raise TooDeep


def _deepest(body: bytes) -> int | None:
    """Return how deep brackets outside strings are nested, all looked at together; None when that is not sure.

    It is sure where every string ends and every backslash stands in one.
    """
    escapes = b"\\" in body
    if escapes and b"\\\n" in body:  # no string goes on behind that
        return None
    plain = body.replace(b"\\\\", b"__").replace(b'\\"', b"__") if escapes else body
    depth = deepest = 0
    inside = False
    for begin in range(0, len(body), PIECE_BYTES):
        values = np.frombuffer(plain, np.uint8)[begin : begin + PIECE_BYTES]
        where = np.flatnonzero(_STRUCTURE[values])
        marks = values[where]
        strings = (np.cumsum(marks == _QUOTE) + inside) % 2 == 1
        if escapes and not _within(strings, where, body[begin : begin + PIECE_BYTES], inside):
            return None
        depths = depth + np.cumsum(np.where(strings, 0, _STEPS[marks]))
        if len(marks):
            depth, deepest, inside = int(depths[-1]), max(deepest, int(depths.max())), bool(strings[-1])
    return None if inside else deepest


def _within(strings: NDArray[np.bool_], where: NDArray[np.int64], body: bytes, inside: bool) -> bool:
    """Return whether every backslash of a piece stands in a string."""
    backslashes = np.flatnonzero(np.frombuffer(body, np.uint8) == _BACKSLASH)
    return bool(np.append(strings, inside)[np.searchsorted(where, backslashes) - 1].all())


def _check_each_bracket(body: bytes) -> None:
    """Raise TooDeep; the rule by which all of this is judged."""
    depth = 0
    for token in re.finditer(rb'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]', body):
        if token[0] in (b"[", b"{"):
            depth += 1
            if depth > MAX_DEPTH:
                raise TooDeep
        elif token[0] in (b"]", b"}"):
            depth -= 1
