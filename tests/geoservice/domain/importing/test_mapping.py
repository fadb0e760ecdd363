"""Which column becomes which field: by names, by what whoever imports says, and never against the promise."""

from __future__ import annotations

import pytest

from geoservice.domain.importing.mapping import FileColumn, MappingWrong, Proposal, propose
from geoservice.domain.importing.words import plain
from layers.basemap.layer import BASEMAP
from layers.buildings.layer import BUILDINGS
from layers.cameras.layer import CAMERAS
from layers.households.layer import HOUSEHOLDS
from layers.layer import Layer
from layers.organisations.layer import ORGANISATIONS


def proposed(layer: Layer, *headers: str, placed: bool = False, **given: str) -> Proposal:
    columns = [FileColumn(header, ("1", "2"), "whole numbers", True) for header in headers]
    return propose(columns, layer, placed=placed, given=given)


@pytest.mark.parametrize(("layer", "header", "field"), [
    (BUILDINGS, "楼栋编码", "code"), (BUILDINGS, "＊楼栋号（必填）", "code"), (BUILDINGS, "House No", "code"),
    (BUILDINGS, "楼层", "floors"),
    (BUILDINGS, "Gebäude", "code"), (BUILDINGS, "地上层数(层)", "floors"), (BUILDINGS, "房屋用途", "kind"),
    (BUILDINGS, "building:levels", "floors"), (CAMERAS, "经 度", "lon"), (BUILDINGS, "建筑编码 ", "code"),
    (CAMERAS, "监控方位", "bearing_deg"), (CAMERAS, "经度", "lon"),
    (CAMERAS, "Longitude", "lon"), (CAMERAS, "X", "lon"),
    (CAMERAS, "经纬度", "place"), (CAMERAS, "Koordinaten", "place"), (CAMERAS, "信息/设备状态", "status"),
    (HOUSEHOLDS, "0-13岁", "age_0_13"), (HOUSEHOLDS, "０—１３岁", "age_0_13"),
    (HOUSEHOLDS, "0 to 13 years", "age_0_13"),
    (HOUSEHOLDS, "18~59岁", "age_18_59"), (HOUSEHOLDS, "流动人口数", "floating"), (HOUSEHOLDS, "住址/单元", "unit"),
    (ORGANISATIONS, "统一社会信用代码", "code"), (ORGANISATIONS, "单位名称", "name"),
    (ORGANISATIONS, "Name (en)", "name_en"), (ORGANISATIONS, "机构名称（英文）", "name_en"),
])  # fmt: skip
def test_headers_in_use_are_known(layer: Layer, header: str, field: str) -> None:
    [column] = proposed(layer, header).columns

    assert (column.field, column.how) == (field, "exact")


def test_a_header_that_contains_a_word_is_proposed_where_none_is_exact() -> None:
    one, other = proposed(BUILDINGS, "本社区楼栋编码", "总楼层数").columns
    assert (one.field, one.how) == ("code", "contains")
    assert (other.field, other.how) == ("floors", "contains")

    exact, contains = proposed(BUILDINGS, "楼栋编码", "旧楼栋编码").columns
    assert (exact.field, exact.how) == ("code", "exact")
    assert (contains.field, contains.how, contains.why) == (None, "dropped", "code is 楼栋编码")


def test_two_candidates_are_asked_about() -> None:
    proposal = proposed(BUILDINGS, "楼栋编码", "楼栋号", "层数")

    assert [column.how for column in proposal.columns] == ["ask", "ask", "exact"]
    [question] = proposal.questions
    assert question == (("code",), ("楼栋编码", "楼栋号"))
    assert proposed(BUILDINGS, "楼栋编码", "楼栋号", code="楼栋号").fields == {"code": "楼栋号"}


def test_one_column_for_two_fields_is_asked_about() -> None:
    [question] = proposed(BUILDINGS, "楼栋编码", code="楼栋编码", name="楼栋编码").questions

    assert question == (("code", "name"), ("楼栋编码",))


def test_what_a_layer_calls_its_columns_wins_over_words_for_them() -> None:
    assert proposed(BUILDINGS, "id", "code", placed=True).fields == {"code": "code"}


