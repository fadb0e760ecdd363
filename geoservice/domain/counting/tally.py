"""Rows of a register become counts: who counts, where, and why a row does not. Texts go no further than here."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from .days import AGE_MAX, Birth, age_at, age_of, band_of, birth_of
from .floating import is_floating, lives_elsewhere, yes_or_no
from .identity import Identity, identity_of
from .places import Buildings, door_of
from .reasons import Reason
from .writing import text_of

_SUMS = re.compile(r"(合计|小计|总计|共计|(TOTAL|SUM)(?![A-Z]))")
_FOOTERS = re.compile(rf"{_SUMS.pattern}|填表|审核|制表|负责人|备注|注:|说明:")
#: Below the header only: elsewhere somebody may be called so.
_EXAMPLE = re.compile(r"(示例|样例|例[:如]).*|张三|李四|例|X{2,}|EXAMPLE|JOHNDOE|MAXMUSTERMANN")
_HINT = re.compile(r"必填|选填|请填|请输入|格式|下拉|填写|1=|0=|是/否|18位")
_EXAMPLES_WITHIN = 3
_TOTAL_LENGTH = 12
_TOTAL = re.compile(r"(?<!\d)(\d{1,6})(?!\d)")
#: Without any of these, a row with a number has only been numbered, for somebody to come.
_OF_PERSONS = {"identity", "birth", "age", "room", "household", "relation", "address"}
_MARKS = ("dead", "moved", "vacant")
BANDS = 5


@dataclass(frozen=True)
class Sheet:
    """The rows of a sheet below its header; nothing of it is told but numbers."""

    number: int
    name: str
    #: The place of the column by what it tells.
    columns: Mapping[str, int]
    #: As `text_of` has it.
    header: Sequence[str]
    #: Whether the column of births holds real dates.
    serials: bool
    #: Of the building that all of the sheet is in, when no column tells it.
    building: str | None


class Person(NamedTuple):
    """What is left of somebody: a household in memory, a band, and where they are registered."""

    household: tuple[str, ...]
    unit: str | None
    band: int
    floating: bool


class NotCounted(Exception):
    """A row does not count."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class Household:
    """Counts of one household."""

    building: str
    unit: str | None
    bands: list[int] = field(default_factory=lambda: [0] * BANDS)
    floating: int = 0


