"""The engine as notebooks use it; the example in the documents runs as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas
import pyarrow
import pytest
import shapely

from geoservice.engine import OwnershipIndex
from geoservice.engine.frames import FrameRefused, assign_owners, index_of
from tests.geoservice.engine.partitions import voronoi
from tests.oracles import random_lonlats

DOCUMENT = Path(__file__).parents[3] / "docs" / "engine.md"


@pytest.fixture
def grids() -> geopandas.GeoDataFrame:
    made = voronoi(40)
    return geopandas.GeoDataFrame({"code": list(made)}, geometry=list(made.values()), crs=4326)


@pytest.fixture
def points() -> geopandas.GeoDataFrame:
    lonlats = random_lonlats((91.69, 29.19, 91.91, 29.36), 500, seed=2)
    index = [f"row {number}" for number in range(500)]
    return geopandas.GeoDataFrame({"id": range(500)}, geometry=shapely.points(lonlats), crs=4326, index=index)


def test_a_frame_comes_back_with_the_owners_that_geopandas_finds(
    points: geopandas.GeoDataFrame, grids: geopandas.GeoDataFrame
) -> None:
    found = assign_owners(points, grids)

    joined = points.sjoin(grids, how="left", predicate="covered_by")["code"]
    assert found["grid_code"].fillna("").tolist() == joined.fillna("").tolist()
    assert list(found.columns)[:2] == ["id", "geometry"]
    assert found.index.equals(points.index)
    assert set(found["method"]) == {"covers", "none"}
    assert found.loc[found["near_border"], "distance_to_border_m"].max() < 15


def test_other_systems_are_honoured_and_kept(points: geopandas.GeoDataFrame, grids: geopandas.GeoDataFrame) -> None:
    found = assign_owners(points.to_crs(32646), index_of(grids.to_crs(4490)))

    assert found.crs.to_epsg() == 32646
    assert (found["grid_code"].fillna("") == assign_owners(points, grids)["grid_code"].fillna("")).all()


def test_missing_points_have_no_owner(points: geopandas.GeoDataFrame, grids: geopandas.GeoDataFrame) -> None:
    points.loc["row 3", "geometry"] = None

    found = assign_owners(points, grids)

    assert not isinstance(found["grid_code"].iloc[3], str)  # None, or NaN in a column of text
    assert np.isnan(found["distance_to_border_m"].iloc[3])


def test_what_can_not_be_used_is_refused_in_words(
    points: geopandas.GeoDataFrame, grids: geopandas.GeoDataFrame
) -> None:
    with pytest.raises(FrameRefused, match="no column name; they have code, geometry"):
        assign_owners(points, grids, "name")
    with pytest.raises(FrameRefused, match=r"set_crs\(4326\)"):
        assign_owners(geopandas.GeoDataFrame(geometry=list(points.geometry)), grids)
    with pytest.raises(FrameRefused, match="there are Polygon"):
        assign_owners(grids, grids)
    with pytest.raises(FrameRefused, match="column method already"):
        assign_owners(points.assign(method=1), grids)


def test_what_is_no_frame_is_refused_with_how_to_make_one(
    points: geopandas.GeoDataFrame, grids: geopandas.GeoDataFrame
) -> None:
    plain = pandas.DataFrame({"lon": [91.7], "lat": [29.2]})

    for no_points in (points.geometry, plain, plain.to_dict(), list(points.geometry), None):
        with pytest.raises(FrameRefused, match="The points must be a GeoDataFrame"):
            assign_owners(no_points, grids)
        with pytest.raises(FrameRefused, match="The grids must be a GeoDataFrame"):
            index_of(no_points)
    assert len(assign_owners(points.geometry.to_frame(), grids)) == 500  # as the advice says


@pytest.mark.parametrize("code", [7, 7.0, None, float("nan"), b"7", np.int64(7), ("7",)])
def test_an_index_takes_no_codes_but_text(code: object) -> None:
    with pytest.raises(TypeError, match="codes are text"):
        OwnershipIndex.build(["a", code], [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])  # type: ignore[list-item]


@pytest.mark.parametrize("missing", [
    np.ma.array([1.5, 1.5], mask=[False, True]), np.ma.array([1, 1], mask=[False, True]),
    pandas.array([1.5, None], dtype="Float64"), pandas.Series([1.5, None], dtype=object),
    pandas.Series([1.5, None], dtype="double[pyarrow]"), pyarrow.array([1.5, None]), [1.5, None],
], ids=lambda column: type(column).__name__)  # fmt: skip
def test_what_is_missing_in_a_column_of_positions_has_no_owner(missing: Any) -> None:
    index = OwnershipIndex.build(["a"], [shapely.box(0, 0, 2, 2)])

    assert index.owners(missing, [1.5, 1.5]).tolist() == [0, -1]
    assert index.owners([1.5, 1.5], missing).tolist() == [0, -1]


def test_complex_numbers_are_no_positions() -> None:
    index = OwnershipIndex.build(["a"], [shapely.box(0, 0, 2, 2)])

    for complex_ones in ([1 + 1j], np.array([1 + 0j]), np.complex64([1])):
        with pytest.raises(TypeError, match="real numbers"):
            index.owners(complex_ones, [1.0])


def test_the_engine_needs_no_geopandas() -> None:
    code = "import sys; sys.modules['geopandas'] = None; from geoservice.engine import OwnershipIndex"

    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_example_in_the_document_runs() -> None:
    examples = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)

    assert len(examples) == 3
    for example in examples:
        exec(compile(example, str(DOCUMENT), "exec"), {})  # noqa: S102  our own document


def test_the_short_name_is_the_class() -> None:
    assert OwnershipIndex.__module__ == "geoservice.engine.index"
