"""Grids taken apart into faces along every border near a place, and put together again as somebody says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from geoservice.domain.editing.faces import Faces, faces_of
from geoservice.domain.editing.inheritance import Owners
from geoservice.domain.editing.lattice import Lattice
from layers.geometry import as_multipolygon

#: Tries to give vertices their doubles back before a shape is left out.
_TRIES_MAX = 4


class Mosaic:
    """Areas and the outline around them, on a lattice.

    Parameters
    ----------
    geoms
        (n,) valid areas, EPSG:4326.
    rim
        The outline whose border is drawn as well; None for none.
    reach_deg
        How far from an area another may be touched by what is done to it, degrees.
    """

    def __init__(self, lattice: Lattice, geoms: np.ndarray, rim: MultiPolygon | None, reach_deg: float) -> None:
        self.lattice = lattice
        self.geoms = geoms
        self.rim = rim
        self.reach_deg = reach_deg
        self.tree = shapely.STRtree(geoms)

    def beside(self, geoms: np.ndarray) -> np.ndarray:
        """Return the numbers of the areas within reach of some geometries, in order."""
        return np.unique(self.tree.query(geoms, predicate="dwithin", distance=self.reach_deg)[1])

    def faces(self, order: np.ndarray, ground: BaseGeometry | None = None) -> Faces:
        """Return the faces that the borders of some areas make; the doubles of those that come first win.

        Parameters
        ----------
        ground
            Ground beside the areas that a face is wanted of as well, such as a gap; None for none.
        """
        drawn = self.geoms[order]
        around = drawn if ground is None else np.append(drawn, ground)
        return faces_of(self.lattice, drawn, self._rim_near(around), list(self.geoms))

    def rebuilt(self, faces: Faces, goes: Sequence[Owners], local: np.ndarray) -> dict[int, MultiPolygon]:
        """Return the areas of some numbers that are other ones when every face goes where it is said to go."""
        parts: dict[int, list[BaseGeometry]] = {int(number): [] for number in local}
        for polygon, owners in zip(faces.polygons, goes, strict=True):
            for owner in owners:
                if owner in parts:
                    parts[owner].append(polygon)
        wholes = {number: whole for number, pieces in parts.items() if (whole := self._joined(pieces)) is not None}
        return {
            number: shape
            for number, shape in self._restored(faces, wholes, local).items()
            if not shape.normalize().equals_exact(self.geoms[number].normalize())
        }

    def _joined(self, pieces: list[BaseGeometry]) -> MultiPolygon | None:
        """Return what pieces make up; None when that is no valid area."""
        if not pieces:
            return None
        whole = as_multipolygon(self.lattice.united(pieces))
        return whole if whole.is_valid and not whole.is_empty else None

    def _restored(self, faces: Faces, wholes: dict[int, MultiPolygon], local: np.ndarray) -> dict[int, MultiPolygon]:
        """Return shapes with the doubles that their vertices had, but for those that make a ring invalid."""
        outer = np.setdiff1d(self.beside(self.geoms[local]), local)
        fixed = {cell for geom in self.geoms[outer] for cell in faces.cells_of(geom)}
        for _ in range(_TRIES_MAX):
            shapes = {number: faces.restored(whole) for number, whole in wholes.items()}
            bad = [number for number, shape in shapes.items() if not shape.is_valid]
            if not bad:
                return shapes
            for number in bad:
                for cell in faces.cells_of(wholes[number]) - fixed:
                    faces.doubles.pop(cell, None)
        return {number: shape for number, shape in shapes.items() if shape.is_valid}

    def _rim_near(self, geoms: np.ndarray) -> BaseGeometry | None:
        if self.rim is None:
            return None
        west, south, east, north = shapely.total_bounds(geoms)
        lines = [
            shapely.linestrings(np.stack([ring[:-1], ring[1:]], axis=1))
            for ring in map(shapely.get_coordinates, shapely.get_rings(shapely.get_parts(self.rim)))
        ]
        edges = np.concatenate(lines)
        reach = self.reach_deg
        box = shapely.box(west - reach, south - reach, east + reach, north + reach)
        return shapely.multilinestrings(edges[shapely.intersects(edges, box)])
