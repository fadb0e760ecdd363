"""How fast the ownership engine is: `python -m tests.benchmarks.engine [--points N] [--rounds N]`.

Every round asks everybody once, in turn (A B C A B C), so that a busy machine is equally unkind to all. Medians and
their ratio to shapely's tree with covers on the same positions.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import shapely

from geoservice.demo.community import build_community
from geoservice.engine.index import OwnershipIndex
from tests.geoservice.engine.partitions import Grids, voronoi
from tests.oracles import random_lonlats

#: shapely gets fewer positions: it would take minutes.
SHARE_FOR_SHAPELY = 20
Asked = Callable[[], object]


def community() -> Grids:
    """Return the eight grids of the demo community."""
    grids = build_community(now=datetime(2026, 3, 2, 9, tzinfo=UTC)).grids
    return {grid.code: grid.geom for grid in grids}


def chicago() -> Grids:
    """Return 275 police beats, or nothing where the development data are not."""
    folder = Path(os.environ.get("GEOSERVICE_TEST_DATA", str(Path(__file__).parents[3] / "shared" / "data")))
    file = folder / "chicago" / "beats_from_2012-12-19.geojson"
    parts: dict[str, list] = {}
    for feature in json.loads(file.read_text())["features"] if file.exists() else []:
        parts.setdefault(feature["properties"]["beat"], []).append(shapely.geometry.shape(feature["geometry"]))
    return {code: shapely.unary_union(geoms) if len(geoms) > 1 else geoms[0] for code, geoms in parts.items()}


SETS: dict[str, Callable[[], Grids]] = {
    "demo, 8 grids": community,
    "synthetic, 8": lambda: voronoi(8),
    "synthetic, 300": lambda: voronoi(300),
    "Chicago, 275": chicago,
    "synthetic, 3,000": lambda: voronoi(3_000),
    "synthetic, 30,000": lambda: voronoi(30_000),
}


def by_tree(grids: Grids) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return the rule of ownership as shapely would do it: a tree, prepared polygons, the smallest number."""
    shapes = np.array([grids[code] for code in sorted(grids, key=str.encode)], dtype=object)
    shapely.prepare(shapes)
    tree = shapely.STRtree(shapes)

    def owners(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
        place, grid = tree.query(shapely.points(lon, lat))
        covers = shapely.intersects_xy(shapes[grid], lon[place], lat[place])
        smallest = np.full(len(lon), len(shapes))
        np.minimum.at(smallest, place[covers], grid[covers])
        return np.where(smallest == len(shapes), -1, smallest)

    return owners


def timed(asked: Mapping[str, Asked], rounds: int) -> dict[str, float]:
    """Return the median seconds of each, asked in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(rounds):
        for name, ask in asked.items():
            begin = time.perf_counter()
            ask()
            seconds[name].append(time.perf_counter() - begin)
    return {name: statistics.median(times) for name, times in seconds.items()}


def measured(grids: Grids, points: int, rounds: int) -> dict[str, float]:
    """Return millions of positions a second by way of asking, build seconds and megabytes."""
    codes, geoms = list(grids), list(grids.values())
    build_s = timed({"build": lambda: OwnershipIndex.build(codes, geoms)}, 3)["build"]
    index = OwnershipIndex.build(codes, geoms)
    megabytes = index.nbytes / 1e6
    lon, lat = (np.ascontiguousarray(c) for c in random_lonlats(shapely.total_bounds(geoms), points, seed=1).T)
    few = slice(points // SHARE_FOR_SHAPELY)
    tree = by_tree(grids)
    assert (tree(lon[few], lat[few]) == index.owners(lon[few], lat[few])).all()
    begin = time.perf_counter()
    index.lookup(lon[:1], lat[:1])
    nearest_s = time.perf_counter() - begin
    seconds = timed(
        {
            "owners": lambda: index.owners(lon, lat),
            "2 threads": lambda: index.owners(lon, lat, threads=2),
            "lookup": lambda: index.lookup(lon, lat),
            "shapely": lambda: tree(lon[few], lat[few]),
        },
        rounds,
    )
    seconds["shapely"] *= SHARE_FOR_SHAPELY
    rates = {name: points / s / 1e6 for name, s in seconds.items()}
    return {"build_s": build_s, "nearest_s": nearest_s, "megabytes": megabytes, **rates}


def main() -> None:
    """Print a table and, with --json, write the figures to a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=4_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print("Millions of positions a second (medians), spread evenly over the bounding box.\n")
    print("| grids | owners | 2 threads | lookup | shapely | ratio | build s | nearest s | MB |")
    print("|---|---|---|---|---|---|---|---|---|")
    figures = {}
    for name, make in SETS.items():
        if not (grids := make()):
            continue
        one = figures[name] = measured(grids, options.points, options.rounds)
        print(
            f"| {name} | {one['owners']:.0f} | {one['2 threads']:.0f} | {one['lookup']:.1f} | {one['shapely']:.2f} "
            f"| {one['owners'] / one['shapely']:.0f} | {one['build_s']:.2f} | {one['nearest_s']:.2f} "
            f"| {one['megabytes']:.1f} |",
            flush=True,
        )
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
