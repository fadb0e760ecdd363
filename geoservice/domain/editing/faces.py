"""The ground of some grids cut into faces along every border that any of them draws, and who has each face.

What no grid has is a gap, what several have is an overlap. Nothing here decides; `healing` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geoservice.domain.editing.edges import Edge, Vertex, along, edge_of, edges_of, rings_of, vertex_on, with_vertices
from geoservice.domain.editing.lattice import Cell, Lattice
from geoservice.domain.editing.nearness import nearest_of
from layers.geometry import polygons_of, segments_of

#: Nearer than this to a rim is on it: a hundredth of the micrometre from which the gate counts.
_ON_RIM_DEG = 1e-13


@dataclass(frozen=True)
class Faces:
    """Polygons on a lattice that share every vertex, and the numbers of the grids that have each."""

    lattice: Lattice
    polygons: np.ndarray
    owners: tuple[tuple[int, ...], ...]
    #: The doubles that stood where a vertex now lies on the lattice.
    doubles: dict[Cell, Vertex]

    def restored(self, area: BaseGeometry) -> BaseGeometry:
        """Return an area made of faces with the doubles that its vertices had."""
        return self.lattice.restored(area, self.doubles)

    def cells_of(self, area: BaseGeometry) -> set[Cell]:
        """Return the places on the lattice that the vertices of an area fall on."""
        return set(self.lattice.cells(shapely.get_coordinates(area)))

    def lengths(self) -> dict[tuple[int, int], float]:
        """Return how long the border between two faces is, in degrees, by their numbers in both orders."""
        edges, one, other = self._shared_edges()
        lengths: dict[tuple[int, int], float] = {}
        spans = np.hypot(*(edges[:, 1] - edges[:, 0]).T)
        for first, second, span in zip(one.tolist(), other.tolist(), spans.tolist(), strict=True):
            for pair in ((first, second), (second, first)):
                lengths[pair] = lengths.get(pair, 0.0) + span
        return lengths

    def divided(self, numbers: Iterable[int]) -> tuple[Faces, list[int]]:
        """Return faces with some of them cut into pieces that lie between two neighbours each, and their numbers.

        So a strip along two grids, one after the other, can be given to each where it runs along it. Cuts end in
        vertices that are there, or on an edge beyond which there is no face.
        """
        edges, one, other = self._shared_edges()
        beside: dict[int, dict[Edge, tuple[int, ...]]] = {}
        for (start, end), first, second in zip(edges.tolist(), one.tolist(), other.tolist(), strict=True):
            for face, neighbour in ((first, second), (second, first)):
                beside.setdefault(face, {})[edge_of(tuple(start), tuple(end))] = self.owners[neighbour]
        wanted = set(numbers)
        polygons: list[Polygon] = []
        owners: list[tuple[int, ...]] = []
        pieces: list[int] = []
        for face, polygon in enumerate(self.polygons):
            cut = [polygon]
            if face in wanted:
                cut = _divided(self.lattice, polygon, beside.get(face, {}))
                pieces.extend(range(len(polygons), len(polygons) + len(cut)))
            polygons.extend(cut)
            owners.extend([self.owners[face]] * len(cut))
        return replace(self, polygons=np.array(polygons, dtype=object), owners=tuple(owners)), pieces

    def _shared_edges(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the edges that two faces have, shape (n, 2, 2), and the numbers of the one and of the other, (n,)."""
        segments = [segments_of(polygon) for polygon in self.polygons]
        face = np.repeat(np.arange(len(segments)), [len(edges) for edges in segments])
        edges = canonical(np.concatenate(segments))
        order = np.lexsort(edges.reshape(-1, 4).T)
        edges, face = edges[order], face[order]
        same = (edges[1:] == edges[:-1]).all(axis=(1, 2))
        return edges[:-1][same], face[:-1][same], face[1:][same]


def faces_of(
    lattice: Lattice, shapes: np.ndarray, extra: BaseGeometry | None, covering: Sequence[BaseGeometry]
) -> Faces:
    """Return the faces that the borders of some shapes make.

    Parameters
    ----------
    shapes
        Valid areas whose borders are drawn; the doubles of those that come first win where vertices fall together.
    extra
        More borders to be drawn, such as an outline near them; its doubles win over all; None for none.
    covering
        Valid areas that may have a face; owners are numbers in this sequence.
    """
    drawn = ([] if extra is None else [extra]) + list(shapes)
    segments = np.concatenate([segments_of(geom) if geom.area else _line_segments(geom) for geom in drawn])
    own = lattice.first_doubles(segments.reshape(-1, 2))
    edges = np.unique(canonical(segments).reshape(-1, 4), axis=0).reshape(-1, 2, 2)
    noded = lattice.noded(edges)
    found = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    if extra is not None:
        own |= _on_rim(lattice, noded, own, _line_segments(extra))
    if len(found) == 0:
        return Faces(lattice, found, (), own)
    inside = shapely.point_on_surface(found)
    tree = shapely.STRtree(covering)
    owners: list[list[int]] = [[] for _ in found]
    for face, grid in zip(*tree.query(inside, predicate="intersects").tolist(), strict=True):
        owners[face].append(grid)
    return Faces(lattice, found, tuple(tuple(sorted(numbers)) for numbers in owners), own)


