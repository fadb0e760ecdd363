"""Features of workbooks and CSV as people keep them."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from geoservice.domain.importing.choices import Choices
from geoservice.domain.importing.model import ReadFeatures
from geoservice.reading import csv_errors, file_errors
from geoservice.reading.features import proposal_of, read_features, read_table
from geoservice.reading.limits import Limits
from layers.buildings.layer import BUILDINGS
from layers.cameras.layer import CAMERAS
from layers.crs import Bbox
from layers.households.layer import BANDS, HOUSEHOLDS
from layers.organisations.layer import ORGANISATIONS
from tests.geoservice.reading.made_workbooks import sheet, workbook
from tests.geoservice.reading.made_xls import xls

HEADER = ["设备编码", "经度", "纬度"]
FORMULA = '<c r="@"><f>1+1</f></c>'


def rows(*rows: list[Any]) -> list[list[Any]]:
    return [HEADER, *rows]


def cameras(path: Path, sheets: Any, **choices: Any) -> ReadFeatures:
    hidden = choices.pop("hidden", ())
    return read_features(str(workbook(path, sheets, hidden=hidden)), CAMERAS, Choices(**{"crs": "wgs84", **choices}))


def csv(path: Path, text: str, encoding: str = "utf-8", **choices: Any) -> ReadFeatures:
    path.write_bytes(text.encode(encoding))
    return read_features(str(path), choices.pop("layer", CAMERAS), Choices(**{"crs": "wgs84", **choices}))


def test_a_ledger_as_communities_keep_it(tmp_path: Path) -> None:
    ledger = [
        ["某社区视频监控点位表", None, None, None, None, None, None],
        ["编号", "位置", None, "类型", "方位", "状态", "联系人"],
        [None, "经度", "纬度", None, None, None, None],
        ["必填", "度", "度", "球机、枪机", "东=90", "在线、离线", "必填"],
        ["0301", 91.77, 29.24, "球机", "东", "在线", "张伟"],
        ["0302", 91.771, 29.241, "枪机", "西北", "故障", "王芳"],
        ["０３０３", "91°46′12″", "29°14′24″", "枪机", 45, "维修中", "李娜"],
        ["合计", None, None, 3, None, None, None],
        ["填表人：某人", None, None, None, None, None, None],
    ]
    merged = ["A1:G1", "A2:A3", "B2:C2", "D2:D3", "E2:E3", "F2:F3", "G2:G3"]

    read = cameras(tmp_path / "a.xlsx", sheet(ledger, merged=merged))

    assert read.keys == ["0301", "0302", "0303"]
    assert read.values["kind"] == ["dome", "bullet", "bullet"]
    assert read.values["bearing_deg"] == [90, 315, 45]
    assert read.values["status"] == ["online", "offline", "maintenance"]
    assert read.rows == [5, 6, 7]
    assert read.geoms is not None
    assert read.geoms[2].distance(read.geoms[0]) < 1e-6
    told = " ".join(read.remarks)
    assert "联系人 refused: it is about people, by its name" in told
    for part in ("header in 2 rows (2, 3)", "row 4 left out as a hint", "row 8 left out as a total",
                 "row 9 left out as a footer", "1 coordinates were written in degrees"):  # fmt: skip
        assert part in told
    for person in ("张伟", "王芳", "李娜"):
        assert person not in repr(read)


def test_sheets_with_one_header_are_one_table_and_hidden_ones_are_told(tmp_path: Path) -> None:
    one, two = sheet(rows(["A", 91.77, 29.24])), sheet(rows(["B", 91.78, 29.25], ["", 91.78, 29.25]))
    sheets = {"一网格": one, "二网格": two, "旧": one, "说明": sheet([["填表说明", "第一条"]])}

    read = cameras(tmp_path / "a.xlsx", sheets, hidden=["旧"])
    assert read.keys == ["A", "B"]
    assert "1 sheets are hidden and were not read: 旧." in read.remarks
    assert "Sheets with another header, or none, were left out: 说明." in read.remarks
    assert [tuple(row) for row in read.refused] == [(3, "sheet 二网格: code is empty")]
    assert cameras(tmp_path / "a.xlsx", sheets, hidden=["旧"], sheet="旧").keys == ["A"]
    with pytest.raises(file_errors.LayerMissing):
        cameras(tmp_path / "a.xlsx", sheets, sheet="三网格")


def test_sheets_with_two_headers_that_are_known_alike_are_asked_about(tmp_path: Path) -> None:
    other = sheet([["编号", "东经", "北纬"], ["B", 91.78, 29.25]])

    with pytest.raises(file_errors.SheetNotStated) as asked:
        cameras(tmp_path / "a.xlsx", {"甲": sheet(rows(["A", 91.77, 29.24])), "乙": other})
    assert asked.value.fields == {"sheets": "甲, 乙"}
    assert cameras(tmp_path / "a.xlsx", {"甲": sheet(rows(["A", 91.77, 29.24])), "乙": other}, sheet="乙").keys == ["B"]


def test_a_sheet_that_is_called_after_a_person_is_not_named(tmp_path: Path) -> None:
    sheets = {"张伟": sheet(rows(["A", 91.77, 29.24])), "二": sheet(rows(["B", 91.77, 29.24]))}

    assert "张伟" not in repr(cameras(tmp_path / "a.xlsx", sheets))


def test_merged_cells_are_filled_down_and_never_sideways(tmp_path: Path) -> None:
    body = [["楼栋编码", "单元", "户数", *BANDS, "流动人口"], ["A1", "1", 3, 1, 0, 5, 1, 0, 2],
            [None, "2", 4, 0, 0, 7, 1, 1, 0],
            ["A2", None, 2, 0, 0, 2, 0, 0, 1]]  # fmt: skip
    path = workbook(tmp_path / "a.xlsx", sheet(body, merged=["A2:A3", "A4:B4"]))

    read = read_features(str(path), HOUSEHOLDS)
    assert read.buildings == ["A1", "A1", "A2"]
    assert read.values["unit"] == ["1", "2", None]
    assert read.keys == ["A1/1#1", "A1/2#1", "A2#1"]
    assert read.geoms is None
    assert "1 cells that are merged with one above were given its value." in " ".join(read.remarks)


def test_no_fill_is_guessed_without_a_range(tmp_path: Path) -> None:
    read = cameras(tmp_path / "a.xlsx", sheet(rows(["A", 91.77, 29.24], [None, 91.78, 29.24])))

    assert read.refused == ((3, "code is empty"),)


def test_formulas_that_nobody_calculated_are_refused(tmp_path: Path) -> None:
    with pytest.raises(file_errors.NotCalculated) as refused:
        cameras(tmp_path / "a.xlsx", sheet(rows(["A", FORMULA, 29.24])))
    assert refused.value.fields["count"] == 1


def test_a_code_stored_as_text_keeps_its_zero_and_one_stored_as_a_number_has_none(tmp_path: Path) -> None:
    assert cameras(tmp_path / "a.xlsx", sheet(rows(["0301", 91.77, 29.24], [302, 91.77, 29.24]))).keys == [
        "0301",
        "302",
    ]


def test_numbers_that_lost_their_last_digits_refuse_their_rows(tmp_path: Path) -> None:
    read = cameras(tmp_path / "a.xlsx", sheet(rows(["A", 91.77, 29.24], [1.2345678901234567e17, 91.77, 29.24])))

    assert read.keys == ["A"]
    assert read.refused == ((3, "code is a number that lost its last digits; keep codes as text"),)


def test_hidden_rows_and_errors_are_told(tmp_path: Path) -> None:
    error = '<c r="@" t="e"><v>#N/A</v></c>'
    read = cameras(tmp_path / "a.xlsx", sheet(rows(["A", 91.77, 29.24], ["B", 91.77, error]), hidden=[2]))

    assert "Sheet Sheet1: row 2 hidden and read like the others." in read.remarks
    assert "Sheet Sheet1: 1 cells hold an error, such as #N/A, and are empty here." in read.remarks
    assert read.refused == ((3, "it has one coordinate and not the other"),)


def test_a_workbook_is_known_by_what_it_holds(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xls", sheet(rows(["A", 91.77, 29.24])))

    assert read_features(str(path), CAMERAS, Choices(crs="wgs84")).keys == ["A"]


@pytest.mark.parametrize("name", ["a.xls", "a.et", "a.xlsx"])
def test_workbooks_of_the_old_kind_are_read_whatever_they_are_called(tmp_path: Path, name: str) -> None:
    path = xls(tmp_path / name, [["摄像机"], HEADER, ["0301", 91.77, 29.24], [302, 91.77, 29.24]])

    assert read_features(str(path), CAMERAS, Choices(crs="wgs84")).keys == ["0301", "302"]


def test_a_workbook_with_a_password_is_refused(tmp_path: Path) -> None:
    path = xls(tmp_path / "a.xlsx", [HEADER])
    path.write_bytes(path.read_bytes() + "EncryptedPackage".encode("utf-16-le"))

    with pytest.raises(file_errors.WorkbookLocked):
        read_features(str(path), CAMERAS)


def test_ods_is_read(tmp_path: Path) -> None:
    def row(*cells: str) -> str:
        made = "".join(f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
                       for cell in cells)  # fmt: skip
        return f"<table:table-row>{made}</table:table-row>"

    names = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (f'<?xml version="1.0"?><office:document-content{names}><office:body><office:spreadsheet>'
               f'<table:table table:name="一">{row(*HEADER)}{row("0301", "91.77", "29.24")}</table:table>'
               "</office:spreadsheet></office:body></office:document-content>")  # fmt: skip
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", '<manifest xmlns="urn:manifest"/>')

    assert read_features(str(tmp_path / "a.ods"), CAMERAS, Choices(crs="wgs84")).keys == ["0301"]


@pytest.mark.parametrize(
    ("encoding", "told"), [("utf-8", False), ("utf-8-sig", False), ("gb18030", True), ("utf-16", False)]
)
def test_csv_of_every_spreadsheet_is_read(tmp_path: Path, encoding: str, told: bool) -> None:
    read = csv(tmp_path / "a.csv", "设备编码,经度,纬度,备注\r\n0301,91.77,29.24,北门\r\n", encoding)

    assert read.keys == ["0301"]
    assert any("GB 18030" in remark for remark in read.remarks) is told


def test_csv_in_an_encoding_that_nobody_can_tell_is_asked_about(tmp_path: Path) -> None:
    text = "id;name;lon;lat\n1;Müßiggang;13.4;52.5\n"

    with pytest.raises(file_errors.EncodingNotStated):
        csv(tmp_path / "a.csv", text, "cp1252", crs=None)
    (tmp_path / "c.csv").write_bytes(text.encode("cp1252"))
    read = read_features(str(tmp_path / "c.csv"), ORGANISATIONS, Choices(encoding="cp1252"))
    assert read.values["name"] == ["Müßiggang"]


def test_csv_of_europe_has_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    read = csv(tmp_path / "a.csv", "sep=;\nid;Richtung;lon;lat\n1;22,5;13,4;52,5\n2;NO;13,5;52,5\n", crs=None)

    assert read.values["bearing_deg"] == [22.5, 45]
    assert read.geoms is not None
    assert (read.geoms[0].x, read.geoms[0].y) == (13.4, 52.5)


@pytest.mark.parametrize(("text", "row"), [
    ("设备编码,经度,纬度\nA,91.77,29.24,北门\n", 2), ("设备编码,经度,纬度\nA,91.77,29.24\nB,91.77,29.25,,北门\n", 3),
    ("设备编码,经度,纬度\nA,91,0077,29,0024\n", 2), ("设备编码;经度;纬度\nA;91.77;29.24;1\n", 2),
    ("点位表,,,,\n设备编码,经度,纬度\nA,91.77,29.24,北,门\n", 3), ("设备编码\t经度\t纬度\nA\t91.77\t29.24\t\tx\n", 2),
    ('设备编码,经度,纬度,备注\nA,91.77,29.24,"a, b",c\n', 2),
])  # fmt: skip
def test_csv_with_fields_behind_its_header_is_refused_by_its_row(tmp_path: Path, text: str, row: int) -> None:
    with pytest.raises(csv_errors.RowTooWide, match=f"row: {row}, "):
        csv(tmp_path / "a.csv", text)


@pytest.mark.parametrize("text", [
    "设备编码,经度,纬度,\nA,91.77,29.24,北门\n", "设备编码,经度,纬度,,\nA,91.77,29.24,,北门\n",
    "设备编码;经度;纬度;\nA;91.77;29.24;x\nB;91.77;29.25;\n", "点位表,,,\n设备编码,经度,纬度,\nA,91.77,29.24,x\n",
])  # fmt: skip
def test_a_column_without_a_name_at_the_end_is_told(tmp_path: Path, text: str) -> None:
    read = csv(tmp_path / "a.csv", text)

    assert read.keys[0] == "A"
    assert any(one.startswith("Columns without a name: column ") for one in read.remarks)


def test_fields_behind_the_header_that_are_empty_are_none(tmp_path: Path) -> None:
    assert csv(tmp_path / "a.csv", "设备编码,经度,纬度\nA,91.77,29.24,,,\n").keys == ["A"]


def test_cells_beside_a_table_of_a_workbook_are_told(tmp_path: Path) -> None:
    beside = [["A", 91.77, 29.24, "核对过"], ["B", 91.77, 29.25]]

    read = cameras(tmp_path / "a.xlsx", sheet([[*HEADER, None], *beside]))

    assert read.keys == ["A", "B"]
    assert "Columns without a name: column 4." in read.remarks


def test_csv_with_titles_above_and_totals_below(tmp_path: Path) -> None:
    read = csv(tmp_path / "a.csv", "点位表,,\n设备编码,经度,纬度\nA,91.77,29.24\n合计,1,\n")

    assert read.keys == ["A"]
    assert read.rows == [3]


def test_broken_quotes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(csv_errors.QuotesBroken):
        csv(tmp_path / "a.csv", '设备编码,经度,纬度\n"A,91.77,29.24\n')


@pytest.mark.parametrize(("header", "cell"), [
    ("坐标", '"91.77,29.24"'), ("经纬度", '"91.77，29.24"'), ("WKT", "POINT (91.77 29.24)"),
    ("latlon", '"29.24, 91.77"'),
    ("坐标", "东经91°46′12″ 北纬29°14′24″"),
])  # fmt: skip
def test_places_stand_in_one_cell(tmp_path: Path, header: str, cell: str) -> None:
    read = csv(tmp_path / "a.csv", f"设备编码,{header}\nA,{cell}\nB,nowhere\nC,\n")

    assert read.keys == ["A"]
    assert read.geoms is not None
    assert read.geoms[0].equals_exact(read.geoms[0].__class__(91.77, 29.24), 1e-9)
    assert [row.row for row in read.refused] == [3, 4]


def test_a_building_may_be_the_place(tmp_path: Path) -> None:
    read = csv(tmp_path / "a.csv", "设备编码,楼栋号\nA,0301\nB,\n")

    assert (read.keys, read.buildings, read.geoms) == (["A"], ["0301"], None)
    assert read.refused == ((3, "it names no building"),)


def test_metres_need_their_crs(tmp_path: Path) -> None:
    text = "设备编码,X,Y\nA,380000,3235000\n"

    with pytest.raises(file_errors.CrsCanNotBeTrue):
        csv(tmp_path / "a.csv", text, crs=None)
    assert csv(tmp_path / "a.csv", text, crs="epsg:32646").keys == ["A"]


def test_degrees_in_china_need_theirs(tmp_path: Path) -> None:
    with pytest.raises(file_errors.CrsNotSure):
        csv(tmp_path / "a.csv", "设备编码,经度,纬度\nA,91.77,29.24\n", crs=None)


@pytest.mark.parametrize(("word", "crs"), [("GCJ-02", "gcj02"), ("火星坐标系", "gcj02"), ("EPSG:4490", "EPSG:4490")])
def test_a_column_may_say_the_crs(tmp_path: Path, word: str, crs: str) -> None:
    text = f"设备编码,经度,纬度,坐标系\nA,91.77,29.24,{word}\nB,91.77,29.24,{word}\n"

    read = csv(tmp_path / "a.csv", text, crs=None)
    assert f"Coordinates are {crs}." in read.remarks
    with pytest.raises(file_errors.CrsNotStated):
        csv(tmp_path / "a.csv", f"{text}C,91.77,29.24,百度\n", crs=None)
    assert csv(tmp_path / "a.csv", f"{text}C,91.77,29.24,百度\n", crs="wgs84").keys == ["A", "B", "C"]


def test_swapped_columns_are_proposed_and_not_turned(tmp_path: Path) -> None:
    text = "设备编码,经度,纬度\nA,29.24,91.77\nB,29.25,91.78\n"

    with pytest.raises(file_errors.CoordinatesSwapped) as proposed:
        csv(tmp_path / "a.csv", text)
    assert proposed.value.fields["rows"] == 2
    read = csv(tmp_path / "a.csv", text, swapped=True)
    assert read.geoms is not None
    assert read.geoms[0].x == 91.77
    europe = "id,lon,lat\n1,52.5,13.4\n"
    assert csv(tmp_path / "b.csv", europe, crs=None).keys == ["1"]
    with pytest.raises(file_errors.CoordinatesSwapped):
        csv(tmp_path / "b.csv", europe, crs=None, bbox=Bbox(13, 52, 14, 53))


def test_degrees_that_could_be_minutes_are_asked_about(tmp_path: Path) -> None:
    body = "".join(f"C{n},91.{n + 20}{n + 10},29.{n + 10}{n + 15}\n" for n in range(30))

    with pytest.raises(file_errors.DegreesNotSure):
        csv(tmp_path / "a.csv", "设备编码,经度,纬度\n" + body)
    read = csv(tmp_path / "a.csv", "设备编码,经度,纬度\n" + body, degrees="minutes")
    assert read.geoms is not None
    assert read.geoms[0].x == round(91 + 20 / 60 + 10 / 3600, 9)
    assert csv(tmp_path / "a.csv", "设备编码,经度,纬度\n" + body, degrees="decimal").geoms is not None


def test_numbered_directions_have_to_be_confirmed(tmp_path: Path) -> None:
    text = "设备编码,经度,纬度,监控方位\nA,91.77,29.24,1\nB,91.77,29.24,6\n"

    with pytest.raises(file_errors.NumbersNotSure) as asked:
        csv(tmp_path / "a.csv", text)
    assert "6 north-east" in str(asked.value)
    assert csv(tmp_path / "a.csv", text, gbt28181=True).values["bearing_deg"] == [90, 45]
    assert csv(tmp_path / "a.csv", text, gbt28181=False).values["bearing_deg"] == [1, 6]


def test_one_coordinate_alone_is_no_place(tmp_path: Path) -> None:
    with pytest.raises(file_errors.CoordinateAlone):
        csv(tmp_path / "a.csv", "设备编码,经度,x1\nA,91.77,1\n")


def test_words_that_many_rows_have_are_shown_and_a_person_s_are_not(tmp_path: Path) -> None:
    body = "".join(f"C{n},91.77,29.24,{word}\n" for n, word in enumerate(["鹰眼"] * 3 + ["张伟"] * 3 + ["罕见"]))
    read = csv(tmp_path / "a.csv", "设备编码,经度,纬度,摄像机类型\n" + body)

    assert "Words of kind that nobody knows here: 鹰眼 (3 rows)." in read.remarks
    assert "张伟" not in repr(read)
    assert "罕见" not in repr(read)
    told = csv(tmp_path / "a.csv", "设备编码,经度,纬度,摄像机类型\n" + body, words={"kind": {"鹰眼": "ptz"}})
    assert told.values["kind"] == ["ptz"] * 3


def test_columns_that_are_not_clear_are_asked_about(tmp_path: Path) -> None:
    text = "楼栋编码,楼栋号,层数\nA,1,6\n"

    with pytest.raises(file_errors.ColumnsNotClear, match="code: 楼栋编码 or 楼栋号"):
        csv(tmp_path / "a.csv", text, layer=BUILDINGS)
    read = csv(tmp_path / "a.csv", text, layer=BUILDINGS, mapping={"code": "楼栋号"})
    assert (read.keys, read.values, read.geoms) == (["1"], {"floors": [6]}, None)
    assert "The file does not say where its features are." in read.remarks
    with pytest.raises(file_errors.ColumnsUnknown, match="楼栋编码, 楼栋号, 层数"):
        csv(tmp_path / "a.csv", text, layer=BUILDINGS, mapping={"code": "楼号"})


def test_a_proposal_can_be_printed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("楼栋编码,层数,户主,物业费\nA,6,张伟,1.5\n", encoding="utf-8")
    table = read_table(str(tmp_path / "a.csv"), BUILDINGS, Choices(), Limits())

    proposal = proposal_of(table, BUILDINGS, Choices())
    assert [tuple(column) for column in proposal.columns] == [
        ("楼栋编码", "code", "exact", "text", ""),
        ("层数", "floors", "exact", "whole numbers", ""),
        ("户主", None, "refused", "text", "it is about people, by its name"),
        ("物业费", None, "dropped", "numbers", "nothing of the layer is called so"),
    ]


def test_a_file_without_a_header_does_not_show_its_first_person(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("张伟,和平路1号,北门\n王芳,和平路2号,南门\n", encoding="utf-8")

    with pytest.raises(file_errors.KeyAbsent) as refused:
        read_features(str(tmp_path / "a.csv"), BUILDINGS)
    assert "张伟" not in str(refused.value)
