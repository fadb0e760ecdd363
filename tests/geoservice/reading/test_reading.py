"""Files of every format are read, brought to longitude and latitude, and made into grids."""

from __future__ import annotations

import json
import sqlite3
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyproj
import pytest
import shapely
from shapely import box

from geoservice.errors import PersonalNumberRefused
from geoservice.reading import file_errors, reader
from geoservice.reading.reader import read_features
from geoservice.reading.shapes import GridFields, grids_of
from layers.crs import UnknownCrs
from layers.shifted import FROM_WGS84
from tests.geoservice.reading.made_files import (
    EAST,
    FEET,
    WEST,
    geojson,
    geoparquet,
    in_feet,
    is_as_written,
    parts_of,
    shapefile,
    written,
    zipped,
)


@pytest.mark.parametrize(("name", "driver"), [
    ("grids.geojson", "GeoJSON"), ("grids.gpkg", "GPKG"), ("grids.shp", "ESRI Shapefile"),
])  # fmt: skip
def test_format_comes_back_as_it_was_written(tmp_path: Path, name: str, driver: str) -> None:
    encoding = "UTF-8" if driver == "ESRI Shapefile" else None

    assert is_as_written(read_features(written(tmp_path / name, driver=driver, encoding=encoding)))


def test_geoparquet_comes_back_as_it_was_written(tmp_path: Path) -> None:
    stated = pyproj.CRS.from_epsg(4326).to_json_dict()

    assert is_as_written(read_features(geoparquet(tmp_path / "grids.parquet", crs=stated)))


def test_zipped_shapefile_comes_back_as_it_was_written(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "grids.zip", parts_of(shapefile(tmp_path / "grids.shp")))

    assert is_as_written(read_features(archive))


def test_only_the_driver_of_a_format_is_left_in_the_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spy = tmp_path / "spy.py"
    spy.write_text("import json, sys, pyogrio\n"
                   "sys.stdout.write(json.dumps({'error': 'FileUnreadable', 'fields':"
                   " {'reason': ' '.join(sorted(pyogrio.list_drivers()))}}))\n")  # fmt: skip
    monkeypatch.setattr(reader, "CHILD", spy)

    with pytest.raises(file_errors.FileUnreadable) as refused:
        read_features(geojson(tmp_path / "a.geojson", [WEST]))
    assert refused.value.fields["reason"] == "GeoJSON"
    with pytest.raises(file_errors.FileUnreadable) as refused:
        read_features(written(tmp_path / "a.fgb", driver="FlatGeobuf"))
    assert refused.value.fields["reason"] == "FlatGeobuf"


def test_geopackage_of_several_layers_asks_which(tmp_path: Path) -> None:
    path = written(tmp_path / "town.gpkg", driver="GPKG")
    pyogrio.raw.write(path, shapely.to_wkb([WEST]), [np.array(["x"], dtype=object)], ["code"], layer="blocks",
                      geometry_type="Polygon", driver="GPKG", crs="EPSG:4326")  # fmt: skip

    with pytest.raises(file_errors.LayerNotStated, match="blocks"):
        read_features(path)
    assert len(read_features(path, layer="blocks").geoms) == 1
    with pytest.raises(file_errors.LayerMissing):
        read_features(path, layer="nothing")


def test_feet_labelled_as_degrees_are_refused_with_their_extent(tmp_path: Path) -> None:
    path = geojson(tmp_path / "precincts.geojson", in_feet(box(-87.7, 41.8, -87.6, 41.9)))

    with pytest.raises(file_errors.CrsCanNotBeTrue, match=r"x: 1\.1"):
        read_features(path)


def test_crs_given_wins_over_the_file(tmp_path: Path) -> None:
    place = box(-87.7, 41.8, -87.6, 41.9)
    path = geojson(tmp_path / "precincts.geojson", in_feet(place))

    features = read_features(path, crs=f"epsg:{FEET}")

    assert features.crs == f"EPSG:{FEET}"
    assert shapely.equals_exact(features.geoms[0], place, tolerance=1e-8)


def test_crs_member_of_geojson_is_honoured(tmp_path: Path) -> None:
    place = box(-87.7, 41.8, -87.6, 41.9)
    member = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{FEET}"}}

    features = read_features(geojson(tmp_path / "precincts.geojson", in_feet(place), crs=member))

    assert shapely.equals_exact(features.geoms[0], place, tolerance=1e-8)


