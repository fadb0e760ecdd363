"""The sheets of a register, read from memory in the guarded process of `register_process`.

It knows nothing of the service; what it shares with other workbooks, `workbook_cells`, is handed to it. What is told
when a file can not be read is a code and numbers, never a name or a value.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_ZIP, _COMPOUND = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_ENTRIES_MAX = 1000
_ROWS_MAX, _COLUMNS_MAX = 1_048_576, 702
_SAMPLE_LINES = 5


class RegisterUnreadable(Exception):
    """The register is refused: a code that the service knows, and numbers."""

    def __init__(self, code: str, **numbers: int) -> None:
        super().__init__(code)
        self.code, self.numbers = code, numbers


@dataclass(frozen=True)
class Table:
    """The cells of one sheet; its name goes no further than this process."""

    number: int
    name: str
    hidden: bool
    rows: list[list[Any]]
    #: How many cells were given the value of the one that they are merged with, above them.
    filled: int = 0
    hidden_rows: int = 0
    errors: int = 0


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
        yield Table(1, "", False, _rows_of_csv(content))


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
            rows = [[""] * (sheet.start or (0, 0))[1] + row for row in sheet.iter_rows()]
            filled = cells.fill_down(rows, [(*start, *end) for start, end in sheet.merged_cell_ranges or []])
            yield Table(
                number, about.name, about.visible != calamine.SheetVisibleEnum.Visible, rows, filled,
                len(look.hidden_rows) if look else 0, look.errors if look else 0,
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
