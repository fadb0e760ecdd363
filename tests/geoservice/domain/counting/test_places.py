"""Buildings, units and rooms as people write them."""

from __future__ import annotations

import pytest

from geoservice.domain.counting.places import Buildings, door_of, unit_of

SPELLINGS = {
    "B-3": "B-3", "3栋": "B-3", "阳光小区12号楼": "B-12", "乃东路12号": "B-99", "12号楼": "B-12", "A座": "B-A",
    "月光小区12号楼": "B-7",
}  # fmt: skip
BUILDINGS = Buildings(SPELLINGS)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("B-3", "B-3"), ("b-3", "B-3"), ("B－3", "B-3"), ("3", "B-3"), (3.0, "B-3"), ("三栋", "B-3"), ("第3栋", "B-3"),
        ("3幢", "B-3"), ("03栋", "B-3"), (" 3 栋", "B-3"), ("乃东路12号", "B-99"), ("A座", "B-A"), ("a座", "B-A"),
        ("4栋", None), ("", None), (None, None), ("13栋", None),
    ],
)  # fmt: skip
def test_a_building_is_found_by_its_ways_of_writing(written: object, code: str | None) -> None:
    found = BUILDINGS.find(written)

    assert (found and found.code) == code


@pytest.mark.parametrize(
    ("written", "code", "rest"),
    [
        ("3栋2单元301室", "B-3", "2单元301室"),
        ("山南市乃东区阳光小区12号楼1单元101", "B-12", "1单元101"),
        ("乃东路12号301", "B-99", "301"),
        ("乃东路12号 3栋", "B-99", "3栋"),
    ],
)
def test_an_address_tells_a_building_and_what_follows(written: str, code: str, rest: str) -> None:
    found = BUILDINGS.find(written)

    assert found is not None
    assert (found.code, found.rest) == (code, rest)


@pytest.mark.parametrize("written", ["乃东路121号", "13栋301", "3单元301", "33"])
def test_a_number_is_not_cut_apart(written: str) -> None:
    assert BUILDINGS.find(written) is None


def test_an_estate_tells_buildings_of_one_number_apart() -> None:
    assert (BUILDINGS.find("12号楼", "月光小区") or BUILDINGS).code == "B-7"  # type: ignore[union-attr]
    assert (BUILDINGS.find("12号楼", "阳光小区") or BUILDINGS).code == "B-12"  # type: ignore[union-attr]


def test_a_spelling_of_two_buildings_means_neither() -> None:
    assert Buildings({"3栋": "X", "3幢": "Y"}).find("3") is None
    assert (Buildings({"3栋": "X", "3幢": "Y"}).find("3幢") or BUILDINGS).code == "Y"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("unit", "room", "rest", "expected"),
    [
        ("", "0301", "", (None, "301")),
        ("", 301.0, "", (None, "301")),
        ("", "1-301", "", ("1", "301")),
        ("", "3-1-301", "", ("1", "301")),
        ("", "2单元301室", "", ("2", "301")),
        ("二单元", "301室", "", ("2", "301")),
        (2.0, "301", "", ("2", "301")),
        ("2", "1-301", "", ("2", "301")),
        ("A", "301", "", ("A", "301")),
        ("", "", "2单元301室", ("2", "301")),
        ("", "301", "2单元", ("2", "301")),
        ("", "", "", (None, "")),
    ],
)
def test_units_and_rooms_are_told_apart(
    unit: object, room: object, rest: str, expected: tuple[str | None, str]
) -> None:
    door = door_of(unit, room, rest)

    assert (door.unit, door.room) == expected


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        ("1单元", "1"),
        ("十二单元", "12"),
        ("99", "99"),
        ("100", None),
        ("0", None),
        ("B门", "B"),
        ("东", None),
        ("张三", None),
    ],
)
def test_units_that_are_told_are_numbers_and_letters(written: str, unit: str | None) -> None:
    assert unit_of(written) == unit
