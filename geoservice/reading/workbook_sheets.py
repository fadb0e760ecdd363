"""All sheets of a workbook as rows of text, read in the guarded process of `reader_process`.

Where the header is, and which sheets go together, the service finds out. Nothing of the service is imported:
`workbook_cells`, which reads one sheet of .xlsx, is handed in.
"""

from __future__ import annotations

import math
import zipfile
import zlib
from decimal import Decimal
from typing import Any

#: Of a sheet; spreadsheets allow 1,048,576 and 16,384, files of features have no such.
ROWS_MAX, COLUMNS_MAX = 1_048_576, 702
#: Before a number whose last digits are lost; no sheet can hold the character.
LOST = "\x1a"


def read_sheets(request: dict[str, Any], one_sheet: Any) -> tuple[Any, dict[str, Any]]:
    """Return the cells of all sheets as an Arrow table of text, with the sheet and row of each, and what sheets are.

    Parameters
    ----------
    request
        path, kind (xlsx, xls or ods), layer (the one sheet that is wanted, or None), rows (the most that may be
        filled), bytes and ratio that the archive may have.
    one_sheet
        The module `workbook_cells`.
    """
    import python_calamine as calamine  # noqa: PLC0415  in the guarded process only

    looks = one_sheet.looked_through(request) if request["kind"] == "xlsx" else {}
    if request["kind"] == "ods":
        _inflate(request, one_sheet)
    sheets = _Sheets(request, one_sheet)
    try:
        with calamine.CalamineWorkbook.from_path(request["path"]) as workbook:
            for about in workbook.sheets_metadata:
                if about.typ == calamine.SheetTypeEnum.WorkSheet:
                    hidden = about.visible != calamine.SheetVisibleEnum.Visible
                    sheets.meet(workbook, about.name, hidden, looks.get(about.name))
    except (calamine.CalamineError, calamine.PasswordError, calamine.XmlError, calamine.ZipError, ValueError) as exc:
        raise one_sheet.WorkbookRefused("WorkbookUnreadable", reason=str(exc)[:200]) from exc
    return sheets.table(), {"sheets": sheets.about}


class _Sheets:
    """What was read of a workbook so far."""

    def __init__(self, request: dict[str, Any], one_sheet: Any) -> None:
        self._request, self._one_sheet = request, one_sheet
        self.about: list[dict[str, Any]] = []
        self._rows: list[list[Any]] = []

    def meet(self, workbook: Any, name: str, hidden: bool, look: Any) -> None:
        """Note a sheet, and read it when it is wanted."""
        told: dict[str, Any] = {"name": name, "hidden": hidden, "merged": [], "filled": 0, "errors": 0}
        told |= {"hidden_rows": [], "not_calculated": []}
        if look is not None:
            told |= {"hidden_rows": look.hidden_rows, "errors": look.errors, "not_calculated": look.not_calculated}
            if look.formulas and not look.not_calculated and self._one_sheet.is_to_be_calculated(self._request["path"]):
                told["not_calculated"] = ["all formulas"]
        asked = self._request["layer"]
        if name == asked or (asked is None and not hidden):
            told |= self._take(workbook.get_sheet_by_name(name))
        self.about.append(told)

    def _take(self, sheet: Any) -> dict[str, Any]:
        """Add the rows of a sheet that are not empty, and return what there is to know of it."""
        merged = [(*start, *end) for start, end in sheet.merged_cell_ranges or []]
        # Rows above the first cell come as empty ones; columns beside it do not.
        beside = [""] * (sheet.start or (0, 0))[1]
        rows: list[list[Any]] = []
        for row in sheet.iter_rows():
            rows.append(beside + row)
            if len(rows[-1]) > COLUMNS_MAX or len(rows) > ROWS_MAX:
                raise self._too_large("a sheet has more rows or columns than any honest one")
        filled = self._one_sheet.fill_down(rows, merged)
        for at, row in enumerate(rows):
            if any(value != "" for value in row):
                self._rows.append([len(self.about), at, *map(self._text_of, row)])
            if len(self._rows) > self._request["rows"]:
                raise self._one_sheet.WorkbookRefused("TooManyFeatures", most=self._request["features"])
        near_header = [one for one in merged if one[0] < self._one_sheet.HEADER_WITHIN]
        return {"merged": near_header, "filled": filled}

    def _text_of(self, value: Any) -> str | None:
        """Return a cell's value as text; a number that lost its last digits behind a mark."""
        try:
            text: str | None = self._one_sheet.text_of(value, "", "")
        except self._one_sheet.WorkbookRefused:
            return LOST + (format(Decimal(repr(value)), "f") if math.isfinite(value) else "")
        return text

    def _too_large(self, reason: str) -> Exception:
        refused: Exception = self._one_sheet.WorkbookRefused("WorkbookTooLarge", reason=reason)
        return refused

    def table(self) -> Any:
        """Return the rows: sheet, row from 0, and a column of text for each column of the widest."""
        import pyarrow as pa  # noqa: PLC0415  after `confine`

        rows = self._rows
        width = max(map(len, rows), default=2)
        columns = [[row[place] if place < len(row) else None for row in rows] for place in range(width)]
        kinds = [pa.int32(), pa.int32(), *[pa.string()] * (width - 2)]
        arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
        return pa.table(arrays, names=["sheet", "row", *map(str, range(width - 2))])


def _inflate(request: dict[str, Any], one_sheet: Any) -> None:
    """Inflate and count every part of a workbook that is no .xlsx."""
    try:
        with zipfile.ZipFile(request["path"]) as archive:
            budget = request["bytes"]
            for entry in archive.infolist():
                budget -= one_sheet.look_through(archive, entry, None, budget, request["ratio"])
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as exc:
        reason = "its archive is damaged, or packed in an unusual way"
        raise one_sheet.WorkbookRefused("WorkbookUnreadable", reason=reason) from exc
