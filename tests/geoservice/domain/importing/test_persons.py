"""Columns that hold people are refused by what stands in them, whatever they are called."""

from __future__ import annotations

import pytest

from geoservice.domain.counting.identity import check_of
from geoservice.domain.importing.mapping import FileColumn, propose
from geoservice.domain.importing.persons import is_name_of_person, personal, personal_share
from layers.buildings.layer import BUILDINGS
from layers.layer import Layer
from layers.organisations.layer import ORGANISATIONS

#: Made for this test: region and day are real, the person is not.
IDENTITY = "54050219540209001" + check_of("54050219540209001")


@pytest.mark.parametrize("text", [
    IDENTITY, IDENTITY.replace("5", "５"), "13912345678", "电话 139 1234 5678", "a.b@example.org", "藏A12345",
    "张伟", "欧阳娜娜", "扎西次仁", "达瓦", "旦增卓玛", "540502195402090000",
])  # fmt: skip
def test_what_is_a_person_s_is_seen(text: str) -> None:
    assert personal(text) is not None


@pytest.mark.parametrize("text", [
    "高层", "和平路", "金色家园", "江苏路12号", "1-301", "540502001001000012", "91540502MA6T1N2X3Q",
    "住宅", "万达广场",    "白塔寺", "石头房", "扎西社区", "次仁路", "Zhang Wei Building", "2单元301室",
])  # fmt: skip
def test_what_is_a_place_s_is_not(text: str) -> None:
    assert personal(text) is None


def test_a_wrong_check_character_is_no_identity_number() -> None:
    wrong = IDENTITY[:-1] + ("1" if IDENTITY[-1] != "1" else "2")

    assert personal(wrong) is None
    assert personal(IDENTITY) == "identity number"


@pytest.mark.parametrize("value", [IDENTITY, "13912345678", "x@example.org", "藏A12345", "张伟"])
@pytest.mark.parametrize("header", ["名称", "备用字段"])
def test_more_than_one_cell_in_twenty_refuses_the_column(header: str, value: str) -> None:
    def column(count: int) -> str:
        texts = [value] * count + [f"A{number}" for number in range(100 - count)]
        [done] = propose([FileColumn(header, texts, "text")], BUILDINGS, placed=True, given={}).columns
        return done.how

    assert column(5) != "refused"
    assert column(6) == "refused"


@pytest.mark.parametrize(("layer", "refused"), [(BUILDINGS, True), (ORGANISATIONS, False)])
def test_the_name_of_an_organisation_may_look_like_a_person_s(layer: Layer, refused: bool) -> None:
    [column] = propose([FileColumn("名称", ["王致和", "张小泉"], "text")], layer, placed=True, given={}).columns

    assert (column.how == "refused") is refused
    if refused:
        [column] = propose([FileColumn("名称", ["王致和", "张小泉"], "text")], layer, placed=True, given={},
                           no_persons=frozenset({"name"})).columns  # fmt: skip
        assert column.how == "exact"


def test_a_code_that_is_an_identity_number_is_refused_for_organisations_too() -> None:
    columns = [FileColumn("code", [IDENTITY] * 3, "text"), FileColumn("name", ["甲", "乙", "丙"], "text")]
    code, name = propose(columns, ORGANISATIONS, placed=True, given={}, no_persons=frozenset({"code"})).columns

    assert (code.how, name.how) == ("refused", "exact")
    assert IDENTITY not in code.why


def test_long_codes_that_begin_like_mobile_numbers_are_codes() -> None:
    share, _ = personal_share(["13045678901", "15098765432"], key=True)

    assert share == 0


def test_names_of_two_kinds_are_known() -> None:
    assert is_name_of_person("司马光")
    assert is_name_of_person("格桑德吉")
    assert not is_name_of_person("格桑路")
