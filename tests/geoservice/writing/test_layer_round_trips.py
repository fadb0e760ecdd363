"""Every layer that people write to a file of every format and back: nothing differs then."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import python_calamine
import shapely
from pyarrow import parquet

from geoservice.domain.importing.choices import Choices
from geoservice.domain.spreadsheets import quoted, unquoted
from geoservice.reading.features import read_features
from geoservice.services.exporting import ExportService
from geoservice.services.jurisdictions import JurisdictionService
from geoservice.services.layers.errors import LayerNotWritten
from geoservice.services.layers.importing import LayerImportService
from geoservice.writing import export_errors
from geoservice.writing.formats import FORMATS
from geoservice.writing.tables import grid_table, layer_table
from layers.buildings.layer import BUILDINGS
from layers.catalogue import catalogue
from layers.db.session import Database
from layers.grids.model import GridShape
from layers.incidents.layer import INCIDENTS
from layers.organisations.layer import ORGANISATIONS
from tests.conftest import DatabaseMaker
from tests.depth import sampled

SARE = "sare"
WRITTEN = [layer.id for layer in catalogue().values() if layer.is_written]
NAMES = ["a.gpkg", "a.geojson", "a.zip", "a.parquet", "a.fgb", "a.csv", "a.xlsx"]
#: Names as people write them, and as spreadsheets calculate them.
AWKWARD = ["བོད་ལྗོངས་བང་ཁ", "=1+1", "'=1+1", "＝SUM(A1)", "-", "合计", "备注：无", 'a,"b";c', "0301", "1e5", "_x0041_"]
SQUARE = shapely.MultiPolygon([shapely.box(91.76, 29.23, 91.77, 29.24)])


@pytest.fixture(scope="module")
def database(cluster_url: str, community_template: str) -> Iterator[Database]:
    maker = DatabaseMaker(cluster_url)
    database = Database.connect(maker.clone(community_template), pool_size=2)
    JurisdictionService(database).set_up(SARE, attribution="© 测绘")
    yield database
    database.close()
    maker.drop_all()


@pytest.fixture
def exports(database: Database) -> ExportService:
    return ExportService(database)


@pytest.mark.parametrize(("name", "layer_id"), sampled(itertools.product(NAMES, WRITTEN), len(WRITTEN) - 1))
def test_what_is_stored_comes_back_as_it_was(
    exports: ExportService, database: Database, tmp_path: Path, name: str, layer_id: str
) -> None:
    layer, imports = catalogue()[layer_id], LayerImportService(database)
    if name == "a.zip" and layer.geometry == "Geometry":
        with pytest.raises(export_errors.ShapefileOfOneType):
            exports.export_layer(SARE, layer_id, tmp_path / name, stored=True)
        return
    result = exports.export_layer(SARE, layer_id, tmp_path / name, stored=True)

    around = imports.surroundings(SARE)
    choices = Choices(time_zone=around.time_zone, bbox=around.bbox)
    read = read_features(str(tmp_path / name), layer, choices)
    difference = imports.compare(SARE, layer_id, read)

    assert difference.refused == ()
    assert (difference.added, difference.changed, difference.missing) == (0, 0, 0), difference
    assert difference.same == result.features > 0
    assert set(read.values) == {column.name for column in layer.written} - {"code"}
    assert result.remarks[-1] == "Whoever shows these data names: © 测绘"


@pytest.mark.parametrize("name", NAMES)
def test_awkward_names_and_nothing_come_back(tmp_path: Path, name: str) -> None:
    rows = [[text, None, "other", f"0{at}", None] for at, text in enumerate(AWKWARD)]
    points = shapely.points(np.linspace(91.76, 91.77, len(rows)), 29.2401234567)
    FORMATS[format_of(name)].write(layer_table(ORGANISATIONS, rows, points, epsg=4326), tmp_path / name, "a")

    read = read_features(str(tmp_path / name), ORGANISATIONS)

    assert dict(zip(read.keys, read.values["name"], strict=True)) == {row[3]: row[0] for row in rows}
    assert set(read.values["name_en"]) == {None}
    assert read.refused == ()


def format_of(name: str) -> Any:
    return next(key for key, form in FORMATS.items() if Path(name).suffix in form.suffixes)


@pytest.mark.parametrize("text", ["=1", "'=1", "''=1", "'a", "a=1", "\tx", "＠x", "", "'"])
def test_what_is_quoted_is_told_from_what_began_with_a_quote(text: str) -> None:
    assert unquoted(quoted(text)) == text
    assert not quoted(text).startswith(tuple("=+-@\t\r＝＋－＠"))


def test_quotes_are_taken_off_in_files_of_ours_alone(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.csv"
    theirs.write_text("编号,名称,类别,经度,纬度,坐标系\nO1,'=1,其他,91.7,29.2,wgs84\n", encoding="utf-8")

    assert read_features(str(theirs), ORGANISATIONS).values["name"] == ["'=1"]


def test_a_workbook_calculates_nothing_and_keeps_every_digit(tmp_path: Path) -> None:
    grids = [GridShape("0111", "=1+1", None, "123456789012345678", SQUARE, {"wide": 2**53 + 1, "small": 7})]
    FORMATS["xlsx"].write(grid_table(grids, epsg=4326), tmp_path / "a.xlsx", "a")

    book = python_calamine.CalamineWorkbook.from_path(str(tmp_path / "a.xlsx"))
    header, row = book.get_sheet_by_index(0).to_python()
    told = dict(zip(header, row, strict=True))
    assert (told["code"], told["name"], told["parent_code"]) == ("0111", "=1+1", "123456789012345678")
    assert (told["wide"], told["small"]) == (str(2**53 + 1), 7)


def test_whole_numbers_that_javascript_cuts_are_text_in_geojson(tmp_path: Path) -> None:
    grids = [GridShape("1", "甲", None, None, SQUARE, {"wide": 2**53 + 1, "small": 7, "yes": True})]
    remarks = FORMATS["geojson"].write(grid_table(grids, epsg=4326), tmp_path / "a.geojson", "a")

    properties = json.loads((tmp_path / "a.geojson").read_text())["features"][0]["properties"]
    assert (properties["wide"], properties["small"], properties["yes"]) == (str(2**53 + 1), 7, True)
    assert "wide holds them as text" in remarks[0]


def test_instants_are_those_of_the_jurisdiction(exports: ExportService, tmp_path: Path) -> None:
    column = next(column.name for column in INCIDENTS.columns if column.type == "instant")
    for name in ("a.geojson", "a.csv", "a.gpkg", "a.fgb"):
        exports.export_layer(SARE, "incidents", tmp_path / name)

    features = json.loads((tmp_path / "a.geojson").read_text())["features"]
    told = [one["properties"][column] for one in features]
    assert all(text.endswith("+08:00") for text in told)
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row[column] for row in csv.DictReader(file)] == told
    for name in ("a.gpkg", "a.fgb"):
        stored = pyogrio.raw.read(tmp_path / name, columns=[column], read_geometry=False)
        found = {np.datetime64(one, "s") for one in stored[3][0]}
        assert found == {
            np.datetime64(datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None), "s") for text in told
        }


def test_who_is_named_stands_in_the_file(exports: ExportService, tmp_path: Path) -> None:
    for name in ("a.gpkg", "a.geojson", "a.parquet"):
        exports.export_layer(SARE, "cameras", tmp_path / name)
        exports.export(1, tmp_path / f"grids-{name}")

    for name in ("", "grids-"):
        assert json.loads((tmp_path / f"{name}a.geojson").read_text())["attribution"] == "© 测绘"
        assert parquet.read_metadata(tmp_path / f"{name}a.parquet").metadata[b"attribution"].decode() == "© 测绘"
        assert pyogrio.read_info(tmp_path / f"{name}a.gpkg")["layer_metadata"]["DESCRIPTION"] == "© 测绘"


def test_what_a_cell_can_not_hold_is_refused_with_what_can(tmp_path: Path) -> None:
    many = shapely.MultiPolygon([shapely.Point(91.7, 29.2).buffer(0.01, quad_segs=1000)])
    table = layer_table(BUILDINGS, [["名", "B1", "other", None, 0, None, True, None]], [many], epsg=4326)

    with pytest.raises(export_errors.CellTooLong, match=r"export a GeoPackage.*column: wkt"):
        FORMATS["xlsx"].write(table, tmp_path / "a.xlsx", "a")
    with pytest.raises(export_errors.CellTooLong, match="131072"):
        FORMATS["csv"].write(table, tmp_path / "a.csv", "a")


@pytest.mark.parametrize("name", ["a.gpkg", "a.geojson", "a.csv", "a.xlsx"])
def test_heights_are_refused_with_a_reason(tmp_path: Path, name: str) -> None:
    table = layer_table(BUILDINGS, [["名", "B1", "other", None, 0, None, True, None]], [SQUARE], epsg=4326)
    high = np.array([shapely.force_3d(SQUARE, 3650.0)], dtype=object)
    FORMATS[format_of(name)].write(replace(table, geoms=high, geometry_type="MultiPolygon Z"), tmp_path / name, "a")

    read = read_features(str(tmp_path / name), BUILDINGS)

    assert [one.reason for one in read.refused] == ["it has heights, which a layer of places has not"]


def test_layers_that_nobody_writes_are_not_exported_as_stored(exports: ExportService, tmp_path: Path) -> None:
    for layer in ("grids", "incidents", "camera_sectors"):
        with pytest.raises(LayerNotWritten):
            exports.export_layer(SARE, layer, tmp_path / "a.csv", stored=True)
    assert list(tmp_path.iterdir()) == []
