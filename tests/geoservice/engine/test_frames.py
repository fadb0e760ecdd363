"""The engine as notebooks use it; the example in the documents runs as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import geopandas
import numpy as np
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