@dataclass
class Tally:
    """Counts so far.

    Parameters
    ----------
    buildings
        By their spellings.
    as_of
        The day at which people have their age.
    here
        See `is_floating`.
    digest
        What makes a document a number that nobody can turn back; a key of this run is in it.
    """

    buildings: Buildings
    as_of: date
    here: Sequence[str]
    digest: Callable[[str], bytes]
    households: dict[tuple[str, ...], Household] = field(default_factory=dict)
    counts: Counter[Reason] = field(default_factory=Counter)
    places: dict[Reason, list[tuple[int, int]]] = field(default_factory=dict)
    #: By what told the age: identity, birth or age.
    births: Counter[str] = field(default_factory=Counter)
    #: Rows with what sums say: sheet, row, number.
    totals: list[tuple[int, int, int]] = field(default_factory=list)
    persons: int = 0
    _met: set[bytes] = field(default_factory=set)
    _head: tuple[str, ...] | None = None
    _heads: int = 0

    def take(self, sheet: Sheet, number: int, row: Sequence[object], below: int) -> None:
        """Count a row; `number` is what the sheet shows beside it, `below` how far under the header it is, from 1."""
        texts = [text_of(value) for value in row]
        if not any(texts):
            return
        try:
            _require_person(sheet, texts, below)
            cells = {name: row[place] for name, place in sheet.columns.items() if place < len(row)}
            person = self._person(sheet, number, cells)
        except NotCounted as exc:
            self._note(exc.reason, sheet, number)
            if exc.reason is Reason.FOOTER:
                self._note_total(sheet, number, [text for text in texts if text])
            return
        household = self.households.setdefault(person.household, Household(person.household[0], person.unit))
        household.bands[person.band] += 1
        household.floating += person.floating
        self.persons += 1

    def _note(self, reason: Reason, sheet: Sheet, number: int) -> None:
        self.counts[reason] += 1
        self.places.setdefault(reason, []).append((sheet.number, number))

    def _note_total(self, sheet: Sheet, number: int, texts: Sequence[str]) -> None:
        if _SUMS.match(texts[0]):
            # Of several, that of persons: 3200户 may stand before 8987人.
            texts = sorted((text for text in texts if len(text) <= _TOTAL_LENGTH), key=lambda text: "人" not in text)
            totals = [int(match[1]) for text in texts if (match := _TOTAL.search(text))]
            self.totals += [(sheet.number, number, total) for total in totals[:1]]

    def _person(self, sheet: Sheet, number: int, cells: Mapping[str, object]) -> Person:
        for mark in _MARKS:
            if yes_or_no(cells.get(mark)) is None:
                self._note(Reason.FLAG_UNKNOWN, sheet, number)
        identity = identity_of(cells.get("identity"))
        # Whoever follows in the list belongs to the last householder, counted or not.
        found = self._place(sheet, cells)
        self._require_here(cells)
        document = None if identity is None or identity.document is None else self.digest(identity.document)
        if document is not None and document in self._met:
            raise NotCounted(Reason.DUPLICATE)
        if isinstance(found, Reason):
            raise NotCounted(found)
        age, remarks = self._age(sheet, cells, identity)
        household, unit, unit_unknown = found
        if unit_unknown:
            remarks.append(Reason.UNIT_UNKNOWN)
        floating = is_floating(cells, here=self.here, sheet=sheet.name)
        if floating is None:
            remarks.append(Reason.FLOATING_UNKNOWN)
        for remark in remarks:
            self._note(remark, sheet, number)
        if document is not None:
            self._met.add(document)
        return Person(household, unit, band_of(age), bool(floating))

    def _require_here(self, cells: Mapping[str, object]) -> None:
        if yes_or_no(cells.get("dead")) or self._has_come(cells.get("died")):
            raise NotCounted(Reason.DEAD)
        if yes_or_no(cells.get("moved")) or self._has_come(cells.get("left")):
            raise NotCounted(Reason.MOVED)
        if lives_elsewhere(cells):
            raise NotCounted(Reason.ELSEWHERE)

    def _has_come(self, value: object) -> bool:
        # In a column of such days a small number is one, too.
        day = birth_of(value, serials=True)
        return day is not None and day.day is not None and day.day <= self.as_of

    # --- Age ----------------------------------------------------------------------------------------------------------

    def _age(self, sheet: Sheet, cells: Mapping[str, object], identity: Identity | None) -> tuple[int, list[Reason]]:
        remarks = [Reason.ID_LOST_DIGITS] if identity is not None and identity.lost_digits else []
        written = birth_of(cells.get("birth"), serials=sheet.serials)
        if identity is not None and identity.birth is not None:
            if written is not None and written.day is not None and _differ(written, identity.birth):
                remarks.append(Reason.BIRTH_DIFFERS)
            self._require_possible(identity.birth)
            self.births["identity"] += 1
            return age_at(identity.birth, self.as_of), remarks
        mistyped = identity is not None and identity.mistyped
        if mistyped:
            remarks.append(Reason.CHECK_DIGIT_BESIDE_BIRTH)
        if written is not None and written.day is not None:
            self._require_possible(written.day)
            self.births["birth"] += 1
            return age_at(written.day, self.as_of), remarks + [Reason.MONTH_ONLY] * written.month_only
        age = age_of(cells.get("age"))
        if age is None:
            raise NotCounted(
                Reason.CHECK_DIGIT if mistyped else Reason.NO_BIRTH if written is None else Reason.NO_SUCH_DAY
            )
        if age > AGE_MAX:
            raise NotCounted(Reason.IMPOSSIBLE_AGE)
        self.births["age"] += 1
        return age, [*remarks, Reason.AGE_ALONE]

    def _require_possible(self, birth: datetime.date) -> None:
        if not 0 <= age_at(birth, self.as_of) <= AGE_MAX or birth > self.as_of:
            raise NotCounted(Reason.IMPOSSIBLE_AGE)

    # --- Place --------------------------------------------------------------------------------------------------------

    def _place(self, sheet: Sheet, cells: Mapping[str, object]) -> tuple[tuple[str, ...], str | None, bool] | Reason:
        """Return the household of a row in memory, its unit as it may be told, and whether it has another one."""
        building, estate, address = (cells.get(name) for name in ("building", "estate", "address"))
        found = self.buildings.find(building, estate)
        if found is None or not found.rest:
            # An address may say the unit and the room, too.
            by_address = self.buildings.find(address, estate)
            if found is None or (by_address is not None and by_address.code == found.code):
                found = by_address or found
        code, rest = (found.code, found.rest) if found is not None else (sheet.building, text_of(address))
        if code is None:
            nothing = not text_of(building) and not text_of(address)
            return Reason.NO_BUILDING if nothing else Reason.BUILDING_UNKNOWN
        door = door_of(cells.get("unit"), cells.get("room"), rest)
        household = self._household(code, door.unit_written if door.unit is None else door.unit, door.room, cells)
        if household is None:
            return Reason.NO_HOUSEHOLD
        return household, door.unit, bool(door.unit_written) and door.unit is None

    def _household(self, code: str, unit: str, room: str, cells: Mapping[str, object]) -> tuple[str, ...] | None:
        if room:
            return code, unit, "room", room
        if number := text_of(cells.get("household")):
            return code, unit, "household", number
        if "relation" not in cells:
            return None
        if text_of(cells["relation"]) in ("户主", "本人", "HEAD"):
            self._heads += 1
            self._head = (code, unit, "head", str(self._heads))
        # Somebody without a householder before, or in another building than that one's.
        return self._head if self._head is not None and self._head[:2] == (code, unit) else None


def _differ(written: Birth, birth: date) -> bool:
    if written.day is None:
        return False
    return (written.day.year, written.day.month) != (birth.year, birth.month) or (
        not written.month_only and written.day.day != birth.day
    )


def _require_person(sheet: Sheet, texts: Sequence[str], below: int) -> None:
    """Raise NotCounted for what is no row of a person."""
    told = {name: texts[place] for name, place in sheet.columns.items() if place < len(texts) and texts[place]}
    if _FOOTERS.match(next(filter(None, texts))):
        raise NotCounted(Reason.FOOTER)
    if told and all(text == sheet.header[sheet.columns[name]] for name, text in told.items()):
        raise NotCounted(Reason.HEADER_AGAIN)
    if below <= _EXAMPLES_WITHIN and any(_EXAMPLE.fullmatch(text) or _HINT.search(text) for text in texts):
        raise NotCounted(Reason.EXAMPLE_ROW)
    others = [text for place, text in enumerate(texts) if text and place not in sheet.columns.values()]
    if not _OF_PERSONS & told.keys() and all(text.isdigit() for text in others):
        raise NotCounted(Reason.EMPTY_ROW)
