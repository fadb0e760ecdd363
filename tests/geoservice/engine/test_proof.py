"""Ten million random positions, a million beside borders and all vertices and middles of edges: not one may differ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely

from geoservice.engine.index import OwnershipIndex
from tests.geoservice.engine.partitions import TRAPS, Grids, beside_borders, steps_beside_vertices, voronoi
from tests.oracles import Lonlats, owners_by_covers, probes, random_lonlats

pytestmark = pytest.mark.usefixtures("each_engine")
AT_A_TIME = 500_000


def disagreements(grids: Grids, lonlats: Lonlats) -> int:
    index = OwnershipIndex.build(list(grids), list(grids.values()))
    names = np.array([*index.codes, ""], dtype=object)
    wrong = 0
    for begin in range(0, len(lonlats), AT_A_TIME):
        some = lonlats[begin : begin + AT_A_TIME]
        theirs = np.array([code or "" for code in owners_by_covers(grids, some)], dtype=object)
        wrong += int((names[index.owners(*some.T)] != theirs).sum())
    return wrong


def hard_lonlats(grids: Grids, *, spread: int, beside: int, probed: int = 10**7) -> Lonlats:
    bounds = shapely.total_bounds(np.array(list(grids.values()), dtype=object))
    spots = probes(grids)
    return np.concatenate((
        random_lonlats(bounds, spread, seed=11), beside_borders(grids, beside, seed=12), spots[:probed],
        steps_beside_vertices(grids, 100_000),
    ))  # fmt: skip


@pytest.mark.prove
def test_community_ten_million_times(community_grids: Grids) -> None:
    assert disagreements(community_grids, hard_lonlats(community_grids, spread=10**7, beside=10**6)) == 0


@pytest.mark.prove
@pytest.mark.data
def test_chicago_ten_million_times(chicago_grids: Grids) -> None:
    assert disagreements(chicago_grids, hard_lonlats(chicago_grids, spread=10**7, beside=10**6)) == 0


@pytest.mark.prove
def test_three_thousand_grids_ten_million_times() -> None:
    grids = voronoi(3000)

    assert disagreements(grids, hard_lonlats(grids, spread=10**7, beside=10**6)) == 0


@pytest.mark.prove
@pytest.mark.parametrize("trap", TRAPS)
def test_each_trap_a_million_times(trap: str) -> None:
    grids = TRAPS[trap]()

    assert disagreements(grids, hard_lonlats(grids, spread=500_000, beside=500_000)) == 0


@pytest.mark.prove
@pytest.mark.data
def test_areas_of_two_countries_as_found(test_data: Path) -> None:
    """34,753 areas, 94 of them unsound, some with borders that do not match."""
    table = pq.read_table(test_data / "scale" / "uk_lsoa_2011_england_wales.parquet")
    geoms = shapely.from_wkb(table["geometry"].to_numpy(zero_copy_only=False))
    grids = dict(zip(table["LSOA11CD"].to_pylist(), geoms, strict=True))

    assert disagreements(grids, hard_lonlats(grids, spread=2 * 10**6, beside=10**6)) == 0
