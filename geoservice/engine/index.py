"""The index that people and programs use: grids in, owners of positions out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from shapely import MultiPolygon, Polygon

from geoservice.engine.answers import Answers, Method, Question, fill
from geoservice.engine.building import Builder
from geoservice.engine.edges import Areas, Floats, areas_of, edges_of
from geoservice.engine.engines import Engine, Wanted, engine_for, kernel_of
from geoservice.engine.exact import Geos
from geoservice.engine.lazy import LazyProperty
from geoservice.engine.nearest import REACH_M, STEP_M, NearestEdges
from geoservice.engine.scalar import NOWHERE, BorderTables, Found, OwnerTables, answer
from geoservice.engine.search import UNDECIDED, Codes, Tables, Workspace, resolve_edge_cells
from layers.antimeridian import eastward

if TYPE_CHECKING:
    from geoservice.engine.kernel import Tables as KernelTables

#: Positions worked on at a time: their columns stay in a core's own cache.
CHUNK = 65_536


class OwnershipIndex:
    """Who owns a position: the grid that covers it, on a border the one with the smallest code in byte order.

    It never changes once built, may be asked by several threads at once, and can be pickled (it is built again then).
    """

    def __init__(self, areas: Areas, engine: Wanted = "auto") -> None:
        #: Each grid's code once, in byte order; answers are indices into it.
        self.codes = areas.codes
        self._areas = areas
        self._geos = Geos(areas)
        edges = edges_of(areas)
        self._tables = Builder(edges, self._geos).tables() if len(edges) else None
        self._wanted = engine
        self._kernel = kernel_of(engine, self._tables) if self._tables else None

    def __reduce__(self) -> tuple[type[OwnershipIndex], tuple[Areas, Wanted]]:
        return OwnershipIndex, (self._areas, self._wanted)

    @classmethod
    def build(
        cls, codes: Sequence[str], geoms: Sequence[Polygon | MultiPolygon], *, engine: Wanted = "auto"
    ) -> OwnershipIndex:
        """Build the index of a set of grids.

        Parameters
        ----------
        codes
            One per geometry. A code that comes several times is one grid of several parts.
        geoms
            EPSG:4326. They should partition a place; where they overlap the rule of ownership decides, and slower.
        engine
            "auto" takes the compiled kernel where it is there, "numpy" does without; the answers are the same.

        Raises
        ------
        NotAnArea
            A geometry is None, no polygon or multipolygon, or has coordinates that are not finite.
        TypeError
            A code is no text.
        """
        return cls(areas_of(codes, geoms), engine)

    @property
    def engine(self) -> Engine:
        """Return what reads the tables here, and why it is not the compiled kernel."""
        return engine_for(self._wanted)

    @property
    def nbytes(self) -> int:
        """Return the memory of the tables made so far in bytes; the polygons that GEOS keeps come on top."""
        nearest = self.__dict__.get("_nearest")
        return (self._tables.nbytes if self._tables else 0) + (nearest.nbytes if nearest else 0)

    def owners(self, lon: ArrayLike, lat: ArrayLike, *, threads: int = 1) -> Codes:
        """Return who owns each position.

        Parameters
        ----------
        lon, lat
            (n,) degrees, EPSG:4326. Anything may stand in them: what is not finite or on the earth has no owner.
        threads
            How many threads to use; 0 for one per core.

        Returns
        -------
        array
            (n,) int32, index into `codes`, -1 for none.
        """
        x, y = self._lon(lon), _column(lat)
        if x.shape != y.shape:
            raise ValueError("lon and lat must be of the same length")
        found = np.full(len(x), -1, np.int32)
        workers = min(threads or os.cpu_count() or 1, -(-len(x) // CHUNK))
        if workers > 1:
            # Whole chunks each, so that no two threads write to one cache line.
            bounds = [len(x) * number // workers // CHUNK * CHUNK for number in range(workers)] + [len(x)]
            with ThreadPoolExecutor(workers) as pool:
                spans = [slice(*span) for span in pairwise(bounds)]
                list(pool.map(lambda span: self._fill(x[span], y[span], found[span]), spans))
        else:
            self._fill(x, y, found)
        return found

    def lookup(
        self,
        lon: ArrayLike,
        lat: ArrayLike,
        *,
        accuracy_m: float = 15.0,
        snap_tolerance_m: float = 25.0,
        all_distances: bool = False,
    ) -> Answers:
        """Return for each position its owner, how it was reached and how near the border is.

        Parameters
        ----------
        lon, lat
            (n,) degrees, EPSG:4326.
        accuracy_m, snap_tolerance_m
            Metres, 0 to 1000: nearer to a border than this is near; a grid as near as that owns what none covers.
        all_distances
            Measure covered positions farther from the border than `accuracy_m` too; else their distance is NaN.

        Notes
        -----
        Distances are those of the plane of the position, as the database measures them. The first call builds the lists
        of nearest edges.
        """
        for metres in (accuracy_m, snap_tolerance_m):
            if not 0 <= metres <= REACH_M:
                raise ValueError("accuracy_m and snap_tolerance_m must be between 0 and 1000 metres")
        x, y = self._lon(lon), _column(lat)
        if x.shape != y.shape:
            raise ValueError("lon and lat must be of the same length")
        found = Answers.nobody(len(x))
        if self._tables is not None and self._nearest is not None:
            question = Question(accuracy_m, snap_tolerance_m, all_distances)
            workspace = Workspace(min(CHUNK, len(x)))
            with np.errstate(invalid="ignore", over="ignore"):
                for begin in range(0, len(x), CHUNK):
                    some = slice(begin, begin + CHUNK)
                    self._fill_chunk(self._tables, workspace, x[some], y[some], found.owner[some], with_cells=True)
                    found.method[some][found.owner[some] >= 0] = Method.COVERS
                    near = workspace.maybe_within(self._low, STEP_M, question.reach_m, len(x[some]))
                    fill(self._nearest, near, x[some], y[some], found[some], question)
        return found

    @LazyProperty
    def _low(self) -> NDArray[np.uint8] | None:
        if self._tables is None or self._nearest is None:
            return None
        return self._nearest.low_over(self._tables.lattice)

    def at(self, lon: float, lat: float, *, accuracy_m: float = 15.0, snap_tolerance_m: float = 25.0) -> Found:
        """Return who owns one position, how that was reached, how near the border is and which grids are near.

        Parameters
        ----------
        lon, lat
            Degrees, EPSG:4326.
        accuracy_m, snap_tolerance_m
            As for `lookup`; here every covered position is measured.

        Notes
        -----
        The first call builds what `warm` builds.
        """
        if self._scalar is None or not (-180 <= lon <= 180 and -90 <= lat <= 90):
            return NOWHERE
        if lon < 0 and self._areas.first_lon == 0:
            lon += 360
        kernel = self._kernel_with_lists
        found = kernel and kernel.at(lon, lat, accuracy_m, snap_tolerance_m)
        return found or answer(*self._scalar, lon, lat, accuracy_m=accuracy_m, snap_tolerance_m=snap_tolerance_m)

    def warm(self) -> None:
        """Build everything that is otherwise built when it is first needed."""
        if self._scalar is not None and self._low is not None:
            self._kernel_with_lists  # noqa: B018  to make it
            west, south = self._areas.polygons[0].exterior.coords[0]
            self._geos.owners(np.array([west]), np.array([south]))

    @LazyProperty
    def _scalar(self) -> tuple[OwnerTables, BorderTables] | None:
        if self._tables is None or self._nearest is None:
            return None
        return OwnerTables(self._tables, self._geos), BorderTables(self._nearest, edges_of(self._areas), self._areas)

    @LazyProperty
    def _kernel_with_lists(self) -> KernelTables | None:
        if self._tables is None or self._nearest is None:
            return None
        return kernel_of(self._wanted, self._tables, self._nearest)

    @LazyProperty
    def _nearest(self) -> NearestEdges | None:
        edges = edges_of(self._areas)
        return NearestEdges(edges, 0.0 if self._areas.first_lon == 0 else -180.0) if len(edges) else None

    def _lon(self, lon: ArrayLike) -> Floats:
        column = _column(lon)
        if self._areas.first_lon is None:
            return column
        on_earth = np.where(np.abs(column) <= 180, column, np.nan)
        return eastward(on_earth) if self._areas.first_lon == 0 else on_earth

    def _fill(self, lon: Floats, lat: Floats, found: Codes) -> None:
        if self._tables is None:
            return
        workspace = Workspace(min(CHUNK, len(lon)))
        with np.errstate(invalid="ignore", over="ignore"):
            for begin in range(0, len(lon), CHUNK):
                some = slice(begin, begin + CHUNK)
                self._fill_chunk(self._tables, workspace, lon[some], lat[some], found[some])

    def _fill_chunk(
        self, tables: Tables, workspace: Workspace, lon: Floats, lat: Floats, found: Codes, *, with_cells: bool = False
    ) -> None:
        if self._kernel is not None:
            if self._kernel.owners(lon, lat, found, workspace.cells(len(lon)) if with_cells else None):
                asked = np.flatnonzero(found == UNDECIDED)
                found[asked] = self._geos.owners(lon[asked], lat[asked])
            return
        workspace.entries(tables, lon, lat, found)
        on_edge = np.flatnonzero(found < -1)
        if len(on_edge):
            codes, lon, lat = found.take(on_edge), lon.take(on_edge), lat.take(on_edge)
            resolve_edge_cells(tables, codes, lon, lat)
            asked = np.flatnonzero(codes == UNDECIDED)
            if len(asked):
                codes[asked] = self._geos.owners(lon[asked], lat[asked])
            found[on_edge] = codes


def _column(values: ArrayLike) -> Floats:
    if isinstance(values, np.ma.MaskedArray):
        values = np.ma.filled(values.astype(np.float64), np.nan)  # a masked position is none
    if np.iscomplexobj(values):
        raise TypeError("positions are real numbers, no complex ones")
    column: Floats = np.ascontiguousarray(values, dtype=np.float64)
    if column.ndim != 1:
        raise ValueError("positions come as two columns of one dimension")
    return column if column.flags.aligned else column.copy()
