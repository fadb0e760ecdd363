"""A remark on grids that are very narrow in the middle: usually a slip in drawing, and hard to see on a map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from shapely import Polygon
from shapely.ops import nearest_points

from layers.geometry import metres_per_degree
from layers.grids.model import Finding, GridShape

#: A part that falls in two when it is made this much narrower from all sides, in metres, has a neck.
NECK_M = 5.0
#: Of the area of the part: what hangs on a neck is at least this much, so that a spike at the rim is none.
HANGS_ON_SHARE = 0.01
#: Remarks listed at most, and vertices of the parts looked at: on more of them the remark would cost too long.
NECKS_MAX, VERTICES_MAX = 200, 20_000


def narrow_passage_findings(grids: Sequence[GridShape]) -> list[Finding]:
    """Return a warning for each grid with a part that is narrower than `NECK_M` somewhere in its middle.

    Parameters
    ----------
    grids
        Sound, EPSG:4326.
    """
    found = _necks(grids)
    return [finding for finding, _ in zip(found, range(NECKS_MAX), strict=False)]


def _necks(grids: Sequence[GridShape]) -> Iterator[Finding]:
    shapes = np.array([grid.geom for grid in grids], dtype=object)
    parts, owner = shapely.get_parts(shapes, return_index=True)
    bounds = shapely.bounds(parts)
    vertices = shapely.get_num_coordinates(parts)
    # What is convex and has no hole has no neck; that is quickly seen, and many grids are.
    bent = shapely.area(shapely.convex_hull(parts)) - shapely.area(parts) > 1e-9 * shapely.area(parts)
    for number in np.flatnonzero(bent & (vertices <= VERTICES_MAX)).tolist():
        neck = _neck(parts[number], bounds[number])
        if neck is not None:
            code = grids[int(owner[number])].code
            lon, lat = neck.coords[0]
            message = f"Grid {code} is narrower than {NECK_M:g} m in its middle, near {lon:.7f}, {lat:.7f}."
            yield Finding("narrow-neck", "warning", (code,), message, size=NECK_M, unit="m", geom=neck)


def _neck(part: Polygon, bounds: np.ndarray) -> shapely.Point | None:
    """Return the middle of a neck of a polygon, EPSG:4326; None when it has none."""
    scale = np.array(metres_per_degree(float(bounds[1] + bounds[3]) / 2))
    flat = shapely.transform(part, lambda lonlat: (lonlat - bounds[:2]) * scale)
    # A mitre would be exact and slow; a neck needs no more than flat corners.
    thin = shapely.buffer(flat, -NECK_M / 2, quad_segs=1, join_style="bevel")
    pieces = sorted(shapely.get_parts(thin), key=lambda piece: -piece.area)
    if len(pieces) < 2 or pieces[1].area < HANGS_ON_SHARE * flat.area:
        return None
    one, other = nearest_points(pieces[0], pieces[1])
    lon, lat = (np.array([one.x + other.x, one.y + other.y]) / 2 / scale + bounds[:2]).tolist()
    return shapely.Point(lon, lat)
