"""Codes come out of every format as they stand in it: of any width, or refused with the feature."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import pytest
import shapely
from pyarrow import parquet

from geoservice.assigning.grid_files import owners_of_file
from geoservice.engine.frames import FrameRefused, index_of
from geoservice.reading.file_errors import GridCodeNotExact, GridWithoutCode
from geoservice.reading.reader import read_features
from geoservice.reading.shapes import GridFields, grids_of
from layers.grids.model import GridShape
from tests.geoservice.reading.made_files import EAST, WEST, geojson

#: Two that one double stands for, and no identity numbers: seventeen digits.
LONG = [54050200100200301, 54050200100200302]


def with_codes(path: Path, codes: pa.Array) -> str:
    """Write a GeoParquet file of two grids whose codes have a type of the test's choice."""
    geo = {"version": "1.1.0", "primary_column": "geometry",
           "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Polygon"]}}}  # fmt: skip
    table = pa.table({"code": codes, "name": ["a", "b"], "geometry": list(shapely.to_wkb([WEST, EAST]))})
    parquet.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)
    return str(path)


def read(path: str, **fields: Any) -> list[GridShape]:
    return grids_of(read_features(path, crs="wgs84"), GridFields("code", "name", **fields))[0]


@pytest.mark.parametrize(
    "kind", [pa.decimal128(18, 0), pa.decimal128(38, 2), pa.decimal256(40, 0), pa.int64(), pa.uint64(), pa.string()]
)
def test_codes_of_many_digits_stay_what_they_are(tmp_path: Path, kind: pa.DataType) -> None:
    values: list[object] = [str(code) for code in LONG] if kind == pa.string() else list(LONG)
    file = with_codes(
        tmp_path / "long.parquet", pa.array(map(Decimal, LONG) if "decimal" in str(kind) else values, kind)
    )

    grids = read(file, parent_code="code", keep=("code",))

    assert [grid.code for grid in grids] == [str(code) for code in LONG]
    assert [grid.parent_code for grid in grids] == [str(code) for code in LONG]
    assert [str(grid.properties["code"]) for grid in grids] == [str(code) for code in LONG]
    assert sorted(owners_of_file(Path(file), code="code").index.codes) == [str(code) for code in LONG]


def test_codes_of_geojson_are_exact_up_to_the_integers_that_its_reader_has(tmp_path: Path) -> None:
    assert [grid.code for grid in read(geojson(tmp_path / "a.geojson", [WEST, EAST], codes=LONG))] == list(
        map(str, LONG)
    )
    with pytest.raises(GridCodeNotExact, match="feature: 1"):
        read(geojson(tmp_path / "b.geojson", [WEST, EAST], codes=[12345678901234567890, 12345678901234567891]))


@pytest.mark.parametrize("driver", ["GPKG", "ESRI Shapefile", "GeoJSON"])
def test_doubles_are_codes_where_they_are_exact_and_nowhere_else(tmp_path: Path, driver: str) -> None:
    ending = {"GPKG": "gpkg", "ESRI Shapefile": "shp", "GeoJSON": "geojson"}[driver]
    for name, values in (("small", [7.0, 8.0]), ("large", [float(code) for code in LONG])):
        pyogrio.raw.write(
            tmp_path / f"{name}.{ending}", shapely.to_wkb([WEST, EAST]),
            [np.array(values), np.array(["a", "b"], dtype=object)],
            ["code", "name"], geometry_type="Polygon", driver=driver, crs="EPSG:4326", encoding="UTF-8",
        )  # fmt: skip

    assert [grid.code for grid in read(str(tmp_path / f"small.{ending}"))] == ["7", "8"]
    with pytest.raises(GridCodeNotExact, match="save the field as text"):
        read(str(tmp_path / f"large.{ending}"))
    with pytest.raises(GridCodeNotExact):
        owners_of_file(tmp_path / f"large.{ending}", code="code")


@pytest.mark.parametrize("codes", [["1", None], ["1", ""], ["1", "　"]])
def test_a_grid_without_a_code_is_refused_with_its_feature(tmp_path: Path, codes: list[str | None]) -> None:
    with pytest.raises(GridWithoutCode, match="feature: 2"):
        read(geojson(tmp_path / "grids.geojson", [WEST, EAST], codes=codes))


@pytest.mark.parametrize("codes", [
    [7.0, 8.0], np.array([7, 8]), pd.array([7, 8], dtype="Int64"), pd.Categorical(["7", "8"]), ["7", "8"],
    pd.array(["7", "8"], dtype="string"), [Decimal("7"), Decimal("8.0")], pd.array([7.0, 8.0], dtype="Float64"),
], ids=lambda codes: str(getattr(codes, "dtype", type(codes[0]).__name__)))  # fmt: skip
def test_a_notebook_has_the_codes_that_a_file_would_have(codes: Any) -> None:
    assert index_of(geopandas.GeoDataFrame({"code": codes}, geometry=[WEST, EAST], crs=4326)).codes == ("7", "8")


@pytest.mark.parametrize("codes", [
    ["7", None], [7.0, np.nan], pd.array([7, None], dtype="Int64"), pd.array(["7", None], dtype="string"),
    [float(code) for code in LONG], ["7", pd.NaT], ["7", " "], ["7", ["8", "9"]],
    ["7", np.datetime64("2026-01-01", "ns")],
], ids=str)  # fmt: skip
def test_a_notebook_refuses_what_is_no_code(codes: Any) -> None:
    with pytest.raises(FrameRefused, match=r"Row [01] of the grids"):
        index_of(geopandas.GeoDataFrame({"code": codes}, geometry=[WEST, EAST], crs=4326))


@pytest.mark.parametrize("value", [2.0**24, 2.0**24 + 2, 123456789.0, 5.4e17, -(2.0**30)])
@pytest.mark.parametrize("field", ["code", "parent_code"])
def test_a_number_of_32_bits_is_no_code_from_2_to_the_24_on(tmp_path: Path, value: float, field: str) -> None:
    if field == "code":
        file = with_codes(tmp_path / "a.parquet", pa.array([1, value], pa.float32()))
        with pytest.raises(GridCodeNotExact, match="feature: 2"):
            read(file)
        with pytest.raises(GridCodeNotExact):
            owners_of_file(Path(file), code="code", crs="wgs84")
    else:
        table = parquet.read_table(with_codes(tmp_path / "a.parquet", pa.array(["1", "2"])))
        wide = table.append_column("parent", pa.array([1, value], pa.float32()))
        parquet.write_table(wide.replace_schema_metadata(table.schema.metadata), tmp_path / "b.parquet")
        with pytest.raises(GridCodeNotExact):
            read(str(tmp_path / "b.parquet"), parent_code="parent")


def test_numbers_of_32_bits_are_written_as_they_were_meant(tmp_path: Path) -> None:
    for values, codes in [
        ([7, 8], ["7", "8"]),
        ([0.1, 2.5], ["0.1", "2.5"]),
        ([2**24 - 1, 540502], ["16777215", "540502"]),
    ]:
        file = with_codes(tmp_path / "a.parquet", pa.array(values, pa.float32()))

        assert [grid.code for grid in read(file)] == codes
        assert read(file, keep=("code",))[0].properties["code"] == values[0]