@pytest.mark.parametrize(("member", "error"), [
    (None, file_errors.CrsNotStated),
    ({"type": "name", "properties": {"name": "the usual one"}}, file_errors.CrsUnknown),
    ({"type": "link", "properties": {"href": "http://example.com/crs"}}, file_errors.CrsUnknown),
])  # fmt: skip
def test_crs_member_that_says_nothing_is_not_taken_for_degrees(
    tmp_path: Path, member: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        read_features(geojson(tmp_path / "a.geojson", [WEST], crs=member))


def test_shapefile_without_prj_asks_for_the_crs(tmp_path: Path) -> None:
    path = shapefile(tmp_path / "grids.shp")
    path.with_suffix(".prj").unlink()

    with pytest.raises(file_errors.CrsNotStated):
        read_features(str(path))
    assert is_as_written(read_features(str(path), crs="cgcs2000"))


def test_geopackage_of_undefined_srs_asks_for_the_crs(tmp_path: Path) -> None:
    path = written(tmp_path / "grids.gpkg", driver="GPKG")
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE gpkg_contents SET srs_id = 0")
        connection.execute("UPDATE gpkg_geometry_columns SET srs_id = 0")
    connection.close()

    with pytest.raises(file_errors.CrsNotStated):
        read_features(path)


def test_geoparquet_whose_crs_is_null_asks_and_without_crs_is_crs84(tmp_path: Path) -> None:
    with pytest.raises(file_errors.CrsNotStated):
        read_features(geoparquet(tmp_path / "null.parquet", crs=None))
    assert is_as_written(read_features(geoparquet(tmp_path / "absent.parquet")))


@pytest.mark.parametrize(("crs", "known"), [("gcj02", "gcj02"), ("GCJ-02", "gcj02"), ("bd-09", "bd09")])
def test_shifted_coordinates_are_put_right(tmp_path: Path, crs: str, known: str) -> None:
    shifted = shapely.transform([WEST, EAST], lambda c: np.column_stack(FROM_WGS84[known](c[:, 0], c[:, 1])))

    features = read_features(geojson(tmp_path / "a.geojson", list(shifted)), crs=crs)

    assert features.crs == known
    assert shapely.equals_exact(features.geoms, [WEST, EAST], tolerance=1e-10).all()
    assert shapely.coverage_is_valid(features.geoms)


def test_shifted_coordinates_outside_the_mainland_can_not_be_true(tmp_path: Path) -> None:
    seoul = box(126.9, 37.5, 127.0, 37.6)

    with pytest.raises(file_errors.CrsCanNotBeTrue, match="outside mainland China"):
        read_features(geojson(tmp_path / "a.geojson", [WEST, seoul]), crs="gcj02")


def test_what_is_not_stated_and_looks_like_china_is_explained(tmp_path: Path) -> None:
    with pytest.raises(file_errors.CrsNotStated, match="AMap, Tencent, DataV"):
        read_features(geoparquet(tmp_path / "null.parquet", crs=None))


def test_unknown_crs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownCrs):
        read_features(geojson(tmp_path / "a.geojson", [WEST]), crs="EPSG:999999")


def test_latitude_before_longitude_is_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(file_errors.CrsCanNotBeTrue, match="latitude seems to come before longitude"):
        read_features(geojson(tmp_path / "a.geojson", [box(29.0, 91.0, 29.1, 91.1)]))


