"""Healing: closing gaps and overlaps narrower than a tolerance, and mending rings that are not valid.

Only grids with a defect and those beside them are looked at; every vertex that is not part of a defect stays where it
is, bit by bit. What is wider than the tolerance is left for a person to decide, and stays a finding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from dataclasses import replace as with_fields

import numpy as np
import shapely
from shapely import MultiPolygon

from geoservice.domain.editing.change import shape_of
from geoservice.domain.editing.diff import area_m2, substance
from geoservice.domain.editing.faces import Faces
from geoservice.domain.editing.inheritance import Owners, inherited
from geoservice.domain.editing.lattice import Lattice
from geoservice.domain.editing.mosaic import Mosaic
from geoservice.domain.validating.topology import (
    HEALED_MAX_M,
    ONE_BORDER_DEG,
    STRIP_RULES,
    beyond,
    edges_without_match,
    union_of_grids,
    width_of,
)
from layers.geometry import as_multipolygon, is_narrow, metres_per_degree, polygons_of
from layers.grids.model import Finding, GridShape

#: One round after the other, until nothing is left to do; once over usually does it. What is finer than the step of the
#: fine ones is a tenth of the micrometre that the gate sees; where borders are tangled finer than 0.01 mm or 0.1 mm,
#: coarse ones first make one vertex of several.
_LATTICES = tuple(map(Lattice, (1e-12, 1e-10, 1e-12, 1e-9, 1e-12, 1e-12, 1e-12)))


@dataclass(frozen=True)
class Healed:
    """What healing did to one grid."""

    code: str
    #: Square metres on the WGS 84 ellipsoid.
    gained_m2: float
    lost_m2: float
    vertices_added: int
    #: Replaced by another within the tolerance.
    vertices_moved: int
    vertices_removed: int
    #: Its ring was not valid and was mended.
    mended: bool


@dataclass(frozen=True)
class Healing:
    """Grids after healing, and what was done to each that changed; in the order of the grids given."""

    grids: tuple[GridShape, ...]
    changes: tuple[Healed, ...]

    @property
    def moved_m2(self) -> float:
        """Return the ground gained and lost by all grids, in square metres."""
        return sum(change.gained_m2 + change.lost_m2 for change in self.changes)

    @property
    def vertices(self) -> tuple[int, int, int]:
        """Return the vertices added, moved and removed in all grids."""
        return (
            sum(change.vertices_added for change in self.changes),
            sum(change.vertices_moved for change in self.changes),
            sum(change.vertices_removed for change in self.changes),
        )


@dataclass(frozen=True)
class LeftOpen:
    """What healing leaves: gaps, overlaps and spills that are wider than its tolerance."""

    #: Metres, the narrowest first; wider than `HEALED_MAX_M` only roughly.
    widths_m: tuple[float, ...]

    @property
    def for_a_person(self) -> int:
        """Return how many are wider than healing ever closes."""
        return sum(width > HEALED_MAX_M for width in self.widths_m)

    @property
    def tolerance_m(self) -> float | None:
        """Return the tolerance, to the centimetre, that closes all others; None when there are no others."""
        others = [width for width in self.widths_m if width <= HEALED_MAX_M]
        return min(math.ceil(100 * others[-1]) / 100, HEALED_MAX_M) if others else None


def left_open(findings: Iterable[Finding]) -> LeftOpen:
    """Return how wide the strips among the findings of the gate are; see `LeftOpen`."""
    strips = [polygons_of(finding.geom) for finding in findings if finding.rule in STRIP_RULES and finding.geom]
    return LeftOpen(tuple(sorted(width_of(part) for parts in strips for part in parts)))


def healed(
    grids: Sequence[GridShape],
    outline: MultiPolygon,
    tolerance_m: float,
    *,
    fit_outline: bool = True,
    progress: Callable[[float, str], None] | None = None,
) -> Healing:
    """Return grids without gaps and overlaps narrower than a tolerance, and without invalid rings.

    Parameters
    ----------
    grids
        EPSG:4326. Those without a shape, or with coordinates that are no numbers, stay as they are.
    outline
        Of the jurisdiction, EPSG:4326, valid.
    tolerance_m
        In metres; what a circle of this diameter fits into is not touched.
    fit_outline
        Whether grids that reach over the outline or stop short of it, by less than the tolerance, are made to end on
        it. Without this the rim of the grids stays as it is.
    progress
        Called with the share that is done, 0 to 1, and what is being done.

    Returns
    -------
    Healing
        When every defect is narrower than the tolerance, the gate finds no error in its grids. Of two grids that
        overlap, the one with the longer border to the place gets it; a gap goes to the neighbour with the longest.

    Notes
    -----
    Rings are mended by GEOS's structure method, and only areas are kept. Hostile rings can take long: run this where a
    time limit stops it.
    """
    tell = progress or (lambda share, what: None)
    tell(0.0, "mending rings")
    shapes = [_mended(grid.geom) for grid in grids]
    mended = {number for number, grid in enumerate(grids) if shapes[number] is not grid.geom}
    usable = [number for number, shape in enumerate(shapes) if shape is not None]
    rim = outline if fit_outline else None
    active = np.array(usable, dtype=int)
    for turn, lattice in enumerate(_LATTICES):
        tell(0.1 + 0.8 * turn / len(_LATTICES), "looking for gaps and overlaps")
        this = _Round(lattice, shapes, usable, active, rim, tolerance_m)
        if len(this.suspects) == 0:
            break
        changed = this.run()
        for number, shape in changed.items():
            shapes[number] = shape
        # Of what did not change on this lattice another may make more.
        active = np.union1d(this.numbers[this.suspects], sorted(changed)).astype(int)
    tell(0.9, "counting what changed")
    healing = _counted(grids, shapes, mended, tolerance_m)
    tell(1.0, "done")
    return healing


def _counted(
    grids: Sequence[GridShape], shapes: Sequence[MultiPolygon | None], mended: set[int], tolerance_m: float
) -> Healing:
    """Return grids with new shapes and what was done to each; those that are as they were stay the same objects."""
    result, changes = [], []
    for number, grid in enumerate(grids):
        shape = shapes[number]
        if shape is None or shape is grid.geom or shape.equals_exact(shape_of(grid)):
            result.append(grid)
            continue
        result.append(with_fields(grid, geom=shape))
        changes.append(_healed(grid, shape, number in mended, tolerance_m))
    return Healing(tuple(result), tuple(changes))


def _mended(geom: MultiPolygon | None) -> MultiPolygon | None:
    """Return a valid area, the very object when it is one; None when there is nothing to be made of it."""
    if geom is None or geom.is_empty or not np.isfinite(shapely.get_coordinates(geom)).all():
        return None
    if geom.is_valid:
        return geom
    parts = polygons_of(shapely.make_valid(geom, method="structure", keep_collapsed=False))
    return as_multipolygon(shapely.unary_union(parts)) if parts else None


class _Round:
    """One look at all grids that may have a defect, and what comes of it."""

    def __init__(
        self,
        lattice: Lattice,
        shapes: Sequence[MultiPolygon | None],
        usable: Sequence[int],
        active: np.ndarray,
        rim: MultiPolygon | None,
        tolerance_m: float,
    ) -> None:
        self.lattice = lattice
        self.numbers = np.array(usable, dtype=int)
        self.geoms = np.array([shapes[number] for number in usable], dtype=object)
        self.active = np.flatnonzero(np.isin(self.numbers, active))
        self.rim = rim
        self.tolerance_m = tolerance_m
        bounds = shapely.total_bounds(self.geoms)
        #: The tolerance in degrees of longitude, of which there are more to the metre.
        self.reach = tolerance_m / min(metres_per_degree(float(np.abs(bounds[[1, 3]]).max())))
        self.mosaic = Mosaic(lattice, self.geoms, rim, self.reach)
        self.suspects = self._suspects()

    def run(self) -> dict[int, MultiPolygon]:
        """Return new shapes by the number of the grid."""
        suspects = self.suspects
        local = np.union1d(suspects, self.mosaic.beside(self.geoms[suspects]))
        # Doubles of grids without a defect win, so that those farther out still match them.
        faces = self.mosaic.faces(np.concatenate([np.setdiff1d(local, suspects), suspects]))
        faces, narrow = faces.divided(self._narrow(faces))
        goes = self._without_crumbs(faces, inherited(faces, faces.owners, narrow))
        rebuilt = self.mosaic.rebuilt(faces, goes, local)
        return {int(self.numbers[number]): shape for number, shape in rebuilt.items()}

    def _suspects(self) -> np.ndarray:
        """Return the grids with an edge that no neighbour matches, or beside a narrow gap, or not on the outline."""
        near = self.mosaic.beside(self.geoms[self.active])
        # With an outline a wider gap is seen where it differs; an inlet from outside is as narrow and no gap.
        gap_deg = self.reach if self.rim is None else ONE_BORDER_DEG
        edges = edges_without_match(self.geoms[near], gap_deg=gap_deg)
        suspects = near[~shapely.is_empty(edges)]
        if self.rim is None:
            return suspects
        whole = union_of_grids(self.geoms, edges)
        off = [part for part in beyond(self.rim, whole) + beyond(whole, self.rim) if is_narrow(part, self.tolerance_m)]
        beside = self.mosaic.tree.query(off, predicate="dwithin", distance=1e-9)[1] if off else np.empty(0, dtype=int)
        return np.unique(np.concatenate([suspects, beside]))

    def _without_crumbs(self, faces: Faces, goes: list[Owners]) -> list[Owners]:
        """Return who gets each face, when narrow parts that a grid had not before go to those around them."""
        single: dict[int, list[int]] = {}
        for face, owners in enumerate(goes):
            if len(owners) == 1:
                single.setdefault(owners[0], []).append(face)
        inside = shapely.point_on_surface(faces.polygons)
        crumbs: list[int] = []
        for owner, mine in single.items():
            parts = polygons_of(self.lattice.united(faces.polygons[mine].tolist()))
            if len(parts) <= shapely.get_num_geometries(self.geoms[owner]):
                continue
            thin = [part for part in parts if is_narrow(part, self.tolerance_m)]
            if thin and len(thin) < len(parts):
                hit = shapely.STRtree(thin).query(inside[mine], predicate="intersects")[0]
                crumbs.extend(mine[number] for number in np.unique(hit).tolist())
        if not crumbs:
            return goes
        free = set(crumbs)
        return inherited(faces, [() if face in free else owners for face, owners in enumerate(goes)], crumbs)

    def _narrow(self, faces: Faces) -> list[int]:
        """Return the faces of gaps, overlaps and spills that are narrow as a whole, not only in a piece of them."""
        if self.rim is None:
            inside = np.ones(len(faces.polygons), dtype=bool)
        else:
            shapely.prepare(self.rim)
            inside = np.asarray(shapely.intersects(self.rim, shapely.point_on_surface(faces.polygons)))
        count = np.array([len(owners) for owners in faces.owners], dtype=int)
        found: list[int] = []
        for kind in (
            np.flatnonzero((count == 0) & inside),
            np.flatnonzero(count > 1),
            np.flatnonzero((count == 1) & ~inside),
        ):
            if len(kind) == 0:
                continue
            wholes = polygons_of(shapely.coverage_union_all(faces.polygons[kind]))
            thin = [whole for whole in wholes if is_narrow(whole, self.tolerance_m)]
            if thin:
                tree = shapely.STRtree(thin)
                hit = tree.query(shapely.point_on_surface(faces.polygons[kind]), predicate="intersects")[0]
                found.extend(kind[np.unique(hit)].tolist())
        return found


def _healed(grid: GridShape, shape: MultiPolygon, mended: bool, tolerance_m: float) -> Healed:
    old = _mended(grid.geom) or MultiPolygon()
    gained, lost = (MultiPolygon(substance(ground)) for ground in (shape.difference(old), old.difference(shape)))
    before, after = (
        {(lon, lat) for lon, lat in shapely.get_coordinates(geom).tolist()} for geom in (shape_of(grid), shape)
    )
    new, gone = sorted(after - before), sorted(before - after)
    moved = 0
    if new and gone:
        scale = metres_per_degree(new[0][1])
        tree = shapely.STRtree(shapely.points(np.array(new) * scale))
        pairs = tree.query(shapely.points(np.array(gone) * scale), predicate="dwithin", distance=tolerance_m)
        moved = min(len(np.unique(pairs[0])), len(np.unique(pairs[1])))
    return Healed(grid.code, area_m2(gained), area_m2(lost), len(new) - moved, moved, len(gone) - moved, mended)
