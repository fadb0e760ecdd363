"""Cutting an area along a line into pieces that share every vertex of the cut, bit by bit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from shapely import LineString, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from geoservice.domain.editing.edges import Edge, Vertex, along, edge_of, edges_of, vertex_on, with_vertices
from geoservice.domain.editing.edit_refused import EditRefused
from geoservice.domain.editing.nearness import nearest_edge, nearest_of, nearest_vertex
from layers.antimeridian import is_drawn_on_earth
from layers.crs import Position

#: Nearer than this (0.1 mm) to a vertex or an edge is on it: rounding of an overlay.
ON_IT_DEG = 1e-9
#: The most vertices of a line that people draw.
LINE_VERTICES_MAX = 10_000


@dataclass(frozen=True)
class Chord:
    """A stretch of a line through the inside of an area; its ends lie on the area's border."""

    vertices: tuple[Vertex, ...]

    @property
    def edges(self) -> set[Edge]:
        """Return its edges."""
        return {edge_of(one, other) for one, other in pairwise(self.vertices)}


@dataclass(frozen=True)
class Cut:
    """An area laid over by a line."""

    chords: tuple[Chord, ...]
    #: Vertices to put into edges of the area, and of every other grid that has them, in the direction of the edge.
    put: dict[Edge, list[Vertex]]


def checked_line(line: BaseGeometry, beside: Sequence[BaseGeometry]) -> LineString:
    """Return a line that can cut shapes beside it.

    Raises
    ------
    EditRefused
        It is no line of two or more places on the earth, has too many, or crosses itself.
    """
    hint = "Draw one line of at least two places that does not cross itself, as longitude and latitude."
    if not isinstance(line, LineString) or line.is_empty:
        raise EditRefused("What was drawn is not one line.", hint, code="line-not-one")
    coords = shapely.get_coordinates(line)
    if len(coords) > LINE_VERTICES_MAX:
        raise EditRefused(f"The line has {len(coords)} vertices; {LINE_VERTICES_MAX} is the most.", hint,
                          code="line-too-long", values={"n": len(coords), "most": LINE_VERTICES_MAX})  # fmt: skip
    if not all(is_drawn_on_earth(lon, lat, beside) for lon, lat in coords.tolist()):
        raise EditRefused("The line has a vertex that is not longitude and latitude.", hint, code="not-on-earth")
    line = shapely.remove_repeated_points(line)
    if line.length == 0:
        raise EditRefused("The line begins and ends at one place and goes nowhere.", hint, code="line-nowhere")
    if not line.is_simple:
        raise EditRefused("The line crosses or touches itself.", hint, code="line-crosses-itself")
    return line


def reaching(line: LineString, area: MultiPolygon, tolerance_m: float) -> LineString:
    """Return a line whose ends, where they lie within a tolerance of the border of an area, are drawn up to it."""
    if line.is_closed:
        return line
    vertices = [(lon, lat) for lon, lat in shapely.get_coordinates(line).tolist()]
    for end in (0, -1):
        foot = nearest_edge([area], vertices[end])
        if foot is None or foot[2] > tolerance_m or foot[1] in vertices:
            continue
        rim = area.boundary
        joined = shapely.dwithin(Point(vertices[end]), rim, ON_IT_DEG)
        if joined and len(vertices) > 1:
            vertices[end] = foot[1]
        elif area.contains(Point(vertices[end])):
            vertices.insert(0 if end == 0 else len(vertices), foot[1])
    drawn = LineString(vertices)
    return drawn if drawn.is_simple else line


