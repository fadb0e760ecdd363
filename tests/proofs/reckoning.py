"""A third reckoning, for places of which memory and database say something else: may rounding decide there?

It knows two kinds of place, and nothing else is excused:
- *level*: nobody covers it, several grids are equally near to within a micrometre, and one of their distances is within
  10 nm of where rounding to a micrometre turns. The last bits decide which of them are equal, and which code wins.
- *too fine*: within a picometre of a border, and not on it. PostGIS tells sides with plain doubles, and near longitude
  0 coordinates are finer than their products. Memory must be right there, by whole fractions.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import shapely
from shapely.geometry.base import BaseGeometry

from tests.geoservice.engine.partitions import Grids

#: Distances that round to the same multiple of this are equal.
SAME_M = 1e-6
#: PostGIS subtracts products of degrees and metres, 2e7 at most: its distances are off by some nanometres.
OFF_M = 1e-8
#: Nearer to a border than this PostGIS may see a place on it: a picometre, in degrees.
TOO_FINE_DEG = 1e-17


class Row(NamedTuple):
    """A position of which memory and database say something else."""

    lon: float
    lat: float
    code: str | None
    method: str
    near: bool
    metres: float | None
    db_code: str | None
    db_method: str
    db_near: bool
    db_metres: float | None


def kind_of(grids: Grids, row: Row) -> str | None:
    """Return `level` or `too fine` where rounding may decide; None for a difference."""
    if row.near != row.db_near or row.method != row.db_method or row.code is None or row.db_code is None:
        return None
    if row.metres is None or row.db_metres is None or abs(row.metres - row.db_metres) > SAME_M:
        return None
    if row.method == "nearest":
        return "level" if _is_level(grids, row) else None
    return "too fine" if row.method == "covers" and _is_too_fine(grids, row) else None


def plane_distances_m(grids: Grids, lon: float, lat: float) -> dict[str, float]:
    """Return the metres to each grid in the plane of a position (decision 2)."""
    swell = 1 - 0.00669437999014 * math.sin(math.radians(lat)) ** 2
    lon_m = math.radians(6378137 * math.cos(math.radians(lat)) / math.sqrt(swell))
    lat_m = math.radians(6378137 * (1 - 0.00669437999014) / swell**1.5)
    # Degrees are subtracted first: what is near has no rounding to speak of, what is far some 1e-11 m.
    flat = shapely.transform(list(grids.values()), lambda lonlats: (lonlats - (lon, lat)) * (lon_m, lat_m))
    return dict(zip(grids, shapely.distance(flat, shapely.Point(0, 0)).tolist(), strict=True))


def covers_exactly(geom: BaseGeometry, lon: float, lat: float) -> tuple[bool, float]:
    """Return whether a valid area covers a position, and degrees to the edges beside it, by whole fractions."""
    x, y, inside, nearest = Fraction(lon), Fraction(lat), False, math.inf
    for ring in shapely.get_rings(shapely.get_parts(geom)):
        corners = shapely.get_coordinates(ring).tolist()
        for (ax, ay), (bx, by) in pairwise(corners):
            if not min(ay, by) <= lat <= max(ay, by):
                continue
            east, north = Fraction(bx) - Fraction(ax), Fraction(by) - Fraction(ay)
            across = east * (y - Fraction(ay)) - (x - Fraction(ax)) * north
            if min(ax, bx) <= lon <= max(ax, bx):
                if across == 0:
                    return True, 0.0
                nearest = min(nearest, abs(float(across)) / math.hypot(bx - ax, by - ay))
            # An edge from one side of the latitude to the other that passes east of the position.
            if (ay > lat) != (by > lat) and (across > 0) == (by > ay):
                inside = not inside
    return inside, nearest


def _is_level(grids: Grids, row: Row) -> bool:
    metres = plane_distances_m(grids, row.lon, row.lat)
    nearest = min(metres.values())
    close = {code: far for code, far in metres.items() if far - nearest <= SAME_M}
    turns = any(abs(far / SAME_M % 1 - 0.5) <= OFF_M / SAME_M for far in close.values())
    return turns and {row.code, row.db_code} <= close.keys() and abs((row.metres or 0.0) - nearest) <= SAME_M


def _is_too_fine(grids: Grids, row: Row) -> bool:
    distances = shapely.distance(list(grids.values()), shapely.Point(row.lon, row.lat))
    beside = [code for code, far in zip(grids, distances, strict=True) if far <= 1e-9]
    exact = {code: covers_exactly(grids[code], row.lon, row.lat) for code in beside}
    covering = sorted((code for code in beside if exact[code][0]), key=str.encode)
    return covering[:1] == [row.code] and row.db_code in exact and exact[row.db_code][1] <= TOO_FINE_DEG
