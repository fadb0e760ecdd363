"""An edition to a file and back: by the importer, and by ogr2ogr; no vertex moves, no field is lost."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely

from geoservice.reading.grids import grids_of_file
from geoservice.reading.reader import Features, read_features
from geoservice.reading.shapes import GridFields, grids_of
from geoservice.services.exporting import ExportService
from geoservice.writing import export_errors
from geoservice.writing.formats import FORMATS
from geoservice.writing.tables import grid_table
from layers.db.session import Database
from layers.grids import queries
from layers.grids.model import GridShape
from tests.conftest import DatabaseMaker

NAMES = ["grids.gpkg", "grids.geojson", "grids.zip", "grids.parquet"]
#: Gauss-Krueger zones of CGCS2000: the demo's own by three degrees, its neighbour's; Web Mercator; degrees.
CRSES = ["epsg:4540", "epsg:4542", "epsg:3857", "cgcs2000", "wgs84"]
FIELDS = GridFields("code", "name", "name_en")
#: What a double can not hold better: 1e-8 m at coordinates of 4,000 km, twice transformed.
STILL_M = 1e-6
DEGREE_M = 111_320
DEMO = 1


@pytest.fixture(scope="module")
def database(cluster_url: str, community_template: str) -> Iterator[Database]:
    maker = DatabaseMaker(cluster_url)
    database = Database.connect(maker.clone(community_template), pool_size=2)
    yield database
    database.close()
    maker.drop_all()


@pytest.fixture
def exports(database: Database) -> ExportService:
    return ExportService(database)


@pytest.fixture(scope="module")
def grids(database: Database) -> tuple[GridShape, ...]:
    with database.transaction() as connection:
        return queries.grids_of(connection, DEMO)


def displacement_m(shapes: Any, others: Any) -> float:
    """Return how far any vertex of (n,) shapes in degrees lies from the nearest of the other's; rings may turn."""
    pairs = zip(shapes, others, strict=True)
    points = [tuple(shapely.MultiPoint(shapely.get_coordinates(one)) for one in pair) for pair in pairs]
    return max(shapely.hausdorff_distance(*pair) for pair in points) * DEGREE_M


def reread(features: Features) -> list[GridShape]:
    return sorted(grids_of(features, FIELDS)[0], key=lambda one: one.code)


@pytest.mark.parametrize("crs", CRSES)
@pytest.mark.parametrize("name", NAMES)
def test_an_export_comes_back_as_it_was(
    exports: ExportService, grids: tuple[GridShape, ...], tmp_path: Path, name: str, crs: str
) -> None:
    result = exports.export(DEMO, tmp_path / name, crs=crs)

    features = read_features(str(tmp_path / name))
    again = reread(features)

    assert result.features == len(again) == 8
    assert [(g.code, g.name, g.name_en) for g in again] == [(g.code, g.name, g.name_en) for g in grids]
    assert displacement_m([g.geom for g in grids], [g.geom for g in again]) < STILL_M
    assert shapely.coverage_is_valid([g.geom for g in again])
    if crs in ("wgs84", "cgcs2000"):
        assert displacement_m([g.geom for g in grids], [g.geom for g in again]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES[:3])
def test_ogr2ogr_brings_an_export_in_a_gauss_krueger_zone_back_to_degrees(
    exports: ExportService, grids: tuple[GridShape, ...], tmp_path: Path, name: str
) -> None:
    if shutil.which("ogr2ogr") is None:
        pytest.skip("no ogr2ogr")
    exports.export(DEMO, tmp_path / name, crs="epsg:4540")
    source = f"/vsizip/{tmp_path / name}" if name.endswith(".zip") else str(tmp_path / name)

    subprocess.run(["ogr2ogr", "-t_srs", "EPSG:4326", "-f", "GPKG", str(tmp_path / "degrees.gpkg"), source], check=True)
    meta, _, wkbs, fields = pyogrio.raw.read(tmp_path / "degrees.gpkg")
    order = np.argsort(fields[meta["fields"].tolist().index("code")])

    assert displacement_m([g.geom for g in grids], shapely.from_wkb(wkbs)[order]) < STILL_M


def test_a_crs_made_for_another_area_is_remarked(exports: ExportService, tmp_path: Path) -> None:
    neighbour = exports.export(DEMO, tmp_path / "a.parquet", crs="epsg:4542")
    own = exports.export(DEMO, tmp_path / "b.parquet", crs="epsg:4540")
    far = exports.export(DEMO, tmp_path / "c.parquet", crs="epsg:32616")

    assert " … Lengths" in far.remarks[0]
    assert "EPSG:4542 is made for another area: China - between 97" in neighbour.remarks[0]
    assert own.remarks == ()


