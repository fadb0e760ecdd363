"""The ground of some grids cut into faces along every border that any of them draws, and who has each face.

What no grid has is a gap, what several have is an overlap. Nothing here decides; `healing` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from geoservice.domain.editing.edges import Vertex, edge_of, vertex_on
from layers.geometry import metres_per_degree, segments_of

#: Borders are brought together on a lattice this fine (0.01 mm); vertices keep their own doubles where they have any.
LATTICE_DEG = 1e-10
_PER_DEG = 1e10
#: Of a cell: nearer than this to the middle between two is in both.
_BETWEEN = 1e-3
#: Nearer than this to a rim is on it: a hundredth of the micrometre from which the gate counts.
_ON_RIM_DEG = 1e-13


#: A pair of whole numbers: a place on the lattice.
Cell = tuple[int, int]


@dataclass(frozen=True)
class Faces:
    """Polygons on the lattice that share every vertex, and the numbers of the grids that have each."""

    polygons: np.ndarray
    owners: tuple[tuple[int, ...], ...]
    #: The doubles that stood where a vertex now lies on the lattice.
    doubles: dict[Cell, Vertex]

    def restored(self, area: BaseGeometry) -> BaseGeometry:
        """Return an area made of faces with the doubles that its vertices had."""
        return shapely.transform(area, lambda coords: _given_back(coords, self.doubles))

    def lengths(self) -> dict[tuple[int, int], float]:
        """Return how long the border between two faces is, in degrees, by their numbers in both orders."""
        segments = [segments_of(polygon) for polygon in self.polygons]
        face = np.repeat(np.arange(len(segments)), [len(edges) for edges in segments])
        edges = canonical(np.concatenate(segments))
        order = np.lexsort(edges.reshape(-1, 4).T)
        edges, face = edges[order], face[order]
        same = (edges[1:] == edges[:-1]).all(axis=(1, 2))
        lengths: dict[tuple[int, int], float] = {}
        spans = np.hypot(*(edges[:-1, 1] - edges[:-1, 0]).T)
        for number in np.flatnonzero(same).tolist():
            one, other = int(face[number]), int(face[number + 1])
            for pair in ((one, other), (other, one)):
                lengths[pair] = lengths.get(pair, 0.0) + float(spans[number])
        return lengths


def faces_of(shapes: np.ndarray, extra: BaseGeometry | None, covering: Sequence[BaseGeometry]) -> Faces:
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
    own = _doubles(segments.reshape(-1, 2))
    edges = np.unique(canonical(segments).reshape(-1, 4), axis=0).reshape(-1, 2, 2)
    noded = shapely.union_all(shapely.linestrings(edges), grid_size=LATTICE_DEG)
    found = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    if extra is not None:
        own |= _on_rim(noded, own, _line_segments(extra))
    if len(found) == 0:
        return Faces(found, (), own)
    inside = shapely.point_on_surface(found)
    tree = shapely.STRtree(covering)
    owners: list[list[int]] = [[] for _ in found]
    for face, grid in zip(*tree.query(inside, predicate="intersects").tolist(), strict=True):
        owners[face].append(grid)
    return Faces(found, tuple(tuple(sorted(numbers)) for numbers in owners), own)


def cells_of(geom: BaseGeometry) -> list[Cell]:
    """Return the places on the lattice that vertices fall on."""
    return [(x, y) for x, y in np.rint(shapely.get_coordinates(geom) * _PER_DEG).astype(np.int64).tolist()]


def canonical(edges: np.ndarray) -> np.ndarray:
    """Return edges, shape (n, 2, 2), with the smaller vertex first."""
    one, other = edges[:, 0], edges[:, 1]
    swap = (one[:, 0] > other[:, 0]) | ((one[:, 0] == other[:, 0]) & (one[:, 1] > other[:, 1]))
    return np.where(swap[:, None, None], edges[:, ::-1], edges)


def is_narrow(area: Polygon, tolerance_m: float) -> bool:
    """Return whether no circle as wide as a tolerance fits into a lon/lat polygon."""
    west, south, _, north = area.bounds
    scale = metres_per_degree((south + north) / 2)
    flat = shapely.transform(area, lambda lonlat: (lonlat - (west, south)) * scale)
    # The widest circle in an area is at least as wide as twice the area by the perimeter.
    if 2 * flat.area > tolerance_m * flat.length:
        return False
    return bool(flat.buffer(-tolerance_m / 2, quad_segs=4).is_empty)


def _line_segments(geom: BaseGeometry) -> np.ndarray:
    parts = [shapely.get_coordinates(part) for part in shapely.get_parts(geom)]
    stacked = [np.stack([coords[:-1], coords[1:]], axis=1) for coords in parts if len(coords) > 1]
    return np.concatenate([np.empty((0, 2, 2)), *stacked])


def _on_rim(noded: BaseGeometry, own: dict[Cell, Vertex], rim: np.ndarray) -> dict[Cell, Vertex]:
    """Return doubles on the edges of a rim for the vertices beside them: the lattice is coarser than what counts."""
    fixed = {(lon, lat) for lon, lat in rim.reshape(-1, 2).tolist()}
    cells = sorted(set(cells_of(noded)))
    places = [own.get(cell, (cell[0] / _PER_DEG, cell[1] / _PER_DEG)) for cell in cells]
    points, edges = shapely.points(np.array(places)), shapely.linestrings(rim)
    near, edge = shapely.STRtree(edges).query_nearest(points, max_distance=LATTICE_DEG, all_matches=False)
    off = shapely.distance(points[near], edges[edge]) > _ON_RIM_DEG
    ends = rim.tolist()
    return {
        cells[number]: vertex_on(edge_of(*((lon, lat) for lon, lat in ends[which])), places[number])
        for number, which in zip(near[off].tolist(), edge[off].tolist(), strict=True)
        if places[number] not in fixed
    }


def _doubles(vertices: np.ndarray) -> dict[Cell, Vertex]:
    """Return the first pair of doubles in each cell of the lattice.

    A pair that lies between two cells is found in both: whole numbers are rounded in more than one way.
    """
    found: dict[Cell, Vertex] = {}
    for shift in ((0, 0), (_BETWEEN, _BETWEEN), (_BETWEEN, -_BETWEEN), (-_BETWEEN, _BETWEEN), (-_BETWEEN, -_BETWEEN)):
        cells = np.rint(vertices * _PER_DEG + shift).astype(np.int64)
        cells, first = np.unique(cells, axis=0, return_index=True)
        for (x, y), (lon, lat) in zip(cells.tolist(), vertices[first].tolist(), strict=True):
            found.setdefault((x, y), (lon, lat))
    return found


def _given_back(coords: np.ndarray, own: dict[Cell, Vertex]) -> np.ndarray:
    cells = np.rint(coords * _PER_DEG).astype(np.int64).tolist()
    return np.array([own.get((x, y), (lon, lat)) for (x, y), (lon, lat) in zip(cells, coords.tolist(), strict=True)])
