"""Points in workbooks as people have them: titles, merged cells, numbers as text, several sheets, hidden rows."""

from __future__ import annotations

import csv
from pathlib import Path

import pyogrio
import pytest
from click.testing import CliRunner, Result
from pyarrow import parquet

from geoservice.assigning.assign import assign
from geoservice.assigning.model import CoordinateColumns, Request, Summary
from geoservice.assigning.owners import Owners
from geoservice.assigning.point_errors import (
    ColumnsAlike,
    CoordinatesNotFound,
    FormatUnknown,
    PointsMissing,
    WorkbookNotWritten,
)
from geoservice.cli.main import geoservice, main
from geoservice.reading.file_errors import (
    CellNotExact,
    FileNotWhatItSays,
    LayerMissing,
    LayerNotStated,
    NotCalculated,
    SheetEmpty,
    WorkbookLocked,
)
from tests.geoservice.reading.made_files import EAST, WEST, geojson
from tests.geoservice.reading.made_workbooks import sheet, workbook

HEADER = ["id", "lon", "lat"]
IN_B, IN_WANG = [91.751, 29.251], [91.7568, 29.2578]


def assigned(path: Path, owners: Owners, **asked: object) -> tuple[list[list[str]], Summary]:
    out = path.with_name("out.csv")
    summary = assign(Request(path, out, overwrite=True, **asked), owners)  # type: ignore[arg-type]
    with out.open(newline="") as file:
        return list(csv.reader(file)), summary


def codes(rows: list[list[str]]) -> list[str]:
    return [row[rows[0].index("grid_code")] for row in rows[1:]]


def test_a_plain_sheet_is_read_and_every_column_kept(tmp_path: Path, owners: Owners) -> None:
    path = workbook(tmp_path / "p.xlsx", sheet([HEADER, ["0001", *IN_B], ["0002", *IN_WANG]]))

    rows, summary = assigned(path, owners)

    assert rows == [
        [*HEADER, "grid_code", "method"],
        ["0001", "91.751", "29.251", "B", "covers"],
        ["0002", "91.7568", "29.2578", "网", "covers"],
    ]
    assert summary.remarks == ["Sheet Sheet1, header in row 1.", "Coordinates from lon and lat."]


#: What stands in a cell, and the text of it.
VALUES: list[tuple[object, str]] = [
    ("0301", "0301"), (7, "7"), (7.0, "7"), (0.1, "0.1"), (True, "TRUE"), (1234567890123456, "1234567890123456"),
    (540502001001001, "540502001001001"), ('<c r="@" s="1"><v>46022</v></c>', "2025-12-31"),
    ('<c r="@" s="2"><v>46022.5</v></c>', "2025-12-31T12:00:00"), ('<c r="@"><f>1+1</f><v>2</v></c>', "2"),
    ('<c r="@" t="str"><f>"a"</f><v>a</v></c>', "a"), ('<c r="@" t="str"><f>""</f><v></v></c>', ""),
    ('<c r="@" t="e"><v>#N/A</v></c>', ""), ("  x ", "  x "), ('say "a", b', 'say "a", b'), ("<b>&", "<b>&"),
    ("扎塘路", "扎塘路"),
]  # fmt: skip


def test_values_become_text_as_a_csv_would_hold_it(tmp_path: Path, owners: Owners) -> None:
    path = workbook(tmp_path / "p.xlsx", sheet([["n", *HEADER], *([value, 1, *IN_B] for value, _ in VALUES)]))

    rows, summary = assigned(path, owners)

    assert rows[1:] == [[said, "1", "91.751", "29.251", "B", "covers"] for _, said in VALUES]
    assert "1 cells of the sheet hold an error, such as #N/A, and are empty here." in summary.remarks


def test_coordinates_that_are_text_are_numbers(tmp_path: Path, owners: Owners) -> None:
    pairs = [["91.751", "29.251"], [" 91.751 ", "+29.251"], ["91,751", "29,251"], [91.751, "29.251"],
             ["9.1751e1", 29.251], ["91.7_51", 29.251]]  # fmt: skip
    path = workbook(tmp_path / "p.xlsx", sheet([HEADER, *([1, *pair] for pair in pairs)]))

    assert codes(assigned(path, owners)[0]) == ["B"] * 5 + [""]


