"""Workbooks that nobody should write: each is refused in a sentence, by a process that may die, within its limits."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from geoservice.reading.file_errors import FileRefused, FileTooLarge, WorkbookTooLarge, WorkbookUnreadable
from geoservice.reading.limits import MIB
from geoservice.reading.workbooks import LIMITS, read_sheet
from tests.geoservice.reading.made_workbooks import cell, packed, parts, sheet

NAMES = (("lon",), ("lat",))
PLAIN = parts({"Sheet1": sheet([["lon", "lat"], [91.0, 29.0]])})
SHEET, BOOK = "xl/worksheets/sheet1.xml", "xl/workbook.xml"
_TINY = replace(LIMITS, archive_bytes=4 * MIB, archive_entries=20, memory_bytes=1536 * MIB, wall_s=20.0)
_ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def changed(**contents: bytes) -> dict[str, bytes]:
    return PLAIN | {{"sheet": SHEET, "book": BOOK}[name]: content for name, content in contents.items()}


def with_rows(rows: str) -> dict[str, bytes]:
    return changed(sheet=PLAIN[SHEET].replace(b"</sheetData>", rows.encode() + b"</sheetData>"))


def lying(path: Path) -> Path:
    """A part that says it is small and is not."""
    packed(path, changed(sheet=PLAIN[SHEET].replace(b"<sheetData>", b"<sheetData>" + b" " * (8 * MIB))))
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo(SHEET).file_size
    path.write_bytes(content.replace(size.to_bytes(4, "little"), (3000).to_bytes(4, "little")))
    return path


TOO_LARGE: dict[str, dict[str, bytes]] = {
    "spaces that inflate a thousand times": changed(sheet=PLAIN[SHEET].replace(b"<row", b" " * (3 * MIB) + b"<row", 1)),
    "more than may be read": PLAIN | {"xl/media/image.bin": bytes(range(256)) * (17 * 1024)},
    "entities in a sheet": changed(sheet=PLAIN[SHEET].replace(b"<worksheet", _ENTITIES + b"<worksheet")),
    "entities in the workbook": changed(book=PLAIN[BOOK].replace(b"<workbook", _ENTITIES + b"<workbook")),
    "entities in the texts": PLAIN | {"xl/sharedStrings.xml": _ENTITIES + b"<sst/>"},
    "an external entity": changed(
        sheet=PLAIN[SHEET].replace(b"<worksheet", b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><worksheet')
    ),
    "a cell at the far corner": with_rows(f'<row r="1048576">{cell("XFD1048576", 1)}</row>'),
    "a cell in a far column": with_rows(f'<row r="3">{cell("AAA3", 1)}</row>'),
    "many entries": PLAIN | {f"xl/media/{number}": b"" for number in range(30)},
}


@pytest.mark.parametrize("case", TOO_LARGE)
def test_what_would_ask_for_too_much_is_refused_before_it_is_read(case: str, tmp_path: Path) -> None:
    path = packed(tmp_path / "p.xlsx", TOO_LARGE[case])

    with pytest.raises(WorkbookTooLarge):
        read_sheet(path, sheet=None, header=NAMES, limits=_TINY)


BROKEN: dict[str, Callable[[Path], Path]] = {
    "not a workbook": lambda path: packed(path, {"a.txt": b"x"}),
    "no sheet where it should be": lambda path: packed(path, {n: c for n, c in PLAIN.items() if n != SHEET}),
    "no relations": lambda path: packed(path, {n: c for n, c in PLAIN.items() if "rels" not in n}),
    "a broken workbook part": lambda path: packed(path, changed(book=b"<workbook>")),
    "a broken sheet": lambda path: packed(path, changed(sheet=PLAIN[SHEET][:-80])),
    "no XML": lambda path: packed(path, changed(sheet=b"\0" * 1000)),
    "cut off": lambda path: _cut(packed(path, PLAIN)),
    "a part that lies about its size": lying,
    "bytes turned round": lambda path: _spoilt(packed(path, PLAIN)),
}


def _cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:-40])
    return path


def _spoilt(path: Path) -> Path:
    content = bytearray(path.read_bytes())
    for at in range(60, len(content) // 2, 7):
        content[at] ^= 0x55
    path.write_bytes(bytes(content))
    return path


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_damaged_is_refused(case: str, tmp_path: Path) -> None:
    path = BROKEN[case](tmp_path / "p.xlsx")

    with pytest.raises(FileRefused):
        read_sheet(path, sheet=None, header=NAMES, limits=_TINY)


def test_two_parts_of_one_name_are_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "p.xlsx", PLAIN)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr(SHEET, PLAIN[SHEET])

    with pytest.raises(WorkbookUnreadable, match="one name"):
        read_sheet(path, sheet=None, header=NAMES, limits=_TINY)


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    path = packed(tmp_path / "p.xlsx", PLAIN)

    with pytest.raises(FileTooLarge):
        read_sheet(path, sheet=None, header=NAMES, limits=replace(_TINY, file_bytes=100))


@pytest.mark.parametrize("name", ["../../evil", "/etc/passwd", "a\nb", "=1+1", "x" * 31])
def test_names_of_sheets_are_only_names(name: str, tmp_path: Path) -> None:
    path = packed(tmp_path / "p.xlsx", parts({name: sheet([["lon", "lat"], [91.0, 29.0]])}))

    assert read_sheet(path, sheet=None, header=NAMES, limits=_TINY).rows == (2,)


def test_nothing_outside_is_followed(tmp_path: Path) -> None:
    """Links to other workbooks, and a part that lies elsewhere, lead nowhere."""
    relations = "xl/_rels/workbook.xml.rels"
    elsewhere = PLAIN | {relations: PLAIN[relations].replace(b"worksheets/sheet1.xml", b"../../../../etc/passwd")}
    linked = PLAIN | {"xl/externalLinks/externalLink1.xml": b'<externalLink r:id="rId1"/>'}

    with pytest.raises(FileRefused):
        read_sheet(packed(tmp_path / "a.xlsx", elsewhere), sheet=None, header=NAMES, limits=_TINY)
    assert read_sheet(packed(tmp_path / "b.xlsx", linked), sheet=None, header=NAMES, limits=_TINY).rows == (2,)
