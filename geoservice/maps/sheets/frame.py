"""The frame of a map on paper: which ground it shows, and where on paper a place is."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import shapely
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from geoservice.maps.sheets.paper import Box
from layers.crs import STORAGE_SRID, Bbox

#: One millimetre of paper is so many millimetres of ground: round, as people write scales.
SCALES = (
    200, 250, 500, 750, 1_000, 1_500, 2_000, 2_500, 4_000, 5_000, 7_500, 10_000, 15_000, 20_000, 25_000, 40_000,
    50_000, 75_000, 100_000, 150_000, 200_000, 250_000, 400_000, 500_000, 750_000, 1_000_000, 2_000_000, 5_000_000,
    10_000_000,
)  # fmt: skip
#: Of the frame, left free around what is to be seen whole.
_FREE = 0.04


@cache
def _to_metric(srid: int) -> Transformer:
    return Transformer.from_crs(STORAGE_SRID, srid, always_xy=True)


class MapFrame:
    """A box on paper that shows ground to a scale, in a metric CRS; north of the grid of that CRS is up.

    Parameters
    ----------
    box
        Millimetres on paper.
    srid
        EPSG code of the metric CRS of the jurisdiction: in it the scale is true to some hundredths of a per cent.
    centre
        Longitude and latitude, EPSG:4326.
    scale
        Millimetres of ground in one of paper.
    """

    def __init__(self, box: Box, srid: int, centre: tuple[float, float], scale: int) -> None:
        self.box, self.srid, self.scale = box, srid, scale
        self._x, self._y = _to_metric(srid).transform(*centre)

    @classmethod
    def around(cls, box: Box, srid: int, geom: BaseGeometry, *, scale: int | None = None) -> MapFrame:
        """Return the frame that shows a shape of EPSG:4326 whole and as large as a round scale lets it.

        With a scale the shape's middle is the frame's, whether it has room or not.
        """
        west, south, east, north = shapely.transform(
            shapely.segmentize(shapely.box(*geom.bounds), max(_extent(geom) / 20, 1e-9)),
            lambda lonlat: np.column_stack(_to_metric(srid).transform(lonlat[:, 0], lonlat[:, 1])),
        ).bounds
        needed = 1000 * max((east - west) / (box.width * (1 - _FREE)), (north - south) / (box.height * (1 - _FREE)))
        frame = cls(box, srid, geom.centroid.coords[0], scale or scale_from(needed))
        frame._x, frame._y = (west + east) / 2, (south + north) / 2
        return frame

    @property
    def bbox(self) -> Bbox:
        """Return the ground that it shows: west, south, east, north in EPSG:4326."""
        half_x, half_y = self._metres(self.box.width) / 2, self._metres(self.box.height) / 2
        bounds = (self._x - half_x, self._y - half_y, self._x + half_x, self._y + half_y)
        west, south, east, north = _to_metric(self.srid).transform_bounds(*bounds, direction="INVERSE")
        return Bbox(west, south, east, north)

    @property
    def corners(self) -> tuple[tuple[float, float], ...]:
        """Return longitude and latitude of the lower left, the lower right and the upper left corner."""
        half_x, half_y = self._metres(self.box.width) / 2, self._metres(self.box.height) / 2
        places = ((-half_x, -half_y), (half_x, -half_y), (-half_x, half_y))
        return tuple(self._lonlat(self._x + x, self._y + y) for x, y in places)

    @property
    def convergence_deg(self) -> float:
        """Return by how many degrees true north is to the right of up, at the middle."""
        lon, lat = self._lonlat(self._x, self._y)
        east, north = _to_metric(self.srid).transform(lon, lat + 0.001)
        return math.degrees(math.atan2(east - self._x, north - self._y))

    def on_paper(self, geoms: np.ndarray) -> np.ndarray:
        """Return shapes of EPSG:4326, (n,), in millimetres of paper, areas and lines cut off a little outside."""
        box = self.box
        moved = shapely.transform(geoms, self._place)
        kept = shapely.clip_by_rect(moved, box.left - 3, box.top - 3, box.right + 3, box.bottom + 3)
        return np.where(shapely.get_dimensions(moved) == 0, moved, kept)

    def _place(self, lonlat: np.ndarray) -> np.ndarray:
        x, y = _to_metric(self.srid).transform(lonlat[:, 0], lonlat[:, 1])
        mm = 1000 / self.scale
        left, top = self.box.left + self.box.width / 2, self.box.top + self.box.height / 2
        return np.column_stack([left + (np.asarray(x) - self._x) * mm, top - (np.asarray(y) - self._y) * mm])

    def _metres(self, mm: float) -> float:
        return mm * self.scale / 1000

    def _lonlat(self, x: float, y: float) -> tuple[float, float]:
        lon, lat = _to_metric(self.srid).transform(x, y, direction="INVERSE")
        return lon, lat


def scale_from(needed: float) -> int:
    """Return the largest round scale at which ground of this many millimetres a millimetre has room."""
    return next((scale for scale in SCALES if scale >= needed), SCALES[-1])


def scale_of_zoom(zoom: float, lat: float) -> int:
    """Return the round scale of a map on a screen: pixels of 0.28 mm (OGC 17-083r4), tiles of 256 of them."""
    metres_a_pixel = 2 * math.pi * 6_378_137 * math.cos(math.radians(lat)) / (256 * 2**zoom)
    return scale_from(metres_a_pixel / 0.000_28)


def _extent(geom: BaseGeometry) -> float:
    west, south, east, north = geom.bounds
    return max(east - west, north - south)
