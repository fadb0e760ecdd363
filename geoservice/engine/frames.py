"""Owners for tables of points as notebooks hold them: a GeoDataFrame in, a GeoDataFrame out. Needs geopandas."""

from __future__ import annotations

from typing import Any

import geopandas
import numpy as np
import pandas

from geoservice.engine.answers import Answers
from geoservice.engine.index import OwnershipIndex
from geoservice.engine.loaded_editions import METHODS
from layers.crs import STORAGE_SRID
from layers.errors import LayerError
from layers.grids.codes import CodeAbsent, CodeNotExact, code_text

#: The columns that the result adds.
ADDED = ("grid_code", "method", "near_border", "distance_to_border_m")


class FrameRefused(LayerError):
    """The frame can not be used."""

    def __str__(self) -> str:
        """Return what is wrong, and with what."""
        return str(self.fields["reason"])


def index_of(grids: geopandas.GeoDataFrame, code: str = "code") -> OwnershipIndex:
    """Return the index of a frame of grids.

    Parameters
    ----------
    grids
        Polygons in any CRS; rows with one code are one grid.
    code
        The column that holds each grid's code.

    Raises
    ------
    FrameRefused
        There is no such column, a row of it has no code or one that is not exact, or the frame says no CRS.
    NotAnArea
        A geometry is no polygon.
    """
    _require_frame(grids, "grids")
    if code not in grids.columns:
        raise FrameRefused(reason=f"The grids have no column {code}; they have {', '.join(map(str, grids.columns))}.")
    placed = _lonlat(grids, "grids")
    return OwnershipIndex.build(_codes(grids[code]), list(placed.geometry))


def assign_owners(
    points: geopandas.GeoDataFrame,
    grids: geopandas.GeoDataFrame | OwnershipIndex,
    code: str = "code",
    *,
    accuracy_m: float = 15.0,
    snap_tolerance_m: float = 0.0,
) -> geopandas.GeoDataFrame:
    """Return the points with the grid that owns each: `grid_code`, `method`, `near_border`, `distance_to_border_m`.

    Parameters
    ----------
    points
        Points in any CRS; index, columns and CRS are kept. What has no point, or none on the earth, has no owner.
    grids
        A frame of grids, or an index made before.
    accuracy_m, snap_tolerance_m
        As for `OwnershipIndex.lookup`. Distances farther than the accuracy are NaN.

    Raises
    ------
    FrameRefused
        A frame says no CRS, the points are none, or have a column that the result adds.
    """
    _require_frame(points, "points")
    taken = [name for name in ADDED if name in points.columns]
    if taken:
        raise FrameRefused(reason=f"The points have a column {taken[0]} already; rename it.")
    kinds = set(points.geom_type.dropna()) - {"Point"}
    if kinds:
        raise FrameRefused(reason=f"Every geometry must be a point; there are {', '.join(sorted(kinds))}.")
    index = grids if isinstance(grids, OwnershipIndex) else index_of(grids, code)
    placed = _lonlat(points, "points").geometry
    found = index.lookup(placed.x, placed.y, accuracy_m=accuracy_m, snap_tolerance_m=snap_tolerance_m)
    return points.assign(**_columns(index, found))


def _require_frame(frame: object, which: str) -> None:
    if not isinstance(frame, geopandas.GeoDataFrame):
        said = "geopandas.GeoDataFrame(frame, geometry=geopandas.points_from_xy(frame.lon, frame.lat), crs=4326)"
        made = "frame.to_frame()" if isinstance(frame, geopandas.GeoSeries) else said
        raise FrameRefused(
            reason=f"The {which} must be a GeoDataFrame, and are a {type(frame).__name__}; make one, as in {made}."
        )


def _codes(column: Any) -> list[str]:
    codes = []
    for row, value in column.items():
        bare = value.item() if isinstance(value, np.number | np.bool_) else value
        try:
            codes.append(code_text(None if pandas.api.types.is_scalar(bare) and pandas.isna(bare) else bare))
        except CodeAbsent as exc:
            raise FrameRefused(reason=f"Row {row} of the grids has no code.") from exc
        except CodeNotExact as exc:
            raise FrameRefused(reason=f"Row {row} of the grids: {exc} It is {exc.fields['value']}.") from exc
    return codes


def _lonlat(frame: geopandas.GeoDataFrame, which: str) -> geopandas.GeoDataFrame:
    if frame.crs is None:
        raise FrameRefused(reason=f"The {which} say no CRS; set it, as in {which}.set_crs(4326).")
    return frame.to_crs(STORAGE_SRID)


def _columns(index: OwnershipIndex, found: Answers) -> dict[str, Any]:
    codes = np.array([*index.codes, None], dtype=object)  # -1 is the last
    methods = np.array([METHODS[number] for number in sorted(METHODS)], dtype=object)
    columns = (codes[found.owner], methods[found.method], found.near_border, found.distance_to_border_m)
    return dict(zip(ADDED, columns, strict=True))
