"""Workbooks as sheets of text: .xlsx, .xlsm, .xls and .ods, known by what they hold and not by their names."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa

from geoservice.domain.importing.header import Merged
from geoservice.domain.importing.values import Inexact
from geoservice.reading.archives import require_few_entries
from geoservice.reading.file_errors import (
    ArchiveRefused,
    FileNotWhatItSays,
    FileTooLarge,
    LayerMissing,
    SheetEmpty,
    WorkbookLocked,
    WorkbookTooLarge,
    WorkbookUnreadable,
)
from geoservice.reading.limits import Limits
from geoservice.reading.reader import run_child
from geoservice.reading.sheet_tables import Sheet
from geoservice.reading.workbook_sheets import LOST
from geoservice.reading.workbooks import COMPOUND, ENCRYPTED, LIMITS

#: Rows beside features that a workbook may have: titles, totals, notes.
_MORE_ROWS = 10_000


def read_workbook(path: Path, *, sheet: str | None, limits: Limits) -> tuple[list[Sheet], list[str]]:
    """Return the sheets of a workbook that are not hidden, or the one that is named, and what to tell.

    Raises
    ------
    FileRefused
        One of its kin: locked, too large, damaged; nothing in it; no such sheet.
    """
    kind = _kind(path, limits)
    bounds = Limits(
        file_bytes=limits.file_bytes, memory_bytes=max(LIMITS.memory_bytes, limits.memory_bytes), wall_s=LIMITS.wall_s
    )
    with tempfile.TemporaryDirectory(prefix="geoservice-workbook-") as directory:
        staged, result = Path(directory) / f"workbook.{kind}", Path(directory) / "rows.arrow"
        shutil.copyfile(path, staged)
        request = {
            "path": str(staged), "format": "sheets", "kind": kind, "layer": sheet, "result": str(result),
            "features": limits.features,
            "rows": limits.features + _MORE_ROWS, "bytes": LIMITS.archive_bytes, "ratio": LIMITS.archive_ratio,
        }  # fmt: skip
        verdict = run_child(request, Path(directory), bounds)
        with pa.OSFile(str(result)) as source:
            table = pa.ipc.open_file(source).read_all()
    about: list[dict[str, Any]] = verdict["sheets"]
    if sheet is not None and all(one["name"] != sheet for one in about):
        raise LayerMissing(layer=sheet, layers=", ".join(_titles(about)))
    sheets = _sheets(table, about)
    if not sheets:
        raise SheetEmpty
    hidden = [one for one in about if one["hidden"] and one["name"] != sheet]
    remarks = []
    if hidden:
        remarks.append(f"{len(hidden)} sheets are hidden and were not read: {', '.join(_titles(hidden))}.")
    if path.suffix.lower() == ".xlsm":
        remarks.append("Macros of the workbook were not run.")
    return sheets, remarks


def _titles(about: Sequence[dict[str, Any]]) -> list[str]:
    """Return the names of sheets as they may be shown."""
    return [Sheet(str(one["name"]), (), ()).title for one in about]


def _kind(path: Path, limits: Limits) -> str:
    """Return what a workbook is by its bytes: programs rename what they do not convert."""
    size = path.stat().st_size
    if size > limits.file_bytes:
        raise FileTooLarge(file=path.name, bytes=size, most=limits.file_bytes)
    content = path.read_bytes()
    if content.startswith(COMPOUND):
        if ENCRYPTED in content:
            raise WorkbookLocked(file=path.name, found="a password")
        return "xls"
    if not content.startswith(b"PK\x03\x04"):
        raise FileNotWhatItSays(file=path.name, expected="workbook")
    if not zipfile.is_zipfile(path):
        raise WorkbookUnreadable(file=path.name, reason="its end is missing")
    try:
        require_few_entries(path, LIMITS)
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except ArchiveRefused as exc:
        raise WorkbookTooLarge(**exc.fields) from exc
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as exc:
        raise FileNotWhatItSays(file=path.name, expected="workbook") from exc
    if "xl/workbook.xml" not in names and "content.xml" in names:
        return "ods"
    return "xlsx"


def _sheets(table: pa.Table, about: Sequence[dict[str, Any]]) -> list[Sheet]:
    columns = [column.to_pylist() for column in table.columns]
    rows = list(zip(*columns, strict=True))
    sheets = []
    for number, some in groupby(rows, key=lambda row: row[0]):
        of, told = list(some), about[number]
        places = {row[1]: place for place, row in enumerate(of)}
        sheets.append(
            Sheet(
                str(told["name"]), [[_cell(cell) for cell in row[2:]] for row in of], [row[1] + 1 for row in of],
                [_in_rows(one, places) for one in told["merged"] if one[0] in places and one[2] in places],
                int(told["filled"]), int(told["errors"]), told["hidden_rows"], told["not_calculated"],
            )
        )  # fmt: skip
    return sheets


def _in_rows(merged: Sequence[int], places: dict[int, int]) -> Merged:
    begin, left, end, right = merged
    return places[begin], left, places[end], right


def _cell(text: str | None) -> str | None:
    return Inexact(text.removeprefix(LOST)) if text is not None and text.startswith(LOST) else text
