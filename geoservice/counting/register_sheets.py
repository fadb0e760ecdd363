"""The sheets of a register, read from memory in the guarded process of `register_process`.

It knows nothing of the service; what it shares with other workbooks, `workbook_cells`, is handed to it. What is told
when a file can not be read is a code and numbers, never a name or a value.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

_ZIP, _COMPOUND = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_ENTRIES_MAX = 1000
_ROWS_MAX, _COLUMNS_MAX = 1_048_576, 702
_SAMPLE_LINES = 5
#: Rows by which a sheet is judged: where its header is, and whether a column holds real dates.
HEAD = 1000


class RegisterUnreadable(Exception):
    """The register is refused: a code that the service knows, and numbers."""

    def __init__(self, code: str, **numbers: int) -> None:
        super().__init__(code)
        self.code, self.numbers = code, numbers


@dataclass
class Table:
    """One sheet; its name goes no further than this process."""

    number: int
    name: str
    hidden: bool
    #: The first rows, and those after them, which are made when they are asked for: all at once take much room.
    head: list[list[Any]]
    rest: Iterator[list[Any]]
    height: int
    merged: MergedCells
    hidden_rows: int = 0
    errors: int = 0


class MergedCells:
    """Gives cells that are merged with one above its value, never with one beside, row by row."""

    def __init__(self, merged: Iterable[tuple[tuple[int, int], tuple[int, int]]]) -> None:
        #: By their first row: the column, and the last row.
        self._beginning: dict[int, list[tuple[int, int]]] = {}
        for (first, column), (last, _) in merged:
            if last > first:
                self._beginning.setdefault(first, []).append((column, last))
        #: By column: the last row, and the value.
        self._open: dict[int, tuple[int, Any]] = {}
        #: How many cells were given one.
        self.filled = 0

    def rows(self, rows: Iterable[list[Any]]) -> Iterator[list[Any]]:
        """Yield rows with the cells filled."""
        for number, row in enumerate(rows):
            for column, (last, value) in self._open.items():
                if number <= last and column < len(row) and row[column] == "" != value:
                    row[column] = value
                    self.filled += 1
            for column, last in self._beginning.get(number, ()):
                self._open[column] = (last, row[column] if column < len(row) else "")
            yield row


def tables_of(content: bytes, cells: Any, *, most: int, ratio: int) -> Iterator[Table]:
    """Yield the sheets of a register: of a workbook, or the one of a CSV.

    Parameters
    ----------
    cells
        The module `workbook_cells`.
    most, ratio
        Bytes that an archive may inflate to, and how many times.
    """
    if content.startswith(_ZIP):
        yield from _tables_of_workbook(content, cells, _looks(content, cells, most, ratio))
    elif content.startswith(_COMPOUND):
        if _ENCRYPTED in content[: 4 << 20]:
            raise RegisterUnreadable("locked")
        yield from _tables_of_workbook(content, cells, {})
    else:
        rows = _rows_of_csv(content)
        yield Table(1, "", False, rows[:HEAD], iter(rows[HEAD:]), len(rows), MergedCells(()))


def _looks(content: bytes, cells: Any, most: int, ratio: int) -> dict[str, Any]:
    """Return what the sheets of an .xlsx say beside their values, once every part of the archive was inflated."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > _ENTRIES_MAX or sum(entry.file_size for entry in entries) > most:
                raise RegisterUnreadable("too_large")
            if "xl/workbook.xml" not in archive.namelist():
                for entry in entries:
                    most -= cells.look_through(archive, entry, None, most, ratio)
                return {}
        return dict(cells.looked_through({"path": io.BytesIO(content), "bytes": most, "ratio": ratio}))
    except cells.WorkbookRefused as exc:
        raise RegisterUnreadable("too_large" if exc.error == "WorkbookTooLarge" else "damaged") from None
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError):
        raise RegisterUnreadable("damaged") from None


def _tables_of_workbook(content: bytes, cells: Any, looks: dict[str, Any]) -> Iterator[Table]:
    import python_calamine as calamine  # noqa: PLC0415  in the guarded process only

    # As a stream: by its path the end of the name would tell the format, and is often wrong.
    with calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)) as workbook:
        for number, about in enumerate(workbook.sheets_metadata, start=1):
            if about.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            sheet = workbook.get_sheet_by_name(about.name)
            if sheet.total_height > _ROWS_MAX or sheet.total_width > _COLUMNS_MAX:
                raise RegisterUnreadable("too_large", sheet=number)
            look = looks.get(about.name)
            if look is not None and (look.not_calculated or _is_stale(content, cells, look)):
                raise RegisterUnreadable("not_calculated", sheet=number, cells=len(look.not_calculated))
            # Rows above the first cell come as empty ones; columns beside it do not.
            beside = [""] * (sheet.start or (0, 0))[1]
            merged = MergedCells(sheet.merged_cell_ranges or [])
            rows = merged.rows(beside + row for row in sheet.iter_rows())
            yield Table(
                number, about.name, about.visible != calamine.SheetVisibleEnum.Visible, list(islice(rows, HEAD)), rows,
                sheet.total_height, merged, len(look.hidden_rows) if look else 0, look.errors if look else 0,
            )  # fmt: skip


def _is_stale(content: bytes, cells: Any, look: Any) -> bool:
    return bool(look.formulas) and cells.is_to_be_calculated(io.BytesIO(content))


def _rows_of_csv(content: bytes) -> list[list[Any]]:
    """Return the rows of a CSV: UTF-8, else what Chinese spreadsheets write; commas, semicolons or tabs."""
    text = _decoded(content)
    sample = text.splitlines()[:_SAMPLE_LINES]
    delimiter = max(",;\t", key=lambda one: sum(line.count(one) for line in sample))
    if "\0" in text or not any(delimiter in line for line in sample):
        raise RegisterUnreadable("no_table")
    rows: list[list[Any]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.append(row)
            if len(rows) > _ROWS_MAX or len(row) > _COLUMNS_MAX:
                raise RegisterUnreadable("too_large", sheet=1)
    except csv.Error:
        raise RegisterUnreadable("damaged") from None
    return rows


def _decoded(content: bytes) -> str:
    encodings = ("utf-16",) if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise RegisterUnreadable("encoding")
