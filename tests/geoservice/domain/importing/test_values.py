"""Cells as values: what is read, and what refuses its row."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from geoservice.domain.importing.angles import AngleUnreadable, coordinate, may_be_minutes, pair
from geoservice.domain.importing.bearings import BearingUnknown, bearing_of, may_be_numbered
from geoservice.domain.importing.choices import Choices
from geoservice.domain.importing.households import not_residents, running_names, without
from geoservice.domain.importing.kinds import codes_by_word
from geoservice.domain.importing.values import (
    BOUNDS,
    INSTANTS,
    Inexact,
    NotAValue,
    boolean_of,
    instant_of,
    integer_of,
    key_of,
    number_of,
    text_of,
    typed,
)
from geoservice.web.parsing import EARLIEST, LATEST
from layers.buildings.layer import BUILDINGS
from layers.cameras.layer import CAMERAS
from layers.layer import Column, Layer
from layers.organisations.layer import ORGANISATIONS
from layers.title import Title

SCHEMA = Path(__file__).parents[4] / "migrations/schema"


@pytest.mark.parametrize(("cell", "value"), [
    ("0301", "0301"), (" A-1 ", "A-1"), (301, "301"), (301.0, "301"), ("０３０１", "0301"),
    ("540502001001000012", "540502001001000012"),
    (9007199254740993, "9007199254740993"), (Decimal("540502001001000012"), "540502001001000012"),
])  # fmt: skip
def test_codes_keep_every_digit(cell: object, value: str) -> None:
    assert key_of(cell) == value


@pytest.mark.parametrize("cell", [Inexact("540502195402090000"), 9.0e17, True, "x" * 65, "a\u200bb", "a\nb", "\u202e"])
def test_codes_that_are_not_exact_or_not_seen_are_refused(cell: object) -> None:
    with pytest.raises(NotAValue):
        key_of(cell)


@pytest.mark.parametrize(
    ("cell", "value"), [("6", 6), ("６层", 6), ("6.0", 6), (6.0, 6), (Decimal(6), 6), (" 12 户", 12)]
)
def test_whole_numbers_are_read(cell: object, value: int) -> None:
    assert integer_of(cell) == value


@pytest.mark.parametrize(
    "cell", ["6.5", 6.5, "5-6", "3+1", "<5", "*", "1,200", True, float("nan"), 2**40, "六", Inexact("1")]
)
def test_what_is_no_whole_number_is_refused(cell: object) -> None:
    with pytest.raises(NotAValue):
        integer_of(cell)


def test_numbers_have_a_point_or_a_comma() -> None:
    assert number_of("60,5") == number_of("60.5m") == number_of(60.5) == 60.5
    for unclear in ("1,200", "sixty", "1.2.3", float("inf"), True):
        with pytest.raises(NotAValue):
            number_of(unclear)


def test_yes_and_no_are_read() -> None:
    assert [boolean_of(cell) for cell in ("是", "Y", "有", 1, True, "√")] == [True] * 6
    assert [boolean_of(cell) for cell in ("否", "no", "无", 0.0, False, "Nein")] == [False] * 6
    with pytest.raises(NotAValue):
        boolean_of("不详")


@pytest.mark.parametrize("cell", ["1985.3.12", "1985-03-12", "1985/3/12", "19850312", 19850312, 19850312.0,
                                  "1985年3月12日",
                                  "１９８５年３月１２日", "1985-03-12T00:00:00"])  # fmt: skip
def test_days_are_read_in_their_time_zone(cell: object) -> None:
    assert instant_of(cell, time_zone="Asia/Shanghai") == datetime(1985, 3, 11, 16, tzinfo=UTC)


@pytest.mark.parametrize("cell", ["1985.13.1", "12.3.85", "31131", "soon", "1985.3-12"])
def test_what_is_no_day_is_refused(cell: object) -> None:
    with pytest.raises(NotAValue):
        instant_of(cell, time_zone="Asia/Shanghai")
    with pytest.raises(NotAValue, match="time zone"):
        instant_of("1985-03-12", time_zone=None)


@pytest.mark.parametrize(
    "cell",
    ["2026-11-03 9:30", "2026/11/3 9:30", "2026/11/3 9:30:00", "2026.11.3 09:30", "2026-11-03T09:30",
     "2026年11月3日 9:30", "2026年11月3日9时30分", "2026 年 11 月 3 日 9 时 30 分 0 秒", "2026年11月3号 9点30分",
     "20261103093000", "202611030930", 20261103093000, "20261103 0930", "03.11.2026 09:30", "3.11.2026 9:30:00,000",
     "2026/11/3 上午9:30", "2026/11/3 上午 9:30:00", "2026/11/3 9:30 AM", "２０２６／１１／３　９：３０",
     "2026-11-03 09:30:00 +0800", "2026-11-03 01:30:00Z", "2026/11/3 1:30 UTC", "2026-11-02T21:30:00.000-04:00"],
)  # fmt: skip
def test_times_of_days_are_read_as_people_and_systems_write_them(cell: object) -> None:
    assert instant_of(cell, time_zone="Asia/Shanghai") == datetime(2026, 11, 3, 1, 30, tzinfo=UTC)


def test_half_days_have_twelve_hours() -> None:
    told = [instant_of(f"2026/11/3 {said}", time_zone="UTC").hour
            for said in ("上午 12:05", "下午 12:05", "下午 2:30", "下午 14:30", "12:05 AM", "11:59 PM")]  # fmt: skip
    assert told == [0, 12, 14, 14, 0, 23]


@pytest.mark.parametrize(
    "cell",
    ["2026/11/39:30", "11/3/2026 9:30", "2026-11-03 24:00", "2026-11-03 9:3", "2026-02-30 10:00", "2026-11-03 9:30 PM2",
     "2026/11/3 上午 13:00", "2026/11/3 13:30 PM", "2026/11/3 0:30 AM", "2026110310930", "20261103115", 45999.4,
     "2026-11-03 09:30 +99:00", "2026-11-03 " + "9" * 90, "0000-01-01 00:00", "2026 11 03", "2026-11-03 09:30\n10:30"],
)  # fmt: skip
def test_what_is_no_time_or_could_be_two_is_refused(cell: object) -> None:
    with pytest.raises(NotAValue):
        instant_of(cell, time_zone="Asia/Shanghai")


def test_an_instant_is_of_the_years_that_every_door_takes() -> None:
    assert INSTANTS == (EARLIEST, LATEST)
    for cell in ("0001-01-01", "0001-01-01 00:00:00Z", "1899-12-31 23:59:59Z", "2200-01-01 00:00:01Z", "9999-12-31",
                 datetime(1, 1, 1), datetime(9999, 12, 31, 23)):  # fmt: skip
        with pytest.raises(NotAValue, match="between the years 1900 and 2200"):
            instant_of(cell, time_zone="Asia/Shanghai")


def test_texts_with_line_ends_or_persons_numbers() -> None:
    assert text_of(" 江苏路\r\n12号 ") == "江苏路 12号"
    for cell in ("门卫 13912345678", "x" * 201, "a\0b", b"bytes", Inexact("123"), ["a"]):
        with pytest.raises(NotAValue):
            text_of(cell)


@pytest.mark.parametrize(("layer", "column", "word", "code"), [
    (BUILDINGS, "kind", "居民楼", "residential"), (BUILDINGS, "kind", "Residential", "residential"),
    (BUILDINGS, "kind", "写字楼", "office"), (BUILDINGS, "kind", "Bürogebäude", "office"),
    (CAMERAS, "kind", "球机", "dome"), (CAMERAS, "kind", "固定枪机", "bullet"), (CAMERAS, "status", "正常", "online"),
    (CAMERAS, "status", "offline", "offline"), (ORGANISATIONS, "kind", "共建单位", "partner"),
])  # fmt: skip
def test_words_become_codes(layer: Layer, column: str, word: str, code: str) -> None:
    done = typed([word, f" {word} "], layer.column(column), layer, Choices())

    assert done.values == [code, code]


def test_words_that_nobody_knows_refuse_their_row_and_can_be_told() -> None:
    column = BUILDINGS.column("kind")

    done = typed(["棚户", "住宅", None], column, BUILDINGS, Choices())
    assert done.values == [None, "residential", None]
    assert done.refused == {
        0: "kind is none of the words that are known for it, which mean residential, shop, office, school, "
        "hospital, industrial, public, other, ancillary",
        2: "kind is empty",
    }
    assert done.unknown == {"棚户": 1}
    told = Choices(words={"kind": {"棚户": "residential"}})
    assert typed(["棚户"], column, BUILDINGS, told).values == ["residential"]


@pytest.mark.parametrize("layer", [BUILDINGS, CAMERAS, ORGANISATIONS], ids=lambda layer: str(layer.id))
def test_no_word_means_two_codes(layer: Layer) -> None:
    for column in layer.columns:
        if column.codes:
            known = codes_by_word(layer, column, {}, gbt28181=False)
            for code, title in column.codes.items():
                for word in (code, title.zh, title.en):
                    assert codes_by_word(layer, column, {word: code}, gbt28181=False) == known


def test_a_word_that_is_the_title_of_several_codes_is_refused_until_it_is_said_what_it_means() -> None:
    codes = {"light": Title("路灯", "Street light"), "lamp": Title("路灯", "Lamp"), "路灯2": Title("灯", "light")}
    column = Column("kind", "text", Title("类型", "Kind"), codes=codes)
    cells: list[object] = ["路灯", "Lamp", "light", "灯"]

    done = typed(cells, column, BUILDINGS, Choices())
    assert done.values == [None, "lamp", "light", "路灯2"]  # a code is never another's title
    assert (done.refused, done.unknown) == ({0: "kind is what several of its codes are called"}, {"路灯": 1})
    told = typed(cells, column, BUILDINGS, Choices(words={"kind": {"路灯": "lamp"}}))
    assert told.values == ["lamp", "lamp", "light", "路灯2"]


@pytest.mark.parametrize(("text", "degrees"), [
    ("东", 90), ("朝东", 90), ("西向东", 90), ("由北向南", 180), ("东北", 45), ("西南方向", 225), ("NE", 45),
    ("north-west", 315),
    ("90", 90), ("360", 0), ("90°", 90), ("北偏东30°", 30), ("南偏西10度", 190), ("朝向正北", 0), ("Nordost", 45),
    ("22,5", 22.5),
])  # fmt: skip
def test_directions_are_degrees(text: str, degrees: float) -> None:
    assert bearing_of(text) == degrees


@pytest.mark.parametrize("text", ["", "上", "东偏西30", "-1", "361", "东西", "全景"])
def test_what_is_no_direction_is_refused(text: str) -> None:
    with pytest.raises(BearingUnknown):
        bearing_of(text)


def test_numbers_of_the_standard_are_only_taken_when_that_is_said() -> None:
    assert [bearing_of(str(number), gbt28181=True) for number in range(1, 9)] == [90, 270, 180, 0, 135, 45, 225, 315]
    assert bearing_of("5") == 5
    assert may_be_numbered(["1", "8", "3.0"])
    assert not may_be_numbered(["1", "8", "90"])
    with pytest.raises(BearingUnknown):
        bearing_of("9", gbt28181=True)


@pytest.mark.parametrize("text", ["91.77", "91,77", "91°46′12″", "91:46:12", "91度46分12秒", "E91.77", "东经91.77",
                                  "91 46 12",
                                  "91º46'12''", '91°46\'12"E', "91°46.2′", "９１．７７", "91.77°"])  # fmt: skip
def test_coordinates_are_read_as_people_write_them(text: str) -> None:
    assert coordinate(text) == pytest.approx(91.77)


@pytest.mark.parametrize("text", ["91°66′12″", "91°46′72″", "ninety", "", "91.7.7", "--91", "N"])
def test_what_is_no_coordinate_is_refused(text: str) -> None:
    with pytest.raises(AngleUnreadable):
        coordinate(text)


def test_south_and_west_are_below_zero() -> None:
    assert coordinate("29.5S") == coordinate("南纬29.5") == coordinate("-29.5") == coordinate("29°30′S") == -29.5


@pytest.mark.parametrize("text", ["91.77,29.24", "91.77 29.24", "(91.77, 29.24)", "91.77，29.24", "91.77;29.24",
                                  "POINT(91.77 29.24)", "91,77; 29,24", "91,77 29,24", "91.77/29.24"])  # fmt: skip
def test_pairs_in_one_cell_are_parted(text: str) -> None:
    assert tuple(map(coordinate, pair(text))) == (91.77, 29.24)


def test_decimals_that_could_be_minutes_are_seen() -> None:
    minutes = [f"29.{minute:02}{second:02}" for minute in range(20, 50) for second in (7, 31)]

    assert may_be_minutes(minutes)
    assert not may_be_minutes([*minutes, "29.7204"])
    assert not may_be_minutes(minutes[:10])
    assert coordinate("29.1425", minutes=True) == pytest.approx(29 + 14 / 60 + 25 / 3600)


def test_the_bounds_are_those_of_the_database() -> None:
    checks = re.findall(
        r"CHECK \((\w+) (?:BETWEEN ([0-9]+) AND ([0-9]+)|>=? ([0-9]+) AND \1 <=? ([0-9]+))\)",
        "".join(path.read_text(encoding="utf-8") for path in SCHEMA.glob("*.sql")),
    )
    stored: dict[str, Any] = {name: (float(a or c), float(b or d)) for name, a, b, c, d in checks}

    assert {name: bounds for name, bounds in BOUNDS.items() if name != "floating"} == {
        name: stored[name] for name in BOUNDS if name != "floating"
    }


def test_a_value_beyond_its_bounds_refuses_its_row() -> None:
    assert typed(["0", "201", "6"], BUILDINGS.column("floors"), BUILDINGS, Choices()).refused == {
        0: "floors is not between 1 and 200", 1: "floors is not between 1 and 200",
    }  # fmt: skip
    fov = Column("fov_deg", "number", CAMERAS.column("fov_deg").title, nullable=True)
    assert set(typed([0, 360, None], fov, CAMERAS, Choices()).refused) == {0}


def test_households_are_named_by_their_home_and_a_number_that_tells_nothing() -> None:
    values: dict[str, list[object]] = {"unit": ["1", "1", None], "age_0_13": [2, 1, 0]}
    names = running_names(["A", "A", "A"], values, [0, 1, 2])

    assert names == {0: "A/1#2", 1: "A/1#1", 2: "A#1"}
    turned = {name: list(reversed(cells)) for name, cells in values.items()}
    assert set(running_names(["A", "A", "A"], turned, [0, 1, 2]).values()) == set(names.values())


def test_those_from_80_on_are_taken_from_those_from_60_on() -> None:
    assert without([5, 1, None], [2, 2, 1], named="age_80_plus") == (
        [3, -1, None],
        {1: "fewer are 60 and older than 80 and older"},
    )
    bands: dict[str, list[object]] = {band: [1, 1] for band in BOUNDS if band.startswith("age_")}
    assert set(not_residents({**bands, "floating": [5, 6]})) == {1}


def test_a_code_has_an_address() -> None:
    assert key_of("3/2") == "3/2"
    with pytest.raises(NotAValue, match="no address"):
        key_of("／3")
