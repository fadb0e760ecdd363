"""Lattices on which borders are brought together, and the doubles that stood where a vertex came to lie on one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geoservice.domain.editing.edges import Vertex

#: A pair of whole numbers: a place on a lattice.
Cell = tuple[int, int]
#: Of a cell: nearer than this to the middle between two is in both.
_BETWEEN = 1e-3


@dataclass(frozen=True)
class Lattice:
    """Places in EPSG:4326 that are a step apart in both directions."""

    step_deg: float

    @property
    def _per_deg(self) -> int:
        return round(1 / self.step_deg)

    def cells(self, coords: np.ndarray) -> list[Cell]:
        """Return the places that (n, 2) coordinates fall on."""
        return [(x, y) for x, y in np.rint(coords * self._per_deg).astype(np.int64).tolist()]

    def centres(self, cells: list[Cell]) -> np.ndarray:
        """Return the coordinates of places, (n, 2)."""
        return np.array(cells).reshape(-1, 2) / self._per_deg

    def nearest(self, vertex: Vertex) -> Vertex:
        """Return the place that is nearest to a vertex."""
        lon, lat = self.centres(self.cells(np.array([vertex])))[0].tolist()
        return lon, lat

    def united(self, pieces: list[BaseGeometry]) -> BaseGeometry:
        """Return the union of areas on the lattice; where one has a vertex and another passes through, it is put."""
        try:
            whole: BaseGeometry = shapely.coverage_union_all(pieces)
        except shapely.GEOSException:  # the quicker way wants edges that match
            whole = shapely.union_all(pieces, grid_size=self.step_deg)
        return whole

    def squares(self, cells: list[Cell]) -> np.ndarray:
        """Return what falls on each place, as (n,) squares."""
        centres, half = self.centres(cells), self.step_deg / 2
        return np.asarray(shapely.box(*(centres - half).T, *(centres + half).T))

    def noded(self, edges: np.ndarray) -> BaseGeometry:
        """Return edges, (n, 2, 2), on the lattice, cut wherever they meet or come as near as a step."""
        lines: BaseGeometry = shapely.union_all(shapely.linestrings(edges), grid_size=self.step_deg)
        return lines

    def first_doubles(self, vertices: np.ndarray) -> dict[Cell, Vertex]:
        """Return the first of (n, 2) pairs of doubles that falls on each place.

        A pair that lies between two places is found at both: whole numbers are rounded in more than one way.
        """
        found: dict[Cell, Vertex] = {}
        for across, up in ((0, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)):
            shifted = vertices * self._per_deg + (across * _BETWEEN, up * _BETWEEN)
            cells, first = np.unique(np.rint(shifted).astype(np.int64), axis=0, return_index=True)
            for (x, y), (lon, lat) in zip(cells.tolist(), vertices[first].tolist(), strict=True):
                found.setdefault((x, y), (lon, lat))
        return found

    def restored(self, area: BaseGeometry, doubles: dict[Cell, Vertex]) -> BaseGeometry:
        """Return an area on the lattice with the doubles of its vertices, where they have any."""

        def given_back(coords: np.ndarray) -> np.ndarray:
            pairs = zip(self.cells(coords), coords.tolist(), strict=True)
            return np.array([doubles.get(cell, (lon, lat)) for cell, (lon, lat) in pairs])

        return shapely.transform(area, given_back)
