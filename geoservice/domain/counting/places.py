"""Which building, unit and room a row means, by the spellings of buildings that are known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .writing import number_of, text_of

#: Units that may be told: numbers and letters, so that no text of a register passes for one.
UNITS_MAX = 99
_SUFFIX = re.compile(r"(?:号楼|栋|幢|号|楼|座|#)$")
_SUFFIXES = ("号楼", "栋", "幢", "楼", "座", "#")
#: An address may begin with names of places above the building's; each ends so.
_ABOVE = re.compile(r"自治区|自治州|自治县|社区|街道|村委会|小区|[省市区县旗州镇乡村]")
_UNIT_ROOM = re.compile(r"(?:第?(\w{1,3}?)(?:单元|梯))?[-,]?(\w+(?:-\w+)*)?")
_ROOM_TAIL = re.compile(r"(?:室|房|号|户)$")
_DASHES = re.compile(r"[‐‑‒–—―−－_~～]|之")


@dataclass(frozen=True)
class Found:
    """A building, and what an address says after it."""

    code: str
    rest: str


class Buildings:
    """The buildings of a jurisdiction by how they are written."""

    def __init__(self, spellings: Mapping[str, str]) -> None:
        self._exact = _unambiguous((_plain(spelling), code) for spelling, code in spellings.items())
        self._stems = _unambiguous((_stem(_plain(spelling)), code) for spelling, code in spellings.items())
        self._met: dict[str, Found | None] = {}

    def find(self, written: object, estate: object = None) -> Found | None:
        """Return the building that a cell means, on its own or with the name of an estate before it."""
        text, before = _plain(written), _plain(estate)
        return (self._find(before + text) if before and text else None) or self._find(text)

    def _find(self, text: str) -> Found | None:
        if text not in self._met:
            self._met[text] = self._look_up(text)
        return self._met[text]

    def _look_up(self, text: str) -> Found | None:
        if not text:
            return None
        code = self._exact.get(text) or self._stems.get(_stem(text))
        return Found(code, "") if code else self._search(text)

    def _search(self, text: str) -> Found | None:
        """Return what an address means: the longest spelling at its beginning, or behind a larger place's name."""
        for start in [0, *(match.end() for match in _ABOVE.finditer(text))]:
            for end in range(len(text), start, -1):
                spelling, rest = text[start:end], text[end:]
                if _ends_there(spelling, rest):
                    code = self._exact.get(spelling) or self._code_with_suffix(spelling)
                    if code:
                        return Found(code, _without_suffix(rest))
        return None

    def _code_with_suffix(self, spelling: str) -> str | None:
        return self._stems.get(_stem(spelling)) if spelling.endswith(_SUFFIXES) else None


def _unambiguous(spelled: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the codes by what means one building alone."""
    found: dict[str, set[str]] = {}
    for spelling, code in spelled:
        found.setdefault(spelling, set()).add(code)
    return {spelling: codes.pop() for spelling, codes in found.items() if spelling and len(codes) == 1}


def _plain(written: object) -> str:
    return _DASHES.sub("-", text_of(written)).removeprefix("第")


def _stem(plain: str) -> str:
    stem = _SUFFIX.sub("", plain)
    number = number_of(stem) if stem else None
    return stem if number is None else str(number)


def _ends_there(spelling: str, rest: str) -> bool:
    """Return whether a spelling ends where it may: not within a number, and a bare number only before its noun."""
    if rest[:1].isascii() and rest[:1].isalnum() and spelling[-1:].isascii() and spelling[-1:].isalnum():
        return False
    bare = spelling.isdigit() or (spelling.isascii() and len(spelling) <= 2)
    return not bare or rest.startswith(_SUFFIXES)


def _without_suffix(rest: str) -> str:
    for suffix in _SUFFIXES:
        rest = rest.removeprefix(suffix)
    return rest.lstrip("-,")


@dataclass(frozen=True)
class Door:
    """A unit as it may be told, as it is written, and a room; what is written stays in memory."""

    unit: str | None
    unit_written: str
    room: str


def door_of(unit: object, room: object, rest: str = "") -> Door:
    """Return the unit and room that cells mean, or what follows the building in an address.

    0301, 301, 1-301 and 2单元301室 are rooms; of the last two, the first number is a unit.
    """
    unit_written, room_written = _plain(unit), _plain(room) or rest
    within_unit, within_room = _taken_apart(room_written)
    if not unit_written and not within_unit and rest and room_written is not rest:
        within_unit, _ = _taken_apart(rest)
    unit_written = unit_written or within_unit
    return Door(unit_of(unit_written), unit_written, within_room)


def unit_of(written: str) -> str | None:
    """Return a unit as it may be told: a number up to 99 or a letter; None for everything else."""
    bare = re.sub(r"^第|(?:单元|门|梯|号)+$", "", written)
    number = number_of(bare) if bare else None
    if number is not None:
        return str(number) if 1 <= number <= UNITS_MAX else None
    return bare if len(bare) == 1 and bare.isascii() and bare.isalpha() else None


def _taken_apart(written: str) -> tuple[str, str]:
    match = _UNIT_ROOM.match(written)
    unit, room = (match[1] or "", match[2] or "") if match else ("", written)
    parts = [_room(part) for part in room.split("-") if part]
    if len(parts) > 1 and not unit:
        unit = parts[-2]
    return unit, parts[-1] if parts else ""


def _room(written: str) -> str:
    bare = _ROOM_TAIL.sub("", written)
    return bare.lstrip("0") or bare
