"""Persons of a register become counts of households, exactly; each row that does not count has its reason."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from geoservice.counting.answer import COUNTED, RegisterCount, RowPlace, TooManyRowsFail
from geoservice.counting.errors import (
    RegisterColumnMissing,
    RegisterMissing,
    RegisterSheetMissing,
    RegisterWithoutHeader,
    RegisterWithoutRows,
    TwoColumnsAlike,
)
from geoservice.counting.register import count_register
from geoservice.demo.community import build_community
from geoservice.demo.model import Community
from geoservice.demo.people import FLOATING, RESIDENTS
from geoservice.domain.counting.reasons import FAILED, LEFT_OUT, SENTENCES, Reason
from tests.geoservice.counting.made_registers import (
    AS_OF,
    HEADER,
    SPELLINGS,
    birth_in,
    count_rows,
    csv_of,
    identity,
    in_memory,
    ods_of,
    person,
    persons_of,
    xlsx_of,
)
from tests.geoservice.demo.conftest import NOW
from tests.geoservice.reading.made_workbooks import sheet


@pytest.fixture(scope="module")
def community() -> Community:
    return build_community(now=NOW)


def told(counted: RegisterCount) -> Counter[tuple[object, ...]]:
    """Return how many households there are of each building, unit and counts."""
    values = counted.features.values
    return Counter(zip(values["building_code"], values["unit"], *(values[name] for name in COUNTED), strict=True))


def test_8987_made_persons_are_the_households_of_the_demo_community(community: Community) -> None:
    rows = [HEADER, *persons_of(community.households)]
    content = xlsx_of({"Sheet1": sheet(rows)})
    with in_memory(content) as descriptor:
        counted = count_register(
            descriptor, buildings={one.code: one.code for one in community.buildings}, as_of=AS_OF, refuse_above=0
        )

    assert len(rows) == 1 + RESIDENTS
    assert (counted.residents, counted.households, counted.floating) == (RESIDENTS, 3200, FLOATING)
    assert counted.counts == {}
    assert told(counted) == Counter(
        (one.building_code, one.unit.partition("-")[0], 1, one.age_0_13, one.age_14_17, one.age_18_59, one.age_60_79,
         one.age_80_plus, one.floating)
        for one in community.households
    )  # fmt: skip
    features = counted.features
    assert features.geoms is None
    assert features.buildings == features.values["building_code"]
    assert len(set(features.keys)) == len(features.keys) == 3200


def test_households_have_numbers_by_their_counts_whatever_order_the_rows_have() -> None:
    rows = [person(1, room="102"), person(2, room="102"), person(3, room="101"), person(4, building="2栋", unit="")]
    counted, turned = count_rows(rows), count_rows(rows[::-1])

    assert counted.features.keys == ["B-1/1/1", "B-1/1/2", "B-2/-/1"]
    assert counted.features.values["age_18_59"] == [1, 2, 1]
    assert turned.features.keys == counted.features.keys
    assert turned.features.values == counted.features.values


def test_per_building_no_count_is_of_one_household() -> None:
    counted = count_rows([person(1, room="101", floating="是"), person(2, room="102"), person(3, building="2栋")],
                         per="building")  # fmt: skip

    assert counted.features.keys == ["B-1/-/1", "B-2/-/1"]
    assert counted.features.values["households"] == [2, 1]
    assert counted.features.values["unit"] == [None, None]
    assert counted.features.values["age_18_59"] == [2, 1]
    assert counted.features.values["floating"] == [1, 0]


ID = identity(birth_in(2, 1), 1)
MISTYPED = ID[:17] + ("0" if ID[17] != "0" else "1")
WIDE = (*HEADER, "出生日期", "年龄", "是否已死亡", "是否已迁出", "人户分离")


def wide(**cells: object) -> list[object]:
    """Return a row under `WIDE`."""
    row = dict(zip(WIDE, [*person(1), "", "", "", "", ""], strict=True)) | cells
    return list(row.values())


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (wide(楼栋=""), Reason.NO_BUILDING),
        (wide(楼栋="9栋"), Reason.BUILDING_UNKNOWN),
        (wide(楼栋="QZ甲"), Reason.BUILDING_UNKNOWN),
        (wide(房号=""), Reason.NO_HOUSEHOLD),
        (wide(身份证号=""), Reason.NO_BIRTH),
        (wide(身份证号="", 出生日期="1985-02-30"), Reason.NO_SUCH_DAY),
        (wide(身份证号="", 出生日期="2026-07-01"), Reason.IMPOSSIBLE_AGE),
        (wide(身份证号="", 出生日期="1905-06-29"), Reason.IMPOSSIBLE_AGE),
        (wide(身份证号="", 年龄="130"), Reason.IMPOSSIBLE_AGE),
        (wide(身份证号=MISTYPED), Reason.CHECK_DIGIT),
        (wide(身份证号=person(0)[1]), Reason.DUPLICATE),
        (wide(是否已死亡="是"), Reason.DEAD),
        (wide(是否已迁出="是"), Reason.MOVED),
        (wide(人户分离="户在人不在"), Reason.ELSEWHERE),
        (["合计", "8987人", *[""] * 9], Reason.FOOTER),
        (["填表人：QZ甲", "", "13912345678", *[""] * 8], Reason.FOOTER),
        (["张三", ID, "1栋", "1", "101", *[""] * 6], Reason.EXAMPLE_ROW),
        (["必填", "18位身份证", "", "", "", "1=是", *[""] * 5], Reason.EXAMPLE_ROW),
        (list(WIDE), Reason.HEADER_AGAIN),
        (["17", *[""] * 10], Reason.EMPTY_ROW),
    ],
)
def test_a_row_that_does_not_count_has_its_reason_and_its_number(row: list[object], reason: Reason) -> None:
    counted = count_rows(csv_of([WIDE, wide(身份证号=person(0)[1]), row]))

    assert (counted.residents, counted.counts) == (1, {reason: 1})
    assert counted.rows == {reason: (RowPlace(1, 3),)}
    assert counted.failed == (reason in FAILED)
    assert counted.left_out == (reason in LEFT_OUT)
    assert [one.row for one in counted.features.refused] == ([3] if reason in FAILED else [])


@pytest.mark.parametrize(
    ("cells", "reason", "band"),
    [
        ({"身份证号": ID, "出生日期": "1990-01-01"}, Reason.BIRTH_DIFFERS, "age_18_59"),
        ({"身份证号": MISTYPED, "出生日期": "2020-01-01"}, Reason.CHECK_DIGIT_BESIDE_BIRTH, "age_0_13"),
        ({"身份证号": "", "出生日期": "1950年3月"}, Reason.MONTH_ONLY, "age_60_79"),
        ({"身份证号": "", "年龄": "16岁"}, Reason.AGE_ALONE, "age_14_17"),
        ({"身份证号": "5.40502193504121E+17"}, Reason.ID_LOST_DIGITS, "age_80_plus"),
        ({"单元": "东"}, Reason.UNIT_UNKNOWN, "age_18_59"),
        ({"是否流动人口": "不详"}, Reason.FLOATING_UNKNOWN, "age_18_59"),
        ({"是否已死亡": "见备注"}, Reason.FLAG_UNKNOWN, "age_18_59"),
    ],
)
def test_a_row_that_counts_with_a_remark_has_that_one(cells: dict[str, object], reason: Reason, band: str) -> None:
    counted = count_rows(csv_of([WIDE, wide(**cells)]))

    assert (counted.residents, counted.counts) == (1, {reason: 1})
    assert counted.features.values[band] == [1]


def test_every_reason_has_its_sentence_and_one_fate() -> None:
    assert SENTENCES.keys() == set(Reason)
    assert not FAILED & LEFT_OUT


def test_an_identity_number_kept_as_a_number_counts_by_the_digits_that_are_left() -> None:
    rows = [
        HEADER,
        ["QZ甲", 540502193504120012, "1栋", "1", "101", "否"],
        [*person(2)[:1], 540502350412001, *person(2)[2:]],
    ]
    counted = count_rows(xlsx_of({"Sheet1": sheet(rows)}))

    assert counted.counts == {Reason.ID_LOST_DIGITS: 1}
    assert counted.features.values["age_80_plus"] == [2]


def test_whoever_is_met_again_with_fifteen_digits_counts_once() -> None:
    long = identity(date(1985, 3, 12), 7)
    short = long[:6] + long[8:17]
    counted = count_rows([["a", long, "1栋", "1", "101", "否"], ["b", short, "2栋", "1", "101", "否"]])

    assert (counted.residents, counted.counts) == (1, {Reason.DUPLICATE: 1})


def test_who_failed_or_moved_counts_where_the_row_is_whole() -> None:
    again = wide(身份证号=person(5)[1])
    rows = [WIDE, wide(身份证号=person(5)[1], 楼栋="9栋"), wide(身份证号=person(5)[1], 是否已迁出="是"), again]

    assert count_rows(csv_of(rows)).residents == 1


def test_hidden_sheets_are_not_read_unless_they_are_named() -> None:
    sheets = {"1": sheet([HEADER, person(1)]), "旧": sheet([HEADER, person(2)]), "说明": sheet([["QZ甲", "填表说明"]])}
    content = xlsx_of(sheets, hidden=["旧"])
    counted, named = count_rows(content), count_rows(content, sheets=["旧"])

    assert counted.residents == named.residents == 1
    assert [(one.number, one.hidden, one.header) for one in counted.sheets] == [
        (1, False, (1, 1)), (2, True, None), (3, False, None),
    ]  # fmt: skip
    assert [one.persons for one in named.sheets] == [0, 1, 0]
    assert count_rows(content, sheets=["1", "2"]).residents == 2
    assert any("Sheet 2 is hidden" in remark for remark in counted.features.remarks)


def test_two_header_rows_and_vertically_merged_cells_are_read() -> None:
    rows = [
        ["某社区实有人口台账"],
        ["姓名", "身份证号", "住址", None, None, "是否流动人口"],
        [None, None, "楼栋", "单元", "房号", None],
        person(1, room="101"),
        [*person(2)[:2], None, None, "102", "是"],
        ["合计", "2户", "2人", "13912345678"],
    ]
    merged = ["A1:F1", "A2:A3", "B2:B3", "C2:E2", "F2:F3", "C4:C5", "D4:D5"]
    counted = count_rows(xlsx_of({"Sheet1": sheet(rows, merged=merged)}))

    assert (counted.residents, counted.households, counted.floating) == (2, 2, 1)
    [one] = counted.sheets
    assert one.header is not None
    assert one.header[1] == 3
    assert one.totals == ((6, 2),)
    assert one.columns["building"] == ("C", "楼栋")


def test_without_a_merged_range_nothing_is_filled_down() -> None:
    rows = [HEADER, person(1), [*person(2)[:2], None, None, "102", ""]]

    assert count_rows(xlsx_of({"Sheet1": sheet(rows)})).counts == {Reason.NO_BUILDING: 1}


def test_the_name_of_a_sheet_may_be_that_of_its_building() -> None:
    rows = [("姓名", "身份证号", "门牌地址"), ("x", person(1)[1], "1单元101室"), ("y", person(2)[1], "1单元102室")]
    counted = count_rows(xlsx_of({"2栋": sheet(rows)}))

    assert counted.features.keys == ["B-2/1/1", "B-2/1/2"]


def test_householders_begin_households_where_no_room_tells_them_apart() -> None:
    header = ("楼栋", "与户主关系", "身份证号")
    rows = [("1栋", "妻", 9), ("1栋", "户主", 1), ("1栋", "妻", 2), ("1栋", "户主", 3), ("2栋", "子", 4)]
    counted = count_rows(csv_of([header, *((one, two, person(three)[1]) for one, two, three in rows)]))

    assert counted.features.values["age_18_59"] == [1, 2]
    assert counted.counts[Reason.NO_HOUSEHOLD] == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_as_spreadsheets_write_it(encoding: str, delimiter: str) -> None:
    assert count_rows(csv_of([HEADER, person(1), person(2)], encoding=encoding, delimiter=delimiter)).residents == 2


def test_opendocument_is_read() -> None:
    assert count_rows(ods_of([HEADER, person(1), person(2)])).residents == 2


def test_the_same_register_counts_the_same_at_its_own_day() -> None:
    rows = [[*person(1)[:1], identity(date(2012, 6, 30), 1), *person(1)[2:]]]

    assert count_rows(rows).features.values["age_14_17"] == [1]
    assert count_rows(rows, as_of=date(2026, 6, 29)).features.values["age_0_13"] == [1]


def test_too_many_failures_refuse_the_register_and_tell_where_they_are() -> None:
    rows = [person(order) for order in range(97)] + [person(order, building="QZ苑") for order in range(97, 100)]

    assert count_rows(rows, refuse_above=0.03).residents == 97
    with pytest.raises(TooManyRowsFail) as refused:
        count_rows(rows, refuse_above=0.02)
    assert refused.value.counted.rows[Reason.BUILDING_UNKNOWN] == tuple(RowPlace(1, row) for row in (99, 100, 101))
    assert refused.value.fields == {"failed": 3, "of": 100, "most": "2.00%", "building_unknown": 3}


def test_columns_may_be_said_by_letter_or_header() -> None:
    rows = [["甲", "身份证号", "楼栋", "楼栋号", "房号"], ["x", person(1)[1], "QZ苑", "1栋", "101"]]

    with pytest.raises(TwoColumnsAlike) as refused:
        count_rows(csv_of(rows))
    assert refused.value.fields == {"sheet": 1, "field": "building", "column": "C", "other": "D"}
    for said in ("D", "楼栋号"):
        assert count_rows(csv_of(rows), columns={"building": said}).residents == 1


def test_a_header_may_look_like_a_letter() -> None:
    row = [*person(1), "x"]
    rows = [["甲", "ID", "楼栋", "单元", "房号", "B", "证件号码"], row]

    assert count_rows(csv_of(rows), columns={"identity": "ID", "floating": "B"}).births == {"identity": 1}


def test_of_rows_that_fail_it_is_told_how_many_are_not_named() -> None:
    rows = [person(1), *(person(order, building="QZ") for order in range(2, 1004))]

    counted = count_rows(rows, refuse_above=1)

    assert len(counted.features.refused) == 1000
    assert any("The first 1000 of 1002 are named." in remark for remark in counted.features.remarks)


def test_what_no_column_tells_is_named() -> None:
    with pytest.raises(RegisterColumnMissing) as refused:
        count_rows([person(1)], columns={"identiy": "B"})
    assert refused.value.fields == {"unknown": "identiy", "meant": "identity", "known": None}


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(RegisterWithoutHeader):
        count_rows(csv_of([person(1), person(2)]))
    with pytest.raises(RegisterWithoutRows):
        count_rows([])
    with pytest.raises(RegisterSheetMissing):
        count_rows([person(1)], sheets=["1", "QZ"])
    with pytest.raises(RegisterColumnMissing):
        count_rows([person(1)], columns={"birth": "ZZ"})
    with pytest.raises(RegisterColumnMissing):
        count_rows([person(1)], columns={"name": "A"})
    with pytest.raises(RegisterMissing) as refused:
        count_register(Path("/nonexistent/QZ甲.xlsx"), buildings=SPELLINGS, as_of=AS_OF)
    assert "QZ" not in repr(refused.value) + str(refused.value)
    assert refused.value.__context__ is None


def test_a_register_is_known_again_by_its_seal() -> None:
    first, again, other = (count_rows([person(order)], seal_key=b"k" * 32).seal for order in (1, 1, 2))

    assert first == again != other
    assert first is not None
    assert count_rows([person(1)], seal_key=b"l" * 32).seal != first
    assert count_rows([person(1)]).seal is None
