"""CSV as people have it: what stands in it is kept byte by byte, what is odd in it is told by row."""

from __future__ import annotations

from pathlib import Path

import pytest

from geoservice.assigning.assign import assign
from geoservice.assigning.model import CoordinateColumns, Request, Summary
from geoservice.assigning.owners import Owners
from geoservice.assigning.point_errors import (
    ColumnMissing,
    ColumnsAlike,
    ColumnTaken,
    CoordinatesAmbiguous,
    CoordinatesNotFound,
)
from geoservice.engine.index import OwnershipIndex
from geoservice.reading import csv_records
from geoservice.reading.csv_errors import EncodingNotUtf8, HeaderMissing, QuotesBroken, RowTooWide, TextNotInEncoding
from geoservice.reading.file_errors import EncodingUnknown
from tests.places import GRIDS

#: Inside grid B, inside grid 网, and far away.
IN_B, IN_WANG, AWAY = b"91.751,29.251", b"91.7568,29.2578", b"0,0"


def assigned(tmp_path: Path, content: bytes, owners: Owners, **asked: object) -> tuple[bytes, Summary]:
    points, out = tmp_path / "points.csv", tmp_path / "out.csv"
    points.write_bytes(content)
    summary = assign(Request(points, out, overwrite=True, **asked), owners)
    return out.read_bytes(), summary


SHAPES: dict[str, tuple[bytes, bytes]] = {
    "plain": (b"lon,lat\n" + IN_B + b"\n" + AWAY + b"\n",
              b"lon,lat,grid_code,method\n" + IN_B + b",B,covers\n" + AWAY + b",,none\n"),
    "no line end at the end": (b"lon,lat\n" + IN_B, b"lon,lat,grid_code,method\n" + IN_B + b",B,covers"),
    "windows": (b"\xef\xbb\xbflon,lat\r\n" + IN_B + b"\r\n", b"\xef\xbb\xbflon,lat,grid_code,method\r\n" + IN_B
                + b",B,covers\r\n"),
    "semicolons": (b"lon;lat;n\n91.751;29.251;1,5\n", b"lon;lat;n;grid_code;method\n91.751;29.251;1,5;B;covers\n"),
    "quotes and line ends inside": (
        b'"lon",lat,note\n91.751,"29.251","a ""b"",\nc"\n',
        b'"lon",lat,note,grid_code,method\n91.751,"29.251","a ""b"",\nc",B,covers\n'),
    "blank lines": (b"lon,lat\n\n\n" + IN_B + b"\n\n" + IN_WANG + b"\n\n\n",
                    b"lon,lat,grid_code,method\n\n\n" + IN_B + b",B,covers\n\n" + IN_WANG
                    + ",网,covers\n\n\n".encode()),
    "short rows": (b"lon,lat,a,b\n" + IN_B + b"\n91.751\n" + IN_B + b",1,2\n",
                   b"lon,lat,a,b,grid_code,method\n" + IN_B + b",,,B,covers\n91.751,,,,,\n" + IN_B
                   + b",1,2,B,covers\n"),
    "numbers as people write them": (b"lon,lat\n +91.751 ,2.9251e1\n", b"lon,lat,grid_code,method\n +91.751 ,2.9251e1"
                                     b",B,covers\n"),
    "no rows": (b"lon,lat\n", b"lon,lat,grid_code,method\n"),
    "nothing but a header": (b"lon,lat", b"lon,lat,grid_code,method"),
    "names in Chinese": ("编号,经度,纬度\n1,91.751,29.251\n".encode(),
                         "编号,经度,纬度,grid_code,method\n1,91.751,29.251,B,covers\n".encode()),
}  # fmt: skip


