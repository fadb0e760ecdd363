"""What programs do to the borders of a partition on the way to a file: every kind, each grid by itself.

Each takes (n, 2) coordinates of a ring in EPSG:4326 without its last vertex, which is its first again, and returns them
in the same form. How far a vertex may have moved is told in metres with each kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from layers.geometry import metres_per_degree
from layers.grids.model import GridShape

Ring = NDArray[np.float64]
Kind = Callable[[Ring, np.random.Generator], Ring]

#: A millionth of a degree along a meridian.
NOISE_M = 0.112
#: A vertex this near to the line between its neighbours may be missing.
SAGITTA_M = 0.1


def noisy(ring: Ring, rng: np.random.Generator) -> Ring:
    """Every vertex somewhere else, from a bit to a millionth of a degree."""
    reach = 10.0 ** rng.uniform(-15, -6)
    return ring + rng.uniform(-reach, reach, ring.shape)


def by_a_bit(ring: Ring, rng: np.random.Generator) -> Ring:
    """Some doubles replaced by the next ones."""
    towards = ring + rng.integers(-1, 2, ring.shape)
    return np.nextafter(ring, towards)


def rounded(ring: Ring, rng: np.random.Generator) -> Ring:
    """As many decimals as files have, from a decimetre on."""
    return np.round(ring, int(rng.integers(6, 10)))


def reprojected(ring: Ring, rng: np.random.Generator) -> Ring:
    """There and back again through a projected CRS, the Mercator of web maps or the UTM zone."""
    zone = 32601 + int((ring[:, 0].mean() + 180) // 6)
    there = pyproj.Transformer.from_crs(4326, [3857, zone][int(rng.integers(2))], always_xy=True)
    x, y = there.transform(ring[:, 0], ring[:, 1])
    decimals = int(rng.integers(2, 12))
    lon, lat = there.transform(np.round(x, decimals), np.round(y, decimals), direction="INVERSE")
    return np.column_stack([lon, lat])


def turned(ring: Ring, rng: np.random.Generator) -> Ring:
    """Begun elsewhere, and perhaps the other way round."""
    return np.roll(ring, int(rng.integers(len(ring))), axis=0)[:: 1 if rng.random() < 0.5 else -1]


def thinned(ring: Ring, rng: np.random.Generator) -> Ring:
    """Vertices left out where the border is nearly straight."""
    scale = np.array(metres_per_degree(float(ring[:, 1].mean())))
    flat = (ring - ring.mean(axis=0)) * scale
    before, after = np.roll(flat, 1, axis=0), np.roll(flat, -1, axis=0)
    run = after - before
    length = np.maximum(np.hypot(*run.T), 1e-9)
    sagitta = np.abs(run[:, 0] * (flat - before)[:, 1] - run[:, 1] * (flat - before)[:, 0]) / length
    between = ((flat - before) * run).sum(axis=1) > 0
    gone = (sagitta < SAGITTA_M) & between & (rng.random(len(ring)) < rng.uniform(0.1, 0.9))
    gone[1:] &= ~gone[:-1]  # two in a row would add up
    gone[-1] &= not gone[0]
    return ring[~gone] if (~gone).sum() >= 3 else ring


def with_junctions(ring: Ring, rng: np.random.Generator) -> Ring:
    """Vertices put into edges, at full precision: on a slanting edge none is exactly on it."""
    put = np.flatnonzero(rng.random(len(ring)) < rng.uniform(0.05, 0.6))
    share = rng.uniform(0.01, 0.99, (len(put), 1))
    new = ring[put] + share * (np.roll(ring, -1, axis=0)[put] - ring[put])
    return np.insert(ring, put + 1, new, axis=0)


def with_repeats(ring: Ring, rng: np.random.Generator) -> Ring:
    """A vertex twice, as digitising does."""
    return np.repeat(ring, np.where(rng.random(len(ring)) < 0.1, 2, 1), axis=0)


def with_spike(ring: Ring, rng: np.random.Generator) -> Ring:
    """A ring that runs out to a place and back on the same line, now and then: it touches itself."""
    if rng.random() < 0.7:
        return ring
    at = int(rng.integers(len(ring)))
    tip = ring[at] + rng.uniform(-1e-4, 1e-4, 2)
    return np.insert(ring, at + 1, [tip, ring[at]], axis=0)


KINDS: tuple[Kind, ...] = (
    noisy, by_a_bit, rounded, reprojected, turned, thinned, with_junctions, with_repeats, with_spike,
)  # fmt: skip


def disturbed(grids: Sequence[GridShape], kinds: Sequence[Kind], rng: np.random.Generator) -> list[GridShape]:
    """Return grids with each ring of each disturbed by itself, in the order of the kinds; nothing is made valid."""

    def ring(coords: Ring) -> Ring:
        for kind in kinds:
            coords = kind(coords, rng)
        return np.concatenate([coords, coords[:1]])

    def part(polygon: Polygon) -> Polygon:
        shell, *holes = (ring(shapely.get_coordinates(one)[:-1]) for one in shapely.get_rings(polygon))
        return Polygon(shell, holes)

    return [replace(grid, geom=MultiPolygon([part(one) for one in shapely.get_parts(grid.geom)])) for grid in grids]


def neighbourhood(grids: Sequence[GridShape], size: int, rng: np.random.Generator) -> list[GridShape]:
    """Return some grids that hang together, begun anywhere."""
    geoms = np.array([grid.geom for grid in grids], dtype=object)
    tree = shapely.STRtree(geoms)
    chosen = [int(rng.integers(len(grids)))]
    for number in chosen:
        beside = tree.query(geoms[number], predicate="touches")
        chosen.extend(one for one in beside.tolist() if one not in chosen)
        if len(chosen) >= size:
            break
    return [grids[number] for number in chosen[:size]]


def reach_m(kinds: Sequence[Kind]) -> float:
    """Return how far kinds may have moved a border, all together; spikes, which move none, are not counted."""
    return sum(_REACHES_M.get(kind, 1e-6) for kind in kinds)


#: Half a centimetre, and half of the last decimal, each in both directions.
_REACHES_M: dict[Kind, float] = {noisy: 0.16, rounded: 0.08, reprojected: 0.01, thinned: SAGITTA_M}
