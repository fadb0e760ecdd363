"""Tables of features for spreadsheets: CSV and .xlsx, places as coordinates or as WKT, each row with its CRS."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyproj
import shapely

from geoservice.domain.spreadsheets import MARK, QUOTED_MARK, quoted
from geoservice.writing.export_errors import CellTooLong, SheetTooShort
from geoservice.writing.tables import FeatureTable

#: Characters of a cell: of .xlsx (Microsoft, Excel specifications and limits), and of what Python's and our own
#: reader takes of CSV.
_XLSX_CELL, _CSV_CELL = 32_767, 131_072
#: Rows of a sheet, its header included.
_XLSX_ROWS = 1_048_576
#: What a double holds, and a spreadsheet shows.
_DIGITS = 10**15
_SHEET_NAME = 31


def write_csv(table: FeatureTable, path: Path, layer: str) -> list[str]:
    """Write UTF-8 with the mark by which spreadsheets know it; what one would calculate is quoted."""
    lines = [[_as_text(cell) for cell in line] for line in _lines(table)]
    _require_short(table, lines, _CSV_CELL)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(quoted(name) for name in _header(table)), QUOTED_MARK])
        writer.writerows([*line, f"EPSG:{table.epsg}"] for line in lines)
    return [
        *_remarks(table),
        "Spreadsheets show the code 0301 of a CSV as 301, and save it so; write .xlsx for those who edit there.",
    ]


def write_xlsx(table: FeatureTable, path: Path, layer: str) -> list[str]:
    """Write a workbook of one sheet; texts are texts, whatever they look like."""
    import xlsxwriter  # noqa: PLC0415  loading it takes longer than the other formats do

    lines = list(_lines(table))
    if len(lines) >= _XLSX_ROWS:
        raise SheetTooShort(features=len(lines), most=_XLSX_ROWS - 1)
    _require_short(table, lines, _XLSX_CELL)
    with xlsxwriter.Workbook(str(path), {"in_memory": True}) as book:
        book.set_properties({"title": layer, "comments": table.attribution or ""})
        sheet = book.add_worksheet(layer[:_SHEET_NAME])
        sheet.freeze_panes(1, 0)
        rows: list[list[object]] = [[*_header(table), MARK], *([*line, f"EPSG:{table.epsg}"] for line in lines)]
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                _write_cell(sheet, row, column, cell)
    return _remarks(table)


def _write_cell(sheet: Any, row: int, column: int, cell: object) -> None:
    if isinstance(cell, bool):
        sheet.write_boolean(row, column, cell)
    elif _is_number(cell):
        sheet.write_number(row, column, cell)
    elif cell is not None:
        sheet.write_string(row, column, _as_plain_text(cell))


def _is_number(cell: object) -> bool:
    """Return whether a spreadsheet holds a cell as a number, to its last digit."""
    return (isinstance(cell, int) and abs(cell) < _DIGITS) or (isinstance(cell, float) and math.isfinite(cell))


def _header(table: FeatureTable) -> list[str]:
    return [*table.columns.column_names, *_place_names(table)]


def _place_names(table: FeatureTable) -> tuple[str, ...]:
    if table.geometry_type != "Point":
        return ("wkt",)
    return ("lon", "lat") if pyproj.CRS.from_epsg(table.epsg).is_geographic else ("x", "y")


def _lines(table: FeatureTable) -> Iterator[list[object]]:
    """Yield the cells of each feature: its columns, and where it is."""
    if table.geometry_type == "Point":
        places: Sequence[Sequence[object]] = shapely.get_coordinates(table.geoms).tolist()
    else:
        places = [[wkt] for wkt in shapely.to_wkt(table.geoms, rounding_precision=-1).tolist()]
    for cells, place in zip(zip(*table.columns.to_pydict().values(), strict=True), places, strict=True):
        yield [*cells, *place]


def _as_text(cell: object) -> str | None:
    return quoted(cell) if isinstance(cell, str) else None if cell is None else _as_plain_text(cell)


def _as_plain_text(cell: object) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return cell.isoformat()
    return repr(cell) if isinstance(cell, float) else str(cell)


def _require_short(table: FeatureTable, lines: Sequence[Sequence[object]], most: int) -> None:
    """Raise CellTooLong for the first text that a cell can not hold."""
    header = _header(table)
    for line in lines:
        for name, cell in zip(header, line, strict=True):
            if isinstance(cell, str) and len(cell) > most:
                raise CellTooLong(feature=line[0], column=name, characters=len(cell), most=most)


def _remarks(table: FeatureTable) -> list[str]:
    if any(cell == "" for column in table.columns.itercolumns() for cell in column.to_pylist()):
        return ["A cell can not tell an empty text from an absent one."]
    return []
