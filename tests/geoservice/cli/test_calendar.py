"""The calendar at the command line: written, shown, reckoned with, and refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from geoservice.cli.calendar import calendar
from geoservice.errors import CalendarRefused
from geoservice.services.calendars import parse_hours, read_days

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
