"""Columns that GDAL would round, or has no type for: every digit is kept, or the column is named."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyogrio
import pytest
import shapely
from pyarrow import parquet

from geoservice.assigning.assign import assign
from geoservice.assigning.model import Request, Summary
from geoservice.assigning.owners import Owners
from geoservice.assigning.point_errors import OutputNotWritable

#: A column of one value, and what stands in a file of features for it.
COLUMNS: dict[str, tuple[pa.Array, object]] = {
    "an unsigned number": (pa.array([2**63 - 1], pa.uint64()), 2**63 - 1),
    "no unsigned number": (pa.array([None], pa.uint64()), None),
    "a list of nothing": (pa.array([[None]], pa.list_(pa.null())), "[null]"),
    "a list of lists": (pa.array([[[1], []]]), "[[1],[]]"),
    "a list of unsigned numbers": (pa.array([[2**64 - 1]], pa.list_(pa.uint64())), "[18446744073709551615]"),
    "a list of decimals": (pa.array([[Decimal("1.50")]]), '["1.50"]'),
    "a duration": (pa.array([timedelta(days=1, microseconds=5)]), "PT86400.000005S"),
    "a duration in seconds": (pa.array([-5], pa.duration("s")), "PT-5S"),
    "no duration": (pa.array([None], pa.duration("ns")), None),
    "a code as decimal": (pa.array([Decimal(540502001001001001)], pa.decimal128(18, 0)), 540502001001001001),
    "a wide decimal": (pa.array([Decimal(10**30 + 1)], pa.decimal128(38, 0)), str(10**30 + 1)),
    "a wider decimal": (pa.array([Decimal(10**45 + 1)], pa.decimal256(50, 0)), str(10**45 + 1)),
    "a long fraction": (pa.array([Decimal("123456789012345.25")], pa.decimal256(40, 2)), "123456789012345.25"),
    "a price": (pa.array([Decimal("12.50")], pa.decimal128(10, 2)), 12.5),
    "half a number": (pa.array(np.array([1.5], np.float16)), 1.5),
}  # fmt: skip


def points(path: Path, column: pa.Array) -> Path:
    lon, lat = (pa.array([value] * len(column)) for value in (91.751, 29.251))
    parquet.write_table(pa.table({"odd": column, "lon": lon, "lat": lat}), path)
    return path


@pytest.mark.parametrize("ending", [".gpkg", ".geojson"])
@pytest.mark.parametrize("case", COLUMNS)
def test_every_digit_is_kept(case: str, ending: str, tmp_path: Path, owners: Owners) -> None:
    column, said = COLUMNS[case]

    assign(Request(points(tmp_path / "p.parquet", column), tmp_path / f"out{ending}"), owners)

    if ending == ".gpkg":
        table = pyogrio.read_arrow(tmp_path / "out.gpkg")[1]
        assert table["odd"].to_pylist() == [said]
        return
    [feature] = json.loads((tmp_path / "out.geojson").read_text())["features"]
    written = feature["properties"]["odd"]
    # What is JSON in itself stands in GeoJSON as such.
    assert written == (json.loads(said) if isinstance(said, str) and said.startswith("[") else said)


@pytest.mark.parametrize("ending", [".gpkg", ".geojson"])
@pytest.mark.parametrize("column", [
    pa.array([2**63], pa.uint64()), pa.array([1, 2**64 - 1], pa.uint64()),
    pa.array([2**63], pa.uint64()).dictionary_encode(),
])  # fmt: skip
def test_what_no_integer_holds_is_refused_by_its_column(
    column: pa.Array, ending: str, tmp_path: Path, owners: Owners
) -> None:
    with pytest.raises(OutputNotWritable, match=r"column: odd, value: (9223372036854775808|18446744073709551615)"):
        assign(Request(points(tmp_path / "p.parquet", column), tmp_path / f"out{ending}"), owners)
    assert not (tmp_path / f"out{ending}").exists()


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
@pytest.mark.parametrize("value", [2**63, 2**64 - 1])
def test_other_formats_hold_them(value: int, ending: str, tmp_path: Path, owners: Owners) -> None:
    source = points(tmp_path / "p.parquet", pa.array([value], pa.uint64()))

    assign(Request(source, tmp_path / f"out{ending}"), owners)

    if ending == ".csv":
        assert (tmp_path / "out.csv").read_text().splitlines()[1].startswith(str(value))
    else:
        assert parquet.read_table(tmp_path / "out.parquet")["odd"].to_pylist() == [value]


@pytest.mark.parametrize("kinds", [(32, 32), (32, 64), (64, 32), (64, 64), (16, 64)])
def test_coordinates_of_32_bits_are_told(kinds: tuple[int, int], tmp_path: Path, owners: Owners) -> None:
    types = {16: pa.float16(), 32: pa.float32(), 64: pa.float64()}
    lon, lat = (pa.array(np.array([value], f"float{bits}"), types[bits])
                for value, bits in zip((91.751, 29.251), kinds, strict=True))  # fmt: skip
    parquet.write_table(pa.table({"lon": lon, "lat": lat}), tmp_path / "p.parquet")

    told = assign(Request(tmp_path / "p.parquet", tmp_path / "out.csv"), owners).remarks

    assert any("numbers of 32 bits" in one for one in told) == (32 in kinds)


def keyed(path: Path, keys: list[int], *, called: str = "fid") -> Path:
    wkb = pa.array(shapely.to_wkb(shapely.points([[91.751, 29.251]] * len(keys))).tolist(), pa.binary())
    table = pa.table({called: pa.array(keys, pa.int64()), "n": [f"{key}" for key in keys], "g": wkb})
    pyogrio.write_arrow(
        table, path, driver="GPKG", layer="points", geometry_name="g", geometry_type="Point", crs="EPSG:4326",
        layer_options={"FID": called},
    )  # fmt: skip
    return path


@pytest.mark.parametrize(("keys", "called"), [
    ([7, 3, 2**40], "fid"), ([1, 2, 3], "fid"), ([5], "objectid"), ([2**62, 0], "FID"), ([10, 20, 15], "编号"),
])  # fmt: skip
def test_the_keys_of_a_geopackage_stay(keys: list[int], called: str, tmp_path: Path, owners: Owners) -> None:
    source = keyed(tmp_path / "p.gpkg", keys, called=called)

    assign(Request(source, tmp_path / "out.gpkg"), owners)

    assert pyogrio.read_info(tmp_path / "out.gpkg")["fid_column"] == called
    table = pyogrio.read_arrow(tmp_path / "out.gpkg", return_fids=True)[1]
    assert [str(fid) for fid in table[called].to_pylist()] == table["n"].to_pylist()
    assert sorted(table[called].to_pylist()) == sorted(keys)


def test_keys_are_no_column_of_other_formats(tmp_path: Path, owners: Owners) -> None:
    source = keyed(tmp_path / "p.gpkg", [7, 3])

    summary: Summary = assign(Request(source, tmp_path / "out.parquet"), owners)

    assert "fid" not in parquet.read_table(tmp_path / "out.parquet").column_names
    assert summary.rows == 2
    assert not math.isnan(summary.seconds)
