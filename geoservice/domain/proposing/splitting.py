"""A proposed split of one grid that has grown too large: along its streets, and nothing else changes.

The other grids keep every vertex that they have. New borders end at vertices of the grid's outline wherever that gives
parts of the wanted size; where it does not, a neighbour gets a border's end on its straight edge, as by any split.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiPolygon

from geoservice.domain.editing import verbs
from geoservice.domain.editing.change import Change, applied, by_code, grid_named, shape_of
from geoservice.domain.editing.edit_refused import EditRefused
from geoservice.domain.proposing.blocks import DEGREE_M
from geoservice.domain.proposing.proposal import ProposalImpossible, divided
from geoservice.domain.validating.norms import households_in
from layers.grids.model import GridShape

#: Streets nearer to the outline than this, in degrees (2 m), are the outline and divide nothing.
_ON_OUTLINE = 2 / DEGREE_M
#: A street that meets the outline this near to a vertex of it, in degrees (15 m), is drawn to the vertex.
_AT_VERTEX = 15 / DEGREE_M
#: Where a street was cut off, its end lies on the line but for rounding, degrees.
_ON_LINE = 1e-10
#: Random beginnings tried before a border may end between two vertices of the outline, and after.
_ATTEMPTS = 3


def propose_split(
    grids: Sequence[GridShape], code: str, points: NDArray[Any], counts: NDArray[np.int64], streets: Sequence[Any], *,
    minimum: int, maximum: int, parts: int | None = None, seed: int = 0, taken: Collection[str] = (),
) -> Change:  # fmt: skip
    """Return the change that divides one grid into parts of like numbers of households.

    Parameters
    ----------
    grids
        At least the grid and all that touch it, EPSG:4326, a partition.
    points, counts, streets
        As for `propose`; what lies outside the grid does not count.
    minimum, maximum
        Households of a part; met where the blocks allow it.
    parts
        How many; None: as many as bring each to the middle of the range, and two at least.
    taken
        Codes in use, or used before, beyond those of `grids`.

    Returns
    -------
    The part with the most households keeps code, names and all else; the others, by falling number, get -2, -3 ...
    behind the code, skipping what is taken.

    Raises
    ------
    EditRefused
        There is no such grid.
    ProposalImpossible
        It has too few households for two parts, or too few blocks.
    """
    used = {*taken, *(grid.code for grid in grids)}
    whole = grid_named(by_code(grids), code)
    inner = _inner_streets(area := shape_of(whole), np.array(streets, dtype=object))
    tried: list[tuple[int, list[GridShape]]] = []
    failure = ProposalImpossible()
    for edges_whole, attempt in product((True, False), range(_ATTEMPTS)):
        try:
            shapes = divided(
                area, points.tolist(), counts.tolist(), inner, minimum=minimum, maximum=maximum, count=parts, least=2,
                seed=seed + attempt, edges_whole=edges_whole,
            )  # fmt: skip
            after, sizes = _split_into(grids, whole, shapes, points, counts, used)
        except ProposalImpossible as impossible:
            failure = impossible
            continue
        missed = np.maximum(minimum - sizes, 0) + np.maximum(sizes - maximum, 0)
        tried.append((int(missed.sum()), after))
        if not missed.any():
            break
    if not tried:
        raise failure
    return _change(grids, min(tried, key=lambda one: one[0])[1])


def _inner_streets(area: MultiPolygon, streets: NDArray[Any]) -> NDArray[Any]:
    """Return streets within an area, drawn on to a vertex of its outline where one is near, else to the outline."""
    inside = shapely.buffer(area, -_ON_OUTLINE, join_style="mitre")
    lines = shapely.get_parts(shapely.line_merge(shapely.union_all(shapely.intersection(streets, inside))))
    lines = lines[shapely.get_type_id(lines) == shapely.GeometryType.LINESTRING]
    ends = np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)])
    ends = ends[shapely.dwithin(ends, inside.boundary, _ON_LINE)]
    corners = shapely.points(np.unique(shapely.get_coordinates(area), axis=0))
    rim = area.boundary
    drawn = []
    for end in ends:
        far = shapely.distance(corners, end)
        nearest = corners[int(far.argmin())]
        if far.min() > _AT_VERTEX:
            nearest = shapely.get_point(shapely.shortest_line(rim, end), 0)
        drawn.append(LineString([end, nearest]))
    return np.array([*lines, *drawn], dtype=object)


def _split_into(
    grids: Sequence[GridShape],
    whole: GridShape,
    shapes: Sequence[MultiPolygon],
    points: NDArray[Any],
    counts: NDArray[np.int64],
    used: Collection[str],
) -> tuple[list[GridShape], NDArray[np.int64]]:
    """Return grids with one split into shapes, and the households of its parts; raise ProposalImpossible."""
    codes = [whole.code]
    while len(codes) < len(shapes):
        codes.append(verbs.next_code(whole.code, {*used, *codes}))
    after, left = list(grids), list(shapes)
    for code in codes[1:]:
        after, left = _cut_off(after, whole.code, left, code)
    named = {grid.code: grid for grid in after}
    pieces = [named[code] for code in codes]
    sizes = households_in(pieces, points, counts)
    for code, at in zip(codes, np.argsort(-sizes, kind="stable").tolist(), strict=True):
        part = replace(whole, code=code, geom=pieces[at].geom)
        named[code] = part if code == whole.code else replace(part, name=code, name_en=None)
    return list(named.values()), sizes


def _cut_off(
    grids: list[GridShape], rest: str, shapes: list[MultiPolygon], code: str
) -> tuple[list[GridShape], list[MultiPolygon]]:
    """Return the grids with one of the shapes cut off under a code, as by the verb, and the shapes that are left."""
    for number, shape in enumerate(shapes):
        others = shapes[:number] + shapes[number + 1 :]
        border = shapely.intersection(shape, shapely.coverage_union_all(others))
        lines = shapely.get_parts(shapely.line_merge(border)) if not border.is_empty else np.array([])
        lines = [line for line in lines if line.geom_type == "LineString"]
        if len(lines) != 1:
            continue
        larger = shape.area > shapely.area(others).sum()
        try:
            change = verbs.split(grids, rest, lines[0], (code, rest) if larger else (rest, code))
        except EditRefused:
            continue
        return applied(grids, change), others
    raise ProposalImpossible(grids=len(shapes), reason="no part can be cut off along one line; try another seed")


def _change(before: Sequence[GridShape], after: Sequence[GridShape]) -> Change:
    """Return what is different: the pieces, and neighbours that got a vertex."""
    old = {grid.code: grid for grid in before}
    return Change((), tuple(grid for grid in after if grid is not old.get(grid.code)))
