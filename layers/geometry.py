"""Pure functions on shapes: measures on the ellipsoid, dimensions, rings. No database, no rule of the service."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyproj
import shapely
from shapely import MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from layers.antimeridian import on_one_side
from layers.crs import STORAGE_SRID, Position
from layers.errors import InvalidGeometry

#: Pairs of polygons whose boxes meet; a partition of n polygons has about 4 n.
PAIRS_MAX = 2_000_000
#: Equatorial radius in metres and squared eccentricity of WGS 84 (NGA.STND.0036, table 3.1).
_RADIUS_M, _ECCENTRICITY2 = 6_378_137.0, 6.694379990141e-3
#: Below this product of vertex counts two polygons can not cross often enough to matter.
SMALL_PRODUCT = 5_000


def square_metres(area_m2: float) -> str:
    """Return an area as people read it, without powers of ten."""
    return f"{area_m2:,.0f} m2" if area_m2 >= 100 else f"{area_m2:.4g} m2"


class Plane:
    """A plane around a place in which lengths and areas are those of the WGS 84 ellipsoid.

    Lambert azimuthal equal-area: areas are exact everywhere; lengths are off by less than 1e-5 within 50 km of the
    centre. Source: Snyder 1987, Map Projections, USGS PP 1395, p. 182-190. pyproj.Geod is not used for areas: it
    promises 0.1 m2, and a gap one centimetre wide is smaller.
    """

    def __init__(self, centre: Position) -> None:
        definition = f"+proj=laea +lat_0={centre.lat!r} +lon_0={centre.lon!r} +ellps=WGS84 +units=m"
        self._transformer = pyproj.Transformer.from_crs(STORAGE_SRID, definition, always_xy=True)

    def project(self, geom: Any) -> Any:
        """Return a lon/lat geometry, or an array of them, in metres; vertices move, edges stay straight."""
        return shapely.transform(geom, self._to_metres)

    def area_m2(self, geom: BaseGeometry) -> float:
        """Return the area of a lon/lat geometry in square metres; 0.0 for lines, points and empty ones."""
        return float(shapely.area(self.project(geom)))

    def length_m(self, geom: BaseGeometry) -> float:
        """Return the length of a lon/lat line, or of the rings of a polygon, in metres."""
        return float(shapely.length(self.project(geom)))

    def _to_metres(self, lonlat: np.ndarray) -> np.ndarray:
        return np.column_stack(self._transformer.transform(lonlat[:, 0], lonlat[:, 1]))


def metres_per_degree(lat: float) -> tuple[float, float]:
    """Return how long a degree of longitude and one of latitude are at a latitude, on the WGS 84 ellipsoid."""
    sine = math.sin(math.radians(lat))
    bent = 1 - _ECCENTRICITY2 * sine * sine
    across = _RADIUS_M / math.sqrt(bent) * math.cos(math.radians(lat))
    return math.radians(across), math.radians(_RADIUS_M * (1 - _ECCENTRICITY2) / bent**1.5)


def strip_size(strip: Polygon) -> tuple[float, float]:
    """Return the area in square metres, and on average the width in metres, of a long thin lon/lat polygon.

    The width is twice the area by the perimeter. Edges are taken as straight in degrees, as they are everywhere in
    storage: a `Plane` moves vertices only, and a vertex on an edge of 700 m then lies a millimetre beside it.
    """
    flat = _flat(strip)
    return float(flat.area), _mean_width(flat)


def is_narrow(area: Polygon, width_m: float) -> bool:
    """Return whether no circle of a diameter in metres fits into a lon/lat polygon."""
    return _is_narrow(_flat(area), width_m)


def widest_m(area: Polygon) -> float:
    """Return about the diameter in metres of the widest circle in a lon/lat polygon: `is_narrow` of what is returned.

    It is at most a twentieth too large.
    """
    flat = _flat(area)
    low = high = _mean_width(flat)
    while not _is_narrow(flat, high):
        low, high = high, 2 * high
    while high > 1.05 * low:
        middle = (low + high) / 2
        low, high = (low, middle) if _is_narrow(flat, middle) else (middle, high)
    return high


def _flat(area: Polygon) -> Polygon:
    """Return a lon/lat polygon in metres from a corner of its box; its edges stay straight as they are in degrees."""
    west, south, _, north = area.bounds
    scale = metres_per_degree((south + north) / 2)
    flat: Polygon = shapely.transform(area, lambda lonlat: (lonlat - (west, south)) * scale)
    return flat


def _mean_width(flat: Polygon) -> float:
    return 2 * float(flat.area) / float(flat.length) if flat.length else 0.0


def _is_narrow(flat: Polygon, width_m: float) -> bool:
    # The widest circle in an area is at least as wide as twice the area by the perimeter.
    return _mean_width(flat) <= width_m and bool(flat.buffer(-width_m / 2, quad_segs=4).is_empty)


def polygons_of(geom: BaseGeometry) -> list[Polygon]:
    """Return the polygons that a geometry of any kind holds, without empty ones; lines and points are left out."""
    parts = shapely.get_parts(geom)
    while any(part.geom_type in ("GeometryCollection", "MultiPolygon") for part in parts):
        parts = shapely.get_parts(parts)
    return [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]


def as_multipolygon(geom: BaseGeometry) -> MultiPolygon:
    """Return a Polygon or MultiPolygon as a MultiPolygon, its vertices untouched.

    Raises
    ------
    InvalidGeometry
        For any other type.
    """
    if geom.geom_type == "MultiPolygon":
        return geom
    if geom.geom_type != "Polygon":
        raise InvalidGeometry(type=geom.geom_type)
    return MultiPolygon() if geom.is_empty else MultiPolygon([geom])


def place_in(geom: BaseGeometry) -> Position | None:
    """Return one place of a geometry to show to people: inside an area, on a line; None when it is empty."""
    point: Point = shapely.point_on_surface(geom)
    return None if point is None or point.is_empty else Position(on_one_side(point.x), point.y)


def segments_of(geom: BaseGeometry) -> np.ndarray:
    """Return the edges of all rings as an array of shape (n, 2, 2): from and to, each (lon, lat)."""
    rings = shapely.get_rings(shapely.get_parts(geom))
    if len(rings) == 0:
        return np.empty((0, 2, 2))
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    same_ring = ring[:-1] == ring[1:]
    return np.stack([coords[:-1][same_ring], coords[1:][same_ring]], axis=1)


def crossings(first: BaseGeometry, second: BaseGeometry, *, limit: int) -> int:
    """Return how many edges of two polygons cross, at most about `limit`.

    Overlay of two polygons costs as much as their edges cross; two combs of 4,000 vertices cross a million times and
    keep GEOS busy for 77 s (GEOS 3.14.1, measured). This counts first, and stops early.
    """
    near = shapely.box(*_common_bounds(first, second))
    one, other = (_edges_near(segments_of(geom), near) for geom in (first, second))
    tree = shapely.STRtree(one)
    # A box query tells more pairs than cross; far more of those than edges means a thicket as well.
    found, tried, most_tried = 0, 0, 50 * limit + 20 * (len(one) + len(other))
    for start in range(0, len(other), 64):
        edges, met = tree.query(other[start : start + 64])
        tried += len(edges)
        if tried > most_tried:
            return limit
        found += int(shapely.crosses(other[start : start + 64][edges], one[met]).sum())
        if found >= limit:
            return found
    return found


def meeting_pairs(geoms: np.ndarray, *, limit: int) -> np.ndarray | None:
    """Return the pairs of geometries whose boxes meet, shape (2, n), first < second; None when more than `limit`.

    A thousand copies of one polygon are half a million pairs, and ten thousand would need a gigabyte: so in steps.
    """
    tree = shapely.STRtree(geoms)
    found, count = [np.empty((2, 0), dtype=np.intp)], 0
    for start in range(0, len(geoms), 256):
        pairs = tree.query(geoms[start : start + 256])
        pairs[0] += start
        found.append(pairs[:, pairs[0] < pairs[1]])
        count += found[-1].shape[1]
        if count > limit:
            return None
    return np.concatenate(found, axis=1)


def union_of(polygons: Sequence[Polygon], *, crossings_max: int) -> MultiPolygon:
    """Return the union of valid polygons as a MultiPolygon.

    Raises
    ------
    InvalidGeometry
        Their edges cross more often than `crossings_max`, so that the union would take very long.
    """
    geoms = np.array(polygons, dtype=object)
    pairs = meeting_pairs(geoms, limit=PAIRS_MAX)
    if pairs is None:
        raise InvalidGeometry(reason="most of its parts lie on top of each other")
    vertices, total = shapely.get_num_coordinates(geoms), 0
    for first, second in pairs[:, vertices[pairs[0]] * vertices[pairs[1]] > SMALL_PRODUCT].T:
        total += crossings(geoms[first], geoms[second], limit=crossings_max)
        if total >= crossings_max:
            raise InvalidGeometry(reason="its parts cross each other too often")
    return MultiPolygon(polygons_of(shapely.unary_union(geoms)))


def _common_bounds(first: BaseGeometry, second: BaseGeometry) -> tuple[float, ...]:
    low = np.maximum(first.bounds[:2], second.bounds[:2])
    high = np.minimum(first.bounds[2:], second.bounds[2:])
    return (*low, *np.maximum(low, high))


def _edges_near(segments: np.ndarray, box: Polygon) -> np.ndarray:
    west, south, east, north = box.bounds
    low, high = segments.min(axis=1), segments.max(axis=1)
    inside = (low[:, 0] <= east) & (high[:, 0] >= west) & (low[:, 1] <= north) & (high[:, 1] >= south)
    return np.asarray(shapely.linestrings(segments[inside]))
