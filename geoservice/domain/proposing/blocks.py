"""The blocks that grids are put together from: faces between streets, cut where too many live in one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiPolygon, Polygon

from layers.geometry import segments_of

#: For each face its neighbours with the length of border in metres: along streets, and elsewhere.
Neighbours = tuple[dict[int, tuple[float, float]], ...]

#: Metres of a degree of latitude: enough for comparing lengths and areas within a town.
DEGREE_M = 111_320.0
#: How far a cut reaches beyond the face it cuts, degrees (0.1 mm), so that its ends meet what is around.
_BEYOND = 1e-9
#: A border this near to a cut, degrees (1 cm), follows it and no street.
_ON_CUT = 1e-7
#: How often faces are cut again at most; each time halves the largest.
_ROUNDS_MAX = 8


@dataclass(frozen=True)
class Blocks:
    """n faces that partition an outline, and what borders what."""

    faces: NDArray[Any]
    #: (n,) households.
    households: NDArray[np.int64]
    neighbours: Neighbours
    #: (n, 2) points inside, metres east and north of the south-west corner.
    centres: NDArray[np.float64]


def blocks_of(outline: MultiPolygon, points: NDArray[Any], counts: NDArray[np.int64], streets: NDArray[Any],
              *, households_max: int, edges_whole: bool = False) -> Blocks:  # fmt: skip
    """Return the faces between streets within an outline.

    Parameters
    ----------
    outline, points, streets
        EPSG:4326; points (m,), streets (s,) lines. What lies outside is left out; dead ends divide nothing.
    counts
        (m,) households at each point.
    households_max
        A face with more is cut across its longer side, half of its households on each.
    edges_whole
        Faces along one edge of the outline become one, so that a border between two faces meets the outline only where
        it has a vertex: those beyond need no new one.
    """
    stretch = math.cos(math.radians(outline.centroid.y))
    inside = shapely.intersection(streets, outline)
    cuts: list[LineString] = []
    for _ in range(_ROUNDS_MAX):
        faces = _faces(outline, inside, cuts)
        households, owner = _settled(faces, points, counts)
        more = [
            cut
            for place in np.flatnonzero(households > households_max)
            if (cut := _cut(faces[place], points[owner == place], counts[owner == place], stretch)) is not None
        ]
        if not more:
            break
        cuts += more
    if edges_whole:
        faces = _joined_along(faces, outline)
        households, _ = _settled(faces, points, counts)
    centres = shapely.get_coordinates(shapely.point_on_surface(faces)) * (DEGREE_M * stretch, DEGREE_M)
    return Blocks(faces, households, _connected(_neighbours(faces, cuts, stretch), centres), centres)


def _faces(outline: MultiPolygon, streets: NDArray[Any], cuts: list[LineString]) -> NDArray[Any]:
    lines = shapely.union_all([outline.boundary, *streets, *cuts])
    faces = np.array(shapely.get_parts(shapely.polygonize(shapely.get_parts(lines))), dtype=object)
    kept: NDArray[Any] = faces[shapely.covers(outline, shapely.point_on_surface(faces))]
    return kept


def _joined_along(faces: NDArray[Any], outline: MultiPolygon) -> NDArray[Any]:
    """Return faces of which those along one edge of an outline are one."""
    edges = shapely.linestrings(segments_of(outline))
    # Where a street meets an edge, rounding has moved the faces off it by the last digit.
    wide = shapely.buffer(faces, _BEYOND)
    edge, face = shapely.STRtree(wide).query(edges, predicate="intersects")
    along = shapely.length(shapely.intersection(edges[edge], wide[face])) > _ON_CUT
    group = np.arange(len(faces))
    for one in np.unique(edge[along]):
        members = group[face[along & (edge == one)]]
        group[np.isin(group, members)] = members.min()
    return np.array([shapely.coverage_union_all(faces[group == one]) for one in np.unique(group)], dtype=object)


def _settled(
    faces: NDArray[Any], points: NDArray[Any], counts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many households live in each face, and the face of each point, -1 outside all."""
    found, where = shapely.STRtree(faces).query(points, predicate="intersects")
    owner = np.full(len(points), -1)
    owner[found[::-1]] = where[::-1]  # on a border the first face counts
    households = np.zeros(len(faces), np.int64)
    np.add.at(households, owner[owner >= 0], counts[owner >= 0])
    return households, owner


