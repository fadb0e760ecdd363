"""A proposed partition: contiguous, compact grids of like numbers of households, bordered by streets where there are.

A proposal is a draft for people who know the place. It knows no neighbourhoods, and where a block is cut its border may
run through a yard or a house.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon

from geoservice.domain.proposing.blocks import blocks_of
from geoservice.domain.proposing.districts import Target, districts_of
from layers.errors import LayerError
from layers.grids.model import GridShape

#: The largest block that stays whole, as a share of what a grid may vary by.
_BLOCK_SHARE = 0.5


class ProposalImpossible(LayerError):
    """So many households can not be divided into so many grids of that size: allow fewer or more, or another number."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Come out of another process as it went in."""
        return partial(ProposalImpossible, **self.fields), ()

    def __str__(self) -> str:
        """Return the sentence with the numbers that do not go together."""
        none = "No households are entered here, so there is nothing to cut by: enter buildings and households first."
        said = none if self.fields.get("households") == 0 else self.__doc__
        return f"{said} ({', '.join(f'{name}: {value}' for name, value in self.fields.items())})"


def propose(
    outline: MultiPolygon,
    points: Sequence[Any],
    counts: Sequence[int],
    streets: Sequence[Any],
    *,
    minimum: int = 300,
    maximum: int = 500,
    grids: int | None = None,
    seed: int = 0,
) -> tuple[GridShape, ...]:
    """Return a partition of an outline into grids.

    Parameters
    ----------
    outline
        EPSG:4326, valid.
    points, counts
        (m,) points, EPSG:4326, and how many households live at each; those outside do not count.
    streets
        Centre lines, EPSG:4326.
    minimum, maximum
        Households of a grid; met where the blocks allow it, so look at what comes out.
    grids
        How many; None: as many as bring each to the middle between minimum and maximum.
    seed
        Equal arguments give an equal proposal; another seed, another one.

    Returns
    -------
    Grids with codes 01, 02 ... from north to south, that share every vertex of their borders and fill the outline.

    Raises
    ------
    ProposalImpossible
        There are more households than `grids` of `maximum` hold, or fewer than `grids` of `minimum` need, or too
        few blocks.
    """
    shapes = divided(
        outline, points, counts, np.array(streets, dtype=object),
        minimum=minimum, maximum=maximum, count=grids, seed=seed,
    )  # fmt: skip
    shapes.sort(key=lambda shape: (-round(shape.centroid.y, 4), shape.centroid.x))
    width = max(2, len(str(len(shapes))))
    codes = [f"{number:0{width}}" for number in range(1, len(shapes) + 1)]
    return tuple(GridShape(code, code, None, None, shape) for code, shape in zip(codes, shapes, strict=True))


def divided(
    outline: MultiPolygon,
    points: Sequence[Any],
    counts: Sequence[int],
    streets: NDArray[Any],
    *,
    minimum: int,
    maximum: int,
    count: int | None,
    least: int = 1,
    seed: int = 0,
    edges_whole: bool = False,
) -> list[MultiPolygon]:
    """Return shapes that share every vertex of their borders and fill an outline, in no order; see `propose`.

    Parameters
    ----------
    count
        How many; None: as many as bring each to the middle, and `least` or more.
    edges_whole
        Let borders between shapes end at vertices of the outline only.
    """
    where, households = np.array(points, dtype=object), np.array(counts, dtype=np.int64)
    living = shapely.intersects(outline, where) if len(where) else np.zeros(0, bool)
    where, households = _in_order(where[living], households[living])
    total = int(households.sum())
    if count is None:
        count = max(least, round(total / ((minimum + maximum) / 2)))
    if not count * minimum <= total <= count * maximum:
        raise ProposalImpossible(households=total, grids=count, minimum=minimum, maximum=maximum)
    limit = max(1, math.floor((maximum - minimum) * _BLOCK_SHARE))
    blocks = blocks_of(outline, where, households, streets, households_max=limit, edges_whole=edges_whole)
    if len(blocks.faces) < count:
        raise ProposalImpossible(households=total, grids=count, blocks=len(blocks.faces))
    district = districts_of(blocks, Target(count, minimum, maximum), seed=seed)
    return [_dissolved(blocks.faces[district == one]) for one in range(count)]


def _in_order(points: NDArray[Any], households: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the same from west to east: the order in which a database tells them must not change a proposal."""
    order = np.lexsort((households, shapely.get_y(points), shapely.get_x(points)))
    return points[order], households[order]


def _dissolved(faces: Any) -> MultiPolygon:
    joined = shapely.coverage_union_all(faces)
    return MultiPolygon([part for part in shapely.get_parts(joined) if part.geom_type == "Polygon"])
