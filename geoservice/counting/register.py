"""Count the households of a register of persons; the persons stay in a process that ends with the counting."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from itertools import count, groupby
from pathlib import Path
from typing import Literal

from geoservice.counting.answer import (
    COUNTED,
    AnswerForm,
    CountedSheet,
    RegisterCount,
    RowPlace,
    TooManyRowsFail,
    read_answer,
    sheets_of,
)
from geoservice.counting.errors import (
    CountingDied,
    CountingTookTooLong,
    RegisterColumnMissing,
    RegisterMissing,
    RegisterWithoutRows,
)
from geoservice.domain.counting.columns import WORDS
from geoservice.domain.counting.reasons import FAILED, LEFT_OUT, SENTENCES, Reason
from geoservice.domain.importing.model import ReadFeatures, RefusedRow
from geoservice.reading.limits import Limits
from geoservice.reading.workbooks import LIMITS

#: A script, not a module: so it runs with nothing of the service importable, installed or not.
CHILD = Path(__file__).with_name("register_process.py")
#: What may tell an age.
BIRTHS = frozenset({"identity", "birth", "age"})
#: Nothing can be written there.
_NOWHERE = "/nonexistent"


def count_register(
    source: Path | int,
    *,
    buildings: Mapping[str, str],
    as_of: date,
    per: Literal["unit", "building"] = "unit",
    refuse_above: float = 0.02,
    sheets: Sequence[str] | None = None,
    jurisdiction_names: Sequence[str] = (),
    columns: Mapping[str, str] | None = None,
    swap_is_encrypted: bool = False,
    seal_key: bytes | None = None,
    limits: Limits = LIMITS,
) -> RegisterCount:
    """Return the households of a register of persons as counts.

    Parameters
    ----------
    source
        Path of a workbook (.xlsx, .xls, .ods) or a CSV, or the descriptor of an open file or pipe, which is not closed
        here. No other process reads it, this one neither.
    buildings
        Codes by all ways of writing them: code, name, address.
    as_of
        The day at which people have their age: the register's own, so that counting it again gives the same.
    per
        `unit`: a row for each household; `building`: a row for each building, so that no count is of few.
    refuse_above
        The largest share of rows that may fail.
    sheets
        Names or numbers of sheets, hidden ones too; None: all that are not hidden and have a header.
    jurisdiction_names
        What addresses of those begin with who are registered here.
    columns
        By what a column tells (a key of `domain.counting.columns.WORDS`), its header, or its letter where none is so.
    swap_is_encrypted
        Count even if memory may be written to swap.
    seal_key
        Key for a digest of the file, by which it is known again; None: no digest.

    Raises
    ------
    RegisterRefused
        One of its kin; nothing of the file is in it.
    """
    _require_known(columns or {})
    request: dict[str, object] = {
        "buildings": dict(buildings), "as_of": as_of.isoformat(), "per": per, "here": list(jurisdiction_names),
        "sheets": None if sheets is None else list(sheets), "columns": dict(columns or {}),
        "swap_is_encrypted": swap_is_encrypted, "seal": None if seal_key is None else seal_key.hex(),
        "file_bytes": limits.file_bytes, "rows": limits.features, "archive_bytes": limits.archive_bytes,
        "archive_ratio": limits.archive_ratio, "memory_bytes": limits.memory_bytes, "cpu_s": int(limits.wall_s) + 1,
    }  # fmt: skip
    with _opened(source) as descriptor:
        answer = read_answer(
            _run(request, descriptor, limits), codes=frozenset(buildings.values()), births=BIRTHS
        )  # fmt: skip
    counted = _count_of(answer, per)
    _require_few_failed(counted, refuse_above)
    return counted


def _require_few_failed(counted: RegisterCount, most: float) -> None:
    persons = counted.residents + counted.failed
    if persons == 0:
        raise RegisterWithoutRows
    if counted.failed > most * persons:
        raise TooManyRowsFail(
            counted, failed=counted.failed, of=persons, most=f"{most:.2%}",
            **{reason: count for reason, count in counted.counts.items() if reason in FAILED},
        )  # fmt: skip


def _require_known(columns: Mapping[str, str]) -> None:
    """Raise RegisterColumnMissing when something is named that no column of a register tells."""
    for name in columns:
        if name not in WORDS:
            near = get_close_matches(name, WORDS, n=1)
            raise RegisterColumnMissing(
                unknown=name[:40], meant=near[0] if near else None, known=None if near else ", ".join(WORDS)
            )


@contextlib.contextmanager
def _opened(source: Path | int) -> Iterator[int]:
    descriptor = _descriptor_of(source)
    if descriptor is None:
        raise RegisterMissing
    try:
        if not isinstance(source, int) and not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise RegisterMissing
        yield descriptor
    finally:
        os.close(descriptor)


def _descriptor_of(source: Path | int) -> int | None:
    """Return a descriptor above those of standard input and output, which the counting process has for itself."""
    # None, and no error: that would keep the name of the file, which may be a person's.
    with contextlib.suppress(OSError):
        if isinstance(source, int):
            return fcntl.fcntl(source, fcntl.F_DUPFD_CLOEXEC, 3)
        return os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    return None


def _run(request: dict[str, object], descriptor: int, limits: Limits) -> bytes:
    """Return what the counting process says."""
    with subprocess.Popen(  # noqa: S603  our own interpreter and script
        [sys.executable, "-I", "-B", str(CHILD), str(descriptor)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, pass_fds=(descriptor,),
        env={"HOME": _NOWHERE, "TMPDIR": _NOWHERE, "LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"},
        cwd="/", start_new_session=True,
    ) as process:  # fmt: skip
        told = None
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                told, _ = process.communicate(json.dumps(request).encode(), timeout=limits.wall_s)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    if told is None or process.returncode == -signal.SIGXCPU:
        raise CountingTookTooLong(seconds=limits.wall_s)
    if process.returncode != 0:
        raise CountingDied(exit=process.returncode)
    return told


# --- What is handed on ------------------------------------------------------------------------------------------------


def _count_of(answer: AnswerForm, per: str) -> RegisterCount:
    counts = {reason: answer.counts[reason] for reason in Reason if answer.counts.get(reason)}
    rows = {
        reason: tuple(RowPlace(sheet, row) for sheet, row in answer.rows[reason])
        for reason in Reason if answer.rows.get(reason)
    }  # fmt: skip
    sheets = sheets_of(answer)
    features = _features(answer, _refused(rows, sheets), _remarks(counts, rows, sheets, per))
    sums = {name: sum(features.values[name]) for name in COUNTED}  # type: ignore[arg-type]
    return RegisterCount(
        features=features, residents=sum(sums.values()) - sums["households"] - sums["floating"],
        households=sums["households"], floating=sums["floating"], counts=counts, rows=rows, births=answer.births,
        sheets=sheets, memory_locked=answer.locked, bytes=answer.size, seal=answer.seal,
    )  # fmt: skip


def _features(answer: AnswerForm, refused: tuple[RefusedRow, ...], remarks: tuple[str, ...]) -> ReadFeatures:
    """Return households with keys of building, unit and a number that tells nothing but the order of their counts."""
    told = sorted(answer.households, key=lambda one: (str(one[0]), str(one[1]), one[2:]))
    keys = [
        f"{building}/{unit or '-'}/{number}"
        for (building, unit), rows in groupby(told, key=lambda one: one[:2])
        for number, _ in zip(count(1), rows, strict=False)
    ]
    codes = [str(one[0]) for one in told]
    values: dict[str, Sequence[object]] = {"building_code": codes, "unit": [one[1] or None for one in told]}
    values |= {name: [one[2 + at] for one in told] for at, name in enumerate(COUNTED)}
    return ReadFeatures(keys=keys, values=values, geoms=None, buildings=codes, refused=refused, remarks=remarks)


def _refused(rows: Mapping[Reason, tuple[RowPlace, ...]], sheets: tuple[CountedSheet, ...]) -> tuple[RefusedRow, ...]:
    several = sum(sheet.header is not None for sheet in sheets) > 1
    return tuple(
        RefusedRow(place.row, f"Sheet {place.sheet}: {SENTENCES[reason]}" if several else SENTENCES[reason])
        for reason, places in rows.items() if reason in FAILED
        for place in places
    )  # fmt: skip


def _remarks(
    counts: Mapping[Reason, int], rows: Mapping[Reason, tuple[RowPlace, ...]], sheets: tuple[CountedSheet, ...],
    per: str,
) -> tuple[str, ...]:  # fmt: skip
    told = [remark for sheet in sheets for remark in _remarks_on(sheet)]
    for reason, number in counts.items():
        fate = "not counted" if reason in FAILED else "left out" if reason in LEFT_OUT else "counted"
        named = len(rows.get(reason, ()))
        more = f" The first {named} of {number} are named." if named < number else ""
        told.append(f"{number} rows {fate}: {SENTENCES[reason]}{more}")
    if per == "unit":
        told.append("A count of one at a unit may point at a person; households can be counted per building.")
    return tuple(told)


def _remarks_on(sheet: CountedSheet) -> Iterator[str]:
    if sheet.header is None:
        why = "is hidden" if sheet.hidden else "has no header that is known"
        yield f"Sheet {sheet.number} {why} and was not read: {sheet.rows} rows."
        return
    first, last = sheet.header
    where = f"row {last}" if first == last else f"rows {first} and {last}"
    columns = ", ".join(
        f"{name} in {column.letter}" + (f" ({column.word})" if column.word else "")
        for name, column in sheet.columns.items()
    )
    yield f"Sheet {sheet.number}: header in {where}; {columns}; {sheet.persons} persons counted."
    for row, total in sheet.totals:
        yield f"Sheet {sheet.number} says {total} in row {row}; {sheet.persons} persons of the sheet were counted."
    if sheet.hidden_rows:
        yield f"Sheet {sheet.number} has {sheet.hidden_rows} hidden rows, which were read like the others."
    if sheet.filled:
        yield f"Sheet {sheet.number}: {sheet.filled} cells that are merged with one above were given its value."
    if sheet.errors:
        yield f"Sheet {sheet.number}: {sheet.errors} cells hold an error, such as #N/A, and are empty here."
