"""The edits that a draft made to the borders of its base, and which of them two drafts can not both have.

Grids are taken apart into edges, each with the codes on its sides. What a draft removed and added falls into edits:
edges that hang together. Two edits of two drafts exclude each other when they change the same border, or meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from shapely import MultiLineString, MultiPolygon

from geoservice.domain.editing.change import shape_of
from geoservice.domain.editing.edges import Edge, Vertex, along, edge_of, edges_of, with_vertices
from geoservice.domain.validating.topology import ONE_BORDER_DEG
from layers.grids.model import GridShape

#: The codes on the sides of edges: two between grids, one on a rim.
Sides = dict[Edge, frozenset[str]]


@dataclass(frozen=True)
class BorderEdit:
    """Edges that hang together and that a draft removed or added."""

    removed: frozenset[Edge]
    added: frozenset[Edge]
    #: The codes on both sides of each border that is changed, as in the base and as in the draft.
    borders: frozenset[frozenset[str]]

    @property
    def codes(self) -> frozenset[str]:
        """Return the codes beside the changed borders."""
        return frozenset().union(*self.borders)


def sides_of(grids: Iterable[GridShape]) -> Sides:
    """Return every edge of some grids with the codes that have it."""
    codes: dict[Edge, set[str]] = {}
    for grid in grids:
        for edge in edges_of(shape_of(grid)):
            codes.setdefault(edge, set()).add(grid.code)
    return {edge: frozenset(owners) for edge, owners in codes.items()}


def edits_of(base: Sides, draft: Sides) -> list[BorderEdit]:
    """Return what a draft did to the edges of its base, in groups that hang together."""
    changed = [edge for edge in base if edge not in draft] + [edge for edge in draft if edge not in base]
    edits = []
    for group in _groups(changed):
        removed = frozenset(edge for edge in group if edge in base)
        added = frozenset(edge for edge in group if edge in draft)
        borders = frozenset(base[edge] for edge in removed) | frozenset(draft[edge] for edge in added)
        edits.append(BorderEdit(removed, added, borders))
    return edits


def exclude(one: BorderEdit, other: BorderEdit) -> bool:
    """Return whether two edits of two drafts can not both be made; the same edit made twice can."""
    if (one.removed, one.added) == (other.removed, other.added):
        return False
    if one.removed & other.removed or one.borders & other.borders:
        return True
    return _orphans(one, other) or _orphans(other, one) or _meet(one, other)


def lines_of(edges: Iterable[Edge]) -> MultiLineString:
    """Return edges as lines to be shown."""
    distinct = sorted(set(edges))
    if not distinct:
        return MultiLineString()
    merged = shapely.line_merge(shapely.multilinestrings(shapely.linestrings(np.array(distinct))))
    return MultiLineString(list(shapely.get_parts(merged)))


def refined(base: Sequence[GridShape], *drafts: Sequence[GridShape]) -> list[dict[str, MultiPolygon]]:
    """Return the shapes of the base and its drafts by code, each with the vertices that any draft put on a base edge.

    A split puts a vertex on the border of a neighbour and moves nothing; so that this is no edit, all get the vertex.
    """
    known = sides_of(base)
    puts = [_put_by(known, sides_of(draft)) for draft in drafts]
    every = {edge: along(edge, [v for put in puts for v in put.get(edge, ())]) for edge in set().union(*puts)}
    shapes = [{grid.code: with_vertices(shape_of(grid), every) for grid in base}]
    for draft, own in zip(drafts, puts, strict=True):
        rest: dict[Edge, list[Vertex]] = {}
        for edge, full in every.items():
            rest |= _between([edge[0], *own.get(edge, ()), edge[1]], [edge[0], *full, edge[1]])
        shapes.append({grid.code: with_vertices(shape_of(grid), rest) for grid in draft})
    return shapes


def _between(own: Sequence[Vertex], full: Sequence[Vertex]) -> dict[Edge, list[Vertex]]:
    """Return what has to be put into the edges between own vertices to have the full line of them."""
    place = {vertex: number for number, vertex in enumerate(full)}
    put = {}
    for one, other in pairwise(own):
        inner = list(full[place[one] + 1 : place[other]])
        if inner:
            put[edge_of(one, other)] = inner if one <= other else inner[::-1]
    return put


def _put_by(base: Sides, draft: Sides) -> dict[Edge, list[Vertex]]:
    """Return the vertices that a draft put on edges of its base without moving them."""
    gone = [edge for edge in base if edge not in draft]
    old = {vertex for edge in base for vertex in edge}
    new = sorted({vertex for edge in draft if edge not in base for vertex in edge if vertex not in old})
    if not gone or not new:
        return {}
    tree = shapely.STRtree(shapely.points(new))
    on: dict[Edge, list[Vertex]] = {}
    numbers, met = tree.query(shapely.linestrings(np.array(gone)), predicate="dwithin", distance=ONE_BORDER_DEG)
    for number, vertex in zip(numbers.tolist(), met.tolist(), strict=True):
        on.setdefault(gone[number], []).append(new[vertex])
    puts = {edge: along(edge, vertices) for edge, vertices in on.items()}
    return {
        edge: put
        for edge, put in puts.items()
        if all(edge_of(one, other) in draft for one, other in pairwise([edge[0], *put, edge[1]]))
    }


def _groups(edges: Sequence[Edge]) -> list[list[Edge]]:
    """Return edges in groups that hang together by their vertices."""
    above: dict[Vertex, Vertex] = {}

    def top(vertex: Vertex) -> Vertex:
        above.setdefault(vertex, vertex)
        while above[vertex] != vertex:
            above[vertex] = above[above[vertex]]
            vertex = above[vertex]
        return vertex

    for one, other in edges:
        above[top(one)] = top(other)
    groups: dict[Vertex, list[Edge]] = {}
    for edge in edges:
        groups.setdefault(top(edge[0]), []).append(edge)
    return list(groups.values())


def _orphans(one: BorderEdit, other: BorderEdit) -> bool:
    """Return whether an edit adds an edge at a vertex that the other takes away."""
    kept = {vertex for edge in other.added for vertex in edge}
    moved = {vertex for edge in other.removed for vertex in edge} - kept
    # A vertex in the middle of removed edges is gone; one at their end has edges left that nobody changed.
    count: dict[Vertex, int] = {}
    for edge in other.removed:
        for vertex in edge:
            count[vertex] = count.get(vertex, 0) + 1
    gone = {vertex for vertex in moved if count[vertex] > 1}
    return any(vertex in gone for edge in one.added for vertex in edge)


def _meet(one: BorderEdit, other: BorderEdit) -> bool:
    """Return whether edges that two edits add meet elsewhere than in a vertex that both have."""
    if not one.added or not other.added:
        return False
    lines = [shapely.multilinestrings(shapely.linestrings(np.array(sorted(edit.added)))) for edit in (one, other)]
    met = shapely.intersection(*lines)
    if met.is_empty:
        return False
    vertices = [{vertex for edge in edit.added for vertex in edge} for edit in (one, other)]
    common = vertices[0] & vertices[1]
    places = {(lon, lat) for lon, lat in shapely.get_coordinates(met).tolist()}
    return met.length > 0 or not places <= common
