"""What an edit does to a set of grids, as a value."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely import MultiPolygon

from geoservice.domain.editing.edges import Edge, Vertex, edges_of, with_vertices
from geoservice.domain.editing.edit_refused import EditRefused
from layers.grids.model import GridShape


@dataclass(frozen=True)
class Change:
    """What is different after an edit; applied as a whole or not at all."""

    #: Codes that are gone afterwards.
    removed: tuple[str, ...]
    #: Grids as they are afterwards: new ones, and every changed one, neighbours that got a vertex included.
    put: tuple[GridShape, ...]

    @property
    def codes(self) -> frozenset[str]:
        """Return every code that is removed or put."""
        return frozenset(self.removed) | {grid.code for grid in self.put}


def applied(grids: Iterable[GridShape], change: Change) -> list[GridShape]:
    """Return grids with a change made; those that it does not name stay the same objects, in their order."""
    put = {grid.code: grid for grid in change.put}
    kept = [put.pop(grid.code, grid) for grid in grids if grid.code not in change.removed]
    return kept + list(put.values())


def by_code(grids: Sequence[GridShape]) -> dict[str, GridShape]:
    """Return grids by their code, those without a shape left out.

    Raises
    ------
    EditRefused
        Two grids have the same code.
    """
    named: dict[str, GridShape] = {}
    for grid in grids:
        if grid.code in named:
            raise EditRefused(
                f"Two grids have the code {grid.code}.", "Give one of them another code first.", [grid.code],
                code="code-twice", values={"grid": grid.code},
            )  # fmt: skip
        named[grid.code] = grid
    return {code: grid for code, grid in named.items() if grid.geom is not None and not grid.geom.is_empty}


def grid_named(named: Mapping[str, GridShape], code: str) -> GridShape:
    """Return the grid of a code; raise EditRefused when there is none with a shape."""
    if code not in named:
        raise EditRefused(f"There is no grid {code} with a shape.", "Name a grid of this draft.", [code],
                          code="no-such-grid", values={"grid": code})  # fmt: skip
    return named[code]


def shape_of(grid: GridShape) -> MultiPolygon:
    """Return the shape of a grid, empty when it has none."""
    return MultiPolygon() if grid.geom is None else grid.geom


def reshaped(grids: Mapping[str, GridShape], shapes: Mapping[str, MultiPolygon]) -> tuple[GridShape, ...]:
    """Return the grids whose shape changes, with the new one, in the order of their codes."""
    return tuple(replace(grids[code], geom=shapes[code]) for code in sorted(shapes))


def thickened(
    named: Mapping[str, GridShape], but: Collection[str], put: Mapping[Edge, Sequence[Vertex]]
) -> tuple[GridShape, ...]:
    """Return the grids, but for some, that have an edge into which vertices are put, with the vertices in it."""
    if not put:
        return ()
    reach = shapely.box(*shapely.total_bounds(shapely.linestrings(np.array(list(put)))))
    shapes = {}
    for code, grid in named.items():
        shape = shape_of(grid)
        if code not in but and shape.envelope.intersects(reach) and not put.keys().isdisjoint(edges_of(shape)):
            shapes[code] = with_vertices(shape, put)
    return reshaped(named, shapes)
