"""A sheet of an Excel workbook as columns of text, read in the guarded process of `reader_process`.

It knows nothing of the service and imports nothing of it. python-calamine (Rust) gives the values; what it does not
tell is looked up in the sheet's own XML while every part is inflated once and counted: hidden rows, formulas that
nobody calculated, errors. Source: ECMA-376, part 1, 18.3.1 (worksheets), 18.2 (workbook).
"""

from __future__ import annotations

import datetime
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from posixpath import normpath
from typing import Any
from xml.etree import ElementTree

#: Rows in which the header is looked for: titles and units stand above it.
HEADER_WITHIN = 30
_CHUNK = 1 << 20
#: The parts that are taken apart here are small; sheets are only looked through.
_SMALL = 16 << 20
#: From here on doubles lie farther apart than one (IEEE 754).
_EXACT_BELOW = 2.0**53
#: Excel keeps 15 digits of what is typed, and puts zeros for the others.
_DIGITS = 10.0**15
_SHOWN = 5
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_HIDDEN_ROW = re.compile(rb"<(?:\w+:)?row\b[^>]*?\shidden=[\"'](?:1|true)[\"'][^>]*>")
_ROW_NUMBER = re.compile(rb"\sr=[\"'](\d+)[\"']")
#: Beyond ZZ, the 702nd column: a reader makes room for everything between there and the first.
_FAR_CELL = re.compile(rb"<(?:\w+:)?c\b[^>]*?\sr=[\"']([A-Z]{3}\d+)[\"']")
#: A formula, and no value behind it.
_NOT_CALCULATED = re.compile(
    rb"<(?:\w+:)?c\b([^>]*)>\s*<(?:\w+:)?f\b[^>]*?(?:/>|>[^<]*</(?:\w+:)?f>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>"
    rb")?\s*</(?:\w+:)?c>"
)
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_CELL_NAME = re.compile(rb"\sr=[\"']([A-Z]+\d+)[\"']")
_IS_TEXT = re.compile(rb"\st=[\"']str[\"']")
_ERROR_CELL = re.compile(rb"<(?:\w+:)?c\b[^>]*?\st=[\"']e[\"'][^>]*>")


class WorkbookRefused(Exception):
    """The class of error that the service raises, and its fields."""

    def __init__(self, error: str, **fields: object) -> None:
        super().__init__(error)
        self.error, self.fields = error, fields


@dataclass
class Looks:
    """What a sheet's XML says beside its values."""

    cells: int = 0
    hidden_rows: list[int] = field(default_factory=list)
    not_calculated: list[str] = field(default_factory=list)
    errors: int = 0
    formulas: int = 0


