"""Where borders may cross so often that laying them over each other would take minutes: counted before it is tried."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from layers.geometry import SMALL_PRODUCT, segments_of


class CrossingEstimate:
    """The edges of areas, to see quickly that two of them can not cross often.

    Edges that both have, bit by bit, cross no edge of the other: the other's rings are valid. So along a shared border
    nothing is left to count, and in a partition nothing anywhere.
    """

    def __init__(self, geoms: np.ndarray) -> None:
        self._geoms = geoms
        self._vertices = shapely.get_num_coordinates(geoms)
        self._bounds = shapely.bounds(geoms)
        self._edges: dict[int, np.ndarray] = {}

    def among(self, pairs: np.ndarray) -> np.ndarray:
        """Return the pairs, shape (2, n), whose edges are many enough that they could cross too often."""
        large = self._vertices[pairs[0]] * self._vertices[pairs[1]] > SMALL_PRODUCT
        keep = [number for number in np.flatnonzero(large).tolist() if self._dense(*pairs[:, number].tolist())]
        return pairs[:, keep]

    def along(self, outline: BaseGeometry) -> np.ndarray:
        """Return the numbers of the areas that could cross an outline too often."""
        edges = segments_of(outline)
        lines = shapely.STRtree(shapely.linestrings(edges))
        large = np.flatnonzero(self._vertices * len(edges) > SMALL_PRODUCT)
        near, met = lines.query(shapely.box(*self._bounds[large].T)) if len(large) else (np.empty(0, dtype=int),) * 2
        count = np.bincount(near, minlength=len(large))
        suspects = np.flatnonzero(self._vertices[large] * count > SMALL_PRODUCT)
        starts = np.searchsorted(near, np.arange(len(large) + 1))
        keep = [one for one in suspects.tolist() if self._many(large[one], edges[met[starts[one] : starts[one + 1]]])]
        return large[np.array(keep, dtype=int)]

    def _dense(self, first: int, second: int) -> bool:
        low = np.maximum(self._bounds[first, :2], self._bounds[second, :2])
        high = np.minimum(self._bounds[first, 2:], self._bounds[second, 2:])
        one, other = (_within(self._edges_of(number), low, high) for number in (first, second))
        return len(one) * len(other) > SMALL_PRODUCT and _own_product(one, other) > SMALL_PRODUCT

    def _many(self, number: int, others: np.ndarray) -> bool:
        low, high = self._bounds[number, :2], self._bounds[number, 2:]
        one, other = _within(self._edges_of(number), low, high), _within(others, low, high)
        return len(one) * len(other) > SMALL_PRODUCT and _own_product(one, other) > SMALL_PRODUCT

    def _edges_of(self, number: int) -> np.ndarray:
        if number not in self._edges:
            self._edges[number] = segments_of(self._geoms[number])
        return self._edges[number]


def _within(edges: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the edges whose boxes meet a box."""
    one, other = edges[:, 0], edges[:, 1]
    inside = (np.minimum(one, other) <= high) & (np.maximum(one, other) >= low)
    return edges[inside[:, 0] & inside[:, 1]]


def _own_product(one: np.ndarray, other: np.ndarray) -> int:
    """Return the product of the numbers of edges that only one and only the other has."""
    mine, others = edge_keys(one), edge_keys(other)
    return int((~np.isin(mine, others)).sum()) * int((~np.isin(others, mine)).sum())


def edge_keys(edges: np.ndarray) -> np.ndarray:
    """Return one number for each edge, the same in both directions; two edges share one only when they are equal.

    The four doubles are joined as they are in memory; adding zero makes minus zero zero.
    """
    swap = (edges[:, 0, 0] > edges[:, 1, 0]) | ((edges[:, 0, 0] == edges[:, 1, 0]) & (edges[:, 0, 1] > edges[:, 1, 1]))
    ordered = np.ascontiguousarray(np.where(swap[:, None, None], edges[:, ::-1], edges) + 0.0)
    return ordered.reshape(-1, 4).view([("edge", "V32")])["edge"].ravel()