def cut(line: LineString, area: MultiPolygon, called: str, *, joints: frozenset[Vertex] = frozenset()) -> Cut:
    """Return the chords of a line in an area; `joints` are places inside at which it may end.

    Raises
    ------
    EditRefused
        The line does not pass through the area, or ends inside it.
    """
    rim = area.boundary
    shapely.prepare(area)
    pieces = [piece for piece in shapely.get_parts(line.difference(rim)) if _inside(piece, area)]
    if not pieces:
        raise EditRefused(
            f"The line does not pass through {called}.",
            "Draw it from border to border through the inside.",
            code="line-beside",
        )
    put: dict[Edge, list[Vertex]] = {}
    chords = []
    for piece in _joined(pieces, rim):
        vertices = [(lon, lat) for lon, lat in shapely.get_coordinates(piece).tolist()]
        if vertices[0] != vertices[-1] or shapely.dwithin(Point(vertices[0]), rim, ON_IT_DEG):
            for end in (0, -1):
                if vertices[end] not in joints:
                    vertices[end] = _landed(vertices[end], area, put, called)
        chords.append(Chord(tuple(_distinct(vertices))))
    return Cut(tuple(chord for chord in chords if len(chord.vertices) > 1), {e: along(e, v) for e, v in put.items()})


def faces(area: MultiPolygon, put: dict[Edge, list[Vertex]], inner: Iterable[Edge]) -> list[Polygon]:
    """Return the pieces of an area after vertices were put into its edges and edges drawn through its inside."""
    edges = {edge: None for edge in edges_of(with_vertices(area, put))} | dict.fromkeys(inner)
    lines = shapely.linestrings(np.array(list(edges)))
    found = shapely.get_parts(shapely.polygonize(lines))
    return [face for face in found if shapely.covers(area, shapely.point_on_surface(face))]


def _joined(pieces: list[LineString], rim: BaseGeometry) -> list[LineString]:
    """Return pieces with those put together that an overlay parted inside the area."""
    merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(pieces)))
    inner = [shapely.get_coordinates(line)[1:-1] for line in merged]
    if all(len(coords) == 0 or not shapely.dwithin(shapely.points(coords), rim, ON_IT_DEG).any() for coords in inner):
        return list(merged)
    return pieces


def _inside(piece: LineString, area: MultiPolygon) -> bool:
    """Return whether a piece that does not cross the border lies inside."""
    return piece.geom_type == "LineString" and bool(area.contains(piece.interpolate(0.5, normalized=True)))


def _landed(end: Vertex, area: MultiPolygon, put: dict[Edge, list[Vertex]], called: str) -> Vertex:
    """Return the vertex on the border at which a chord ends, and note what has to be put into which edge."""
    corner = nearest_vertex([area], end)
    if corner is not None and max(abs(corner[0][0] - end[0]), abs(corner[0][1] - end[1])) < ON_IT_DEG:
        return corner[0]
    foot = nearest_edge([area], end)
    if foot is None or max(abs(foot[1][0] - end[0]), abs(foot[1][1] - end[1])) >= ON_IT_DEG:
        raise EditRefused(
            f"The line ends inside {called}, at {end[0]:.7f}, {end[1]:.7f}.",
            "Draw it on to the border, or a little across.",
            place=Position(*end),
            code="line-ends-inside",
        )
    edge, vertex, _ = foot
    if vertex not in edge:
        put.setdefault(edge, []).append(vertex)
    return vertex


def _distinct(vertices: list[Vertex]) -> list[Vertex]:
    return [vertex for number, vertex in enumerate(vertices) if number == 0 or vertex != vertices[number - 1]]


def joint_on(lines: np.ndarray, place: Vertex) -> tuple[Edge, Vertex, float] | None:
    """Return the edge of a border nearest to a place, the vertex to put there, and how far it is in metres.

    Parameters
    ----------
    lines
        Edges, shape (n, 2, 2).
    place
        In EPSG:4326.
    """
    found = nearest_of(lines, place)
    if found is None:
        return None
    edge, vertex, distance_m = found
    for end in edge:
        if max(abs(end[0] - vertex[0]), abs(end[1] - vertex[1])) < ON_IT_DEG:
            return edge, end, distance_m
    return edge, (vertex_on(edge, vertex) if vertex not in edge else vertex), distance_m
