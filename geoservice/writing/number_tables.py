"""Tables of names and numbers as files for spreadsheets: CSV of one, a workbook of several."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from geoservice.domain.spreadsheets import quoted

#: What no sheet may have in its name, and how long that may be (Microsoft, Excel specifications and limits).
_NOT_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
_SHEET_NAME = 31
#: Media types of what is written here (RFC 7111; ECMA-376).
CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class NumberTable:
    """A table; a cell that is None is empty."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str | float | None]]


def number_table_csv(table: NumberTable) -> bytes:
    """Return UTF-8 with the mark by which spreadsheets know it; what one would calculate is quoted."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([quoted(cell) for cell in table.header])
    writer.writerows([quoted(cell) if isinstance(cell, str) else cell for cell in row] for row in table.rows)
    return text.getvalue().encode("utf-8-sig")


def number_tables_xlsx(tables: Sequence[NumberTable], *, title: str, remarks: Sequence[str]) -> bytes:
    """Return a workbook: a sheet a table, and what it is about below each; texts are texts, whatever they look like."""
    import xlsxwriter  # noqa: PLC0415  loading it takes longer than most pages do

    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        book.set_properties({"title": title})
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        for table in tables:
            sheet = book.add_worksheet(_sheet_name(table.title))
            sheet.freeze_panes(1, 1)
            sheet.set_column(0, 0, 24)
            for column, name in enumerate(table.header):
                sheet.write_string(0, column, name, head)
            for at, row in enumerate(table.rows, start=1):
                for column, cell in enumerate(row):
                    _write_cell(sheet, at, column, cell)
            for at, remark in enumerate(remarks, start=len(table.rows) + 2):
                sheet.write_string(at, 0, remark)
    return made.getvalue()


def _sheet_name(title: str) -> str:
    return title.translate(_NOT_IN_NAMES)[:_SHEET_NAME].strip("' ")


def _write_cell(sheet: Any, row: int, column: int, cell: str | float | None) -> None:
    if isinstance(cell, str):
        sheet.write_string(row, column, cell)
    elif cell is not None:
        sheet.write_number(row, column, cell)