@pytest.mark.parametrize("above", [
    [["某社区点位台账"]], [["某社区点位台账"], ["单位：社区", None, "2026-01"]], [[], [], ["title"]],
    [["a", "b", "c"], ["位置"]], [["必填"]] * 10,
])  # fmt: skip
def test_titles_above_the_header_are_left_out_and_told(
    above: list[list[object]], tmp_path: Path, owners: Owners
) -> None:
    rows = [*above, ["编号", "经度", "纬度"], ["01", *IN_B]]
    path = workbook(tmp_path / "p.xlsx", sheet(rows, merged=["A1:C1"]))

    written, summary = assigned(path, owners)

    assert written[0][:3] == ["编号", "经度", "纬度"]
    assert codes(written) == ["B"]
    assert f"header in row {len(above) + 1}" in summary.remarks[0]
    assert "above the header" in summary.remarks[1]


def test_merged_cells_are_filled_down_and_never_sideways(tmp_path: Path, owners: Owners) -> None:
    rows = [["楼", "户", "lon", "lat"], ["3栋", "a", *IN_B], [None, "b", *IN_B], [None, "c", *IN_B], ["x", None, *IN_B]]
    path = workbook(tmp_path / "p.xlsx", sheet(rows, merged=["A2:A3", "A5:B5"]))

    written, summary = assigned(path, owners)

    assert [row[:2] for row in written[1:]] == [["3栋", "a"], ["3栋", "b"], ["", "c"], ["x", ""]]
    assert "1 cells that are merged with one above were given its value." in summary.remarks


def test_a_sheet_that_begins_further_right_is_read_where_its_cells_are(tmp_path: Path, owners: Owners) -> None:
    here, there = IN_B, (IN_B[0] + 0.0001, IN_B[1] + 0.0001)
    rows = [[], [], [None, None, "code", "lon", "lat"], [None, None, "a", *here], [None, None, None, *there]]
    path = workbook(tmp_path / "p.xlsx", sheet(rows, merged=["C4:C5"]))

    written, _ = assigned(path, owners)

    assert [row[-5:-2] for row in written[1:]] == [["a", *map(repr, here)], ["a", *map(repr, there)]]


def test_a_header_of_two_rows_has_the_names_of_the_merged_ones(tmp_path: Path, owners: Owners) -> None:
    rows = [["编号", "位置", None, "备注"], [None, "经度", "纬度", None], ["01", *IN_B, "x"]]
    path = workbook(tmp_path / "p.xlsx", sheet(rows, merged=["A1:A2", "B1:C1", "D1:D2"]))

    assert assigned(path, owners)[0][0][:4] == ["编号", "经度", "纬度", "备注"]


@pytest.mark.parametrize(("hidden", "told"), [
    ([3], "1 rows are hidden in the sheet and were read like the others: 3."),
    ([2, 3, 4], "3 rows are hidden in the sheet and were read like the others: 2, 3, 4."),
    (range(2, 9), "7 rows are hidden in the sheet and were read like the others: 2, 3, 4, 5, 6 … 5 of 7."), ([], None),
    ([1, 99], None),
])  # fmt: skip
def test_hidden_rows_are_read_and_told(hidden: list[int], told: str | None, tmp_path: Path, owners: Owners) -> None:
    path = workbook(tmp_path / "p.xlsx", sheet([HEADER, *([n, *IN_B] for n in range(10))], hidden=hidden))

    written, summary = assigned(path, owners)

    assert codes(written) == ["B"] * 10
    assert [one for one in summary.remarks if "hidden" in one] == ([told] if told else [])


