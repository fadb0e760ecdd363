"""Rows of a CSV are told as a spreadsheet numbers them; no more are read than are allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from geoservice.domain.importing.choices import Choices
from geoservice.errors import GeoserviceError
from geoservice.reading import csv_records
from geoservice.reading.csv_errors import LineEndsMixed, QuotesBroken
from geoservice.reading.csv_rows import read_csv
from geoservice.reading.features import read_features
from geoservice.reading.file_errors import TooManyFeatures
from geoservice.reading.limits import Limits
from layers.cameras.layer import CAMERAS
from tests.geoservice.reading.made_workbooks import sheet, workbook

WGS84 = Choices(crs="wgs84")


def refused(path: Path, text: str) -> list[int]:
    path.write_bytes(text.encode())
    return [row.row for row in read_features(str(path), CAMERAS, WGS84).refused]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_empty_lines_and_breaks_in_cells_are_counted_as_spreadsheets_do(tmp_path: Path, end: str) -> None:
    lines = ["", "code,lon,lat,note", "", "", 'A,91,29,"two', 'lines"', "", "B,91,x,", ",,,", "C,91,29,", "D,91,x,", ""]

    assert refused(tmp_path / "a.csv", end.join(lines)) == [7, 10]


@pytest.mark.parametrize("size", [csv_records.BLOCK, 64])
def test_what_is_wrong_with_the_text_is_told_by_the_same_rows(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(csv_records, "BLOCK", size)
    monkeypatch.setattr("geoservice.reading.csv_rows._HEAD", size)
    before = "code,lon,lat\n\n" + "A,91,29\n\n" * 30
    wrong: list[tuple[str, type[GeoserviceError]]] = [
        ('B,91,29\n"C"x,91,29\n', QuotesBroken), ('\n"B,91,29\n', QuotesBroken),
        ("B,91,29\nB,\r91,29\n", LineEndsMixed),
    ]  # fmt: skip
    for text, error in wrong:
        (tmp_path / "a.csv").write_bytes((before + text).encode())
        with pytest.raises(error) as caught:
            read_csv(tmp_path / "a.csv", encoding=None, limits=Limits())
        assert caught.value.fields["row"] == 64


def test_exactly_as_many_features_are_read_as_are_allowed(tmp_path: Path) -> None:
    for count in (3, 4):
        rows = [["编号", "经度", "纬度"], *([f"C{n}", 91.0, 29.0] for n in range(count))]
        text = "\n".join(",".join(map(str, row)) for row in rows)
        (tmp_path / "a.csv").write_text(text + "\n" + ",,\n" * 3000, encoding="utf-8")
        for file in (tmp_path / "a.csv", workbook(tmp_path / "a.xlsx", sheet(rows))):
            if count == 3:
                assert len(read_features(str(file), CAMERAS, WGS84, Limits(features=3)).keys) == 3
                continue
            with pytest.raises(TooManyFeatures) as caught:
                read_features(str(file), CAMERAS, WGS84, Limits(features=3))
            assert caught.value.fields["most"] == 3


def test_rows_beside_features_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("点位表,,\n编号,经度,纬度\nA,91,29\nB,91,29\n合计,2,\n", encoding="utf-8")

    assert len(read_features(str(tmp_path / "a.csv"), CAMERAS, WGS84, Limits(features=2)).keys) == 2


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_the_unicode_text_of_spreadsheets_is_read(tmp_path: Path, encoding: str) -> None:
    mark = "" if encoding == "utf-16" else "\ufeff"
    (tmp_path / "a.txt").write_bytes(f"{mark}编号\t经度\t纬度\r\nA\t91\t29\r\n".encode(encoding))

    assert read_features(str(tmp_path / "a.txt"), CAMERAS, WGS84).keys == ["A"]
