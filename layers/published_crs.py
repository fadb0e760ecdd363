"""Reference systems in which features are given out and taken in, each with the order of its axes."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyproj
import shapely
from pyproj.enums import TransformDirection
from pyproj.exceptions import ProjError
from shapely.geometry.base import BaseGeometry

from layers.crs import GEOGRAPHIC_NAMES, KEPT_DECIMALS, STORAGE_SRID, WEB_MERCATOR_SRID, OutsideCrs, gauss_kruger_zone
from layers.errors import LayerError
from layers.jurisdictions.model import Jurisdiction

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
#: Of metres: a tenth of a millimetre, as of degrees.
_METRE_DECIMALS = 4
#: An edge of a box is straight in the CRS that it is told in: so many points on each follow it into another.
_POINTS_OF_EDGE = 32


class BoxUpsideDown(LayerError):
    """The lower corner of a box comes first, then the upper; of degrees alone west may be greater than east."""


@dataclass(frozen=True)
class PublishedCrs:
    """A reference system, by its OGC URI."""

    uri: str
    srid: int
    #: Whether coordinates are told northing, or latitude, first: as the authority has it.
    north_first: bool
    decimals: int

    def to_storage(self, geom: BaseGeometry) -> BaseGeometry:
        """Return a geometry whose coordinates are told in this CRS as longitude and latitude, EPSG:4326.

        Raises
        ------
        OutsideCrs
            A coordinate is no place in this CRS.
        """
        turned = shapely.transform(geom, lambda xy: xy[:, ::-1]) if self.north_first else geom
        if self.srid != STORAGE_SRID:
            turned = shapely.transform(turned, _to_degrees(self.srid))
        lon, lat = shapely.get_coordinates(turned).T
        if not (np.isfinite(lon).all() and (np.abs(lon) <= 180).all() and (np.abs(lat) <= 90).all()):
            raise OutsideCrs(crs=self.uri)
        return turned

    def box(self, numbers: Sequence[float]) -> BaseGeometry:
        """Return the ground of a box told in this CRS, EPSG:4326 (OGC 17-069r4, 7.15.3).

        Of degrees a box whose west is greater than its east crosses the antimeridian. A box without width or height is
        a line or a point.

        Parameters
        ----------
        numbers
            The lower corner, then the upper: 4, or 6 with heights, which the ground does not depend on.

        Raises
        ------
        BoxUpsideDown
        OutsideCrs
            A corner is no place in this CRS.
        """
        half = len(numbers) // 2
        low, high = tuple(numbers[:half]), tuple(numbers[half:])
        if self.north_first:
            low, high = (low[1], low[0], *low[2:]), (high[1], high[0], *high[2:])
        across = self.is_geographic and low[0] > high[0]
        if any(lower > upper for lower, upper in zip(low[across:], high[across:], strict=True)):
            raise BoxUpsideDown
        low, high = low[:2], high[:2]
        if across:
            return shapely.union(self._ground(low, (180.0, high[1])), self._ground((-180.0, low[1]), high))
        return self._ground(low, high)

    @property
    def is_geographic(self) -> bool:
        """Return whether its coordinates are degrees."""
        return self.srid in GEOGRAPHIC_NAMES.values()

    def _ground(self, low: Sequence[float], high: Sequence[float]) -> BaseGeometry:
        corners = shapely.MultiPoint([low, high])
        self._as_told_to_storage(corners)  # of endless edges no points can be set
        if self.is_geographic:
            return self._as_told_to_storage(corners.envelope)
        step = max(high[0] - low[0], high[1] - low[1], 1e-9) / _POINTS_OF_EDGE
        ground = self._as_told_to_storage(shapely.segmentize(corners.envelope, step))
        # What stands on its edge was told rounded, and is in it all the same.
        return shapely.buffer(ground, 10.0**-KEPT_DECIMALS, quad_segs=1, join_style="mitre")

    def _as_told_to_storage(self, geom: BaseGeometry) -> BaseGeometry:
        """Return a geometry that has easting first as it is stored, whichever this CRS has first."""
        return self.to_storage(shapely.transform(geom, lambda xy: xy[:, ::-1]) if self.north_first else geom)


@functools.lru_cache(maxsize=64)
def published_crs(jurisdiction: Jurisdiction) -> tuple[PublishedCrs, ...]:
    """Return the reference systems in which a jurisdiction's features are told; the first is that of storage."""
    middle = (jurisdiction.bbox.west + jurisdiction.bbox.east) / 2
    srids = (jurisdiction.metric_srid, gauss_kruger_zone(middle), WEB_MERCATOR_SRID, *GEOGRAPHIC_NAMES.values())
    every = dict.fromkeys(srid for srid in srids if srid is not None)
    return (PublishedCrs(CRS84, STORAGE_SRID, north_first=False, decimals=KEPT_DECIMALS), *map(_of_epsg, every))


@functools.cache
def _of_epsg(srid: int) -> PublishedCrs:
    crs = pyproj.CRS.from_epsg(srid)
    decimals = KEPT_DECIMALS if crs.is_geographic else _METRE_DECIMALS
    return PublishedCrs(f"{_EPSG}{srid}", srid, north_first=crs.axis_info[0].direction == "north", decimals=decimals)


def _to_degrees(srid: int) -> functools.partial[np.ndarray]:
    return functools.partial(_transform, _transformer(srid))


@functools.cache
def _transformer(srid: int) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(STORAGE_SRID, srid, always_xy=True)


def _transform(transformer: pyproj.Transformer, xy: np.ndarray) -> np.ndarray:
    try:
        lon, lat = transformer.transform(xy[:, 0], xy[:, 1], direction=TransformDirection.INVERSE)
        # Far outside its area a projection still answers, but the way back leads elsewhere.
        back = np.column_stack(transformer.transform(lon, lat))
    except ProjError as exc:
        raise OutsideCrs from exc
    if not np.allclose(back, xy, rtol=1e-6, atol=1e-3):
        raise OutsideCrs
    return np.column_stack((lon, lat))
