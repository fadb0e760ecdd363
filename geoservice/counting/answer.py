"""What the counting process may answer, held against a form; and what is handed on."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from geoservice.counting.errors import BY_CODE, AnswerRefused, RegisterRefused
from geoservice.domain.counting.columns import WORDS
from geoservice.domain.counting.reasons import FAILED, LEFT_OUT, Reason
from geoservice.domain.importing.model import ReadFeatures
from geoservice.reading.workbook_cells import letters

Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
#: The columns of a household behind its building and unit, as the process tells them.
COUNTED = ("households", "age_0_13", "age_14_17", "age_18_59", "age_60_79", "age_80_plus", "floating")
#: As `places.unit_of` tells it.
_UNIT = re.compile(r"|[A-Z]|[1-9][0-9]?", re.ASCII)


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class SheetForm(_Form):
    """A sheet as the process tells it: numbers, and words of our dictionary by theirs."""

    number: Count
    hidden: bool
    rows: Count
    persons: Count
    header: Annotated[list[Count], Field(min_length=2, max_length=2)] | None
    columns: dict[str, Annotated[list[Count], Field(min_length=2, max_length=2)]]
    filled: Count
    hidden_rows: Count
    errors: Count


class AnswerForm(_Form):
    """All that the process tells."""

    households: list[list[str | Count]]
    counts: dict[str, Count]
    rows: dict[str, list[Annotated[list[Count], Field(min_length=2, max_length=2)]]]
    births: dict[str, Count]
    totals: list[Annotated[list[Count], Field(min_length=3, max_length=3)]]
    sheets: list[SheetForm]
    locked: bool
    swap: bool
    size: Count
    seal: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None


class RefusalForm(_Form):
    """Why the process did not count."""

    error: Literal[
        "too_many_bytes", "too_many_rows",
        "too_large", "damaged", "locked", "not_calculated", "encoding", "no_table", "no_header", "sheet_missing",
        "column_missing", "two_columns", "swap",
    ]  # fmt: skip
    numbers: dict[Literal["sheet", "cells", "field", "column", "other", "number", "most"], Count]


class RowPlace(NamedTuple):
    """Where a row is."""

    sheet: int
    row: int


class RegisterColumn(NamedTuple):
    """Which column tells something."""

    #: What a spreadsheet calls it.
    letter: str
    #: What its header says, in the words of our dictionary; None: somebody said which column it is.
    word: str | None


@dataclass(frozen=True)
class CountedSheet:
    """What was found in a sheet; its name is not told, as it may be a person's."""

    number: int
    hidden: bool
    #: The first and the last row of the header; None: the sheet was not read.
    header: tuple[int, int] | None
    rows: int
    persons: int
    columns: Mapping[str, RegisterColumn]
    #: Rows that say a sum, with the sum.
    totals: tuple[tuple[int, int], ...]
    #: Cells that are merged with one above and were given its value; rows that are hidden; cells that hold an error.
    filled: int
    hidden_rows: int
    errors: int


@dataclass(frozen=True)
class RegisterCount:
    """A register as counts: nothing in it is about one person."""

    #: For the layer of households.
    features: ReadFeatures
    residents: int
    households: int
    floating: int
    #: Rows by what is said of them; those that failed or were left out are not among the residents.
    counts: Mapping[Reason, int]
    #: The first thousand of each.
    rows: Mapping[Reason, tuple[RowPlace, ...]]
    #: How many ages come from an identity number, a day of birth (`birth`), an `age`.
    births: Mapping[str, int]
    sheets: tuple[CountedSheet, ...]
    #: Whether memory was kept from swap while persons were in it.
    memory_locked: bool
    bytes: int
    #: SHA-256 of the file, keyed; None without a key.
    seal: str | None

    @property
    def failed(self) -> int:
        """Return how many rows should count and can not."""
        return sum(count for reason, count in self.counts.items() if reason in FAILED)

    @property
    def left_out(self) -> int:
        """Return how many rows are not of somebody who lives there, or not for the first time."""
        return sum(count for reason, count in self.counts.items() if reason in LEFT_OUT)


class TooManyRowsFail(RegisterRefused):
    """Too many rows can not be counted; mend those that are listed, or allow a larger share."""

    advice = "allow-failures"

    def __init__(self, counted: RegisterCount, **fields: object) -> None:
        super().__init__(**fields)
        #: What would be imported otherwise, and the rows by reason.
        self.counted = counted


def read_answer(told: bytes, *, codes: frozenset[str], births: frozenset[str]) -> AnswerForm:
    """Return what the process told, if it is of the form and every text was known before.

    Raises
    ------
    RegisterRefused
        What the process says it was refused for, or AnswerRefused.
    """
    answer = _formed(told)
    if isinstance(answer, AnswerForm) and not _is_known(answer, codes, births):
        answer = None
    del told  # no error, and no variable that a trace of one shows, holds what is not to be repeated
    if answer is None:
        raise AnswerRefused
    if isinstance(answer, RefusalForm):
        raise _refusal(answer)
    return answer


def _formed(told: bytes) -> AnswerForm | RefusalForm | None:
    # None, and no error: one that is raised while another is handled keeps that one, and with it what was told.
    with contextlib.suppress(ValidationError):
        return TypeAdapter(AnswerForm | RefusalForm).validate_json(told)
    return None


def _is_known(answer: AnswerForm, codes: frozenset[str], births: frozenset[str]) -> bool:
    """Return whether every text of an answer is one that we have."""
    return (
        all(_is_household(one, codes) for one in answer.households)
        and {*answer.counts, *answer.rows} <= set(Reason)
        and answer.births.keys() <= births
        and all(sheet.columns.keys() <= WORDS.keys() for sheet in answer.sheets)
        and all(word <= len(WORDS[name]) for one in answer.sheets for name, (_, word) in one.columns.items())
    )


def _is_household(told: list[str | int], codes: frozenset[str]) -> bool:
    if len(told) != 2 + len(COUNTED):
        return False
    building, unit, *counts = told
    return building in codes and isinstance(unit, str) and bool(_UNIT.fullmatch(unit)) and all(
        isinstance(count, int) for count in counts
    )  # fmt: skip


def _refusal(told: RefusalForm) -> RegisterRefused:
    fields: dict[str, object] = {str(name): number for name, number in told.numbers.items()}
    if "field" in told.numbers:
        fields["field"] = [*WORDS, None][min(told.numbers["field"], len(WORDS))]
    fields |= {name: letters(place - 1) for name, place in told.numbers.items() if name in ("column", "other")}
    return BY_CODE[told.error](**fields)


def sheets_of(answer: AnswerForm) -> tuple[CountedSheet, ...]:
    """Return the sheets, their columns in words."""
    return tuple(
        CountedSheet(
            one.number, one.hidden, None if one.header is None else (one.header[0], one.header[1]), one.rows,
            one.persons,
            {name: RegisterColumn(letters(place - 1), WORDS[name][word - 1] if word else None)
             for name, (place, word) in one.columns.items()},
            tuple((row, total) for sheet, row, total in answer.totals if sheet == one.number),
            one.filled, one.hidden_rows, one.errors,
        )
        for one in answer.sheets
    )  # fmt: skip
