"""Files of points as spreadsheets and other programs write them, and advice that works when it is followed."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pyarrow as pa
import pyogrio
import pytest
import shapely
from click.testing import CliRunner, Result
from pyarrow import parquet

from geoservice.cli.main import geoservice, main
from tests.geoservice.reading.made_files import EAST, WEST, geojson, shapefile, written

PLACE = (91.0015, 29.0005)


@pytest.fixture
def grids(tmp_path: Path) -> str:
    return geojson(tmp_path / "grids.geojson", [WEST, EAST])


def assign(points: Path, out: Path, *more: str) -> Result:
    return CliRunner().invoke(geoservice, ["assign", str(points), str(out), *more])


def advice_of(words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what the command line says of a command that is refused."""
    monkeypatch.setattr("sys.argv", ["geoservice", *words])
    with pytest.raises(SystemExit):
        main()
    return capsys.readouterr().err


@pytest.mark.parametrize("content", [
    b"id;lon;lat\n1;91,0015;29,0005\n",
    b"id;lon;lat\r\n1;91,0015;29,0005\r\n",
    b"\xef\xbb\xbfid;lon;lat\n1; 91,0015 ;29,0005\n",
    b"id\tlon\tlat\n1\t91,0015\t29,0005\n",
    b"sep=;\r\nid;lon;lat\r\n1;91,0015;29,0005\r\n",
    b"sep=;\nid;lon;lat\n1;91.0015;29.0005\n",
    b'\xef\xbb\xbf"sep=,"\nid,lon,lat\n1,91.0015,29.0005\n',
    b"sep=,\nid,lon,lat\n1,91.0015,29.0005\n",
    b"id,lon,lat\r1,91.0015,29.0005\r",
    b"id;lon;lat\r1;91,0015;29,0005",
])  # fmt: skip
def test_csv_of_spreadsheets_is_read(tmp_path: Path, grids: str, content: bytes) -> None:
    points, out = tmp_path / "points.csv", tmp_path / "out.csv"
    points.write_bytes(content)

    done = assign(points, out, "--grids", grids)

    assert done.exit_code == 0, done.output
    assert re.search(r"[,;\t]0112[,;\t]covers\s*$", out.read_text())
    assert out.read_bytes().startswith(content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")[0][:4])


@pytest.mark.parametrize("content", [
    "id;lon;lat\n0;;\n1;91,0015;29,0005\n", "id;lon;lat\n0;91;29\n1;91,0015;29,0005\n",
    "id;lon;lat\n0;91.5;29.5\n1;91,0015;2,90005E1\n", 'id;lon;lat\n"a\nb";;\n1;91,0015;29,0005\n',
])  # fmt: skip
def test_decimal_commas_are_read_wherever_they_begin(tmp_path: Path, grids: str, content: str) -> None:
    points, out = tmp_path / "points.csv", tmp_path / "out.csv"
    points.write_text(content)

    done = assign(points, out, "--grids", grids)

    assert done.exit_code == 0
    assert "Decimal commas" in done.output
    assert out.read_text().rstrip().endswith(";0112;covers")


def test_a_comma_that_may_stand_before_thousands_is_no_decimal_comma(tmp_path: Path, grids: str) -> None:
    points = tmp_path / "points.tsv"
    points.write_text("id\tx\ty\n1\t246,234\t987,654\n")

    done = assign(points, tmp_path / "out.tsv", "--grids", grids, "--x", "x", "--y", "y", "--crs", "epsg:32648")

    assert done.exit_code == 3
    assert "246,234" in done.output
    assert "write decimal points" in done.output


@pytest.mark.parametrize("content", [
    b"lon,lat\r\n91.0015,29.0005\r91.0005,29.0005\r\n", b"lon,lat\n91.0015,29.0005\r91.0005,29.0005\n",
    b"lon,lat\r91.0015,29.0005\n91.0005,29.0005\n",
])  # fmt: skip
def test_line_ends_of_two_kinds_are_refused(tmp_path: Path, grids: str, content: bytes) -> None:
    points = tmp_path / "points.csv"
    points.write_bytes(content)

    done = assign(points, tmp_path / "out.csv", "--grids", grids)

    assert done.exit_code == 1
    assert type(done.exception).__name__ in ("LineEndsMixed", "HeaderMissing")
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("encoding", ["hex", "rot13", "base64", "zip"])
def test_what_encodes_no_text_is_refused_for_points(tmp_path: Path, grids: str, encoding: str) -> None:
    points = tmp_path / "points.csv"
    points.write_text("id,lon,lat\n1,91.0015,29.0005\n")

    done = assign(points, tmp_path / "out.csv", "--grids", grids, "--encoding", encoding)

    assert type(done.exception).__name__ == "EncodingUnknown"


@pytest.mark.parametrize(("content", "reason"), [
    ('id,lon,lat\n1,"91,0015","29,0005"\n2,"91,0014","29,0005"\n', "write decimal points"),
    ("id,lon,lat\n1,91°0'5\",29°0'1\"\n", "degrees, minutes and seconds"),
    ("id,lat,lon\n1,91.0015,29.0005\n", "exchanged: say --lon lat --lat lon"),
    ("id,lon,lat\n1,500123.4,3210987.6\n", "metres of a projected CRS"),
])  # fmt: skip
def test_a_file_without_any_position_is_told_why_and_ends_otherwise(
    tmp_path: Path, grids: str, content: str, reason: str
) -> None:
    points = tmp_path / "points.csv"
    points.write_text(content)

    done = assign(points, tmp_path / "out.csv", "--grids", grids)

    assert done.exit_code == 3
    assert reason in done.output


def test_the_advice_on_exchanged_columns_works(tmp_path: Path, grids: str) -> None:
    points = tmp_path / "points.csv"
    points.write_text("id,lat,lon\n1,91.0015,29.0005\n")
    advised = re.search(r"say (--lon \S+ --lat \S+)\.", assign(points, tmp_path / "a.csv", "--grids", grids).output)
    assert advised is not None

    done = assign(points, tmp_path / "b.csv", "--grids", grids, *advised[1].split())

    assert done.exit_code == 0
    assert "0112" in (tmp_path / "b.csv").read_text()


@pytest.mark.parametrize("name", ["fid", "FID", "ogc_fid", "geometry", "geom", "Geometry"])
@pytest.mark.parametrize("ending", [".gpkg", ".geojson", ".geoparquet"])
def test_a_column_called_as_formats_call_theirs_is_kept(tmp_path: Path, grids: str, name: str, ending: str) -> None:
    points, out = tmp_path / "points.csv", tmp_path / f"out{ending}"
    points.write_text(f"{name},lon,lat\n7,91.0015,29.0005\n7,91.0016,29.0005\n")

    done = assign(points, out, "--grids", grids)

    assert done.exit_code == 0, done.output
    table = parquet.read_table(out) if ending == ".geoparquet" else pyogrio.read_arrow(out)[1]
    assert table[name].to_pylist() == ["7", "7"]
    assert table["grid_code"].to_pylist() == ["0112", "0112"]


@pytest.mark.parametrize("ending", [".gpkg", ".geojson", ".parquet", ".csv"])
@pytest.mark.parametrize("case", ["string view", "no value", "bbox"])
def test_columns_of_unusual_types_are_written(tmp_path: Path, grids: str, case: str, ending: str) -> None:
    lon, lat = pa.array(["91.0015"]), pa.array(["29.0005"])
    odd = {
        "string view": pa.array(["x"], pa.string_view()),
        "no value": pa.nulls(1),
        "bbox": pa.array([{"xmin": 1.0, "xmax": math.nan, "raw": b"\xff"}]),
    }[case]
    if case == "string view":
        lon, lat = lon.cast(pa.string_view()), lat.cast(pa.string_view())
    parquet.write_table(pa.table({"odd": odd, "lon": lon, "lat": lat}), tmp_path / "points.parquet")

    done = assign(tmp_path / "points.parquet", tmp_path / f"out{ending}", "--grids", grids)

    if (case, ending) == ("bbox", ".csv"):
        assert done.exit_code == 1
        assert "can not hold this" in str(done.exception)
        return
    assert done.exit_code == 0, (done.output, done.exception)
    assert "1 in a grid" in done.output
    if case == "bbox" and ending != ".parquet":
        [said] = pyogrio.read_arrow(tmp_path / f"out{ending}")[1]["odd"].to_pylist()
        assert json.loads(said) == {"xmin": 1.0, "xmax": None, "raw": "ff"}


def test_advice_on_grids_names_the_options_of_grids_and_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    points = tmp_path / "points.csv"
    points.write_text("id,lon,lat\n1,91.0015,29.0005\n")
    gbk = shapefile(tmp_path / "gbk.shp", encoding="GBK")
    gbk.with_suffix(".cpg").unlink()
    with pytest.warns(UserWarning, match="crs"):
        nowhere = written(tmp_path / "nowhere.gpkg", driver="GPKG", crs=None)
    two = tmp_path / "two.gpkg"
    for layer in ("one", "other"):
        pyogrio.write_arrow(
            pa.table({"code": ["0111", "0112"], "g": pa.array(shapely.to_wkb([WEST, EAST]).tolist(), pa.binary())}),
            two, driver="GPKG", layer=layer, geometry_name="g", geometry_type="Polygon", crs="EPSG:4326",
            append=layer == "other",
        )  # fmt: skip

    for file, advised, followed in [
        (str(gbk), "Say --grids-encoding gbk", ["--grids-encoding", "gbk"]),
        (nowhere, "Say --grids-crs wgs84", ["--grids-crs", "wgs84"]),
        (str(two), "Say --grids-layer", ["--grids-layer", "other"]),
    ]:
        out = tmp_path / f"{Path(file).stem}.csv"
        words = ["assign", str(points), str(out), "--grids", file]
        assert advised in advice_of(words, monkeypatch, capsys)

        done = CliRunner().invoke(geoservice, [*words, *followed])

        assert done.exit_code == 0, done.output
        assert "0112" in out.read_text()


def test_a_layer_of_points_is_named(tmp_path: Path, grids: str) -> None:
    points = tmp_path / "points.gpkg"
    for layer, lon in (("one", 91.0005), ("other", 91.0015)):
        wkb = shapely.to_wkb(shapely.Point(lon, 29.0005))
        pyogrio.write_arrow(
            pa.table({"id": [1], "g": pa.array([wkb], pa.binary())}), points, driver="GPKG", layer=layer,
            geometry_name="g", geometry_type="Point", crs="EPSG:4326", append=layer == "other",
        )  # fmt: skip

    refused = assign(points, tmp_path / "out.csv", "--grids", grids)
    absent = assign(points, tmp_path / "out.csv", "--grids", grids, "--layer", "third")
    done = assign(points, tmp_path / "out.csv", "--grids", grids, "--layer", "other")

    assert "one, other" in str(refused.exception)
    assert "one, other" in str(absent.exception)
    assert done.exit_code == 0
    assert "0112" in (tmp_path / "out.csv").read_text()


def test_invalid_areas_are_told_by_their_codes_and_overlaps_too(tmp_path: Path) -> None:
    bowtie = shapely.Polygon([(91.001, 29), (91.002, 29.001), (91.002, 29), (91.001, 29.001)])
    wide = shapely.box(91.0005, 29, 91.0015, 29.001)
    grids = geojson(tmp_path / "grids.geojson", [WEST, bowtie, wide], codes=["a", "b", "c"])
    points = tmp_path / "points.csv"
    points.write_text("id,lon,lat\n1,91.0002,29.0005\n")

    done = assign(points, tmp_path / "out.csv", "--grids", grids)

    assert done.exit_code == 0
    assert "1 of 3 areas are not valid (b)" in done.output
    assert "Grids overlap" in done.output


def test_a_limit_is_named_and_raised_by_what_is_advised(
    tmp_path: Path, grids: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    points = tmp_path / "points.csv"
    points.write_text("id,lon,lat\n1,91.0015,29.0005\n")
    words = ["assign", str(points), str(tmp_path / "out.csv"), "--grids", grids]
    monkeypatch.setenv("GEOSERVICE_IMPORT_FEATURES", "1")

    assert "Set GEOSERVICE_IMPORT_FEATURES to more than there are" in advice_of(words, monkeypatch, capsys)

    monkeypatch.setenv("GEOSERVICE_IMPORT_FEATURES", "2")
    assert CliRunner().invoke(geoservice, words).exit_code == 0


def test_json_tells_the_same(tmp_path: Path, grids: str) -> None:
    points = tmp_path / "points.csv"
    points.write_text("id,lon,lat\n1,x,y\n")

    done = assign(points, tmp_path / "out.csv", "--grids", grids, "--json")

    assert done.exit_code == 3
    assert json.loads(done.stdout)["without_position"] == 1
