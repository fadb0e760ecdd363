"""Areas of GeoParquet 1.1 in its native encodings: nested lists of coordinates."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely
from pyarrow import parquet
from shapely import MultiPolygon, Polygon, box

from geoservice.reading.file_errors import FileUnreadable
from geoservice.reading.reader import read_features
from geoservice.reading.shapes import GridFields, grids_of
from tests.geoservice.reading.made_files import EAST, WEST, geoparquet

HOLED = Polygon(box(91, 29, 91.01, 29.01).exterior, [box(91.002, 29.002, 91.004, 29.004).exterior])
ISLANDS = MultiPolygon([HOLED, box(91.02, 29, 91.03, 29.01)])


def nested(area: Polygon | MultiPolygon) -> list[Any]:
    if isinstance(area, MultiPolygon):
        return [nested(part) for part in area.geoms]
    return [[{"x": x, "y": y} for x, y in shapely.get_coordinates(ring).tolist()] for ring in (
        area.exterior, *area.interiors)]  # fmt: skip


def written(path: Path, encoding: str, values: list[Any], *, deep: int) -> str:
    kind: pa.DataType = pa.struct([("x", pa.float64()), ("y", pa.float64())])
    for _ in range(deep):
        kind = pa.list_(kind)
    column = {"encoding": encoding, "geometry_types": []}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    table = pa.table({"code": [str(n) for n in range(len(values))], "geometry": pa.array(values, kind)})
    parquet.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path, row_group_size=2)
    return str(path)


@pytest.mark.parametrize(
    "areas", [[WEST, EAST], [HOLED], [WEST, None, HOLED], [None], [HOLED, EAST, WEST, HOLED, EAST]]
)
def test_polygons_are_read(tmp_path: Path, areas: list[Any]) -> None:
    path = written(tmp_path / "a.parquet", "polygon", [area and nested(area) for area in areas], deep=2)

    assert [geom == area for geom, area in zip(read_features(path).geoms, areas, strict=True)] == [True] * len(areas)


@pytest.mark.parametrize("areas", [[ISLANDS], [MultiPolygon([WEST]), ISLANDS, MultiPolygon([HOLED])], [ISLANDS, None]])
def test_multipolygons_are_read(tmp_path: Path, areas: list[Any]) -> None:
    path = written(tmp_path / "a.parquet", "multipolygon", [area and nested(area) for area in areas], deep=3)

    assert [geom == area for geom, area in zip(read_features(path).geoms, areas, strict=True)] == [True] * len(areas)


def test_an_encoding_that_does_not_fit_the_column_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", "multipolygon", [nested(WEST)], deep=2)

    with pytest.raises(FileUnreadable):
        read_features(path)


@pytest.mark.parametrize("ring", [
    [(91, 29), (92, 29), (92, 30)], [(91, 29), (92, 29)], [], [(math.nan, 29), (92, 29), (92, 30), (math.nan, 29)],
])  # fmt: skip
@pytest.mark.parametrize("encoding", ["polygon", "multipolygon"])
def test_a_ring_that_is_none_is_a_finding_of_its_area_and_takes_no_process_down(
    tmp_path: Path, ring: list[Any], encoding: str
) -> None:
    places = [{"x": float(x), "y": float(y)} for x, y in ring]
    areas = [nested(WEST), [places], nested(HOLED), None, [nested(EAST)[0], places]]
    if encoding == "multipolygon":
        areas = [area and [area] for area in areas]
    path = written(tmp_path / "a.parquet", encoding, areas, deep=2 if encoding == "polygon" else 3)

    features = read_features(path)
    grids, findings = grids_of(features, GridFields("code"))

    assert features.unbuildable == {1, 4}
    assert [grid.geom is not None for grid in grids] == [True, False, True, False, False]
    assert [(one.rule, one.grid_codes) for one in findings] == [("invalid-ring", ("1",)), ("invalid-ring", ("4",))]


def test_a_file_of_nothing_but_broken_rings_is_read(tmp_path: Path) -> None:
    open_ring = [{"x": 91.0, "y": 29.0}, {"x": 92.0, "y": 29.0}, {"x": 92.0, "y": 30.0}, {"x": 91.0, "y": 30.0}]
    path = written(tmp_path / "a.parquet", "polygon", [[open_ring], [open_ring]], deep=2)

    assert read_features(path).unbuildable == {0, 1}


@pytest.mark.parametrize("crs", [4326, [1], True])
def test_a_crs_that_is_none_is_refused(tmp_path: Path, crs: Any) -> None:
    with pytest.raises(FileUnreadable, match="CRS"):
        read_features(geoparquet(tmp_path / "a.parquet", crs=crs))


def test_a_date_beyond_the_calendar_is_refused(tmp_path: Path) -> None:
    table = parquet.read_table(geoparquet(tmp_path / "a.parquet"))
    late = table.append_column("day", pa.array([2**30, 1], pa.int32()).cast(pa.date32()))
    parquet.write_table(late.replace_schema_metadata(table.schema.metadata), tmp_path / "b.parquet")

    with pytest.raises(FileUnreadable, match="no date"):
        read_features(str(tmp_path / "b.parquet"))


def test_heights_and_measures_are_counted(tmp_path: Path) -> None:
    measured = shapely.from_wkt("POLYGON M ((91 29 1, 91.001 29 2, 91.001 29.001 3, 91 29 1))")
    wkbs = [shapely.to_wkb(one, flavor="iso") for one in (measured, shapely.force_3d(EAST), WEST)]
    column = {"encoding": "WKB", "geometry_types": []}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    table = pa.table({"code": ["a", "b", "c"], "geometry": pa.array(wkbs, pa.binary())})
    parquet.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), tmp_path / "a.parquet")

    features = read_features(str(tmp_path / "a.parquet"))

    assert features.with_heights == 2
    assert not np.asarray(shapely.has_z(features.geoms) | shapely.has_m(features.geoms)).any()
