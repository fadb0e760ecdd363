"""Headers: what they mean, where they are, and what is never read."""

from __future__ import annotations

import pytest

from geoservice.domain.counting.columns import WORDS, find_header, meaning_of, normal


@pytest.mark.parametrize(
    ("header", "meaning"),
    [
        ("楼栋", "building"), ("*楼栋号（必填）", "building"), ("所在楼栋编码", "building"), ("门牌地址", "address"),
        ("身份证号码", "identity"), ("居民身份证号", "identity"), ("出生日期(19850312)", "birth"),
        ("与户主关系", "relation"),
        ("户籍地址", "registered"), ("现居住地址", "address"), ("是否流动人口", "floating"), ("Date of birth", "birth"),
        ("死亡日期", "died"), ("是否已死亡", "dead"),
    ],
)  # fmt: skip
def test_headers_mean_what_they_say(header: str, meaning: str) -> None:
    found = meaning_of(header)

    assert found is not None
    assert found[0] == meaning
    assert found[1] in WORDS[meaning]


@pytest.mark.parametrize(
    "header",
    [
        "姓名", "户主", "户主姓名", "户主身份证号", "监护人身份证号码", "联系电话", "民族", "证件类型", "工作单位",
        "张三", "", "网格员出生日期",
    ],
)  # fmt: skip
def test_what_is_not_counted_is_not_read(header: str) -> None:
    assert meaning_of(header) is None


def test_a_header_is_found_below_titles() -> None:
    rows = [["某社区实有人口台账", None], ["单位：某社区", "日期：2026-06-30"], ["姓名", "楼栋", "房号", "身份证号"]]
    header = find_header([*rows, ["x", "3栋", "301", "110105194912310021"]])

    assert header is not None
    assert (header.first, header.last) == (2, 2)
    assert header.columns == {"building": 1, "room": 2, "identity": 3}


def test_two_rows_of_headers_are_read_together() -> None:
    rows = [
        ["姓名", "住址", "", "", "户籍地", "身份证号"],
        ["", "楼栋", "单元", "房号", "地址", ""],
        ["x", "3栋", "1", "301", "西藏", "110105194912310021"],
    ]
    header = find_header(rows)

    assert header is not None
    assert (header.first, header.last) == (0, 1)
    assert header.columns == {"building": 1, "unit": 2, "room": 3, "registered": 4, "identity": 5}


def test_rows_of_people_are_no_header() -> None:
    assert find_header([["张三", "3栋", "301", "110105194912310021"]]) is None


def test_two_columns_of_one_meaning_are_doubtful_until_somebody_says_which() -> None:
    rows = [["楼栋", "楼栋号", "身份证号"]]
    header = find_header(rows)

    assert header is not None
    assert header.doubtful == {"building": (0, 1)}
    for stated in ("B", "楼栋号"):
        settled = find_header(rows, {"building": stated})
        assert settled is not None
        assert settled.columns["building"] == 1
        assert not settled.doubtful
        assert settled.words["building"] is None


def test_columns_may_be_stated_that_no_word_tells() -> None:
    header = find_header([["甲", "乙", "丙"]], {"building": "A", "birth": "C"})

    assert header is not None
    assert header.columns == {"building": 0, "birth": 2}


def test_the_words_are_as_headers_are_compared() -> None:
    assert {word for words in WORDS.values() for word in words if normal(word) != word} == set()
    told = [word for words in WORDS.values() for word in words]
    assert len(told) == len(set(told))
