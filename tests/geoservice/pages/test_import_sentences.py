"""What a reader of files says is said in Chinese on pages in Chinese, whatever it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from geoservice.pages.words.import_sentences import reason_in, remark_in
from geoservice.services.layers.uploads import SUFFIXES

HOUSE = Path(__file__).parents[3] / "geoservice"
HAN = re.compile(r"[\u4e00-\u9fff]")
#: Sentences of the code that reads, by how they stand there, with holes.
NOT_A_VALUE = re.compile(r'NotAValue\(f?"([^"]+)"\)')
OF_PLACES = re.compile(r'place: f?"([^"]+)"')
REMARKS = re.compile(r'(?:remarks|told)\.append\(\s*f?"([^"]+)"')
HOLE = re.compile(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")


def said_in(pattern: re.Pattern[str], *files: str) -> list[str]:
    found = [one for file in files for one in pattern.findall((HOUSE / file).read_text(encoding="utf-8"))]
    return [HOLE.sub("7", one) for one in found]


def test_every_reason_of_a_cell_has_its_words() -> None:
    values = said_in(NOT_A_VALUE, "domain/importing/values.py")
    assert len(values) > 15
    assert [one for one in values if not HAN.search(reason_in("zh", f"floors {one}"))] == []


def test_every_reason_of_a_row_and_a_place_has_its_words() -> None:
    rows = said_in(OF_PLACES, "reading/features.py", "reading/places.py", "domain/importing/households.py")
    rows = [one for one in rows if " " in one and one not in ("7#7", "7 7")]
    assert len(rows) > 8
    assert [one for one in rows if not HAN.search(reason_in("zh", one))] == []


def test_every_remark_has_its_words() -> None:
    told = said_in(
        REMARKS,
        "reading/features.py",
        "reading/places.py",
        "reading/sheet_tables.py",
        "reading/unknown_words.py",
        "reading/workbook_tables.py",
    )
    told = [re.sub(r"^7(?=header|the total)", "", one) for one in told]  # of which sheet is said before it
    assert len(told) > 10
    known = {one for one in told if HAN.search(remark_in("zh", one))}
    assert set(told) - known <= {"Places from 7, 7."}  # whose order is one of two
    assert remark_in("zh", "Places from 经纬度, latitude before longitude.") == "位置取自 经纬度，纬度在前。"


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("Columns: code from 编码, lon from 经度.", "各列：编码 → code, 经度 → lon。"),
        ("Sheet 点位: header in row 2, 19 rows of features.", "工作表 点位：表头在 第 2 行，要素 19 行。"),
        ("3 rows (4, 5, 6) left out as a footer.", "3 行（4, 5, 6） 没有读（落款）。"),
        ("something new", "something new"),
    ],
)
def test_parts_that_are_words_are_said_too(english: str, chinese: str) -> None:
    assert remark_in("zh", english) == chinese
    assert remark_in("en", english) == english


def test_a_reason_of_several_is_said_whole() -> None:
    assert (
        reason_in("zh", "sheet 一: code is empty; floors is no whole number") == "工作表 一：code 为空；floors 不是整数"
    )
    assert reason_in("en", "code is empty") == "code is empty"


def test_files_end_as_one_that_is_read() -> None:
    assert ".shp" not in SUFFIXES  # alone it is not whole
