"""The partition: eight grids that meet along street centre lines, vertex for vertex."""

from __future__ import annotations

from collections.abc import Sequence

import shapely
from shapely import LineString, MultiPolygon, Point, Polygon

from geoservice.demo.model import GridSeed
from geoservice.demo.plan import GRID_SEATS
from geoservice.demo.plane import to_lonlat
from geoservice.demo.streets import faces_between, turned
from layers.staff.call_signs import numeral

#: The community's own twelve digits; a grid adds three.
_COMMUNITY_CODE = "540502001001"


def grid_faces(borders: Sequence[LineString]) -> list[Polygon]:
    """Return the eight grids on the plane, in the order of their codes.

    Parameters
    ----------
    borders
        Centre lines, in metres, that enclose the community and divide it; they may overshoot.

    Notes
    -----
    Neighbours come from one noding of all borders, so each crossing is one vertex, the same float, in every grid
    that touches it, T-junctions included.
    """
    faces = faces_between(borders)
    grids = []
    for seats in GRID_SEATS:
        parts = [face for face in faces if any(face.contains(turned(Point(seat))) for seat in seats)]
        # A coverage union drops the edge between the parts and keeps every vertex of the rim.
        grids.append(shapely.coverage_union_all(parts))
    return [face if isinstance(face, Polygon) else face.geoms[0] for face in grids]


def outline_of(faces: Sequence[Polygon]) -> Polygon:
    """Return the rim of the grids on the plane, with every vertex at which a border ends."""
    rim = shapely.coverage_union_all(list(faces))
    return rim if isinstance(rim, Polygon) else rim.geoms[0]


def grid_seeds(faces: Sequence[Polygon]) -> tuple[GridSeed, ...]:
    """Return the grids in EPSG:4326, named 第一网格 and so on."""
    return tuple(
        GridSeed(
            code=f"{_COMMUNITY_CODE}{number:03d}",
            name=f"第{numeral(number)}网格",
            name_en=f"Grid {number}",
            geom=MultiPolygon([to_lonlat(face)]),
        )
        for number, face in enumerate(faces, start=1)
    )