@pytest.mark.parametrize("block", [csv_records.BLOCK, 7])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_byte_is_kept(
    shape: str, block: int, tmp_path: Path, owners: Owners, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In blocks of 8 MB and of a few bytes: records do not end where blocks do."""
    content, expected = SHAPES[shape]
    if block < len(content.split(b"\n")[0]):
        # A header must come in one block.
        block = len(content.split(b"\n")[0]) + 2
    monkeypatch.setattr(csv_records, "BLOCK", block)

    written, _ = assigned(tmp_path, content, owners)

    assert written == expected


@pytest.mark.parametrize(
    "pair", [",", "x,y", "NaN,29", "91,inf", "181,29", "91,-90.1", "1e400,0", '"","1"', "0x5b,29", "91.7.5,29"]
)
def test_what_is_no_position_is_told_and_has_no_owner(pair: str, tmp_path: Path, owners: Owners) -> None:
    content = b"lon,lat\n" + IN_B + b"\n" + pair.encode() + b"\n" + IN_B + b"\n"

    written, summary = assigned(tmp_path, content, owners)

    assert written.split(b"\n")[2] == pair.encode() + b",,"
    assert (summary.rows, summary.covered, summary.without_position) == (3, 2, 1)
    assert "Row 2 of points.csv has no position on the earth" in summary.remarks[-1]


def test_only_the_first_rows_without_a_position_are_named(tmp_path: Path, owners: Owners) -> None:
    _, summary = assigned(tmp_path, b"lon,lat\n" + b"x,y\n" * 100, owners)

    assert summary.without_position == 100
    assert sum("no position" in remark for remark in summary.remarks) == 5


def test_other_encodings_are_read_when_they_are_named(tmp_path: Path, owners: Owners) -> None:
    content = "名,lon,lat\n扎塘路,91.751,29.251\n".encode("gbk")

    with pytest.raises(EncodingNotUtf8):
        assigned(tmp_path, content, owners)
    written, _ = assigned(tmp_path, content, owners, encoding="gbk")
    assert written.decode() == "名,lon,lat,grid_code,method\n扎塘路,91.751,29.251,B,covers\n"
    with pytest.raises(EncodingUnknown):
        assigned(tmp_path, content, owners, encoding="klingon")
    with pytest.raises(TextNotInEncoding, match="encoding: ascii"):
        assigned(tmp_path, content, owners, encoding="ascii")


REFUSED: dict[str, tuple[bytes, type[Exception], str]] = {
    "empty": (b"", HeaderMissing, "nothing"),
    "one column": (b"place\n1\n", HeaderMissing, "place"),
    "no coordinates": (b"a,b\n1,2\n", CoordinatesNotFound, "columns: a, b"),
    "two longitudes": (b"lon,x,lat\n1,2,3\n", CoordinatesAmbiguous, "lon or x"),
    "utf-16": ("lon,lat\n1,2\n".encode("utf-16"), EncodingNotUtf8, "utf-16"),
    "a name that is added": (b"lon,lat,Grid_Code\n1,2,3\n", ColumnTaken, "column: Grid_Code"),
    "an open quotation mark": (b'lon,lat\n1,2\n3,"4\n5,6\n', QuotesBroken, "row: 2"),
    "a row too wide": (b"lon,lat\n1,2\n1,2,3\n", RowTooWide, "row: 2, fields: 3, columns: 2"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_can_not_be_understood_is_refused_and_nothing_is_left(case: str, tmp_path: Path, owners: Owners) -> None:
    content, error, words = REFUSED[case]

    with pytest.raises(error, match=words):
        assigned(tmp_path, content, owners)

    assert [path.name for path in tmp_path.iterdir()] == ["points.csv"]


def test_columns_are_taken_as_stated(tmp_path: Path, owners: Owners) -> None:
    content = b"a,b,lon,lat\n91.751,29.251,0,0\n"

    written, _ = assigned(tmp_path, content, owners, columns=CoordinateColumns("a", "b"), prefix="our_")

    assert written == b"a,b,lon,lat,our_grid_code,our_method\n91.751,29.251,0,0,B,covers\n"
    with pytest.raises(ColumnMissing, match="column: c"):
        assigned(tmp_path, content, owners, columns=CoordinateColumns("a", "c"))


def test_codes_that_need_quotes_get_them(tmp_path: Path) -> None:
    odd = Owners(OwnershipIndex.build(['say "a", b'], [GRIDS["B"]]), 0.0)

    written, _ = assigned(tmp_path, b"lon,lat\n" + IN_B + b"\n", odd)

    assert written == b"lon,lat,grid_code,method\n" + IN_B + b',"say ""a"", b",covers\n'


def test_columns_of_one_name_are_kept_in_csv_and_refused_elsewhere(tmp_path: Path, owners: Owners) -> None:
    content = b"lon,lat,n,n\n" + IN_B + b",1,2\n"

    written, _ = assigned(tmp_path, content, owners)
    assert written.endswith(b",1,2,B,covers\n")
    with pytest.raises(ColumnsAlike, match="columns: n"):
        assign(Request(tmp_path / "points.csv", tmp_path / "out.parquet"), owners)
