"""Days of birth as people write them, and the ages at a day."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from geoservice.domain.counting.days import age_at, age_of, band_of, birth_of


@pytest.mark.parametrize(
    "written",
    [
        date(1985, 3, 12), datetime(1985, 3, 12), "1985.3.12", "1985-03-12", "1985/3/12", "１９８５年３月１２日",
        "19850312", 19850312, 19850312.0, "12.03.1985", "1985-03-12 00:00:00",
    ],
)  # fmt: skip
def test_a_day_is_read_however_it_is_written(written: object) -> None:
    found = birth_of(written, serials=False)

    assert found is not None
    assert (found.day, found.month_only) == (date(1985, 3, 12), False)


@pytest.mark.parametrize("written", ["1985年3月", "1985-03", "198503", "1985.3", 1985.3])
def test_of_a_month_the_first_day_is_taken(written: object) -> None:
    found = birth_of(written, serials=False)

    assert found is not None
    assert (found.day, found.month_only) == (date(1985, 3, 1), True)


@pytest.mark.parametrize("written", ["1985-02-30", "85-3-12", "03/04/1985", "1985", 1985, 1985.1, "生于1985", 31118])
def test_what_is_no_day_or_two_is_not_guessed(written: object) -> None:
    found = birth_of(written, serials=False)

    assert found is not None
    assert found.day is None


def test_a_number_of_days_is_one_only_beside_real_dates() -> None:
    found = birth_of(31118, serials=True)

    assert found is not None
    assert found.day == date(1985, 3, 12)


@pytest.mark.parametrize("written", [None, "", " "])
def test_nothing_is_no_day(written: object) -> None:
    assert birth_of(written, serials=True) is None


@pytest.mark.parametrize(
    ("birth", "age"),
    [
        (date(2012, 6, 30), 14), (date(2012, 7, 1), 13), (date(2008, 2, 29), 18), (date(2026, 6, 30), 0),
        (date(2026, 7, 1), -1),
    ],
)  # fmt: skip
def test_ages_are_full_years_at_the_day_of_the_register(birth: date, age: int) -> None:
    assert age_at(birth, date(2026, 6, 30)) == age


@pytest.mark.parametrize(
    ("age", "band"), [(0, 0), (13, 0), (14, 1), (17, 1), (18, 2), (59, 2), (60, 3), (79, 3), (80, 4), (119, 4)]
)
def test_bands_begin_at_14_18_60_and_80(age: int, band: int) -> None:
    assert band_of(age) == band


@pytest.mark.parametrize(
    ("written", "age"), [(38.0, 38), ("38岁", 38), ("６个月", 0), ("1岁6个月", 1), ("老", None), ("", None)]
)
def test_ages_are_read(written: object, age: int | None) -> None:
    assert age_of(written) == age
