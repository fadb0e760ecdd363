"""Squares of a hundred metres or so, three by three, that share every vertex; codes say row and column."""

from __future__ import annotations

import pytest
import shapely
from shapely import MultiPolygon

from layers.grids.model import GridShape
from tests.places import area, multi


@pytest.fixture
def squares() -> list[GridShape]:
    """Return nine squares of 8 units; their corners and nothing else are vertices."""
    return [
        GridShape(f"{row}{column}", f"grid {row}{column}", None, None, square(row, column))
        for row in range(3)
        for column in range(3)
    ]


@pytest.fixture
def outline(squares: list[GridShape]) -> MultiPolygon:
    """Return what the squares partition."""
    return multi(shapely.coverage_union_all([grid.geom for grid in squares]))


def square(row: int, column: int) -> MultiPolygon:
    """Return one square."""
    return multi(area(8 * column, 8 * row, 8 * column + 8, 8 * row + 8))
