"""What is asked about: sets of grids, and positions among them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import shapely

from geoservice.demo.community import build_community
from geoservice.engine.index import OwnershipIndex
from tests.geoservice.engine.partitions import METRE, Grids, voronoi
from tests.oracles import Lonlats, random_lonlats

#: The data that are no part of the project; a set that is not there is left out.
DATA = Path(os.environ.get("GEOSERVICE_TEST_DATA", str(Path(__file__).parents[3] / "shared" / "data")))
NEAR_M = 15.0
#: Longest draw of positions far from borders before giving up, in multiples of what is wanted.
_PATIENCE = 200


def community() -> Grids:
    """Return the eight grids of the demo community."""
    grids = build_community(now=datetime(2026, 3, 2, 9, tzinfo=UTC)).grids
    return {grid.code: grid.geom for grid in grids}


def chicago() -> Grids:
    """Return 275 police beats, or nothing where the development data are not."""
    file = DATA / "chicago" / "beats_from_2012-12-19.geojson"
    parts: dict[str, list] = {}
    for feature in json.loads(file.read_text())["features"] if file.exists() else []:
        parts.setdefault(feature["properties"]["beat"], []).append(shapely.geometry.shape(feature["geometry"]))
    return {code: shapely.unary_union(geoms) if len(geoms) > 1 else geoms[0] for code, geoms in parts.items()}


def england_and_wales() -> Grids:
    """Return 34,753 statistical areas, 94 of them invalid, or nothing where the development data are not."""
    file = DATA / "scale" / "uk_lsoa_2011_england_wales.parquet"
    if not file.exists():
        return {}
    table = pq.read_table(file, columns=["LSOA11CD", "geometry"])
    geoms = shapely.from_wkb(table["geometry"].to_numpy(zero_copy_only=False))
    return dict(zip(table["LSOA11CD"].to_pylist(), geoms, strict=True))


SETS: dict[str, Callable[[], Grids]] = {
    "demo, 8": community,
    "synthetic, 8": lambda: voronoi(8),
    "synthetic, 300": lambda: voronoi(300),
    "Chicago, 275": chicago,
    "synthetic, 3,000": lambda: voronoi(3_000),
    "synthetic, 30,000": lambda: voronoi(30_000),
    "England and Wales, 34,753": england_and_wales,
}


def sorted_grids(grids: Grids) -> tuple[list[str], np.ndarray]:
    """Return codes in byte order and their geometries."""
    codes = sorted(grids, key=str.encode)
    return codes, np.array([grids[code] for code in codes], dtype=object)


def spread_evenly(grids: Grids, count: int) -> Lonlats:
    """Return positions spread evenly over the bounding box of grids."""
    return random_lonlats(shapely.total_bounds(np.array(list(grids.values()), dtype=object)), count, seed=1)


def near_borders(grids: Grids, count: int) -> Lonlats:
    """Return positions spread evenly within 15 m of borders."""
    rng = np.random.default_rng(2)
    rings = shapely.get_rings(shapely.get_parts(np.array(list(grids.values()), dtype=object)))
    vertices, ring = shapely.get_coordinates(rings, return_index=True)
    starts = np.flatnonzero(ring[:-1] == ring[1:])
    metres = np.array([np.cos(np.radians(vertices[:, 1].mean())), 1.0]) / METRE
    lengths = np.hypot(*((vertices[starts + 1] - vertices[starts]) * metres).T)
    start = rng.choice(starts, count, p=lengths / lengths.sum())
    along = vertices[start] + rng.random((count, 1)) * (vertices[start + 1] - vertices[start])
    turn = rng.uniform(0, 2 * np.pi, count)
    # Less than a perpendicular offset would give: no position is farther than 15 m, most are nearer.
    offset = NEAR_M * rng.random((count, 1)) * np.column_stack((np.cos(turn), np.sin(turn)))
    return along + offset / metres


def far_from_borders(grids: Grids, index: OwnershipIndex, count: int) -> Lonlats:
    """Return positions spread evenly over the grids that are more than 15 m from any border."""
    found: list[Lonlats] = []
    some = spread_evenly(grids, count * 2)
    for turn in range(_PATIENCE):
        answers = index.lookup(some[:, 0], some[:, 1], accuracy_m=NEAR_M)
        found.append(some[(answers.owner >= 0) & ~answers.near_border])
        if sum(map(len, found)) >= count:
            return np.concatenate(found)[:count]
        some = random_lonlats((*some.min(axis=0), *some.max(axis=0)), count * 2, seed=100 + turn)
    raise ValueError("hardly any position is far from the borders of these grids")


def mixed(near: Lonlats, far: Lonlats, share: float) -> Lonlats:
    """Return as many positions, a share of them near borders, in random order."""
    count = len(near)
    lonlats = np.where((np.arange(count) < share * count)[:, None], near, far)
    return np.ascontiguousarray(np.random.default_rng(6).permutation(lonlats))
