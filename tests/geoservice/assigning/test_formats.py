"""Every format in and out: the same owners, every column, in the order of the file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyogrio
import pyproj
import pytest
import shapely
from pyarrow import parquet

from geoservice.assigning.assign import assign
from geoservice.assigning.model import CoordinateColumns, Request
from geoservice.assigning.owners import Owners
from geoservice.assigning.point_errors import OutputNotWritable
from geoservice.engine.index import OwnershipIndex
from geoservice.reading.file_errors import CrsNotStated
from layers.shifted import FROM_WGS84
from tests.geoservice.assigning.conftest import (
    GRIDS,
    WRITERS,
    read,
    table_of,
    wkb_table,
    write_gdal,
    write_geoparquet,
)
from tests.oracles import Lonlats, owners_by_covers

#: A Gauss-Krueger zone of CGCS2000 in which the named places lie.
GAUSS_KRUEGER = 4534


@pytest.mark.parametrize("kind_out", WRITERS)
@pytest.mark.parametrize("kind_in", WRITERS)
def test_every_format_gives_the_owners_of_brute_force(
    kind_in: str, kind_out: str, tmp_path: Path, owners: Owners, lonlats: Lonlats, expected: list[str | None]
) -> None:
    points, out = tmp_path / f"points{kind_in}", tmp_path / f"out{kind_out}"
    WRITERS[kind_in](points, lonlats)

    summary = assign(Request(points, out), owners)

    found = read(out)
    assert found["grid_code"].to_pylist() == expected
    assert found["method"].to_pylist() == ["covers" if code else "none" for code in expected]
    assert [str(one) for one in found["id"].to_pylist()] == [str(number) for number in range(len(lonlats))]
    assert found["name"].to_pylist() == table_of(lonlats)["name"].to_pylist()
    assert (summary.rows, summary.covered) == (len(lonlats), sum(code is not None for code in expected))


@pytest.mark.parametrize("kind_out", [".geoparquet", ".gpkg", ".geojson"])
def test_places_of_a_result_are_those_of_the_points(
    kind_out: str, tmp_path: Path, owners: Owners, lonlats: Lonlats
) -> None:
    points, out = tmp_path / "points.csv", tmp_path / f"out{kind_out}"
    WRITERS[".csv"](points, lonlats)

    assign(Request(points, out), owners)

    placed = pyogrio.read_dataframe(out) if kind_out != ".geoparquet" else None
    wkb = parquet.read_table(out)["geometry"] if placed is None else None
    geoms = shapely.from_wkb(wkb.to_numpy()) if placed is None else placed.geometry.to_numpy()
    assert np.abs(shapely.get_coordinates(geoms) - lonlats).max() < 1e-13


def test_columns_of_a_parquet_file_keep_their_types_and_its_metadata(
    tmp_path: Path, owners: Owners, lonlats: Lonlats
) -> None:
    points, out = tmp_path / "points.parquet", tmp_path / "out.parquet"
    times = pa.array(np.arange(len(lonlats)) * 10**9, pa.timestamp("us", "Asia/Shanghai"))
    tags = pa.array([["a", None], []] * (len(lonlats) // 2) + [None] * (len(lonlats) % 2))
    table = table_of(lonlats).append_column("seen_at", times).append_column("tags", tags)
    parquet.write_table(table.replace_schema_metadata({"owner": "us"}), points, compression="gzip")

    assign(Request(points, out), owners)

    found = parquet.read_table(out)
    assert found.drop_columns(["grid_code", "method"]).cast(table.schema).equals(table)
    assert found.schema.metadata[b"owner"] == b"us"
    assert parquet.ParquetFile(out).metadata.row_group(0).column(0).compression == "GZIP"


def test_a_geoparquet_result_says_where_its_points_are(tmp_path: Path, owners: Owners, lonlats: Lonlats) -> None:
    to_metres = pyproj.Transformer.from_crs(4326, GAUSS_KRUEGER, always_xy=True)
    metres = np.column_stack(to_metres.transform(*lonlats.T))
    points, out = tmp_path / "points.geoparquet", tmp_path / "out.geoparquet"
    write_geoparquet(points, metres, pyproj.CRS(GAUSS_KRUEGER).to_json_dict())

    assign(Request(points, out), owners)

    geo = json.loads(parquet.read_schema(out).metadata[b"geo"])
    assert pyproj.CRS.from_json_dict(geo["columns"]["geom"]["crs"]).to_epsg() == GAUSS_KRUEGER
    assert parquet.read_table(out)["geom"].equals(parquet.read_table(points)["geom"])


@pytest.mark.parametrize("kind_in", [".csv", ".gpkg", ".geoparquet"])
def test_other_systems_are_honoured(
    kind_in: str, tmp_path: Path, owners: Owners, lonlats: Lonlats, expected: list[str | None]
) -> None:
    to_metres = pyproj.Transformer.from_crs(4326, GAUSS_KRUEGER, always_xy=True)
    metres = np.column_stack(to_metres.transform(*lonlats.T))
    points, out = tmp_path / f"points{kind_in}", tmp_path / "out.geojson"
    columns = CoordinateColumns("lon", "lat") if kind_in == ".csv" else None
    if kind_in == ".gpkg":
        write_gdal(points, metres, f"EPSG:{GAUSS_KRUEGER}")
    else:
        WRITERS[kind_in](points, metres)

    assign(Request(points, out, columns, None if kind_in == ".gpkg" else f"epsg:{GAUSS_KRUEGER}"), owners)

    # There and back moves a position by nanometres: those on borders may fall to either side.
    borders = shapely.union_all([shapely.boundary(geom) for geom in GRIDS.values()])
    inside = shapely.distance(shapely.points(lonlats), borders) > 1e-12
    found = np.array(read(out)["grid_code"].to_pylist(), dtype=object)
    assert (found[inside] == np.array(expected, dtype=object)[inside]).all()
    assert inside.sum() > 500
    placed = shapely.get_coordinates(pyogrio.read_dataframe(out).geometry)
    assert np.abs(placed - lonlats).max() < 1e-9


def test_a_file_that_does_not_say_its_crs_is_refused(tmp_path: Path, owners: Owners, lonlats: Lonlats) -> None:
    points = tmp_path / "points.geoparquet"
    write_geoparquet(points, lonlats, None)

    with pytest.raises(CrsNotStated):
        assign(Request(points, tmp_path / "out.csv"), owners)
    assign(Request(points, tmp_path / "out.csv", crs="cgcs2000"), owners)


def test_native_points_of_geoparquet_are_read(
    tmp_path: Path, owners: Owners, lonlats: Lonlats, expected: list[str | None]
) -> None:
    geo = {"version": "1.1.0", "primary_column": "geom", "columns": {"geom": {"encoding": "point"}}}
    pairs = pa.StructArray.from_arrays([pa.array(lonlats[:, 0]), pa.array(lonlats[:, 1])], ["x", "y"])
    parquet.write_table(pa.table({"geom": pairs}, metadata={"geo": json.dumps(geo)}), tmp_path / "points.parquet")

    for kind in (".parquet", ".gpkg", ".csv"):
        assign(Request(tmp_path / "points.parquet", tmp_path / f"out{kind}"), owners)
        assert read(tmp_path / f"out{kind}")["grid_code"].to_pylist() == expected


def test_what_a_format_can_not_hold_is_refused_before_the_work(
    tmp_path: Path, owners: Owners, lonlats: Lonlats
) -> None:
    nested = table_of(lonlats).append_column("tags", pa.array([["a"]] * len(lonlats)))
    parquet.write_table(nested, tmp_path / "nested.parquet")
    with pytest.raises(OutputNotWritable, match="column: tags"):
        assign(Request(tmp_path / "nested.parquet", tmp_path / "out.csv"), owners)


def test_what_is_added_gets_another_name_where_its_own_is_taken(
    tmp_path: Path, owners: Owners, lonlats: Lonlats
) -> None:
    taken = wkb_table(lonlats).rename_columns(["id", "Lon", "geom"])
    pyogrio.write_arrow(taken, tmp_path / "taken.gpkg", geometry_name="geom", geometry_type="Point", crs="EPSG:4326")

    assign(Request(tmp_path / "taken.gpkg", tmp_path / "out.csv"), owners)

    header = (tmp_path / "out.csv").read_text().splitlines()[0].replace('"', "")
    assert header.split(",")[-4:] == ["grid_code", "method", "lon_2", "lat"]


def test_the_nearest_grid_owns_within_the_tolerance(tmp_path: Path, owners: Owners, lonlats: Lonlats) -> None:
    points, out = tmp_path / "points.csv", tmp_path / "out.csv"
    WRITERS[".csv"](points, lonlats)
    near = Owners(owners.index, 25.0)

    summary = assign(Request(points, out), near)

    found, answers = read(out), owners.index.lookup(*lonlats.T, snap_tolerance_m=25.0)
    codes = [owners.index.codes[one] if one >= 0 else None for one in answers.owner]
    assert found["grid_code"].to_pylist() == codes
    assert summary.nearest == found["method"].to_pylist().count("nearest") > 0
    assert codes != owners_by_covers(GRIDS, lonlats)


@pytest.mark.parametrize("crs", ["gcj02", "BD-09"])
def test_points_in_shifted_coordinates_have_the_same_owners(tmp_path: Path, crs: str) -> None:
    square = shapely.box(91.76, 29.23, 91.78, 29.25)
    grids = Owners(OwnershipIndex.build(["A"], [square]), 0.0, ())
    west, south, east, north = square.buffer(0.01).bounds
    random = np.random.default_rng(5)
    lonlats = np.column_stack([random.uniform(west, east, 500), random.uniform(south, north, 500)])
    shifted = np.column_stack(FROM_WGS84[crs.lower().replace("-", "")](*lonlats.T))
    seoul = np.array([[126.978, 37.566]])
    write_csv(tmp_path / "points.csv", np.vstack([shifted, seoul]))

    summary = assign(Request(tmp_path / "points.csv", tmp_path / "out.csv", crs=crs), grids)

    inside = shapely.covers(square, shapely.points(lonlats))
    found = read(tmp_path / "out.csv")["grid_code"].to_pylist()
    assert [code == "A" for code in found[:500]] == inside.tolist()
    assert (summary.rows, summary.without_position) == (501, 1)
    assert "Row 501 of points.csv has no place in mainland China" in summary.remarks[-1]


def write_csv(path: Path, lonlats: Lonlats) -> None:
    path.write_text("lon,lat\n" + "".join(f"{x!r},{y!r}\n" for x, y in lonlats.tolist()))
