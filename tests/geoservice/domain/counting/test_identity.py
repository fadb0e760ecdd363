"""Identity numbers: the birth that they tell, and what is lost of them."""

from __future__ import annotations

from datetime import date

import pytest

from geoservice.domain.counting.identity import check_of, identity_of

#: An example of GB 11643-1999; the other one ends with 4.
GIVEN = "11010519491231002X"
BORN = date(1949, 12, 31)


def test_the_check_character_is_that_of_the_standard() -> None:
    assert check_of(GIVEN[:17]) == "X"
    assert check_of("44052418800101001") == "4"


@pytest.mark.parametrize(
    "written",
    [
        GIVEN,
        GIVEN.lower(),
        "１１０１０５１９４９１２３１００２Ｘ",
        f" {GIVEN[:6]} {GIVEN[6:]}",
        f"'{GIVEN}",
        f'="{GIVEN}"',
    ],
)
def test_however_it_is_written_it_is_the_same_person(written: str) -> None:
    found = identity_of(written)

    assert found is not None
    assert (found.document, found.birth, found.mistyped) == (GIVEN, BORN, False)


def test_fifteen_digits_are_of_the_last_century_and_of_the_same_person() -> None:
    found = identity_of("110105491231002")

    assert found is not None
    assert (found.document, found.birth) == (GIVEN, BORN)
    as_number = identity_of(110105491231002.0)
    assert as_number == found


@pytest.mark.parametrize("written", [GIVEN[:17] + "1", "110105194913310020", "110105491331002"])
def test_a_mistyped_number_tells_no_birth(written: str) -> None:
    found = identity_of(written)

    assert found is not None
    assert found.mistyped
    assert found.birth is None


@pytest.mark.parametrize("written", [110105194912310021.0, 110105194912310021, "1.10105194912310E+17"])
def test_a_number_of_a_spreadsheet_keeps_the_birth_and_tells_nobody_from_others(written: object) -> None:
    found = identity_of(written)

    assert found is not None
    assert found.lost_digits
    assert (found.document, found.birth) == (None, BORN)


def test_five_digits_of_a_spreadsheet_keep_nothing() -> None:
    found = identity_of("1.10105E+17")

    assert found is not None
    assert (found.birth, found.lost_digits) == (None, True)


@pytest.mark.parametrize(("written", "document"), [("E12345678", "E12345678"), ("护照", None), ("12345", None)])
def test_other_documents_tell_no_birth(written: str, document: str | None) -> None:
    found = identity_of(written)

    assert found is not None
    assert (found.document, found.birth, found.mistyped) == (document, None, False)


@pytest.mark.parametrize("written", ["", None, "无", "--", "不详"])
def test_nothing_is_no_number(written: object) -> None:
    assert identity_of(written) is None
