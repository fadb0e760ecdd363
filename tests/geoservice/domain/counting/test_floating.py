"""Who is registered elsewhere, and who lives elsewhere."""

from __future__ import annotations

import pytest

from geoservice.domain.counting.floating import is_floating, lives_elsewhere

HERE = ("西藏自治区山南市乃东区", "山南市乃东区")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"floating": "是"}, True), ({"floating": 1.0}, True), ({"floating": "否", "residence": "流动"}, False),
        ({"floating": "√"}, True), ({"local": "是"}, False), ({"local": "否"}, True),
        ({"residence": "流动人口"}, True), ({"residence": "常住人口"}, False), ({"residence": "非户籍"}, True),
        ({"residence": "户籍人口"}, False), ({"residence": "外来"}, True), ({"residence": "人在户不在"}, True),
        ({"apart": "人在户不在"}, True), ({"apart": "是"}, None),
        ({"registered": "西藏自治区山南市乃东区某路1号"}, False), ({"registered": "四川省成都市"}, True),
        ({"registered": "本地"}, False), ({"registered": ""}, None), ({}, None),
        ({"floating": "不详", "registered": "四川省"}, True),
    ],
)  # fmt: skip
def test_what_is_explicit_wins_then_the_kind_then_the_address(cells: dict[str, object], expected: bool | None) -> None:
    assert is_floating(cells, here=HERE, sheet="Sheet1") is expected


def test_an_address_tells_nothing_without_names_of_the_place() -> None:
    assert is_floating({"registered": "四川省成都市"}, here=(), sheet="") is None


def test_a_sheet_of_people_who_moved_in_says_so_when_nothing_else_does() -> None:
    assert is_floating({}, here=(), sheet="流动人口") is True
    assert is_floating({"floating": "否"}, here=(), sheet="流动人口") is False
    assert is_floating({}, here=(), sheet="常住人口") is None


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"apart": "户在人不在"}, True), ({"residence": "户在人不在"}, True), ({"vacant": "是"}, True),
        ({"vacant": "否"}, False), ({"lives": "外省"}, True), ({"lives": "3栋301"}, False),
        ({"apart": "人在户不在"}, False), ({}, False),
    ],
)  # fmt: skip
def test_who_is_registered_here_may_live_elsewhere(cells: dict[str, object], expected: bool) -> None:
    assert lives_elsewhere(cells) is expected


@pytest.mark.parametrize("unsaid", ["-", "/", "——", "", " — ", "＼"])
def test_a_dash_does_not_say_that_somebody_is_no_local(unsaid: str) -> None:
    assert is_floating({"local": unsaid}, here=(), sheet="") is None
    assert is_floating({"local": unsaid, "residence": "常住"}, here=(), sheet="") is False
    assert is_floating({"local": "否"}, here=(), sheet="") is True
