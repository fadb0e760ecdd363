"""Ground that belongs to nobody: no grid gets a place there for being near."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from geoservice.engine.edges import Bools, Floats
from layers.grids.model import Unowned


def are_unowned(grounds: Sequence[Unowned], lon: Floats, lat: Floats) -> Bools:
    """Return for (n,) places on the earth, in degrees, whether they lie on ground that belongs to nobody."""
    found = np.zeros(len(lon), np.bool_)
    if grounds and len(lon):
        tree = shapely.STRtree([one.geom for one in grounds])
        found[tree.query(shapely.points(lon, lat), predicate="covered_by")[0]] = True
    return found
