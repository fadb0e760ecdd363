"""Points that are hard to place, in files of every format."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyogrio
import pytest
import shapely
from pyarrow import csv as pacsv
from pyarrow import parquet

from geoservice.assigning.owners import Owners
from geoservice.engine.index import OwnershipIndex
from tests import places
from tests.geoservice.engine.partitions import trying_lonlats
from tests.oracles import Lonlats, owners_by_covers

GRIDS: dict[str, Any] = dict(places.GRIDS)


@pytest.fixture(scope="session")
def owners() -> Owners:
    return Owners(OwnershipIndex.build(list(GRIDS), list(GRIDS.values())), 0.0)


@pytest.fixture(scope="session")
def lonlats() -> Lonlats:
    """Return positions inside, outside, beside borders, on borders and on corners."""
    return trying_lonlats(GRIDS, 300)


@pytest.fixture(scope="session")
def expected(lonlats: Lonlats) -> list[str | None]:
    return owners_by_covers(GRIDS, lonlats)


def table_of(lonlats: Lonlats) -> pa.Table:
    names = [f'点 {number}, "x"' for number in range(len(lonlats))]
    return pa.table({"id": np.arange(len(lonlats)), "name": names, "lon": lonlats[:, 0], "lat": lonlats[:, 1]})


def wkb_table(lonlats: Lonlats) -> pa.Table:
    table = table_of(lonlats).drop_columns(["lon", "lat"])
    return table.append_column("geom", pa.array(shapely.to_wkb(shapely.points(lonlats)).tolist(), pa.binary()))


def write_csv(path: Path, lonlats: Lonlats) -> None:
    delimiter = "\t" if path.suffix == ".tsv" else ","
    pacsv.write_csv(table_of(lonlats), path, pacsv.WriteOptions(delimiter=delimiter))


def write_parquet(path: Path, lonlats: Lonlats) -> None:
    parquet.write_table(table_of(lonlats), path, row_group_size=500)


def write_geoparquet(path: Path, lonlats: Lonlats, crs: Any = "absent") -> None:
    column = {"encoding": "WKB", "geometry_types": ["Point"]} | ({} if crs == "absent" else {"crs": crs})
    geo = {"version": "1.1.0", "primary_column": "geom", "columns": {"geom": column}}
    table = wkb_table(lonlats).replace_schema_metadata({"geo": json.dumps(geo)})
    parquet.write_table(table, path, row_group_size=500)


def write_gdal(path: Path, lonlats: Lonlats, crs: str | None = "EPSG:4326") -> None:
    driver = "GPKG" if path.suffix == ".gpkg" else "GeoJSON"
    options = {} if driver == "GPKG" else {"COORDINATE_PRECISION": "17", "SIGNIFICANT_FIGURES": "17"}
    pyogrio.write_arrow(
        wkb_table(lonlats), path, driver=driver, geometry_name="geom", geometry_type="Point", crs=crs,
        layer_options=options,
    )  # fmt: skip


WRITERS: dict[str, Callable[[Path, Lonlats], None]] = {
    ".csv": write_csv, ".tsv": write_csv, ".parquet": write_parquet, ".geoparquet": write_geoparquet,
    ".gpkg": write_gdal, ".geojson": write_gdal,
}  # fmt: skip


def read(path: Path) -> pa.Table:
    """Return a result as anybody would read it."""
    if path.suffix in (".csv", ".tsv"):
        delimiter = "\t" if path.suffix == ".tsv" else ","
        text = pacsv.ConvertOptions(strings_can_be_null=True, column_types={"grid_code": pa.string()})
        return pacsv.read_csv(path, parse_options=pacsv.ParseOptions(delimiter=delimiter), convert_options=text)
    if path.suffix in (".parquet", ".geoparquet"):
        return parquet.read_table(path)
    return pyogrio.read_arrow(path)[1]
