"""Everybody who is asked for owners: ourselves, and what else people use for it.

Each gets its data ready before the clock starts (trees built, points made into geometries, tables analysed), and is
asked in the way that was fastest in a short trial, so that a ratio is one to a rival at its best.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from geoservice.engine.index import OwnershipIndex
from tests.oracles import Lonlats

Owners = NDArray[Any]
_TRIALS = 2


@dataclass(frozen=True)
class Contender:
    """Somebody who can be asked for the owners of the same positions again and again."""

    name: str
    #: How it does it, where there is more than one way.
    way: str
    positions: int
    #: What is timed.
    ask: Callable[[], Any]
    #: Makes what `ask` returns into an index into the sorted codes for each position, -1 for none; not timed.
    owners: Callable[[Any], Owners]

    def answered(self) -> Owners:
        """Return its answers."""
        return self.owners(self.ask())


def fastest(ways: Sequence[Contender]) -> Contender:
    """Return the way that is fastest in a short trial, in turns."""
    seconds: dict[str, list[float]] = {way.way: [] for way in ways}
    for _ in range(_TRIALS):
        for way in ways:
            began = time.perf_counter()
            way.ask()
            seconds[way.way].append(time.perf_counter() - began)
    return min(ways, key=lambda way: min(seconds[way.way]))


def smallest(positions: int, place: Any, grid: Any) -> Owners:
    """Return the smallest grid of each position among pairs of a position and a grid that covers it; -1 for none."""
    none = np.iinfo(np.int64).max
    found = np.full(positions, none)
    np.minimum.at(found, np.asarray(place, np.int64), np.asarray(grid, np.int64))
    return np.where(found == none, -1, found)


def ours(index: OwnershipIndex, lonlats: Lonlats) -> list[Contender]:
    """Return our own ways: owners alone, by one thread and by all cores, and full look-ups with distances."""
    lon, lat = np.ascontiguousarray(lonlats.T)
    count = len(lonlats)
    return [
        Contender("owners", "1 thread", count, lambda: index.owners(lon, lat), np.asarray),
        Contender("owners, all cores", "a thread a core", count, lambda: index.owners(lon, lat, threads=0), np.asarray),
        Contender("lookup", "1 thread, with distances within 15 m", count, lambda: index.lookup(lon, lat),
                  lambda found: np.where(found.method == 0, found.owner, -1)),
    ]  # fmt: skip


def by_shapely(geoms: NDArray[Any], lonlats: Lonlats) -> Contender:
    """Return shapely's STRtree with prepared polygons."""
    shapes = geoms.copy()
    shapely.prepare(shapes)
    tree = shapely.STRtree(shapes)
    points = shapely.points(lonlats)
    lon, lat = np.ascontiguousarray(lonlats.T)

    def ask() -> tuple[Owners, Owners]:
        place, grid = tree.query(points)
        covers = shapely.intersects_xy(shapes[grid], lon[place], lat[place])
        return place[covers], grid[covers]

    return Contender("shapely", "STRtree", len(lonlats), ask, lambda pairs: smallest(len(lonlats), *pairs))


def by_geopandas(geoms: NDArray[Any], lonlats: Lonlats) -> Contender:
    """Return GeoPandas' sjoin: points with grids, or grids with points, whichever is faster here."""
    import geopandas  # noqa: PLC0415  not installed everywhere

    points = shapely.points(lonlats)
    grids = geopandas.GeoDataFrame({"grid": np.arange(len(geoms))}, geometry=geoms, crs=4326)

    def fresh() -> Any:
        # A frame keeps the tree of its points, and new points have none.
        return geopandas.GeoDataFrame(geometry=points, crs=4326)

    def contender(way: str, ask: Callable[[], Any], place: Callable[[Any], Any]) -> Contender:
        owners = lambda joined: smallest(len(lonlats), place(joined), joined.grid)  # noqa: E731
        return Contender("GeoPandas", way, len(lonlats), ask, owners)

    return fastest([
        contender("points intersect grids", lambda: geopandas.sjoin(fresh(), grids), lambda joined: joined.index),
        contender("grids intersect points", lambda: geopandas.sjoin(grids, fresh()),
                  lambda joined: joined.index_right),
    ])  # fmt: skip


#: SedonaDB joins in one way (its plan is a SpatialJoinExec: a tree over the grids, probed by both cores); what can be
#: chosen is who tests the pairs that the tree finds, and whether grids are prepared before the first point comes.
SEDONADB_WAYS = {
    f"{library}, {mode}": {"spatial_library": library, "execution_mode": mode}
    for library in ("tg", "geo")
    for mode in ("auto", "prepare_build")
}
SEDONADB_JOIN = "SELECT p.id, g.grid FROM p JOIN g ON ST_Intersects(g.geom, p.geom)"


def sedonadb_context(geoms: NDArray[Any], lonlats: Lonlats, way: str) -> Any:
    """Return a SedonaDB with grids and points as geometries in memory, set up in a way."""
    import sedonadb  # noqa: PLC0415  not installed everywhere

    context = sedonadb.connect()
    for option, value in SEDONADB_WAYS[way].items():
        if value != "auto":
            pa.table(context.sql(f"SET sedona.spatial_join.{option} = '{value}'"))
    wkb = pa.array(shapely.to_wkb(geoms).tolist(), pa.binary())
    grids = pa.table({"grid": pa.array(np.arange(len(geoms)), pa.int32()), "wkb": wkb})
    ids = pa.array(np.arange(len(lonlats)), pa.int32())
    points = pa.table({"id": ids, "lon": lonlats[:, 0], "lat": lonlats[:, 1]})
    context.create_data_frame(grids).to_view("read_grids")
    context.create_data_frame(points).to_view("read_points")
    context.sql("SELECT grid, ST_GeomFromWKB(wkb) AS geom FROM read_grids").to_memtable().to_view("g")
    context.sql("SELECT id, ST_Point(lon, lat) AS geom FROM read_points").to_memtable().to_view("p")
    plan = "\n".join(pa.table(context.sql(f"EXPLAIN {SEDONADB_JOIN}")).column(1).to_pylist())
    if "SpatialJoinExec" not in plan:
        raise RuntimeError(f"SedonaDB would not use an index:\n{plan}")
    return context


def by_sedonadb(geoms: NDArray[Any], lonlats: Lonlats) -> Contender:
    """Return SedonaDB's spatial join."""

    def contender(way: str) -> Contender:
        context = sedonadb_context(geoms, lonlats, way)

        def owners(pairs: pa.Table) -> Owners:
            return smallest(len(lonlats), pairs.column(0).to_numpy(), pairs.column(1).to_numpy())

        return Contender("SedonaDB", way, len(lonlats), lambda: pa.table(context.sql(SEDONADB_JOIN)), owners)

    return fastest([contender(way) for way in SEDONADB_WAYS])
