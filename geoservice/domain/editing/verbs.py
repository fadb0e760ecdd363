"""The verbs on a draft: each takes grids, gives the change, and refuses what would break a partition.

`grids` are at least the named grids and all that touch them, in EPSG:4326; the cost depends on them alone. On a draft
that is a partition, split, merge, move_vertex and redraw_border leave a partition: a new vertex on a border goes into
every grid that has that border, with the same doubles. Add, replace, retire and recode look at single grids only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace as with_fields

import shapely
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from geoservice.domain.editing.change import Change, by_code, grid_named, reshaped, shape_of, thickened
from geoservice.domain.editing.cutting import Cut, checked_line, cut, faces, reaching
from geoservice.domain.editing.edges import (
    TOLERANCE_M,
    Edge,
    Vertex,
    edges_of,
    rings_of,
    with_vertex_moved,
    with_vertex_removed,
    with_vertices,
)
from geoservice.domain.editing.edit_refused import EditRefused
from geoservice.domain.editing.nearness import nearest_edge, nearest_vertex
from geoservice.domain.editing.redrawing import redraw_border
from geoservice.domain.editing.verifying import sound, verified
from geoservice.domain.validating.topology import ONE_BORDER_DEG
from layers.antimeridian import is_drawn_on_earth
from layers.crs import Position
from layers.geometry import as_multipolygon
from layers.grids.model import CODE_LENGTH_MAX, GridShape

__all__ = [
    "add", "merge", "move_vertex", "next_code", "recode", "redraw_border", "remove_vertex", "replace", "retire",
    "split",
]  # fmt: skip


def next_code(code: str, taken: Collection[str]) -> str:
    """Return the first free code for a part of a grid: its code with -2, -3 and so on behind."""
    number = 2
    while (new := f"{code[: CODE_LENGTH_MAX - len(str(number)) - 1]}-{number}") in taken:
        number += 1
    return new


def split(
    grids: Sequence[GridShape],
    code: str,
    line: BaseGeometry,
    codes: tuple[str, str] | None = None,
    names: tuple[str, str] | None = None,
    *,
    tolerance_m: float = TOLERANCE_M,
    taken: Collection[str] = (),
) -> Change:
    """Cut a grid in two along a line.

    Parameters
    ----------
    line
        LineString, EPSG:4326, from border to border; it may reach beyond, and an end that stops short of the border by
        less than `tolerance_m` is drawn up to it. A closed line inside the grid cuts out an island.
    codes
        Of the larger and of the smaller part; by default the larger keeps the code, the smaller gets `next_code`.
    names
        Likewise; by default the larger keeps the name, the smaller is named by its code. Both keep parent and
        properties; separate parts of the grid that the line does not touch stay with the larger part.
    taken
        Codes in use beyond those of `grids`.

    Raises
    ------
    EditRefused
        The line does not cut the grid in exactly two, or a code is taken.
    """
    named = by_code(grids)
    grid = grid_named(named, code)
    taken = {*taken, *(other.code for other in grids)}
    codes = codes or (code, next_code(code, taken))
    _free(codes, taken - {code})
    area = shape_of(grid)
    drawn = cut(
        reaching(checked_line(line, [shape_of(grid) for grid in grids]), area, tolerance_m), area, f"grid {code}"
    )
    large, small = _halves(area, drawn, f"grid {code}")
    names = names or (grid.name, codes[1] if codes[1] != code else grid.name)
    halves = (
        with_fields(grid, code=codes[0], name=names[0], geom=large),
        with_fields(grid, code=codes[1], name=names[1], name_en=None, geom=small),
    )
    removed = () if code in codes else (code,)
    change = Change(removed, halves + thickened(named, {code}, drawn.put))
    return verified(grids, change, "Draw the line a little otherwise, away from corners and other borders.")


def merge(grids: Sequence[GridShape], codes: Sequence[str], into: str, name: str | None = None) -> Change:
    """Make one grid of several that hang together along borders.

    Parameters
    ----------
    codes
        Two or more.
    into
        The code of the result: one of `codes`, whose names, parent and properties it keeps, or a free one, which takes
        those of the first.
    name
        Of the result; without one it keeps the name.

    Raises
    ------
    EditRefused
        A grid is unknown or named twice, they do not hang together, or `into` is taken.
    """
    named = by_code(grids)
    if len(set(codes)) < max(2, len(codes)):
        raise EditRefused(
            "Merging takes two or more different grids.", "Name each grid once.", codes, code="merge-of-one"
        )
    parts = [grid_named(named, code) for code in codes]
    _free((into,), {grid.code for grid in grids} - set(codes))
    _hang_together(parts)
    first = named[into] if into in codes else parts[0]
    whole = as_multipolygon(shapely.coverage_union_all([part.geom for part in parts]))
    result = with_fields(first, code=into, name=first.name if name is None else name, geom=whole)
    change = Change(tuple(code for code in codes if code != into), (result,))
    return verified(grids, change, "Mend the borders between these grids first, then merge them.")


def move_vertex(
    grids: Sequence[GridShape],
    at: Position,
    to: Position,
    tolerance_m: float = TOLERANCE_M,
    outline: BaseGeometry | None = None,
) -> Change:
    """Move a vertex of a border, in every grid that has it; or bend a border where it has none.

    Parameters
    ----------
    at
        Within `tolerance_m` of a vertex, which moves, or else of a border, which gets a vertex there that moves.
    to
        Where it goes.
    outline
        Of the jurisdiction: its border stands still. Without one, a vertex on the rim of `grids` is refused as well.

    Raises
    ------
    EditRefused
        Nothing is near, the vertex or border lies on the outline, or a grid would become invalid or overlap another.
    """
    named = by_code(grids)
    beside = [shape_of(grid) for grid in grids]
    if not all(is_drawn_on_earth(lon, lat, beside) for lon, lat in (at, to)):
        raise EditRefused(
            "The place is not longitude and latitude.", "Give longitude first, in degrees.", code="not-on-earth"
        )
    shapes = {code: shape_of(grid) for code, grid in named.items()}
    vertex = _vertex_near(shapes, at, tolerance_m)
    goal = (float(to[0]), float(to[1]))
    if vertex is not None:
        _off_outline(vertex, outline)
        owners = {code for code, shape in shapes.items() if _has(shape, vertex)}
        moved = {code: with_vertex_moved(shapes[code], vertex, goal) for code in owners}
    else:
        edge, foot = _edge_near(shapes, at, tolerance_m)
        _off_outline(foot, outline)
        near = shapely.linestrings(edge).envelope
        owners = {code for code, shape in shapes.items() if shape.intersects(near) and edge in edges_of(shape)}
        moved = {code: with_vertices(shapes[code], {edge: [goal]}) for code in owners}
    if len(owners) < 2:
        raise _nobody_behind(owners, at)
    return verified(grids, Change((), reshaped(named, moved)), "Move it less far, or another way.")


def remove_vertex(
    grids: Sequence[GridShape], at: Position, tolerance_m: float = TOLERANCE_M, outline: BaseGeometry | None = None
) -> Change:
    """Take a vertex of a border away, in every grid that has it: its neighbours are joined by a straight edge.

    Parameters
    ----------
    at
        Within `tolerance_m` of the vertex.
    outline
        Of the jurisdiction: its border stands still.

    Raises
    ------
    EditRefused
        No vertex is near, it lies on the outline, no other grid is behind it, borders meet in it, or a grid would
        become invalid or overlap another.
    """
    named = by_code(grids)
    shapes = {code: shape_of(grid) for code, grid in named.items()}
    vertex = _vertex_near(shapes, at, tolerance_m)
    if vertex is None:
        raise EditRefused(
            f"There is no vertex within {tolerance_m:g} m of {at[0]:.7f}, {at[1]:.7f}.", "Point at one.", place=at,
            code="no-vertex-near", values={"metres": tolerance_m},
        )  # fmt: skip
    _off_outline(vertex, outline)
    owners = sorted(code for code, shape in shapes.items() if _has(shape, vertex))
    if len(owners) < 2:
        raise _nobody_behind(owners, Position(*vertex))
    edges = {edge for code in owners for edge in edges_of(shapes[code]) if vertex in edge}
    rings = [ring for code in owners for ring in rings_of(shapes[code]) if vertex in ring]
    if len(edges) != 2 or min(map(len, rings)) < 5:
        raise EditRefused(
            f"Borders meet at {vertex[0]:.7f}, {vertex[1]:.7f}, or nothing would be left between them.",
            "Move this vertex, or merge the grids.",
            owners,
            Position(*vertex),
            code="borders-meet",
        )
    thinned = {code: with_vertex_removed(shapes[code], vertex) for code in owners}
    return verified(grids, Change((), reshaped(named, thinned)), "Move the vertex instead, or redraw the border.")


def recode(grids: Sequence[GridShape], old: str, new: str, name: str | None = None) -> Change:
    """Give a grid another code, and another name when one is given; raise EditRefused when the code is taken."""
    grid = _any_named(grids, old)
    if new != old:
        _free((new,), {other.code for other in grids})
    result = with_fields(grid, code=new, name=grid.name if name is None else name)
    sound([result], "Choose a code without spaces around it, of 64 characters at most.")
    return Change(() if new == old else (old,), (result,))


def add(grids: Sequence[GridShape], grid: GridShape) -> Change:
    """Add a grid; it must be valid by itself, and may leave gaps and overlaps for the gate to find."""
    _free((grid.code,), {other.code for other in grids})
    return _raw(grid)


def replace(grids: Sequence[GridShape], grid: GridShape) -> Change:
    """Put a grid in the place of the one of its code; it must be valid by itself, as with `add`."""
    _any_named(grids, grid.code)
    return _raw(grid)


def retire(grids: Sequence[GridShape], code: str) -> Change:
    """Take a grid away; the ground that it owned is a gap until others cover it."""
    return Change((_any_named(grids, code).code,), ())


def _raw(grid: GridShape) -> Change:
    sound([grid], "Mend the shape and send it again.")
    return Change((), (grid,))


def _any_named(grids: Iterable[GridShape], code: str) -> GridShape:
    for grid in grids:
        if grid.code == code:
            return grid
    raise EditRefused(
        f"There is no grid {code}.", "Name a grid of this draft.", [code], code="no-such-grid", values={"grid": code}
    )


def _free(codes: tuple[str, ...], taken: Collection[str]) -> None:
    if len(set(codes)) < len(codes):
        raise EditRefused(f"Both parts would have the code {codes[0]}.", "Give them two codes.", codes,
                          code="parts-of-one-code", values={"grid": codes[0]})  # fmt: skip
    for code in codes:
        if code in taken:
            raise EditRefused(f"There is a grid {code} already.", "Choose a code that is free.", [code],
                              code="code-taken", values={"grid": code})  # fmt: skip


def _halves(area: MultiPolygon, drawn: Cut, called: str) -> tuple[MultiPolygon, MultiPolygon]:
    """Return the larger part, with what the line does not touch, and the smaller."""
    inner = {edge for chord in drawn.chords for edge in chord.edges}
    pieces = faces(area, drawn.put, inner)
    cut_ones = [piece for piece in pieces if not inner.isdisjoint(edges_of(piece))]
    if len(cut_ones) != 2:
        raise EditRefused(
            f"The line cuts {called} in {len(cut_ones)} pieces, not in two.",
            "Draw one line that enters at the border once and leaves once.",
            code="line-not-in-two",
            values={"n": len(cut_ones)},
        )
    untouched = [piece for piece in pieces if inner.isdisjoint(edges_of(piece))]
    large, small = sorted(cut_ones, key=lambda piece: (-piece.area, *shapely.get_coordinates(piece).min(axis=0)))
    return MultiPolygon([large, *untouched]), MultiPolygon([small])


def _hang_together(parts: list[GridShape]) -> None:
    """Raise EditRefused unless grids are one group when those that share an edge are put together."""
    edges = [set(edges_of(shape_of(part))) for part in parts]
    reached, waiting = {0}, [0]
    while waiting:
        one = waiting.pop()
        new = {other for other in range(len(parts)) if other not in reached and not edges[one].isdisjoint(edges[other])}
        reached |= new
        waiting.extend(new)
    apart = [part.code for number, part in enumerate(parts) if number not in reached]
    if apart:
        raise EditRefused(
            f"Grid{'s' * (len(apart) > 1)} {', '.join(apart)} and grid {parts[0].code} have no border in common.",
            "Merge only grids that hang together along borders; a corner is not enough.",
            [part.code for part in parts],
            code="do-not-hang-together",
        )


def _has(shape: BaseGeometry, vertex: Vertex) -> bool:
    return bool((shapely.get_coordinates(shape) == vertex).all(axis=1).any())


def _vertex_near(shapes: dict[str, MultiPolygon], at: Position, tolerance_m: float) -> Vertex | None:
    found = nearest_vertex(shapes.values(), at)
    return None if found is None or found[1] > tolerance_m else found[0]


def _edge_near(shapes: dict[str, MultiPolygon], at: Position, tolerance_m: float) -> tuple[Edge, Vertex]:
    found = nearest_edge(shapes.values(), at)
    if found is None or found[2] > tolerance_m:
        raise EditRefused(
            f"There is no border within {tolerance_m:g} m of {at[0]:.7f}, {at[1]:.7f}.",
            "Point at a border or at a vertex of one.",
            place=at,
            code="no-border-near",
            values={"metres": tolerance_m},
        )
    return found[0], found[1]


def _nobody_behind(owners: Collection[str], at: Position) -> EditRefused:
    return EditRefused(
        f"The border of grid {', '.join(owners)} at {at[0]:.7f}, {at[1]:.7f} has no other grid behind it.",
        "The outline stands still; inside it, heal the draft so that neighbours share their border.",
        sorted(owners),
        at,
        code="nobody-behind",
    )


def _off_outline(vertex: Vertex, outline: BaseGeometry | None) -> None:
    if outline is not None and shapely.dwithin(outline.boundary, shapely.points(vertex), ONE_BORDER_DEG):
        raise EditRefused(
            f"The border at {vertex[0]:.7f}, {vertex[1]:.7f} lies on the outline, which stands still.",
            "Move a vertex inside the outline, or redraw the border that ends there.",
            place=Position(*vertex),
            code="on-outline",
        )
