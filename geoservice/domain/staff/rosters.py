"""A roster: a row a posting, of staff by code and call sign, and what of it can not be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from geoservice.domain.importing.ledgers import LedgerRow
from geoservice.domain.importing.model import RefusedRow
from geoservice.domain.importing.persons import is_name_of_person
from geoservice.domain.importing.values import NotAValue, Read, day_of, key_of, text_of
from geoservice.domain.importing.words import plain
from geoservice.domain.privacy import holds_personal_number
from layers.staff.call_signs import free_call_signs
from layers.staff.model import Member, PostingSpan

#: What a member of staff is who is posted as a deputy.
ROLE_OF_DEPUTY = "grid_officer"
#: Nobody is posted as one: they serve the whole jurisdiction.
DISPATCHER = "dispatcher"
#: Of whom a grid has one on each day.
GRID_OFFICER = "grid_officer"
_OPEN = frozenset(map(plain, "长期 至今 现在 在岗 today now open heute offen".split()))


@dataclass(frozen=True)
class StoredStaff:
    """What is stored of the staff of a jurisdiction."""

    members: Mapping[str, Member]
    postings: tuple[PostingSpan, ...]
    #: Names of the grids in force, by code.
    grids: Mapping[str, str]


@dataclass(frozen=True)
class RosterChoices:
    """What whoever imports a roster says of it."""

    #: On which a posting begins of which the roster does not say when.
    today: date
    #: Whether call signs that are made are Chinese.
    chinese: bool
    #: Whether `to` is the last day of a posting, not the first one after it.
    to_is_last_day: bool = False


@dataclass
class Roster:
    """Staff and postings as a roster tells them."""

    members: dict[str, Member] = field(default_factory=dict)
    rows: Sequence[LedgerRow] = ()
    #: By place of their row.
    postings: dict[int, PostingSpan] = field(default_factory=dict)
    refused: list[RefusedRow] = field(default_factory=list)


def read_staff_code(cell: object) -> str:
    """Return a staff code; raise NotAValue, also when a person is reached or known by it."""
    code = key_of(cell)
    if holds_personal_number(code):
        raise NotAValue("is a number by which a person is reached or known")
    return code


def read_call_sign(cell: object) -> str:
    """Return a call sign; raise NotAValue, also when it is a name."""
    sign = text_of(cell)
    if is_name_of_person(sign):
        raise NotAValue("looks like a person's name")
    return sign


def _read_end(cell: object) -> date | None:
    return None if isinstance(cell, str) and plain(cell) in _OPEN else day_of(cell)


#: What makes values of the cells of a roster, beside their types.
READERS: Mapping[str, Read] = {
    "code": read_staff_code, "call_sign": read_call_sign, "grid": key_of, "grid_name": text_of, "to": _read_end,
}  # fmt: skip


def roster_of(
    rows: Sequence[LedgerRow], stored: StoredStaff, choices: RosterChoices
) -> Roster:  # fmt: skip
    """Return the roster that rows tell; what can not be is refused by row."""
    reading = _Reading(stored, choices, Roster(rows=rows))
    for place, row in enumerate(rows):
        try:
            reading.take(place, row)
        except NotAValue as exc:
            reading.roster.refused.append(row.refused(str(exc)))
    reading.name_those_without_call_sign()
    return reading.roster


@dataclass
class _Reading:
    """A roster on its way."""

    stored: StoredStaff
    choices: RosterChoices
    roster: Roster
    #: Row in which something of a member of staff stands first, by code.
    row_of: dict[str, LedgerRow] = field(default_factory=dict)
    signs: dict[str, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    codes: set[str] = field(init=False)
    codes_by_name: dict[str, list[str]] = field(init=False)
    #: Stored, by who serves where as what.
    alike: dict[tuple[str, str, str], list[PostingSpan]] = field(init=False)
    #: Rows with their postings, by grid.
    there: dict[str, list[tuple[LedgerRow, PostingSpan]]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.codes_by_name = defaultdict(list)
        for code, name in self.stored.grids.items():
            self.codes_by_name[plain(name)].append(code)
        self.alike = defaultdict(list)
        for one in self.stored.postings:
            self.alike[one[:3]].append(one)
        self.codes = {*self.stored.grids, *(one.grid_code for one in self.stored.postings)}

    def take(self, place: int, row: LedgerRow) -> None:
        """Take a row; raise NotAValue."""
        values = row.values
        code, said = str(values["code"]), str(values["role"])
        known_as = self.stored.members.get(code)
        role = said if said != "deputy" else ROLE_OF_DEPUTY if known_as is None else known_as.role
        sign = values.get("call_sign")
        for known, what in ((self.roles.get(code, role) == role, "role"),
                            (sign is None or self.signs.get(code, sign) == sign, "call sign")):  # fmt: skip
            if not known:
                raise NotAValue(f"{self.row_of[code]} says another {what} of this member of staff")
        grid = self._grid(values)
        if grid is not None:
            self._take_posting(place, row, code, grid, said)
        self.row_of.setdefault(code, row)
        self.roles[code] = role
        if sign is not None:
            self.signs[code] = str(sign)

    def _grid(self, values: Mapping[str, object]) -> str | None:
        """Return the code of the grid that a row names by code or by name; None: it names none."""
        named = values.get("grid") or values.get("grid_name")
        if named is None:
            return None
        code = str(named)
        if code in self.codes:
            return code
        codes = self.codes_by_name.get(plain(code), [])
        if len(codes) == 1:
            return codes[0]
        raise NotAValue(
            f"grids {', '.join(sorted(codes))} are all called so: name it by its code" if codes
            else "grid is neither the code nor the name of a grid in force"
        )  # fmt: skip

    def _take_posting(self, place: int, row: LedgerRow, code: str, grid: str, role: str) -> None:
        if role == DISPATCHER:
            raise NotAValue("a dispatcher serves no single grid: leave the grid out")
        posting = self._posting(row.values, code, grid, role)
        for other_row, other in self.there[grid]:
            if not posting.overlaps(other):
                continue
            if role == other.role == GRID_OFFICER:
                raise NotAValue(
                    f"grid {grid} has a grid officer on some of these days already:"
                    f" {other_row} and {row} can not both be"
                )
            if (other.staff_code, other.role) == (code, role):
                raise NotAValue(f"{other_row} says the same for some of these days")
        self.roster.postings[place] = posting
        self.there[grid].append((row, posting))

    def _posting(self, values: Mapping[str, object], code: str, grid: str, role: str) -> PostingSpan:
        """Return a posting; what the file does not say of when is as it is stored."""
        begins, ends = values.get("from"), values.get("to")
        alike = self.alike[code, grid, role]
        if begins is None:
            today = self.choices.today
            running = (one.valid_from for one in alike if one.valid_from <= today < one.ends)
            begins = next(running, today)
        if isinstance(ends, date) and self.choices.to_is_last_day:
            ends += timedelta(days=1)
        if "to" not in values:
            ends = next((one.valid_to for one in alike if one.valid_from == begins), None)
        posting = PostingSpan(code, grid, role, _day(begins), None if ends is None else _day(ends))
        if posting.valid_from >= posting.ends:
            raise NotAValue("it ends before it begins" if posting.valid_from > posting.ends
                            else "it ends on the day on which it begins")  # fmt: skip
        return posting

    def name_those_without_call_sign(self) -> None:
        """Give those who have no call sign, neither here nor stored, the next one of their role, by code."""
        taken = {*self.signs.values(), *(member.call_sign for member in self.stored.members.values())}
        free: dict[str, Iterator[str]] = {}
        for code in sorted(self.roles):
            role, known = self.roles[code], self.stored.members.get(code)
            sign = self.signs.get(code) or (known.call_sign if known is not None else None)
            if sign is None:
                if role not in free:
                    free[role] = free_call_signs(role, taken, chinese=self.choices.chinese)
                sign = next(free[role])
            self.roster.members[code] = Member(code, sign, role)


def _day(value: object) -> date:
    if not isinstance(value, date):
        raise TypeError(value)
    return value
