"""The calendar at the command line: written, shown, reckoned with, and refused in words."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from geoservice.cli.advice import ADVICE
from geoservice.cli.calendar import calendar
from geoservice.errors import CalendarRefused
from geoservice.reading.file_errors import LayerNotStated, WorkbookLocked
from geoservice.services.calendars import parse_hours, read_days, read_sheet_of_days
from tests.geoservice.reading.made_workbooks import sheet, workbook

OF_SARE = ["--jurisdiction", "sare"]


def said(*arguments: str) -> str:
    result = CliRunner().invoke(calendar, [*arguments, *OF_SARE], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_hours_and_holidays_are_written_and_reckoned_with(
    community_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", community_url)
    file = tmp_path / "days.csv"
    file.write_text("day,works_like,label\n2026-10-15,,local feast\n2026-10-17,mon,made up\n", encoding="utf-8")

    assert "1 holidays and 1 days of work" in said("import", str(file))
    said("hours", "mon-fri 09:00-13:00 15:00-19:00", "sat 22:00-24:00")

    shown = said("show", "--year", "2026")
    assert "mon  09:00-13:00" in shown
    assert "sat  22:00-24:00" in shown
    assert "2026-10-15 thu  holiday         local feast" in shown
    assert said("due", "8", "--from", "2026-10-14T17:00:00+08:00").strip() == "2026-10-16T17:00:00+08:00"


@pytest.mark.parametrize("line", ["", "mon", "mon 9-5", "fri-mon 09:00-10:00", "mon 10:00-09:00", "day 09:00-10:00",
                                  "mon 24:00-25:00", "mon 09:60-10:00"])  # fmt: skip
def test_hours_that_can_not_be_meant_are_refused(line: str) -> None:
    with pytest.raises(CalendarRefused):
        parse_hours(line)


@pytest.mark.parametrize(
    "text",
    ["", "day,label\n2026-01-01,x\n", "day,works_like,label\n2026-13-01,,x\n",
     "day,works_like,label\n2026-01-01,funday,x\n",
     "day,works_like,label\n2026-01-01,,x\n2026-01-01,,y\n", "day,works_like,label\n"],
)  # fmt: skip
def test_files_that_can_not_be_meant_are_refused(text: str) -> None:
    with pytest.raises(CalendarRefused):
        read_days(text.splitlines())


def dated(year: int, month: int, day: int) -> str:
    """Return a cell with a date as spreadsheets keep it: days since 1899-12-30, in a style of dates."""
    return f'<c r="@" s="1"><v>{(date(year, month, day) - date(1899, 12, 30)).days}</v></c>'


HEADER = ["Day", "works_like", "Label", "note"]


def test_a_workbook_says_the_same_as_a_csv(community_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", community_url)
    rows = [
        ["2026年放假安排"], HEADER, [dated(2026, 10, 1), None, "国庆节"], [dated(2026, 10, 2), "", None],
        ["2026-10-10", " Mon ", "调休上班"],
    ]  # fmt: skip
    file = workbook(tmp_path / "days.XLSX", sheet(rows, merged=["C3:C4"], hidden=[5]))
    text = "day,works_like,label\n2026-10-01,,国庆节\n2026-10-02,,国庆节\n2026-10-10,mon,调休上班\n"

    told = said("import", str(file))

    assert read_sheet_of_days(file).days == read_days(text.splitlines())
    assert "2 holidays and 1 days of work" in told
    assert "1 rows are hidden in the sheet and were read like the others: 5." in told
    assert "2026-10-02 fri  holiday         国庆节" in said("show", "--year", "2026")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([HEADER, ["2026/10/1", None, "x"]], "line: 2.*day is like 2026-10-01"),
        ([["title"], [], HEADER, [46310, None, "x"]], "line: 4.*day is like 2026-10-01"),
        ([HEADER, [dated(2026, 10, 1), "funday", "x"]], "line: 2.*works_like is empty or one of"),
        ([HEADER, [dated(2026, 10, 1), None, "x"], ["2026-10-01", "mon", "x"]], "line: 3.*a day is there twice"),
        ([HEADER], "the file has no rows"),
        ([["day", "label"], ["2026-10-01", "x"]], "the columns are day, works_like and label"),
        ([HEADER, [dated(2026, 10, 1), '<c r="@" t="e"><v>#N/A</v></c>', "x"]], "hold an error, such as #N/A"),
    ],
)  # fmt: skip
def test_workbooks_that_can_not_be_meant_are_refused(rows: list[list[object]], words: str, tmp_path: Path) -> None:
    with pytest.raises(CalendarRefused) as refused:
        read_sheet_of_days(workbook(tmp_path / "days.xlsx", sheet(rows)))

    assert re.search(words, str(refused.value)), str(refused.value)


def test_which_sheet_is_asked_and_the_advice_works(
    community_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", community_url)
    one, other = sheet([HEADER, ["2026-10-01", None, "a"]]), sheet([HEADER, ["2027-10-01", None, "b"]])
    file = str(workbook(tmp_path / "days.xlsx", {"2026": one, "2027": other}))

    with pytest.raises(LayerNotStated) as refused:
        said("import", file)
    told = said("import", file, "--layer", "2027")

    assert ADVICE[str(refused.value.advice)] == "Say --layer."
    assert "1 holidays" in told
    assert "2027-10-01 fri  holiday" in said("show", "--year", "2027")


@pytest.mark.parametrize(("written", "encoding"), [
    ("gbk", None), ("gb18030", None), ("utf-16", None), ("big5", None), ("gbk", "utf-8"), ("utf-8", "utf-16"),
    ("utf-8", "hex"), ("utf-8", "undefined"), ("utf-8", "no such"), ("utf-8", "a\0b"),
])  # fmt: skip
def test_text_in_another_encoding_is_one_line_that_says_what_to_say(
    written: str, encoding: str | None, tmp_path: Path
) -> None:
    file = tmp_path / "days.csv"
    file.write_bytes("day,works_like,label\n2027-01-01,,國慶\n".encode(written))
    words = ["import", str(file), *OF_SARE, *(() if encoding is None else ("--encoding", encoding))]

    result = CliRunner().invoke(calendar, words)

    assert result.exit_code == 2, result.exception
    assert f"The text of days.csv is not {encoding or 'UTF-8'}: say --encoding, such as gbk." in result.output


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-16", "big5", "utf-8"])
def test_text_in_an_encoding_that_is_said_is_read(
    community_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", community_url)
    file = tmp_path / "days.csv"
    file.write_bytes("day,works_like,label\n2027-01-01,,國慶\n".encode(encoding))

    assert "1 holidays" in said("import", str(file), "--encoding", encoding)
    assert "國慶" in said("show", "--year", "2027")


def test_what_does_not_go_together_is_told(tmp_path: Path) -> None:
    old, text = tmp_path / "days.xls", tmp_path / "days.csv"
    old.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600))
    text.write_text("day,works_like,label\n2026-10-01,,x\n")

    with pytest.raises(WorkbookLocked, match=r"save it as \.xlsx"):
        said("import", str(old))
    for words in ((str(old), "--encoding", "gbk"), (str(text), "--layer", "2026")):
        result = CliRunner().invoke(calendar, ["import", *words, *OF_SARE])
        assert result.exit_code == 2
        assert "goes with a" in result.output
