"""Narrow slits between grids that are open to the outside: no gap to who only sees what the grids cover."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from geoservice.domain.validating.topology import ONE_BORDER_DEG
from layers.geometry import as_multipolygon, metres_per_degree, polygons_of, strip_size
from layers.grids.model import GridShape

#: Narrower than this on average is what two buffers leave of a straight border.
_NOISE_M = 1e-4


def without_slits(outline: MultiPolygon, grids: Sequence[GridShape], width_m: float) -> MultiPolygon:
    """Return an outline with the slits between grids closed that are narrower than a width.

    Parameters
    ----------
    outline
        What the grids cover, EPSG:4326; the very object when there are none.
    width_m
        In metres; what a circle of this diameter fits into stays open.
    """
    west, south, _, north = outline.bounds
    scale = np.array(metres_per_degree((south + north) / 2))
    flat = shapely.transform(outline, lambda lonlat: (lonlat - (west, south)) * scale)
    closed = flat.buffer(width_m / 2, join_style="mitre").buffer(-width_m / 2, join_style="mitre")
    added = shapely.transform(closed.difference(flat), lambda places: places / scale + (west, south))
    tree = shapely.STRtree([grid.geom for grid in grids])
    slits = [part for part in polygons_of(added) if strip_size(part)[1] > _NOISE_M and _is_between(part, tree)]
    return as_multipolygon(shapely.unary_union([outline, *slits])) if slits else outline


def _is_between(slit: Polygon, tree: shapely.STRtree) -> bool:
    return len(tree.query(slit, predicate="dwithin", distance=ONE_BORDER_DEG)) > 1