def canonical(edges: np.ndarray) -> np.ndarray:
    """Return edges, shape (n, 2, 2), with the smaller vertex first."""
    one, other = edges[:, 0], edges[:, 1]
    swap = (one[:, 0] > other[:, 0]) | ((one[:, 0] == other[:, 0]) & (one[:, 1] > other[:, 1]))
    return np.where(swap[:, None, None], edges[:, ::-1], edges)


def _divided(lattice: Lattice, polygon: Polygon, owners_beside: Mapping[Edge, tuple[int, ...]]) -> list[Polygon]:
    """Return the pieces of a polygon that lie between the same two neighbours; itself when it has but two.

    It is cut into triangles; those whose vertices lie on the same two make a piece, and each that reaches to more is
    one. These are cut short before: where nothing is beyond an edge, such as along an outline, it gets vertices across
    from theirs, which nobody else needs. Else one could be as long as that edge.
    """
    sides: dict[Vertex, set[tuple[int, ...] | None]] = {}
    free: list[Edge] = []
    for edge in edges_of(polygon):
        owners = owners_beside.get(edge)
        if owners is None:
            free.append(edge)
        for vertex in edge:
            sides.setdefault(vertex, set()).add(owners)
    if len(set().union(*sides.values())) < 3:
        return [polygon]

    def touched(triangle: Sequence[Vertex]) -> frozenset[tuple[int, ...] | None]:
        return frozenset().union(*(sides.get(corner, {None}) for corner in triangle))

    wide = {corner for triangle in _triangles(polygon) if len(touched(triangle)) > 2 for corner in triangle}
    alike: dict[frozenset[tuple[int, ...] | None], list[Polygon]] = {}
    pieces: list[Polygon] = []
    for triangle in _triangles(_with_feet(lattice, polygon, free, sorted(wide))):
        between = touched(triangle)
        (pieces if len(between) > 2 else alike.setdefault(between, [])).append(Polygon(triangle))
    for triangles in alike.values():
        pieces += polygons_of(shapely.coverage_union_all(triangles))
    return pieces


def _triangles(polygon: Polygon) -> list[list[Vertex]]:
    """Return the corners of the triangles that a polygon is made of, each in three."""
    return [
        rings_of(triangle)[0][:3] for triangle in shapely.get_parts(shapely.constrained_delaunay_triangles(polygon))
    ]


def _with_feet(lattice: Lattice, polygon: Polygon, edges: Sequence[Edge], vertices: Iterable[Vertex]) -> Polygon:
    """Return a polygon with vertices put into some of its edges: across from other vertices, each on the nearest.

    Where it is as narrow as the lattice is fine, one would fall on the far side or beyond: such an edge stays as it is.
    """
    segments = np.array(edges).reshape(-1, 2, 2)
    feet: dict[Edge, list[Vertex]] = {}
    for vertex in vertices:
        if (found := nearest_of(segments, vertex)) is not None:
            feet.setdefault(found[0], []).append(lattice.nearest(found[1]))
    put = {edge: along(edge, some) for edge, some in feet.items()}

    def dense(area: Polygon, edges: Iterable[Edge]) -> Polygon:
        return polygons_of(with_vertices(MultiPolygon([area]), {edge: put[edge] for edge in edges}))[0]

    whole = dense(polygon, put)
    if shapely.is_valid(whole):
        return whole
    for edge in put:
        tried = dense(polygon, [edge])
        polygon = tried if shapely.is_valid(tried) else polygon
    return polygon


def _line_segments(geom: BaseGeometry) -> np.ndarray:
    parts = [shapely.get_coordinates(part) for part in shapely.get_parts(geom)]
    stacked = [np.stack([coords[:-1], coords[1:]], axis=1) for coords in parts if len(coords) > 1]
    return np.concatenate([np.empty((0, 2, 2)), *stacked])


def _on_rim(lattice: Lattice, noded: BaseGeometry, own: dict[Cell, Vertex], rim: np.ndarray) -> dict[Cell, Vertex]:
    """Return doubles on the edges of a rim for the vertices that were put into them: where an edge runs through."""
    fixed = {(lon, lat) for lon, lat in rim.reshape(-1, 2).tolist()}
    cells = sorted(set(lattice.cells(shapely.get_coordinates(noded))))
    centres = lattice.centres(cells).tolist()
    places = [own.get(cell, (lon, lat)) for cell, (lon, lat) in zip(cells, centres, strict=True)]
    points, edges = shapely.points(np.array(places)), shapely.linestrings(rim)
    near, edge = shapely.STRtree(edges).query(lattice.squares(cells), predicate="intersects")
    away = shapely.distance(points[near], edges[edge])
    nearest_last = np.argsort(-away, kind="stable")
    ends = rim.tolist()
    return {
        cells[near[number]]: vertex_on(edge_of(*((lon, lat) for lon, lat in ends[edge[number]])), places[near[number]])
        for number in nearest_last[away[nearest_last] > _ON_RIM_DEG].tolist()
        if places[near[number]] not in fixed
    }
