"""Registers of made persons, in memory: no file of a test holds one."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from xml.sax.saxutils import escape

from geoservice.counting.answer import RegisterCount
from geoservice.counting.register import count_register
from geoservice.demo.model import HouseholdSeed
from geoservice.domain.counting.identity import check_of
from tests.geoservice.reading.made_workbooks import packed, parts

AS_OF = date(2026, 6, 30)
SPELLINGS = {"B-1": "B-1", "1栋": "B-1", "B-2": "B-2", "2栋": "B-2"}
HEADER = ("姓名", "身份证号", "楼栋", "单元", "房号", "是否流动人口")
#: Years before `AS_OF` of somebody in the middle of each band.
_AGES = (7, 15, 40, 70, 85)


def identity(birth: date, order: int) -> str:
    digits = f"540502{birth:%Y%m%d}{order % 1000:03d}"
    return digits + check_of(digits)


def birth_in(band: int, order: int) -> date:
    """Return a day of birth in a band; no two orders below 100,000 have one identity number."""
    return date(AS_OF.year - _AGES[band], 1, 1) + timedelta(days=order // 1000)


def persons_of(households: Sequence[HouseholdSeed]) -> Iterator[list[str]]:
    """Yield a row for everybody in made households, under `HEADER`."""
    order = 0
    for one in households:
        unit, _, room = one.unit.partition("-")
        bands = (one.age_0_13, one.age_14_17, one.age_18_59, one.age_60_79, one.age_80_plus)
        of_bands = [band for band, count in enumerate(bands) for _ in range(count)]
        for member, band in enumerate(of_bands):
            order += 1
            floating = "是" if member < one.floating else "否"
            yield [f"QZ甲{order}", identity(birth_in(band, order), order), one.building_code, unit, room, floating]


def person(order: int, *, building: str = "1栋", unit: str = "1", room: str = "101", floating: str = "否") -> list[str]:
    return [f"QZ甲{order}", identity(birth_in(2, order), order), building, unit, room, floating]


def csv_of(rows: Sequence[Sequence[object]], *, encoding: str = "utf-8-sig", delimiter: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


def xlsx_of(sheets: Mapping[str, str], *, hidden: Sequence[str] = ()) -> bytes:
    content = io.BytesIO()
    packed(content, parts(sheets, hidden=hidden))  # type: ignore[arg-type]  a file in memory is one, too
    return content.getvalue()


def ods_of(rows: Sequence[Sequence[str]]) -> bytes:
    """Return an OpenDocument spreadsheet of texts. Source: OASIS OpenDocument 1.2, parts 1 and 3."""
    lines = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{escape(value)}</text:p></table:table-cell>'
            for value in row
        )
        + "</table:table-row>"
        for row in rows
    )
    urn = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<?xml version="1.0"?><office:document-content xmlns:office="{urn}:office:1.0" xmlns:table="{urn}:table:1.0"'
        f' xmlns:text="{urn}:text:1.0" office:version="1.2"><office:body><office:spreadsheet>'
        f'<table:table table:name="Sheet1">{lines}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", kind, zipfile.ZIP_STORED)
        archive.writestr("content.xml", content)
        archive.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{urn}:manifest:1.0"><manifest:file-entry manifest:full-path="/"'
            f' manifest:media-type="{kind}"/></manifest:manifest>',
        )
    return made.getvalue()


@contextmanager
def in_memory(content: bytes) -> Iterator[int]:
    """Yield the descriptor of a file that is on no disk."""
    descriptor = os.memfd_create("register")
    try:
        os.write(descriptor, content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def count_rows(content: bytes | Sequence[Sequence[object]], **asked: object) -> RegisterCount:
    """Count the rows of a CSV under `HEADER`, or a whole register; few rows may all fail."""
    whole = content if isinstance(content, bytes) else csv_of([HEADER, *content])
    defaults = {"buildings": SPELLINGS, "as_of": AS_OF, "refuse_above": 1.0}
    with in_memory(whole) as descriptor:
        return count_register(descriptor, **defaults | asked)  # type: ignore[arg-type]
