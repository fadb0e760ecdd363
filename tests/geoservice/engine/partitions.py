"""Sets of grids that an index could stumble over, each named after its trap, and the positions where it would."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

from tests import places
from tests.oracles import Lonlats, probes, random_lonlats

Grids = dict[str, BaseGeometry]
METRE = 1 / 111_000


def coded(geoms: Sequence[BaseGeometry], width: int = 5) -> Grids:
    """Return grids with codes in an order that is not the one they were drawn in."""
    order = np.random.default_rng(len(geoms)).permutation(len(geoms))
    return {f"{number:0{width}d}": geom for number, geom in zip(order.tolist(), geoms, strict=True)}


def squares(x0: float, y0: float, step: float, count: int) -> list[Polygon]:
    """Return count by count squares."""
    return [box(x0 + i * step, y0 + j * step, x0 + (i + 1) * step, y0 + (j + 1) * step)
            for i in range(count) for j in range(count)]  # fmt: skip


def voronoi(count: int, *, seed: int = 1, bounds: Sequence[float] = (91.70, 29.20, 91.90, 29.35)) -> Grids:
    """Return grids around scattered seeds; neighbours share their vertices."""
    seeds = shapely.MultiPoint(random_lonlats(bounds, count, seed=seed))
    faces = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=box(*bounds)))
    return coded(list(shapely.coverage_simplify(shapely.intersection(faces, box(*bounds)), 0)))


def fan(count: int) -> Grids:
    """Needles that all end in one place: a thousand grids share a corner."""
    turn = np.linspace(0, 2 * np.pi, count + 1)[:-1]
    rim = np.column_stack((91.77 + 0.05 * np.cos(turn), 29.24 + 0.04 * np.sin(turn)))
    return coded([Polygon([(91.77, 29.24), rim[i - 1], rim[i]]) for i in range(count)])


def long_strips() -> Grids:
    """Edges of ten degrees a few metres apart, slanted."""
    west = [(80.0, 30 + 5e-5 * i) for i in range(60)]
    east = [(90.0, 31.1 + 7e-5 * i) for i in range(60)]
    return coded([Polygon([west[i], east[i], east[i + 1], west[i + 1]]) for i in range(59)])


def almost_level_strips() -> Grids:
    """Edges that rise by a few steps of a double over a degree."""
    step = np.spacing(29.0)
    return coded([
        Polygon([(91, 29 + i * 1e-9), (92, 29 + i * 1e-9 + 3 * step), (92, 29 + (i + 1) * 1e-9 + 3 * step),
                 (91, 29 + (i + 1) * 1e-9)])
        for i in range(20)
    ])  # fmt: skip


def crowded_cell(edges: int = 6000) -> Grids:
    """A border of thousands of edges within a few metres, between grids of a degree."""
    rng = np.random.default_rng(5)
    x = 91.5 + np.sort(rng.uniform(0, 40 * METRE, edges))
    wild = np.column_stack((x, 29.5 + rng.uniform(-20 * METRE, 20 * METRE, edges)))
    north = Polygon([(91, 29.5), *wild, (92, 29.5), (92, 30), (91, 30)])
    south = Polygon([(91, 29.5), *wild, (92, 29.5), (92, 29), (91, 29)])
    return {"south": south, "north": north}


def specks() -> Grids:
    """Squares of a centimetre in the hole of a grid of a degree, and one alone far away."""
    small = squares(91.123456, 29.654321, 1e-7, 6)
    hole = shapely.coverage_union_all(small)
    return coded([*small, box(91, 29, 92, 30).difference(hole), box(93, 29, 93 + 1e-7, 29 + 1e-7)])


def at_the_edge_of_the_earth() -> Grids:
    """Squares that end at 180 degrees and at both poles."""
    north = squares(179.5, 89.5, 0.125, 4)
    south = squares(-180, -90, 0.125, 4)
    return coded([*north, *south, box(-180, -89.5, 180, 89.5)])


def steps_of_a_double() -> Grids:
    """Grids a few hundred steps of a double wide."""
    step = float(np.spacing(179.0)) * 256
    return coded(squares(179.0, 89.0, step, 4))


def checkerboard() -> Grids:
    """Two grids of 32 parts each that meet at corners only."""
    fields = squares(91.0, 29.0, 2.0**-7, 8)
    black = [(i // 8 + i) % 2 == 0 for i in range(64)]
    return {
        "black": MultiPolygon([field for field, is_black in zip(fields, black, strict=True) if is_black]),
        "white": MultiPolygon([field for field, is_black in zip(fields, black, strict=True) if not is_black]),
    }


def nested() -> Grids:
    """Rings in rings: each grid fills the hole of the next, touching it at a corner too."""
    found: list[BaseGeometry] = [box(91.49, 29.49, 91.5, 29.5)]
    for number in range(2, 12):
        whole = box(91.5 - 0.01 * number * 1.1, 29.5 - 0.01 * number, 91.5, 29.5)
        found.append(whole.difference(shapely.union_all(found)))
    return coded(found)


def round_squares() -> Grids:
    """Level and upright borders that divide the whole evenly."""
    return coded(squares(91.0, 29.0, 2.0**-8, 16))


def unmatched() -> Grids:
    """Borders drawn twice: slanted, with a vertex on one side only, so that they cross by a rounding."""
    cuts = np.linspace(0, 1, 14)
    left = [(91.3 + 0.1 * t, 29 + 0.7 * t) for t in cuts]
    right = [(91.3 + 0.1 * t, 29 + 0.7 * t) for t in np.linspace(0, 1, 9)]
    return {
        "b": Polygon([(91, 29), *left, (91, 29.7)]),
        "a": Polygon([*right, (91.6, 29.7), (91.6, 29)]),
        "c": Polygon([(91, 29), (91.6, 29), (91.3, 28.8)]),
    }


def overlapping() -> Grids:
    """Boxes and stars over each other, twins under two codes, gaps between."""
    rng = np.random.default_rng(8)
    corners = rng.uniform((91, 29), (91.8, 29.8), (60, 2))
    sizes = rng.uniform(0.01, 0.2, (60, 2))
    boxes = [box(*corner, *(corner + size)) for corner, size in zip(corners, sizes, strict=True)]
    stars = [shapely.affinity.rotate(one, 30) for one in boxes[:20]]
    return coded([*boxes, *stars, *boxes[:5], box(90.9, 28.9, 92, 30)])


def unsound() -> Grids:
    """Rings that cross or touch themselves, and go back the way they came."""
    return {
        "bow": Polygon([(91, 29), (91.1, 29.1), (91.1, 29), (91, 29.1)]),
        "banana": Polygon([(91.2, 29), (91.3, 29), (91.3, 29.1), (91.25, 29.1), (91.22, 29.05), (91.28, 29.05),
                           (91.25, 29.1), (91.2, 29.1)]),
        "spike": Polygon([(91, 29.2), (91.1, 29.2), (91.1, 29.3), (91.1, 29.35), (91.1, 29.3), (91, 29.3)]),
        "hole outside": Polygon([(91.2, 29.2), (91.3, 29.2), (91.3, 29.3), (91.2, 29.3)],
                                [[(91.25, 29.25), (91.35, 29.25), (91.35, 29.28), (91.25, 29.28)]]),
        "sound": box(91.05, 29.05, 91.25, 29.25),
    }  # fmt: skip


TRAPS: dict[str, Callable[[], Grids]] = {
    "named places": lambda: dict(places.GRIDS),
    "scattered": lambda: voronoi(200),
    "fan": lambda: fan(1000),
    "long strips": long_strips,
    "almost level strips": almost_level_strips,
    "crowded cell": crowded_cell,
    "specks": specks,
    "at the edge of the earth": at_the_edge_of_the_earth,
    "steps of a double": steps_of_a_double,
    "checkerboard": checkerboard,
    "nested": nested,
    "round squares": round_squares,
    "unmatched": unmatched,
    "overlapping": overlapping,
    "unsound": unsound,
    "one triangle": lambda: {"": Polygon([(0, 0), (1e-5, 2e-5), (-1e-5, 1e-5)])},
}


def beside_borders(grids: Grids, count: int, *, seed: int = 3) -> Lonlats:
    """Return positions 1 mm to 1 m from borders, evenly in the logarithm, on both sides."""
    rng = np.random.default_rng(seed)
    rings = shapely.get_rings(shapely.get_parts(np.array(list(grids.values()), dtype=object)))
    vertices, ring = shapely.get_coordinates(rings, return_index=True)
    starts = np.flatnonzero(ring[:-1] == ring[1:])
    start = rng.choice(starts, count)
    along = vertices[start] + rng.random((count, 1)) * (vertices[start + 1] - vertices[start])
    turn = rng.uniform(0, 2 * np.pi, count)
    offset = METRE * 10 ** rng.uniform(-3, 0, count)
    return along + offset[:, None] * np.column_stack((np.cos(turn), np.sin(turn)))


def steps_beside_vertices(grids: Grids, count: int) -> Lonlats:
    """Return positions one step of a double beside vertices and middles of edges, where rounding decides."""
    spots = probes(grids)
    spots = spots[np.random.default_rng(4).permutation(len(spots))[:count]]
    beside = [np.nextafter(spots, spots + np.array(way)) for way in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1))]
    return np.concatenate(beside)


def trying_lonlats(grids: Grids, count: int, *, seed: int = 3) -> Lonlats:
    """Return random, near-border and exactly-on-border positions of all kinds."""
    bounds = shapely.total_bounds(np.array(list(grids.values()), dtype=object))
    room = 0.02 * max(bounds[2] - bounds[0], bounds[3] - bounds[1])
    around = bounds + np.array([-room, -room, room, room])
    return np.concatenate((
        random_lonlats(around, count, seed=seed), beside_borders(grids, count, seed=seed), probes(grids),
        steps_beside_vertices(grids, count // 10),
    ))  # fmt: skip
