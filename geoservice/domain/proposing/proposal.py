"""A proposed partition: contiguous, compact grids of like numbers of households, bordered by streets where there are.

A proposal is a draft for people who know the place. It knows no neighbourhoods, and where a block is cut its border may
run through a yard or a house.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from shapely import MultiPolygon

from geoservice.domain.proposing.blocks import blocks_of
from geoservice.domain.proposing.districts import Wanted, districts_of
from layers.errors import LayerError
from layers.grids.model import GridShape

#: The largest block that stays whole, as a share of what a grid may vary by.
_BLOCK_SHARE = 0.5


class ProposalImpossible(LayerError):
    """So many households, in so many blocks, can not be divided into so many grids of that size."""


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
    where, households = np.array(points, dtype=object), np.array(counts, dtype=np.int64)
    living = shapely.intersects(outline, where) if len(where) else np.zeros(0, bool)
    where, households = where[living], households[living]
    total = int(households.sum())
    count = grids if grids is not None else max(1, round(total / ((minimum + maximum) / 2)))
    if not count * minimum <= total <= count * maximum:
        raise ProposalImpossible(households=total, grids=count, minimum=minimum, maximum=maximum)
    limit = max(1, math.floor((maximum - minimum) * _BLOCK_SHARE))
    blocks = blocks_of(outline, where, households, np.array(streets, dtype=object), households_max=limit)
    if len(blocks.faces) < count:
        raise ProposalImpossible(households=total, grids=count, blocks=len(blocks.faces))
    district = districts_of(blocks, Wanted(count, minimum, maximum), seed=seed)
    shapes = [_dissolved(blocks.faces[district == one]) for one in range(count)]
    shapes.sort(key=lambda shape: (-round(shape.centroid.y, 4), shape.centroid.x))
    width = max(2, len(str(count)))
    codes = [f"{number:0{width}}" for number in range(1, count + 1)]
    return tuple(GridShape(code, code, None, None, shape) for code, shape in zip(codes, shapes, strict=True))


def _dissolved(faces: Any) -> MultiPolygon:
    joined = shapely.coverage_union_all(faces)
    return MultiPolygon([part for part in shapely.get_parts(joined) if part.geom_type == "Polygon"])