def test_geojson_in_wgs84_names_its_crs_so_that_nobody_asks(exports: ExportService, tmp_path: Path) -> None:
    exports.export(DEMO, tmp_path / "a.geojson")

    assert json.loads((tmp_path / "a.geojson").read_text())["crs"]["properties"]["name"].endswith("EPSG::4326")
    assert read_features(str(tmp_path / "a.geojson")).crs == "EPSG:4326"


def test_properties_are_kept_and_names_that_are_taken_get_a_number() -> None:
    square = shapely.MultiPolygon([shapely.box(91, 29, 91.1, 29.1)])
    properties = {"households": 412, "name": "old", "Code": True, "tags": ["a", {"b": 1}], "share": 0.1, "mixed": "x"}
    grids = [
        GridShape("A", "甲", None, "P", square, properties),
        GridShape("B", "乙", "Second", None, square, {"mixed": 3}),
    ]

    table = grid_table(grids, epsg=4490).columns.to_pydict()

    assert table["parent_code"] == ["P", None]
    assert table["households"] == [412, None]
    assert table["name_2"] == ["old", None]
    assert table["Code_2"] == [True, None]
    assert table["tags"] == ['["a", {"b": 1}]', None]
    assert table["share"] == [0.1, None]
    assert table["mixed"] == ["x", "3"]


def test_every_field_comes_back_through_an_import(tmp_path: Path) -> None:
    square = shapely.MultiPolygon([shapely.box(91, 29, 91.1, 29.1)])
    grids = [GridShape("0111", "甲", "First", "01", square, {"households": 412, "note": "东"})]
    FORMATS["geopackage"].write(grid_table(grids, epsg=4490), tmp_path / "a.gpkg", "a")

    found = grids_of_file(
        str(tmp_path / "a.gpkg"), GridFields("code", "name", "name_en", "parent_code", ("households", "note"))
    )

    assert found.grids == grids
    assert (found.remarks, found.crs) == ([], "EPSG:4490")


def test_a_shapefile_says_what_it_can_not_hold(exports: ExportService, tmp_path: Path) -> None:
    result = exports.export(DEMO, tmp_path / "folder", format_name="shapefile")

    assert {path.suffix for path in (tmp_path / "folder").iterdir()} == {".shp", ".shx", ".dbf", ".prj", ".cpg"}
    assert "parent_code as parent_cod" in result.remarks[0]
    assert "absent text" in result.remarks[-1]


@pytest.mark.parametrize(("name", "options", "error"), [
    ("a.kml", {}, export_errors.ExportFormatUnknown),
    ("a.shp", {}, export_errors.ExportFormatUnknown),
    ("nowhere/a.gpkg", {}, export_errors.ExportFolderMissing),
    ("a.gpkg", {"crs": "gcj02"}, export_errors.ExportCrsRefused),
    ("a.gpkg", {"crs": "epsg:999999"}, export_errors.ExportCrsUnknown),
    ("a.gpkg", {"crs": "epsg:27200"}, export_errors.ExportCrsDoesNotFit),
])  # fmt: skip
def test_what_can_not_be_written_leaves_nothing(
    exports: ExportService, tmp_path: Path, name: str, options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        exports.export(DEMO, tmp_path / name, **options)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("place", "error"), [
    (Path("/proc/a.gpkg"), export_errors.ExportFolderClosed),
    (Path("/dev/null"), export_errors.ExportOntoFolder),
    (Path("/tmp"), export_errors.ExportOntoFolder),  # noqa: S108  is not written to
])  # fmt: skip
def test_a_place_that_takes_no_file_is_named(exports: ExportService, place: Path, error: type[Exception]) -> None:
    with pytest.raises(error, match=place.name if error is export_errors.ExportOntoFolder else "/proc"):
        exports.export(DEMO, place, format_name="geopackage", force=True)


def test_a_file_that_is_there_is_replaced_only_when_said(exports: ExportService, tmp_path: Path) -> None:
    out = tmp_path / "a.geojson"
    out.write_text("mine")

    with pytest.raises(export_errors.ExportExists, match="of that name already"):
        exports.export(DEMO, out)
    assert out.read_text() == "mine"
    exports.export(DEMO, out, force=True)
    assert len(read_features(str(out)).geoms) == 8
    assert list(tmp_path.iterdir()) == [out]


def test_a_write_that_fails_leaves_what_was_there(
    exports: ExportService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "a.gpkg"
    out.write_text("mine")
    monkeypatch.setattr("pyogrio.write_arrow", lambda *_, **__: (_ for _ in ()).throw(OSError("no space")))

    with pytest.raises(OSError, match="no space"):
        exports.export(DEMO, out, force=True)

    assert out.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [out]
