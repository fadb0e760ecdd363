"""The rule of ownership once more, by other means: shapely and a projection instead of PostGIS and its plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

Lonlats = NDArray[np.float64]


def owners_by_covers(grids: Mapping[str, BaseGeometry], lonlats: Lonlats) -> list[str | None]:
    """Return for each position the smallest code, in byte order, of the grids that cover it; None when none does.

    A position at 180 degrees is asked at -180, too: it is one place.
    """
    codes = sorted(grids, key=str.encode)
    shapes = np.array([grids[code] for code in codes], dtype=object)
    shapely.prepare(shapes)
    place, grid = shapely.STRtree(shapes).query(shapely.points(lonlats), predicate="covered_by")
    smallest = np.full(len(lonlats), len(codes))
    np.minimum.at(smallest, place, grid)
    for lon in (-180, 180):
        there = np.flatnonzero(lonlats[:, 0] == lon)
        place, grid = shapely.STRtree(shapes).query(shapely.points(-lon, lonlats[there, 1]), predicate="covered_by")
        np.minimum.at(smallest, there[place], grid)
    named = [*codes, None]
    return [named[number] for number in smallest]


def distances_m(grids: Mapping[str, BaseGeometry], lon: float, lat: float) -> dict[str, float]:
    """Return the distance to each grid, 0 inside, as a geodesic from the position would measure it.

    Azimuthal equidistant around the position: distances from its centre are geodesic. Borders are straight in
    degrees, so they get a vertex each 1e-5 degree (1 m) before they are projected; what bends between is under 1e-7 m.
    """
    return {code: 0.0 if shapely.intersects_xy(geom, lon, lat) else _from_centre_m(geom, lon, lat)
            for code, geom in grids.items()}  # fmt: skip


def border_distance_m(geom: BaseGeometry, lon: float, lat: float) -> float:
    """Return the geodesic distance from a position to the border of an area."""
    return _from_centre_m(shapely.boundary(geom), lon, lat)


def _from_centre_m(geom: BaseGeometry, lon: float, lat: float) -> float:
    plane = pyproj.Proj(proj="aeqd", lon_0=lon, lat_0=lat, ellps="WGS84")
    lines = shapely.segmentize(shapely.boundary(geom) if geom.area else geom, 1e-5)
    projected = shapely.transform(lines, lambda lonlats: np.column_stack(plane(lonlats[:, 0], lonlats[:, 1])))
    return float(shapely.distance(projected, shapely.Point(0, 0)))


def probes(grids: Mapping[str, BaseGeometry]) -> Lonlats:
    """Return where partitions go wrong: each vertex and each middle of an edge of every grid, once each."""
    found = []
    for ring in shapely.get_rings(shapely.get_parts(np.array(list(grids.values()), dtype=object))):
        corners = shapely.get_coordinates(ring)
        found += [corners[:-1], (corners[1:] + corners[:-1]) / 2]
    return np.unique(np.concatenate(found), axis=0)


def random_lonlats(bounds: Sequence[float], count: int, *, seed: int) -> Lonlats:
    """Return positions spread evenly over a rectangle (west, south, east, north), equal for equal seeds."""
    west, south, east, north = bounds
    return np.random.default_rng(seed).uniform((west, south), (east, north), (count, 2))
