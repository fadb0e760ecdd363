"""Edges and vertices of grids, bit by bit: two grids share an edge when both ends are the same doubles.

Every step of an edit moves or puts vertices in all grids that have them, so that nothing ever has to be compared
within a tolerance afterwards. EPSG:4326 throughout.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

#: Longitude and latitude.
Vertex = tuple[float, float]
#: Two vertices, the smaller first.
Edge = tuple[Vertex, Vertex]

#: A place this near to a vertex or a border is meant to be on it.
TOLERANCE_M = 1.0
#: Doubles tried to either side for the one that lies nearest to an edge.
_TRIED = 40


def edge_of(one: Vertex, other: Vertex) -> Edge:
    """Return the edge between two vertices, whichever comes first."""
    return (one, other) if one <= other else (other, one)


def rings_of(geom: BaseGeometry) -> list[list[Vertex]]:
    """Return all rings of an area, each closed: its first vertex is its last as well."""
    rings = shapely.get_rings(shapely.get_parts(geom))
    return [[(lon, lat) for lon, lat in shapely.get_coordinates(ring).tolist()] for ring in rings]


def edges_of(geom: BaseGeometry) -> Iterator[Edge]:
    """Yield the edges of an area; one that it has twice comes twice."""
    for ring in rings_of(geom):
        yield from (edge_of(one, other) for one, other in pairwise(ring))


def odd_edges(geoms: Iterable[BaseGeometry]) -> set[Edge]:
    """Return the edges that lie on the rim of areas that share their borders: those that only one area has."""
    odd: set[Edge] = set()
    for geom in geoms:
        for edge in edges_of(geom):
            odd ^= {edge}
    return odd


def rebuilt(geom: MultiPolygon, change: Callable[[list[Vertex]], list[Vertex]]) -> MultiPolygon:
    """Return an area with each of its closed rings changed; parts and holes stay parts and holes."""
    parts = []
    for part in shapely.get_parts(geom):
        shell, *holes = (change(ring) for ring in rings_of(part))
        parts.append(Polygon(shell, holes))
    return MultiPolygon(parts)


def with_vertices(geom: MultiPolygon, put: Mapping[Edge, Sequence[Vertex]]) -> MultiPolygon:
    """Return an area with vertices put into its edges; `put` has them in the direction of the edge."""

    def dense(ring: list[Vertex]) -> list[Vertex]:
        thick = [ring[0]]
        for one, other in pairwise(ring):
            new = put.get(edge_of(one, other), ())
            thick.extend(new if one <= other else reversed(new))
            thick.append(other)
        return thick

    return rebuilt(geom, dense)


def with_vertex_moved(geom: MultiPolygon, old: Vertex, new: Vertex) -> MultiPolygon:
    """Return an area with a vertex moved wherever it occurs."""
    return rebuilt(geom, lambda ring: [new if vertex == old else vertex for vertex in ring])


def with_vertex_removed(geom: MultiPolygon, old: Vertex) -> MultiPolygon:
    """Return an area without a vertex; its neighbours are joined. A ring is left with two others at least."""

    def thin(ring: list[Vertex]) -> list[Vertex]:
        kept = [vertex for vertex in ring[:-1] if vertex != old]
        return [*kept, kept[0]]

    return rebuilt(geom, thin)


def along(edge: Edge, vertices: Iterable[Vertex]) -> list[Vertex]:
    """Return vertices in the direction of an edge, each once."""
    start, end = edge
    run = (end[0] - start[0], end[1] - start[1])
    distinct = {vertex for vertex in vertices if vertex not in edge}
    return sorted(distinct, key=lambda vertex: (vertex[0] - start[0]) * run[0] + (vertex[1] - start[1]) * run[1])


def vertex_on(edge: Edge, near: Vertex) -> Vertex:
    """Return the pair of doubles that lies on an edge, beside a place, as exactly as doubles can.

    A place on a slanting edge is rarely a pair of doubles: of the 80 nearest along the edge the one is taken that is
    off least, usually a hundredth of the spacing of doubles. An end of the edge is returned when nothing lies between.
    """
    start, end = edge
    axis = 0 if abs(end[0] - start[0]) >= abs(end[1] - start[1]) else 1
    low, high = sorted((start[axis], end[axis]))
    if low == high:
        return start
    # Doubles are whole numbers of some power of two, and whole numbers are compared exactly.
    middle = min(max(near[axis], low), high)
    spacing = math.ulp(middle)
    unit = max(value.as_integer_ratio()[1] for value in (*start, *end, middle, spacing))
    from_along, from_across, to_along, to_across = (
        _whole(value, unit) for value in (start[axis], start[1 - axis], end[axis], end[1 - axis])
    )
    run, rise = to_along - from_along, to_across - from_across
    best: tuple[int, int, Vertex] | None = None
    for step in sorted(range(-_TRIED, _TRIED + 1), key=abs):
        place = middle + step * spacing
        if not low < place < high:
            continue
        exact = from_across * run + (_whole(place, unit) - from_along) * rise
        across = exact / (run * unit)
        over, under = across.as_integer_ratio()
        off = abs(exact * under - over * run * unit) * (1 << 64) // under
        vertex = (place, across) if axis == 0 else (across, place)
        if best is None or (off, abs(step)) < best[:2]:
            best = (off, abs(step), vertex)
        if off == 0:
            break
    if best is None:
        return start if abs(near[axis] - start[axis]) <= abs(near[axis] - end[axis]) else end
    return best[2]


def _whole(value: float, unit: int) -> int:
    over, under = value.as_integer_ratio()
    return over * unit // under
