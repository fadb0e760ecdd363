"""Counts what GEOS is asked that can cost as much as borders cross, so that a test can tell what was never begun."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

#: Functions that lay geometries over each other, or a geometry over itself.
OVERLAYS = (
    "intersection", "difference", "symmetric_difference", "union", "union_all", "unary_union", "coverage_union_all",
    "coverage_invalid_edges", "relate_pattern", "relate", "buffer", "make_valid", "node",
)  # fmt: skip
#: Functions that are quick for each geometry, and asked of many.
COMPARISONS = ("normalize", "crosses")


class Overlays:
    """What was handed to GEOS since the counting began; what is not valid must not be."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: Counter[str] = Counter()
        #: Geometries that were laid over each other, and how many were compared, by function.
        self.laid: dict[str, list[Any]] = {}
        self.compared: Counter[str] = Counter()
        #: Pairs that trees of boxes told.
        self.pairs = 0
        for home in (shapely, BaseGeometry):  # a method does not go through the function of its name
            for names, noting in ((OVERLAYS, self._noting), (COMPARISONS, self._counting)):
                for name in names:
                    if hasattr(home, name):
                        monkeypatch.setattr(home, name, noting(name, getattr(home, name)))
        monkeypatch.setattr(shapely, "STRtree", self._tree())

    def vertices(self, *names: str) -> int:
        """Return how many vertices these functions were handed."""
        handed = [geom for name in names for geom in self.laid.get(name, [])]
        return int(shapely.get_num_coordinates(handed).sum())

    def _noting(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*handed: Any, **more: Any) -> Any:
            self.calls[name] += 1
            for one in handed:
                geoms = np.ravel(np.asarray(one, dtype=object))
                laid = [geom for geom in geoms if isinstance(geom, shapely.Geometry)]
                # Before it is begun: it may cost without bounds.
                assert shapely.is_valid(laid).all(), f"{name} is handed what is not valid"
                self.laid.setdefault(name, []).extend(laid)
            return function(*handed, **more)

        return noted

    def _counting(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(first: Any, *handed: Any, **more: Any) -> Any:
            self.calls[name] += 1
            self.compared[name] += int(np.size(np.asarray(first, dtype=object)))
            return function(first, *handed, **more)

        return counted

    def _tree(self) -> type[shapely.STRtree]:
        noted = self

        class Tree(shapely.STRtree):
            def query(self, *asked: Any, **more: Any) -> Any:
                found = super().query(*asked, **more)
                noted.pairs += found.shape[-1]
                return found

        return Tree