def _cut(face: Polygon, points: NDArray[Any], counts: NDArray[np.int64], stretch: float) -> LineString | None:
    """Return a line across a face with half of its households on each side; None when all live at one place."""
    plane = shapely.transform(face, lambda c: c * (stretch, 1.0))
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(plane))
    sides = np.diff(corners[:3], axis=0)
    long = sides[np.argmax(np.hypot(*sides.T))]
    along = long / np.hypot(*long)
    coords = shapely.get_coordinates(points) * (stretch, 1.0)
    order = np.argsort(coords @ along)
    at = (coords @ along)[order]
    middle = int(np.searchsorted(np.cumsum(counts[order]), counts.sum() / 2))
    later = int(np.searchsorted(at, at[middle], side="right"))
    earlier = int(np.searchsorted(at, at[middle], side="left"))
    if later < len(at):
        where = (at[middle] + at[later]) / 2
    elif earlier > 0:
        where = (at[earlier - 1] + at[middle]) / 2
    else:
        return None
    across = np.array([-along[1], along[0]])
    reach = math.sqrt(2) * max(plane.bounds[2] - plane.bounds[0], plane.bounds[3] - plane.bounds[1])
    centre = along * where + across * (shapely.get_coordinates(plane.centroid)[0] @ across)
    line = LineString((centre + across * d) / (stretch, 1.0) for d in (-reach, reach))
    return _longest(shapely.intersection(line, face))


def _longest(line: Any) -> LineString | None:
    parts = [part for part in shapely.get_parts(line) if part.geom_type == "LineString"]
    if not parts:
        return None
    (x0, y0), (x1, y1) = shapely.get_coordinates(max(parts, key=lambda part: part.length))
    length = math.hypot(x1 - x0, y1 - y0)
    dx, dy = (x1 - x0) / length * _BEYOND, (y1 - y0) / length * _BEYOND
    return LineString([(x0 - dx, y0 - dy), (x1 + dx, y1 + dy)])


def _neighbours(faces: NDArray[Any], cuts: list[LineString], stretch: float) -> Neighbours:
    beside: Neighbours = tuple({} for _ in faces)
    ones, others = shapely.STRtree(faces).query(faces, predicate="touches")
    upper = ones < others
    ones, others = ones[upper], others[upper]
    shared = shapely.intersection(faces[ones], faces[others])
    near_cuts = shapely.buffer(shapely.union_all(cuts), _ON_CUT) if cuts else None
    off_street = shapely.intersection(shared, near_cuts) if near_cuts is not None else np.full(len(shared), None)
    for one, other, border, off in zip(ones.tolist(), others.tolist(), shared, off_street, strict=True):
        whole_m, off_m = _length_m(border, stretch), 0.0 if off is None else _length_m(off, stretch)
        if whole_m > 0:
            beside[one][other] = beside[other][one] = (whole_m - off_m, off_m)
    return beside


def _length_m(line: Any, stretch: float) -> float:
    return float(shapely.transform(line, lambda c: c * (DEGREE_M * stretch, DEGREE_M)).length)


def _connected(beside: Neighbours, centres: NDArray[np.float64]) -> Neighbours:
    """Return the same with parts of an outline that lie apart joined where they are nearest: no border, no length."""
    reached = reached_from(0, beside, set(range(len(beside))))
    while len(reached) < len(beside):
        here = np.array(sorted(reached))
        there = np.array(sorted(set(range(len(beside))) - reached))
        apart = np.hypot(*(centres[here][:, None] - centres[there][None]).transpose(2, 0, 1))
        one, other = np.unravel_index(int(apart.argmin()), apart.shape)
        beside[here[one]][int(there[other])] = beside[there[other]][int(here[one])] = (0.0, 0.0)
        reached = reached_from(0, beside, set(range(len(beside))))
    return beside


def reached_from(start: int, beside: Neighbours, among: set[int], *, wanted: set[int] | None = None) -> set[int]:
    """Return which faces of a set can be reached from one of them through neighbours in the set.

    With `wanted` the search ends when these are reached.
    """
    reached, waiting = {start}, [start]
    while waiting and not (wanted is not None and wanted <= reached):
        for other in beside[waiting.pop()]:
            if other in among and other not in reached:
                reached.add(other)
                waiting.append(other)
    return reached