def read_sheet(request: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return a sheet as an Arrow table of text, with the number of each row behind it, and what to tell of it.

    Parameters
    ----------
    request
        path, layer (a sheet's name or None), header (groups of names of which each must be there, in lower case),
        entries, bytes and ratio that the archive may have.
    """
    import python_calamine as calamine  # noqa: PLC0415  in the guarded process only

    looks = looked_through(request)
    try:
        with calamine.CalamineWorkbook.from_path(request["path"]) as workbook:
            about = {sheet.name: sheet for sheet in workbook.sheets_metadata}
            kept = {name: one.visible == calamine.SheetVisibleEnum.Visible for name, one in about.items()
                    if one.typ == calamine.SheetTypeEnum.WorkSheet}  # fmt: skip
            name, remarks = chosen(kept, looks, request["layer"])
            sheet = workbook.get_sheet_by_name(name)
            merged = [(*start, *end) for start, end in sheet.merged_cell_ranges or []]
            # Rows above the first cell come as empty ones; columns beside it do not.
            rows = [[""] * (sheet.start or (0, 0))[1] + row for row in sheet.iter_rows()]
    except (calamine.CalamineError, calamine.PasswordError, calamine.XmlError, calamine.ZipError, ValueError) as exc:
        raise WorkbookRefused("WorkbookUnreadable", reason=str(exc)[:200]) from exc
    if name not in looks:
        raise WorkbookRefused("WorkbookUnreadable", reason=f"the part of the sheet {name} is not where it should be")
    look = looks[name]
    if look.formulas and not look.not_calculated and is_to_be_calculated(request["path"]):
        look.not_calculated.append("all formulas")
    if look.not_calculated:
        shown = ", ".join(look.not_calculated[:_SHOWN])
        raise WorkbookRefused("NotCalculated", sheet=name, cells=shown, count=len(look.not_calculated))
    return as_table(rows, merged, name, look, remarks, request["header"])


def chosen(kept: dict[str, bool], looks: dict[str, Looks], asked: str | None) -> tuple[str, list[str]]:
    """Return the sheet to read, and what to tell of the others."""
    names = ", ".join(kept)
    if asked is not None:
        if asked not in kept:
            raise WorkbookRefused("LayerMissing", layer=asked, layers=names)
        return asked, [] if kept[asked] else [f"The sheet {asked} is hidden."]
    filled = [name for name, visible in kept.items() if visible and looks.get(name, Looks(1)).cells]
    hidden = [name for name, visible in kept.items() if not visible]
    if not filled:
        raise WorkbookRefused("SheetEmpty", sheets=names)
    if len(filled) > 1:
        raise WorkbookRefused("LayerNotStated", layers=", ".join(filled))
    return filled[0], [f"Sheets that are hidden were not read: {', '.join(hidden)}."] if hidden else []


# --- The archive ------------------------------------------------------------------------------------------------------


def looked_through(request: dict[str, Any]) -> dict[str, Looks]:
    """Return what each sheet says of itself, once every part was inflated and counted."""
    try:
        with zipfile.ZipFile(request["path"]) as archive:
            entries = [one for one in archive.infolist() if not one.is_dir()]
            if len({one.filename.lower() for one in entries}) != len(entries):
                raise WorkbookRefused("WorkbookUnreadable", reason="two of its parts have one name")
            sheets = {part: Looks() for part in sheet_parts(archive)}
            budget = request["bytes"]
            for entry in entries:
                budget -= look_through(archive, entry, sheets.get(entry.filename), budget, request["ratio"])
            return {name: sheets[part] for name, part in sheet_names(archive).items() if part in sheets}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as exc:
        raise WorkbookRefused(
            "WorkbookUnreadable", reason="its archive is damaged, or packed in an unusual way"
        ) from exc


def sheet_names(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the part of the archive that holds each sheet, by the sheet's name."""
    root = small_part(archive, "xl/workbook.xml")
    targets = {one.get("Id"): one.get("Target") for one in small_part(archive, "xl/_rels/workbook.xml.rels")}
    parts = {}
    for one in root.iter():
        if one.tag.rpartition("}")[2] == "sheet":
            ids = [value for key, value in one.attrib.items() if key.rpartition("}")[2] == "id"]
            target = str(targets.get(ids[0] if ids else None) or "")
            parts[str(one.get("name"))] = normpath(str(PurePosixPath("xl") / target)).lstrip("/")
    return parts


def is_to_be_calculated(path: str) -> bool:
    """Return whether whoever opens a workbook is to calculate its formulas: until then their values are made up."""
    with zipfile.ZipFile(path) as archive:
        marks = [one.get("fullCalcOnLoad") for one in small_part(archive, "xl/workbook.xml").iter()
                 if one.tag.rpartition("}")[2] == "calcPr"]  # fmt: skip
    return any(mark in ("1", "true") for mark in marks)


def sheet_parts(archive: zipfile.ZipFile) -> list[str]:
    """Return the parts of the archive that hold sheets."""
    return list(sheet_names(archive).values())


def small_part(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    """Return a part that is taken apart here, without entities."""
    try:
        with archive.open(name) as packed:
            content = packed.read(_SMALL + 1)
        if len(content) > _SMALL or _DOCTYPE.search(content):
            raise WorkbookRefused("WorkbookTooLarge", reason=f"{name} holds more than one of a workbook does")
        return ElementTree.fromstring(content)  # noqa: S314  without a document type there are no entities
    except (KeyError, ElementTree.ParseError) as exc:
        raise WorkbookRefused("WorkbookUnreadable", reason=f"{name} is missing or broken") from exc


def look_through(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, look: Looks | None, budget: int, ratio: int) -> int:
    """Inflate one part and note what a sheet says; return its size, which the directory may lie about."""
    size, rest = 0, b""
    with archive.open(entry) as packed:
        while chunk := packed.read(_CHUNK):
            size += len(chunk)
            if size > budget:
                raise WorkbookRefused("WorkbookTooLarge", reason="it inflates to more than may be read")
            if size > _CHUNK and size > ratio * max(entry.compress_size, 1):
                raise WorkbookRefused("WorkbookTooLarge", reason=f"a part inflates more than {ratio} times")
            if _DOCTYPE.search(rest[-16:] + chunk):
                raise WorkbookRefused("WorkbookTooLarge", reason="a part defines entities, which no spreadsheet writes")
            if look is not None:
                rest = note_rows(rest + chunk, look)
            else:
                rest = chunk[-16:]
    if look is not None:
        note(rest, look)
    return size


def note_rows(content: bytes, look: Looks) -> bytes:
    """Note what whole rows say; return what follows them."""
    end = max(content.rfind(b"<row "), content.rfind(b":row "))
    if end <= 0:
        if len(content) > 32 * _CHUNK:
            raise WorkbookRefused("WorkbookTooLarge", reason="a row is longer than any honest one")
        return content
    end = content.rfind(b"<", 0, end + 1)
    note(content[:end], look)
    return content[end:]


def note(content: bytes, look: Looks) -> None:
    """Note what some rows say beside their values."""
    far = _FAR_CELL.search(content)
    if far:
        raise WorkbookRefused("WorkbookTooLarge", reason=f"a cell lies far away, at {far[1].decode()}")
    look.cells += content.count(b"<c ") + content.count(b":c ")
    for row in _HIDDEN_ROW.finditer(content):
        number = _ROW_NUMBER.search(row[0])
        look.hidden_rows.append(int(number[1]) if number else 0)
    look.formulas += len(_FORMULA.findall(content))
    for cell in _NOT_CALCULATED.finditer(content):
        if _IS_TEXT.search(cell[1]) and cell[0].count(b"v>"):
            continue  # calculated: an empty text
        name = _CELL_NAME.search(cell[1])
        look.not_calculated.append(name[1].decode() if name else "?")
    look.errors += len(_ERROR_CELL.findall(content))


# --- The table --------------------------------------------------------------------------------------------------------


def as_table(
    rows: list[list[Any]], merged: list[tuple[int, int, int, int]], name: str, look: Looks, remarks: list[str],
    wanted: list[list[str]],
) -> tuple[Any, dict[str, Any]]:  # fmt: skip
    """Return the rows below the header as text, the numbers of the rows, and what to tell."""
    import pyarrow as pa  # noqa: PLC0415  after `confine`

    filled = fill_down(rows, merged)
    at = header_row(rows, wanted)
    names, unnamed = header_names(rows[at])
    body = [(number, row) for number, row in enumerate(rows[at + 1 :], start=at + 1) if any(one != "" for one in row)]
    columns: list[list[str | None]] = [[] for _ in names]
    for number, row in body:
        for place, value in enumerate(row):
            columns[place].append(text_of(value, f"{letters(place)}{number + 1}", name))
    empty = {place for place, column in enumerate(columns) if place in unnamed and not any(column)}
    kept = [place for place in range(len(names)) if place not in empty]
    table = pa.table([pa.array(columns[place], pa.string()) for place in kept], names=[names[place] for place in kept])
    numbers = [number + 1 for number, _ in body]
    told = [*remarks, f"Sheet {name}, header in row {at + 1}."]
    if any(any(one != "" for one in row) for row in rows[:at]):
        told.append(f"What stands above the header, in {at} rows, was left out.")
    told += [f"The column {names[place]} has no name." for place in kept if place in unnamed]
    told += remarks_on(look, numbers, filled)
    return table, {"rows": numbers, "remarks": told, "errors": look.errors}


def remarks_on(look: Looks, numbers: list[int], filled: int) -> Iterator[str]:
    """Yield what people should know who do not see it in the file."""
    known = set(numbers)
    hidden = [number for number in look.hidden_rows if number in known]
    if hidden:
        shown = ", ".join(map(str, hidden[:_SHOWN])) + (f" … {_SHOWN} of {len(hidden)}" if len(hidden) > _SHOWN else "")
        yield f"{len(hidden)} rows are hidden in the sheet and were read like the others: {shown}."
    if filled:
        yield f"{filled} cells that are merged with one above were given its value."
    if look.errors:
        yield f"{look.errors} cells of the sheet hold an error, such as #N/A, and are empty here."


def fill_down(rows: list[list[Any]], merged: list[tuple[int, int, int, int]]) -> int:
    """Give cells that are merged with one above its value, never with one beside; return how many."""
    filled = 0
    for begin, place, end, _ in merged:
        if begin >= len(rows) or place >= len(rows[begin]) or rows[begin][place] == "":
            continue
        for row in rows[begin + 1 : end + 1]:
            if row[place] == "":
                row[place] = rows[begin][place]
                filled += 1
    return filled


def header_row(rows: list[list[Any]], wanted: list[list[str]]) -> int:
    """Return the first row that names the coordinates; the first of several texts when none does."""
    for at, row in enumerate(rows[:HEADER_WITHIN]):
        texts = {str(value).strip().lower() for value in row}
        if all(texts & set(names) for names in wanted):
            return at
    for at, row in enumerate(rows[:HEADER_WITHIN]):
        if sum(isinstance(value, str) and value.strip() != "" for value in row) > 1:
            return at
    raise WorkbookRefused("SheetEmpty", sheets="no row with names of columns")


def header_names(header: list[Any]) -> tuple[list[str], set[int]]:
    """Return the names of the columns, and which have none and are called by their letters."""
    names = [str(value).strip() for value in header]
    unnamed = {place for place, name in enumerate(names) if not name}
    return [name or letters(place) for place, name in enumerate(names)], unnamed


def text_of(value: Any, cell: str, sheet: str) -> str | None:
    """Return a cell's value as text: numbers in their shortest digits, days and instants as ISO 8601 has them."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        if abs(value) >= _EXACT_BELOW or (abs(value) >= _DIGITS and value % 10 == 0):
            raise WorkbookRefused("CellNotExact", sheet=sheet, cell=cell, value=repr(value))
        return str(int(value)) if value == int(value) else repr(value)
    if isinstance(value, datetime.datetime):
        return str(value.date()) if value.time() == datetime.time() else value.isoformat()
    if isinstance(value, datetime.timedelta):
        return f"PT{value.total_seconds():g}S"
    return str(value)


def letters(column: int) -> str:
    """Return what a spreadsheet calls the column of a number, from 0: A, Z, AA."""
    said = ""
    column += 1
    while column:
        column, digit = divmod(column - 1, 26)
        said = chr(ord("A") + digit) + said
    return said
