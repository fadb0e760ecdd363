"""Redrawing the border between two grids, as a whole or a stretch of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from shapely import LineString, MultiPolygon, Point
from shapely.geometry.base import BaseGeometry

from geoservice.domain.editing.change import Change, by_code, grid_named, reshaped, shape_of, thickened
from geoservice.domain.editing.cutting import ON_IT_DEG, Cut, checked_line, cut, faces, joint_on, reaching
from geoservice.domain.editing.edges import TOLERANCE_M, Edge, Vertex, along, edge_of, edges_of
from geoservice.domain.editing.edit_refused import EditRefused
from geoservice.domain.editing.verifying import verified
from layers.crs import Position
from layers.geometry import as_multipolygon
from layers.grids.model import GridShape


def redraw_border(
    grids: Sequence[GridShape], codes: tuple[str, str], line: BaseGeometry, *, tolerance_m: float = TOLERANCE_M
) -> Change:
    """Make a line the common border of two neighbours; together they keep their ground.

    Parameters
    ----------
    codes
        Of the two grids.
    line
        LineString, EPSG:4326. From the rim of the two to their rim, it becomes all of their border. An end inside is
        taken back to where the line crosses their border, or drawn up to it within `tolerance_m`: then the rest of the
        border stays as it is.

    Returns
    -------
    Change
        Each side goes to the grid that it overlapped most.

    Raises
    ------
    EditRefused
        The two have no border in common, or the line does not part them in two.
    """
    named = by_code(grids)
    one, other = (grid_named(named, code) for code in codes)
    both = f"grids {one.code} and {other.code}"
    shapes = (shape_of(one), shape_of(other))
    border = set(edges_of(shapes[0])) & set(edges_of(shapes[1]))
    if one.code == other.code or not border:
        raise EditRefused(
            f"{both.capitalize()} have no border in common.", "Name two neighbours.", codes, code="no-common-border"
        )
    area = as_multipolygon(shapely.coverage_union_all(shapes))
    drawn = checked_line(line, [shape_of(grid) for grid in grids])
    plans = _plans(drawn, area, border, tolerance_m, both)
    sides = [_sides(area, plan, shapes, both, codes) for plan in plans]
    plan, halves = min(zip(plans, sides, strict=True), key=lambda pair: _moved(pair[1], shapes))
    changed = reshaped(named, dict(zip(codes, halves, strict=True)))
    change = Change((), changed + thickened(named, set(codes), plan.cut.put))
    return verified(grids, change, "Draw the line a little otherwise, away from corners and other borders.")


@dataclass(frozen=True)
class _Plan:
    """A line through two grids, and what of their old border stays beside it."""

    cut: Cut
    kept: frozenset[Edge]


def _plans(line: LineString, area: MultiPolygon, border: set[Edge], tolerance_m: float, called: str) -> list[_Plan]:
    """Return the ways in which a line can be meant: one, or two when either stretch of the old border could go."""
    line = reaching(line, area, tolerance_m)
    shapely.prepare(area)
    inside = [end for end in (0, -1) if not line.is_closed and area.contains(Point(line.coords[end]))]
    if not inside:
        return [_Plan(cut(line, area, called), frozenset())]
    put: dict[Edge, list[Vertex]] = {}
    joints = []
    for end in inside:
        line, joint = _joined(line, end, border, tolerance_m, called, put)
        joints.append(joint)
    dense = {edge for old in border for edge in _pieces(old, put.get(old, []))}
    drawn = cut(line, area, called, joints=frozenset(joints))
    gone = _stretches(dense, joints[0], joints[1] if len(joints) == 2 else None)
    plans = [_Plan(drawn, frozenset(dense - stretch)) for stretch in gone]
    chords = shapely.multilinestrings([shapely.linestrings(chord.vertices) for chord in drawn.chords])
    plans = [plan for plan in plans if not _crosses(chords, plan.kept)]
    if not plans:
        raise EditRefused(
            f"The line does not replace one stretch of the border between {called}.",
            "Begin and end it on one stretch of their border, and do not cross the rest.",
            code="line-not-one-stretch",
        )
    return plans


def _joined(
    line: LineString, end: int, border: set[Edge], tolerance_m: float, called: str, put: dict[Edge, list[Vertex]]
) -> tuple[LineString, Vertex]:
    """Return a line that ends on the old border: cut back to where it first crosses it, or drawn up to it."""
    vertices = [(lon, lat) for lon, lat in shapely.get_coordinates(line).tolist()]
    if end == -1:
        vertices.reverse()
    lines = np.array(sorted(border))
    old = shapely.multilinestrings(shapely.linestrings(lines))
    met = shapely.get_coordinates(LineString(vertices).intersection(old))
    # The other end may have been joined before; that is not where this one comes back to the border.
    met = met[~shapely.dwithin(shapely.points(met), Point(vertices[-1]), ON_IT_DEG)] if len(met) else met
    near = joint_on(lines, vertices[0])
    if len(met):
        course = LineString(vertices)
        first = min(met.tolist(), key=lambda pair: course.project(Point(pair)))
        near = joint_on(lines, (first[0], first[1]))
        passed = course.project(Point(first))
        while len(vertices) > 1 and course.project(Point(vertices[0])) <= passed + ON_IT_DEG:
            if near is not None and vertices[0] == near[1]:
                break
            del vertices[0]
    elif near is None or near[2] > tolerance_m:
        raise EditRefused(
            f"The line ends inside {called}, at {vertices[0][0]:.7f}, {vertices[0][1]:.7f}.",
            "Draw it on to their border, or to the rim of the two.",
            place=Position(*vertices[0]),
            code="line-ends-inside",
        )
    if near is None:
        raise EditRefused(
            f"{called.capitalize()} have no border in common.", "Name two neighbours.", code="no-common-border"
        )
    edge, joint, _ = near
    if joint not in edge:
        put.setdefault(edge, []).append(joint)
    course_on = [joint, *(vertex for vertex in vertices if vertex != joint)]
    if len(course_on) < 2:
        raise EditRefused(
            "The line does not leave the border.", "Draw it where the border shall be.", code="line-on-border"
        )
    return LineString(course_on if end == 0 else course_on[::-1]), joint


def _pieces(edge: Edge, put: list[Vertex]) -> list[Edge]:
    return [edge_of(one, other) for one, other in pairwise([edge[0], *along(edge, put), edge[1]])]


def _stretches(border: set[Edge], start: Vertex, goal: Vertex | None) -> list[frozenset[Edge]]:
    """Return the stretches of a border that lead from one vertex to another, or to an end of the border."""
    beside: dict[Vertex, list[Vertex]] = {}
    for one, other in border:
        beside.setdefault(one, []).append(other)
        beside.setdefault(other, []).append(one)
    found = []
    for step in beside.get(start, ()):
        walked, last, here = [edge_of(start, step)], start, step
        while here not in (goal, start) and len(beside[here]) == 2:
            last, here = here, next(vertex for vertex in beside[here] if vertex != last)
            walked.append(edge_of(last, here))
        if here == goal or (goal is None and len(beside[here]) == 1):
            found.append(frozenset(walked))
    return found


def _crosses(chords: BaseGeometry, kept: frozenset[Edge]) -> bool:
    """Return whether chords meet what stays of the old border elsewhere than in their ends."""
    if not kept:
        return False
    met = chords.intersection(shapely.multilinestrings(shapely.linestrings(np.array(sorted(kept)))))
    ends = chords.boundary
    return not all(shapely.dwithin(ends, shapely.points(pair), ON_IT_DEG) for pair in shapely.get_coordinates(met))


def _sides(
    area: MultiPolygon, plan: _Plan, shapes: tuple[MultiPolygon, MultiPolygon], called: str, codes: tuple[str, str]
) -> tuple[MultiPolygon, MultiPolygon]:
    """Return what the first and the second grid get."""
    inner = {edge for chord in plan.cut.chords for edge in chord.edges} | plan.kept
    pieces = faces(area, plan.cut.put, inner)
    parted = [piece for piece in pieces if not inner.isdisjoint(edges_of(piece))]
    if len(parted) < 2 or (len(parted) > 2 and not plan.kept):
        raise EditRefused(
            f"The line cuts {called} in {len(parted)} pieces, not in two.",
            "Draw one line that enters at their rim once and leaves once.",
            codes,
            code="line-not-in-two",
            values={"n": len(parted)},
        )
    shares = {piece: [float(shapely.area(piece.intersection(shape))) for shape in shapes] for piece in pieces}
    goes = {piece: 0 if share[0] >= share[1] else 1 for piece, share in shares.items()}
    if len(parted) == 2:  # one side each, even when one of the two grows to more than double
        one, other = parted
        straight = shares[one][0] + shares[other][1] >= shares[one][1] + shares[other][0]
        goes |= {one: 0 if straight else 1, other: 1 if straight else 0}
    halves = [[piece for piece in pieces if goes[piece] == side] for side in (0, 1)]
    if not all(halves):
        raise EditRefused(
            f"The line leaves nothing for one of {called}.",
            "Draw it so that each side has some of its grid.",
            codes,
            code="line-leaves-nothing",
        )
    first, second = (as_multipolygon(shapely.coverage_union_all(half)) for half in halves)
    return first, second


def _moved(halves: Iterable[BaseGeometry], shapes: tuple[MultiPolygon, MultiPolygon]) -> float:
    return sum(float(new.difference(old).area) for new, old in zip(halves, shapes, strict=True))
