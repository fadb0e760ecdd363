"""Ground that belongs to nobody: no grid gets a place there for being near."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from geoservice.engine.edges import Bools, Floats
from layers.antimeridian import places_at
from layers.grids.model import Unowned


def grounds_at(grounds: Sequence[Unowned], lon: Floats, lat: Floats) -> NDArray[np.int32]:
    """Return for (n,) places on the earth, in degrees, on which ground of nobody they lie; -1 for none.

    On the border of several it is the first of them.
    """
    found = np.full(len(lon), len(grounds), np.int32)
    if grounds and len(lon):
        tree = shapely.STRtree([one.geom for one in grounds])
        place, ground = tree.query(places_at(lon, lat), predicate="intersects")
        np.minimum.at(found, place, ground.astype(np.int32))
    return np.where(found < len(grounds), found, np.int32(-1))


def are_unowned(grounds: Sequence[Unowned], lon: Floats, lat: Floats) -> Bools:
    """Return for (n,) places on the earth, in degrees, whether they lie on ground that belongs to nobody."""
    return grounds_at(grounds, lon, lat) >= 0