def test_neighbours_still_share_their_vertices_after_transformation(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", in_feet(box(-87.70, 41.8, -87.65, 41.9), box(-87.65, 41.8, -87.60, 41.9)))

    one, other = read_features(path, crs=f"epsg:{FEET}").geoms

    assert shapely.coverage_is_valid([one, other])


def test_names_in_gbk_are_read_when_the_shapefile_says_so(tmp_path: Path) -> None:
    path = shapefile(tmp_path / "grids.shp", encoding="GBK")

    assert is_as_written(read_features(str(path)))


def test_names_in_gbk_of_a_shapefile_that_does_not_say_are_asked_for(tmp_path: Path) -> None:
    path = shapefile(tmp_path / "grids.shp", encoding="GBK")
    path.with_suffix(".cpg").unlink()
    with path.with_suffix(".dbf").open("r+b") as dbf:  # forget the language driver as well
        dbf.seek(29)
        dbf.write(b"\0")

    with pytest.raises(file_errors.EncodingNotStated):
        read_features(str(path))
    assert is_as_written(read_features(str(path), encoding="gbk"))
    with pytest.raises(file_errors.EncodingUnknown):
        read_features(str(path), encoding="klingon")


def test_names_in_another_encoding_than_stated_are_refused(tmp_path: Path) -> None:
    path = shapefile(tmp_path / "grids.shp", encoding="GBK")

    with pytest.raises(file_errors.EncodingWrong):
        read_features(str(path), encoding="utf-8")


@pytest.mark.parametrize("geom", [shapely.Point(91, 29), shapely.LineString([(91, 29), (92, 30)]),
                                  shapely.GeometryCollection([WEST])])  # fmt: skip
def test_feature_that_is_no_area_is_refused(tmp_path: Path, geom: shapely.Geometry) -> None:
    with pytest.raises(file_errors.GeometryTypeRefused, match="feature: 1"):
        read_features(geojson(tmp_path / "a.geojson", [geom]))


def test_curve_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "grids.gpkg", driver="GPKG")
    curve = (
        struct.pack("<BII", 1, 10, 1)
        + struct.pack("<BII", 1, 8, 5)
        + struct.pack("<10d", 0, 0, 1, 1, 2, 0, 1, -1, 0, 0)
    )
    with sqlite3.connect(path) as connection:
        for trigger in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{trigger[0]}"')
        connection.execute("UPDATE grids SET geom = ?", (b"GP\0\1" + struct.pack("<i", 4326) + curve,))
    connection.close()

    with pytest.raises(file_errors.GeometryTypeRefused, match="curve"):
        read_features(path)


def test_file_without_features_is_refused(tmp_path: Path) -> None:
    with pytest.raises(file_errors.NoFeatures):
        read_features(geojson(tmp_path / "a.geojson", []))


def test_heights_are_dropped_with_a_warning(tmp_path: Path) -> None:
    features = read_features(geojson(tmp_path / "a.geojson", [shapely.force_3d(WEST, 3500)]))

    [grid], [remark] = grids_of(features, GridFields("code"))

    assert grid.geom is not None
    assert not grid.geom.has_z
    assert (remark.rule, remark.severity, remark.size) == ("heights-dropped", "warning", 1)


def test_ring_that_is_not_closed_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    ring = [[91, 29], [91.001, 29], [91.001, 29.001]]
    open_ring = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {"code": "A"}, "geometry": open_ring}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))

    _, remarks = grids_of(read_features(str(path)), GridFields("code"))

    assert [(remark.rule, remark.grid_codes) for remark in remarks] == [("invalid-ring", ("A",))]


def test_features_of_one_code_become_one_grid_with_a_warning(tmp_path: Path) -> None:
    features = read_features(geojson(tmp_path / "a.geojson", [WEST, EAST], codes=["A", "A"]))

    [grid], [remark] = grids_of(features, GridFields("code", "name"))

    assert grid.geom is not None
    assert grid.geom.equals(shapely.union(WEST, EAST))
    assert (remark.rule, remark.severity, remark.grid_codes) == ("code-in-several-features", "warning", ("A",))


def test_code_that_is_a_number_becomes_its_digits(tmp_path: Path) -> None:
    features = read_features(geojson(tmp_path / "a.geojson", [WEST, EAST], codes=[540502, 540503]))

    grids, _ = grids_of(features, GridFields("code"))

    assert [grid.code for grid in grids] == ["540502", "540503"]


def test_field_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    features = read_features(geojson(tmp_path / "a.geojson", [WEST]))

    with pytest.raises(file_errors.FieldMissing, match="code, name"):
        grids_of(features, GridFields("kode"))


def test_field_to_keep_that_holds_mobile_numbers_is_refused(tmp_path: Path) -> None:
    features = read_features(geojson(tmp_path / "a.geojson", [WEST], codes=["13912345678"]))

    with pytest.raises(PersonalNumberRefused, match="feature: 1"):
        grids_of(features, GridFields("name", keep=("code",)))
