"""Features of files that a GIS wrote, of every format; what gets lost elsewhere is not lost here."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyogrio
import pytest
import shapely
from pyarrow import parquet

from geoservice.domain.importing.choices import Choices
from geoservice.domain.importing.model import ReadFeatures
from geoservice.reading import curves, file_errors
from geoservice.reading.features import read_features
from geoservice.reading.limits import Limits
from layers.basemap.layer import BASEMAP
from layers.buildings.layer import BUILDINGS
from layers.cameras.layer import CAMERAS
from layers.crs import Bbox
from layers.layer import Layer
from tests.geoservice.reading.made_files import zipped

BOX = shapely.box(91.77, 29.24, 91.7701, 29.2401)
BIG = 9007199254740993
WGS84 = Choices(crs="wgs84")
DRIVERS = {"a.gpkg": "GPKG", "a.fgb": "FlatGeobuf", "a.shp": "ESRI Shapefile", "a.geojson": "GeoJSON"}


def made(path: Path, geoms: list[Any], **columns: list[Any]) -> str:
    """Write features with columns of any Arrow type."""
    wkb = pa.array([None if geom is None else shapely.to_wkb(geom, flavor="iso") for geom in geoms], pa.binary())
    table = pa.table({**columns, "geometry": wkb})
    if path.suffix == ".parquet":
        about = {"encoding": "WKB", "geometry_types": []}
        geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": about}}
        parquet.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)
        return str(path)
    kinds = {geom.geom_type + " Z" * geom.has_z for geom in geoms if geom is not None}
    pyogrio.write_arrow(table, path, driver=DRIVERS[f"a{path.suffix}"], geometry_name="geometry", crs="EPSG:4326",
                        geometry_type=kinds.pop() if len(kinds) == 1 else "Unknown")  # fmt: skip
    return str(path)


def cameras(path: Path, points: list[Any], choices: Choices = WGS84) -> ReadFeatures:
    return read_features(made(path, points, code=[f"C{n}" for n in range(len(points))]), CAMERAS, choices)


@pytest.mark.parametrize("name", ["a.gpkg", "a.fgb", "a.shp", "a.geojson", "a.parquet"])
def test_every_format_gives_the_same_features(tmp_path: Path, name: str) -> None:
    path = made(tmp_path / name, [BOX, BOX], code=["0301", "0302"], name=["住宅楼", None],
                floors=pa.array([6, None], pa.int32()), note=["x", "y"])  # fmt: skip

    read = read_features(path, BUILDINGS, WGS84)

    order = np.argsort(np.array(read.keys))
    assert [read.keys[at] for at in order] == ["0301", "0302"]
    assert [read.values["name"][at] for at in order] == ["住宅楼", None]
    assert [read.values["floors"][at] for at in order] == [6, None]
    assert read.geoms is not None
    assert [geom.geom_type for geom in read.geoms] == ["MultiPolygon"] * 2
    assert read.geoms[0].equals(shapely.multipolygons([BOX]))
    assert "Columns left out: note." in read.remarks
    assert "note" not in read.values
    assert read.refused == ()


def test_features_outside_of_the_jurisdiction_are_taken_and_told(tmp_path: Path) -> None:
    places = [shapely.Point(91.77, 29.24), shapely.Point(5, 5), shapely.Point(91.78, 29.24), shapely.Point(91.77, 30)]
    here = Choices(crs="wgs84", bbox=Bbox(91.76, 29.23, 91.78, 29.25))

    read = cameras(tmp_path / "a.geojson", places, here)

    assert len(read.keys) == 4
    assert "2 of 4 features lie outside of the jurisdiction, one in row 2." in read.remarks
    assert not any("outside" in one for one in cameras(tmp_path / "b.geojson", places[::2], here).remarks)


def test_a_shapefile_may_be_two_folders_deep_in_a_zip(tmp_path: Path) -> None:
    made(tmp_path / "a.shp", [BOX], code=["1"])
    entries = {f"data/shapes/{part.name}": part.read_bytes() for part in tmp_path.glob("a.*")}

    assert read_features(zipped(tmp_path / "a.zip", entries), BUILDINGS, WGS84).keys == ["1"]


@pytest.mark.parametrize("name", ["a.gpkg", "a.fgb", "a.parquet"])
def test_large_whole_numbers_beside_empty_cells_are_exact(tmp_path: Path, name: str) -> None:
    point = shapely.Point(91.77, 29.24)
    read = read_features(made(tmp_path / name, [point, point], code=pa.array([BIG, None], pa.int64())), CAMERAS, WGS84)

    assert read.keys == [str(BIG)]
    assert [row.reason for row in read.refused] == ["code is empty"]


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32()])
def test_codes_that_a_double_has_rounded_are_refused(tmp_path: Path, kind: pa.DataType) -> None:
    point = shapely.Point(91.77, 29.24)
    codes = pa.array([1.0, 540502195402090000.0], pa.float64()).cast(kind, safe=False)
    read = read_features(made(tmp_path / "a.parquet", [point, point], code=codes), CAMERAS, WGS84)

    assert read.keys == ["1"]
    assert "lost its last digits" in read.refused[0].reason


def gbk_shapefile(path: Path) -> Path:
    rows = [np.array(["0301", "0302"], dtype=object), np.array(["江苏路居民楼", "和平路商店"], dtype=object)]
    pyogrio.raw.write(path, shapely.to_wkb([BOX, BOX]), rows, ["编号", "名称"], geometry_type="Polygon",
                      driver="ESRI Shapefile", crs="EPSG:4326", encoding="GBK")  # fmt: skip
    path.with_suffix(".cpg").unlink()
    dbf = bytearray(path.with_suffix(".dbf").read_bytes())
    dbf[29] = 0
    path.with_suffix(".dbf").write_bytes(dbf)
    return path


def test_a_shapefile_in_gbk_that_does_not_say_so_is_asked_about_and_then_right(tmp_path: Path) -> None:
    path = str(gbk_shapefile(tmp_path / "a.shp"))

    with pytest.raises(file_errors.EncodingNotStated) as asked:
        read_features(path, BUILDINGS, WGS84)
    assert asked.value.fields == {"seems": "gbk"}
    read = read_features(path, BUILDINGS, Choices(crs="wgs84", encoding="gbk"))
    assert read.keys == ["0301", "0302"]
    assert read.values["name"] == ["江苏路居民楼", "和平路商店"]


def test_an_area_is_no_place_of_a_camera(tmp_path: Path) -> None:
    read = cameras(tmp_path / "a.gpkg", [BOX, shapely.Point(91.77, 29.24), shapely.MultiPoint([(91.77, 29.24)]), None])

    assert read.keys == ["C1", "C2"]
    assert [(row.row, row.reason) for row in read.refused] == [
        (1, "it is an area, and cameras are points"), (4, "it has no place"),
    ]  # fmt: skip
    assert "2 of 4 rows were refused." in read.remarks


@pytest.mark.parametrize(("layer", "geom", "taken"), [
    (BUILDINGS, shapely.Point(91.77, 29.24), False),
    (BUILDINGS, shapely.LineString([(91.77, 29.24), (91.78, 29.25)]), False),
    (BASEMAP, shapely.LineString([(91.77, 29.24), (91.78, 29.25)]), True), (BASEMAP, BOX, True),
    (BASEMAP, shapely.Point(91.77, 29.24), False), (BASEMAP, shapely.GeometryCollection([BOX]), False),
    (BUILDINGS, shapely.Polygon([(91, 29), (92, 30), (92, 29), (91, 30)]), False),
])  # fmt: skip
def test_shapes_are_those_of_their_layer(tmp_path: Path, layer: Layer, geom: Any, taken: bool) -> None:
    read = read_features(made(tmp_path / "a.gpkg", [geom], code=["1"]), layer, WGS84)

    assert (len(read.keys) == 1) is taken


def test_heights_are_refused_unless_they_are_0_or_may_go(tmp_path: Path) -> None:
    high, flat = shapely.Point(91.77, 29.24, 3560), shapely.Point(91.77, 29.24, 0)

    read = cameras(tmp_path / "a.gpkg", [high, flat])
    assert read.keys == ["C1"]
    assert "heights" in read.refused[0].reason
    assert "Heights of 1 features are all 0 and were left out." in read.remarks
    assert read.geoms is not None
    assert not read.geoms[0].has_z
    assert cameras(tmp_path / "b.gpkg", [high], Choices(crs="wgs84", drop_heights=True)).keys == ["C0"]


def test_measures_are_left_out_with_a_remark(tmp_path: Path) -> None:
    read = cameras(tmp_path / "a.parquet", [shapely.from_wkt("POINT M (91.77 29.24 7)")])

    assert read.keys == ["C0"]
    assert "Measures of 1 features were left out." in read.remarks


def curve(code: int, *parts: bytes) -> bytes:
    return struct.pack("<BII", 1, code, len(parts)) + b"".join(parts)


def string(code: int, *places: tuple[float, ...]) -> bytes:
    return struct.pack("<BII", 1, code, len(places)) + b"".join(struct.pack(f"<{len(one)}d", *one) for one in places)


def test_a_circle_becomes_a_ring_of_lines() -> None:
    circle = curve(10, string(8, (-1, 0), (0, 1), (1, 0), (0, -1), (-1, 0)))
    [wkb], count = curves.straightened([circle])
    assert wkb is not None
    ring = shapely.from_wkb(wkb)

    assert (count, ring.geom_type, ring.is_valid) == (1, "Polygon", True)
    assert ring.area == pytest.approx(math.pi, rel=0.002)
    assert shapely.contains_properly(ring.buffer(1e-9), shapely.MultiPoint([(-1, 0), (0, 1), (1, 0), (0, -1)]))


@pytest.mark.parametrize(("wkb", "kind", "size"), [
    (string(8, (0, 0), (1, 1), (2, 0)), "LineString", math.pi), (string(8, (0, 0), (1, 0), (2, 0)), "LineString", 2),
    (curve(9, string(2, (-1, 0), (0, 0)), string(8, (0, 0), (1, 1), (2, 0))), "LineString", 1 + math.pi),
    (curve(11, string(8, (0, 0), (1, 1), (2, 0)), string(2, (5, 5), (6, 5))), "MultiLineString", 1 + math.pi),
    (string(1008, (0, 0, 5), (1, 1, 5), (2, 0, 5)), "LineString", math.pi),
    (string(2008, (0, 0, 5), (1, 1, 5), (2, 0, 5)), "LineString", math.pi),
])  # fmt: skip
def test_curves_of_every_kind_become_lines(wkb: bytes, kind: str, size: float) -> None:
    [straight], _ = curves.straightened([wkb])
    assert straight is not None
    line = shapely.from_wkb(straight)

    assert line.geom_type == kind
    assert line.length == pytest.approx(size, rel=0.002)
    assert line.has_z is (wkb[1:5] == struct.pack("<I", 1008))


def test_several_surfaces_of_curves_become_areas() -> None:
    circle = curve(10, string(8, (-1, 0), (0, 1), (1, 0), (0, -1), (-1, 0)))
    square = struct.pack("<BII", 1, 3, 1) + struct.pack("<I", 5) + struct.pack("<10d", 5, 5, 6, 5, 6, 6, 5, 6, 5, 5)
    [straight], _ = curves.straightened([curve(12, circle, square)])
    assert straight is not None

    assert shapely.from_wkb(straight).area == pytest.approx(1 + math.pi, rel=0.002)


def test_broken_curves_are_told_and_raise_nothing() -> None:
    whole = curve(12, curve(10, curve(9, string(8, (-1, 0), (0, 1), (1, 0)), string(2, (1, 0), (-1, 0)))))
    for end in range(5, len(whole)):
        [made_of], count = curves.straightened([whole[:end]])
        assert (made_of, count) == (b"\x01\x06\0\0\0", 1)
    deep = b"".join(struct.pack("<BII", 1, 12, 1) for _ in range(100_000))
    assert curves.straightened([deep])[0] == [b"\x01\x06\0\0\0"]


def test_curves_of_a_file_are_lines_and_that_is_said(tmp_path: Path) -> None:
    arc = string(8, (91.77, 29.24), (91.771, 29.241), (91.772, 29.24))
    table = pa.table({"code": ["1"], "kind": ["street"], "geometry": pa.array([arc], pa.binary())})
    about = {"encoding": "WKB", "geometry_types": []}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": about}}
    parquet.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), tmp_path / "a.parquet")

    read = read_features(str(tmp_path / "a.parquet"), BASEMAP, WGS84)
    assert "Curves of 1 features became lines." in read.remarks
    assert read.geoms is not None
    assert shapely.get_num_coordinates(read.geoms[0]) > 10


def test_coordinates_are_kept_to_a_tenth_of_a_millimetre(tmp_path: Path) -> None:
    read = cameras(tmp_path / "a.gpkg", [shapely.Point(91.7712345678912, 29.24)])

    assert read.geoms is not None
    assert read.geoms[0].x == 91.771234568


@pytest.mark.parametrize(("crs", "metres"), [("gcj02", (100, 800)), ("bd09", (300, 1500)), ("cgcs2000", (0, 1))])
def test_what_is_declared_of_the_crs_wins(tmp_path: Path, crs: str, metres: tuple[float, float]) -> None:
    read = cameras(tmp_path / "a.gpkg", [shapely.Point(91.77, 29.24)], Choices(crs=crs))

    assert read.geoms is not None
    moved = 111_000 * read.geoms[0].distance(shapely.Point(91.77, 29.24))
    assert metres[0] <= moved <= metres[1]
    assert any(crs in remark or "EPSG:4490" in remark for remark in read.remarks)


def test_places_in_china_of_a_format_that_means_wgs84_are_asked_about(tmp_path: Path) -> None:
    path = made(tmp_path / "a.geojson", [shapely.Point(91.77, 29.24)], code=["1"])

    with pytest.raises(file_errors.CrsNotSure):
        read_features(path, CAMERAS)
    assert read_features(made(tmp_path / "b.geojson", [shapely.Point(13.4, 52.5)], code=["1"]), CAMERAS).keys == ["1"]


def test_more_features_than_may_be_read_are_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "a.gpkg", [shapely.Point(13, 52)] * 3, code=["1", "2", "3"])

    with pytest.raises(file_errors.TooManyFeatures):
        read_features(path, CAMERAS, limits=Limits(features=2))


def test_a_file_without_a_key_says_what_could_be_it(tmp_path: Path) -> None:
    path = made(tmp_path / "a.gpkg", [BOX, BOX], nr=["x1", "x2"], storeys=[5, 5])

    with pytest.raises(file_errors.KeyAbsent) as asked:
        read_features(path, BUILDINGS, WGS84)
    assert asked.value.fields["could_be"] == "nr"
    read = read_features(path, BUILDINGS, Choices(crs="wgs84", mapping={"code": "nr"}))
    assert (read.keys, read.values) == (["x1", "x2"], {"floors": [5, 5]})


def test_one_name_twice_is_refused_with_the_row_that_has_it(tmp_path: Path) -> None:
    read = read_features(made(tmp_path / "a.gpkg", [BOX, BOX], code=["1", "1 "]), BUILDINGS, WGS84)

    assert read.keys == ["1"]
    assert read.refused == ((2, "its code stands in row 1 already"),)