@pytest.mark.parametrize("layer", [BASEMAP, BUILDINGS, CAMERAS, HOUSEHOLDS, ORGANISATIONS], ids=lambda one: str(one.id))
def test_a_file_of_our_own_is_read_without_a_question(layer: Layer) -> None:
    headers = [column.name for column in layer.written]
    proposal = proposed(layer, *headers, placed=True)

    assert proposal.questions == ()
    assert proposal.fields == dict(zip(headers, headers, strict=True))


def test_a_column_that_nobody_mapped_is_dropped_and_said() -> None:
    *_, column = proposed(BUILDINGS, "楼栋编码", "物业费").columns

    assert (column.field, column.how, column.why) == (None, "dropped", "nothing of the layer is called so")


def test_a_code_of_a_grid_is_no_code_of_a_building() -> None:
    [column] = proposed(BUILDINGS, "所属网格编码").columns

    assert column.field is None


def test_a_proposal_can_be_given_as_it_stands() -> None:
    first = proposed(CAMERAS, "设备编码", "经度", "纬度", "方位", "备用")
    again = proposed(CAMERAS, "设备编码", "经度", "纬度", "方位", "备用", **first.fields)

    assert again.fields == first.fields
    assert {column.how for column in again.columns if column.field} == {"given"}


def test_a_proposal_of_age_bands_can_be_given_as_it_stands() -> None:
    headers = ("所属楼栋", "0-13岁", "age_18_59", "60岁及以上")
    first = proposed(HOUSEHOLDS, *headers)

    assert len(first.fields) == len(headers)
    assert proposed(HOUSEHOLDS, *headers, **first.fields).fields == first.fields
    [other] = proposed(HOUSEHOLDS, "年龄", age_18_59="年龄").columns
    assert (other.field, other.how) == (None, "refused")


def test_a_whole_mapping_leaves_out_what_it_does_not_name() -> None:
    headers = ("楼栋编码", "层数", "房屋用途", "楼名", "户主")
    columns = [FileColumn(header, ("1", "2"), "whole numbers", True) for header in headers]

    whole = propose(columns, BUILDINGS, placed=True, given={"code": "楼栋编码", "name": "户主"}, is_whole=True)

    assert [(one.field, one.how) for one in whole.columns] == [
        ("code", "given"), (None, "dropped"), (None, "dropped"), (None, "dropped"), (None, "refused"),
    ]  # fmt: skip


def test_a_missing_key_tells_which_columns_could_be_it() -> None:
    columns = [
        FileColumn("序", ("1", "2"), "whole numbers", True), FileColumn("面积", ("1.5", "2.5"), "numbers", True),
        FileColumn("楼名", ("甲", "甲"), "text"), FileColumn("户主", ("3", "4"), "whole numbers", True),
    ]  # fmt: skip

    assert propose(columns, BUILDINGS, placed=True, given={}).keys == ("序",)


def test_a_mapping_of_what_is_not_there_says_what_is() -> None:
    with pytest.raises(MappingWrong) as wrong:
        proposed(BUILDINGS, "楼栋编码", storeys="楼栋编码")
    assert (wrong.value.names, wrong.value.are_fields) == (("storeys",), True)
    assert "floors" in wrong.value.known
    with pytest.raises(MappingWrong) as wrong:
        proposed(BUILDINGS, "楼栋编码", code="楼号")
    assert (wrong.value.names, wrong.value.known) == (("楼号",), ("楼栋编码",))


@pytest.mark.parametrize("header", ["姓名", "户主姓名", "联系电话", "身份证号码", "负责人", "IP地址", "MAC",
                                    "备注(手机号)",
                                    "Owner name", "owner_phone", "idNo", "ID number", "DateOfBirth", "Geburtsdatum",
                                    "password", "车牌号", "民族", "政治面貌", "first_name"])  # fmt: skip
def test_columns_about_people_are_refused_by_name_even_when_they_are_given(header: str) -> None:
    [column] = proposed(BUILDINGS, header, placed=True).columns
    assert (column.field, column.how) == (None, "refused")

    [column] = proposed(BUILDINGS, header, placed=True, name=header).columns
    assert (column.field, column.how) == (None, "refused")


def test_a_word_is_known_however_it_is_written() -> None:
    assert plain("  House-No. ") == plain("HOUSE_NO") == plain("ｈｏｕｓｅ　ｎｏ")
    assert plain("80岁以上") != plain("60岁以上")
