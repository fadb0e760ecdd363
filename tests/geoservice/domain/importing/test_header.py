"""The header is found among titles, hints, examples and totals; nothing is left out in silence."""

from __future__ import annotations

import pytest

from geoservice.domain.importing.header import HeaderNotFound, find_table, known_by
from geoservice.domain.importing.words import plain

KNOWS = known_by(frozenset(map(plain, ["楼栋", "单元", "户数", "编号", "经度", "纬度", "code", "floors"])))


def rows(text: str) -> list[list[str | None]]:
    found: list[list[str | None]] = [
        [cell.strip() or None for cell in line.split("|")] for line in text.strip().split("\n")
    ]
    width = max(map(len, found))
    return [[*row, *[None] * (width - len(row))] for row in found]


def test_titles_above_hints_below_and_footers_are_no_features() -> None:
    table = find_table(rows("""某社区楼栋台账
单位：某社区|日期：2026年6月
楼栋|户数|备注
必填|1=有，0=无|选填
示例|5|张三
A1|3|
A2|4|
合计|7|
填表人：某人|审核：某人"""), [], KNOWS)  # fmt: skip

    assert table.names == ("楼栋", "户数", "备注")
    assert table.header == (2,)
    assert table.rows == [5, 6]
    assert table.left_out == {
        "above the header": [0, 1],
        "a hint": [3],
        "an example": [4],
        "a total": [7],
        "a footer": [8],
    }
    assert table.disagreeing == {}


def test_a_column_that_somebody_filled_in_with_one_word_is_no_example() -> None:
    table = find_table(rows("编号|联系人|户数\n" + "\n".join(f"A{n}|张三|{n}" for n in range(8))), [], KNOWS)

    assert (len(table.rows), table.left_out) == (8, {})


def test_a_title_that_is_merged_over_all_columns_is_no_group_of_them() -> None:
    table = find_table(rows("""监控点位表||
编号|经度|纬度
C1|91.7|29.2"""), [(0, 0, 0, 2)], KNOWS)  # fmt: skip

    assert (table.names, table.header, table.rows) == (("编号", "经度", "纬度"), (1,), [2])


@pytest.mark.parametrize("merged", [[(0, 0, 0, 1), (0, 2, 1, 2)], []])
def test_a_header_of_groups_stands_in_two_rows(merged: list[tuple[int, int, int, int]]) -> None:
    table = find_table(rows("""住址||户数
楼栋|单元|户数
A1|1|3""") if merged else rows("""住址||户数
楼栋|单元|
A1|1|3"""), merged, KNOWS)  # fmt: skip

    assert table.names == ("住址/楼栋", "住址/单元", "户数")
    assert table.rows == [2]


def test_two_groups_with_the_same_columns_stay_apart() -> None:
    table = find_table(rows("""编号|现住||户籍|
编号|楼栋|单元|楼栋|单元
1|A|1|B|2"""), [(0, 0, 1, 0), (0, 1, 0, 2), (0, 3, 0, 4)], KNOWS)  # fmt: skip

    assert table.names == ("编号", "现住/楼栋", "现住/单元", "户籍/楼栋", "户籍/单元")


def test_a_first_row_of_data_is_no_second_row_of_the_header() -> None:
    table = find_table(rows("code|floors||\nA1|6|x|y\nA2|7|x|y"), [], KNOWS)

    assert table.header == (0,)
    assert table.rows == [1, 2]


def test_totals_that_do_not_agree_are_told() -> None:
    table = find_table(rows("楼栋|户数\nA1|3\nA2|4\n小计|7\nB1|5\n小计|6\n总计|12"), [], KNOWS)

    assert table.rows == [1, 2, 4]
    assert table.left_out["a total"] == [3, 5, 6]
    assert table.disagreeing == {5: ["户数"]}


def test_a_row_of_bare_sums_is_a_total() -> None:
    assert find_table(rows("楼栋|户数\nA1|3\nA2|4\n|7"), [], KNOWS).rows == [1, 2]
    assert find_table(rows("楼栋|户数\nA1|3\nA2|4\n|8"), [], KNOWS).rows == [1, 2, 3]


def test_the_total_of_a_merged_building_is_no_feature() -> None:
    assert find_table(rows("楼栋|单元|户数\nA1|1|3\nA1|2|4\nA1|小计|7"), [], KNOWS).rows == [1, 2]


def test_a_header_that_is_printed_on_every_page_is_read_once() -> None:
    table = find_table(rows("楼栋|户数\nA1|3\n楼栋|户数\nA2|4"), [], KNOWS)

    assert table.rows == [1, 3]
    assert table.left_out == {"the header once more": [2]}


def test_a_first_feature_with_something_unknown_is_no_hint() -> None:
    assert find_table(rows("code|floors|x\nA1|不详|5\nA2|6|6\nA3|7|7"), [], KNOWS).rows == [1, 2, 3]


def test_buildings_called_like_footers_are_features() -> None:
    assert find_table(rows("楼栋|户数\n注塑厂|3\n备用楼|4\nA|5"), [], KNOWS).rows == [1, 2, 3]


def test_a_header_that_nobody_knows_is_the_first_row_of_texts() -> None:
    assert find_table(rows("title\na|b\n1|2"), [], KNOWS).header == (1,)
    with pytest.raises(HeaderNotFound):
        find_table(rows("1|2\n3|4"), [], KNOWS)