def test_several_sheets_are_asked_about_and_one_is_named(
    tmp_path: Path, owners: Owners, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    two = {"一网格": sheet([HEADER, [1, *IN_B]]), "二网格": sheet([HEADER, [2, *IN_WANG]]), "空": sheet([])}
    path = workbook(tmp_path / "p.xlsx", two)

    with pytest.raises(LayerNotStated, match="一网格, 二网格"):
        assigned(path, owners)
    with pytest.raises(LayerMissing, match="三网格"):
        assigned(path, owners, layer="三网格")
    assert codes(assigned(path, owners, layer="二网格")[0]) == ["网"]

    grids = geojson(tmp_path / "grids.geojson", [WEST, EAST])
    monkeypatch.setattr("sys.argv", ["geoservice", "assign", str(path), str(tmp_path / "o.csv"), "--grids", grids])
    with pytest.raises(SystemExit):
        main()
    assert "Say --layer." in capsys.readouterr().err


@pytest.mark.parametrize("prefix", ["x", "main"])
def test_sheets_that_are_hidden_or_empty_are_not_asked_about(prefix: str, tmp_path: Path, owners: Owners) -> None:
    rows = sheet([HEADER, [1, *IN_B]], prefix=prefix)
    path = workbook(tmp_path / "p.xlsx", {"now": rows, "old": rows, "Sheet3": sheet([])}, hidden=["old"])

    written, summary = assigned(path, owners)

    assert codes(written) == ["B"]
    assert "Sheets that are hidden were not read: old." in summary.remarks
    assert codes(assigned(path, owners, layer="old")[0]) == ["B"]


def test_rows_are_called_as_the_sheet_numbers_them(tmp_path: Path, owners: Owners) -> None:
    rows = [["title"], HEADER, [1, *IN_B], [], [2, "x", 1], [3, *IN_B], [], [], ["合计"]]
    path = workbook(tmp_path / "p.xlsx", sheet(rows))

    written, summary = assigned(path, owners)

    assert codes(written) == ["B", "", "B", ""]
    assert [one.split(" of ")[0] for one in summary.remarks if "no position" in one] == ["Row 5", "Row 9"]


def test_columns_may_be_named_and_unnamed_ones_are_told(tmp_path: Path, owners: Owners) -> None:
    rows = [["点", "East", None, "North", None], ["a", 91.751, "note", 29.251, None]]
    path = workbook(tmp_path / "p.xlsx", sheet(rows))

    with pytest.raises(CoordinatesNotFound, match="East"):
        assigned(path, owners)
    written, summary = assigned(path, owners, columns=CoordinateColumns("East", "North"))

    assert written == [
        ["点", "East", "C", "North", "grid_code", "method"],
        ["a", "91.751", "note", "29.251", "B", "covers"],
    ]
    assert "The column C has no name." in summary.remarks


REFUSED: dict[str, tuple[list[object], type[Exception], str]] = {
    "an identity number": ([540502195402090123], CellNotExact, "A2"), "2 to the 53": ([2**53], CellNotExact, "A2"),
    "a code that lost its last digit": ([5405020010010010], CellNotExact, "A2"),
    "a large negative number": ([-(2**60)], CellNotExact, "A2"), "a float beyond": ([1e20], CellNotExact, "A2"),
    "a formula without a value": (['<c r="@"><f>B2*2</f></c>'], NotCalculated, "A2"),
    "a formula with an empty value": (['<c r="@"><f>B2*2</f><v></v></c>'], NotCalculated, "A2"),
    "a formula with no value": (['<c r="@"><f>B2*2</f><v/></c>'], NotCalculated, "A2"),
    "a shared formula": (['<c r="@"><f t="shared" si="0"/></c>'], NotCalculated, "A2"),
    "a formula of text without one": (['<c r="@" t="str"><f>B2</f></c>'], NotCalculated, "A2"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_there_or_not_exact_is_refused_by_its_cell(case: str, tmp_path: Path, owners: Owners) -> None:
    value, error, cell = REFUSED[case]
    path = workbook(tmp_path / "p.xlsx", sheet([["code", "lon", "lat"], [*value, *IN_B]]))

    with pytest.raises(error, match=cell):
        assigned(path, owners)
    assert not (tmp_path / "out.csv").exists()


def test_formulas_that_wait_for_a_spreadsheet_are_refused_whatever_stands_in_them(
    tmp_path: Path, owners: Owners
) -> None:
    """Programs write 0 for a value and leave the rest to Excel."""
    rows = sheet([["n", "lon", "lat"], ['<c r="@"><f>B2*2</f><v>0</v></c>', *IN_B]])
    plain = sheet([HEADER, [1, *IN_B]])

    with pytest.raises(NotCalculated, match="all formulas"):
        assigned(workbook(tmp_path / "a.xlsx", rows, calculate=True), owners)
    assert codes(assigned(workbook(tmp_path / "b.xlsx", plain, calculate=True), owners)[0]) == ["B"]
    assert codes(assigned(workbook(tmp_path / "c.xlsx", rows), owners)[0]) == ["B"]


def test_what_is_no_sheet_of_points_is_told(tmp_path: Path, owners: Owners) -> None:
    for content, error in [
        (sheet([]), SheetEmpty), (sheet([[1], [2]]), SheetEmpty), (sheet([["a", "b"], [1, 2]]), CoordinatesNotFound),
        (sheet([["lon", "lat", "n", "n"], [*IN_B, 1, 2]]), ColumnsAlike),
    ]:  # fmt: skip
        with pytest.raises(error):
            assigned(workbook(tmp_path / "p.xlsx", content), owners)
    (tmp_path / "csv.xlsx").write_text("lon,lat\n91.751,29.251\n")
    with pytest.raises(FileNotWhatItSays):
        assigned(tmp_path / "csv.xlsx", owners)
    (tmp_path / "old.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(WorkbookLocked, match="old format"):
        assigned(tmp_path / "old.xlsx", owners)
    locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")
    (tmp_path / "locked.xlsx").write_bytes(locked)
    with pytest.raises(WorkbookLocked, match="a password"):
        assigned(tmp_path / "locked.xlsx", owners)
    with pytest.raises(PointsMissing):
        assigned(tmp_path / "missing.xlsx", owners)


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".parquet", ".geoparquet", ".gpkg", ".geojson"])
def test_every_other_format_is_written_of_it(ending: str, tmp_path: Path, owners: Owners) -> None:
    path, out = workbook(tmp_path / "p.xlsx", sheet([HEADER, ["007", *IN_B]])), tmp_path / f"out{ending}"

    assign(Request(path, out), owners)

    if ending in (".csv", ".tsv"):
        with out.open(newline="") as file:
            assert list(csv.reader(file, delimiter="," if ending == ".csv" else "\t"))[1][3:] == ["B", "covers"]
        return
    table = parquet.read_table(out) if "parquet" in ending else pyogrio.read_arrow(out)[1]
    assert table["grid_code"].to_pylist() == ["B"]
    assert table["id"].to_pylist() == ["007"]


def test_workbooks_are_not_written_and_that_is_said(tmp_path: Path, owners: Owners) -> None:
    path = workbook(tmp_path / "p.xlsx", sheet([HEADER, [1, *IN_B]]))

    with pytest.raises(WorkbookNotWritten, match="read and not written"):
        assign(Request(path, tmp_path / "out.xlsx"), owners)
    with pytest.raises(FormatUnknown, match="xlsx"):
        assign(Request(path, tmp_path / "out.xls"), owners)


def test_the_command_reads_a_workbook(tmp_path: Path) -> None:
    path = workbook(tmp_path / "points.xlsx", sheet([["点位"], ["id", "经度", "纬度"], [1, 91.0015, 29.0005]]))

    done: Result = CliRunner().invoke(
        geoservice,
        ["assign", str(path), str(tmp_path / "o.csv"), "--grids", geojson(tmp_path / "g.json", [WEST, EAST])],
    )

    assert done.exit_code == 0, (done.output, done.exception)
    with (tmp_path / "o.csv").open(newline="") as file:
        assert list(csv.reader(file))[1] == ["1", "91.0015", "29.0005", "0112", "covers"]
