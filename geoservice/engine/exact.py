"""What the cells leave open, asked of GEOS itself: places on a border or within rounding of one."""

from __future__ import annotations

import threading

import numpy as np
import shapely
from numpy.typing import NDArray

from geoservice.engine.edges import Areas, Floats, Ints

#: Places asked at a time; bounds the memory for pairs of place and polygon.
_AT_A_TIME = 50_000


class Geos:
    """The polygons, prepared, and a tree over them.

    GEOS fills in a prepared geometry when it is first asked, which two threads must not do at once: hence the lock.
    """

    def __init__(self, areas: Areas) -> None:
        self._areas = areas
        self._lock = threading.Lock()
        self._tree = shapely.STRtree(areas.polygons)
        # Of unsound polygons GEOS thinks differently when they are prepared.
        shapely.prepare(areas.polygons[areas.sound])

    def owners(self, lon: Floats, lat: Floats) -> NDArray[np.int32]:
        """Return by the rule of ownership the index of the code that owns each place, -1 for none."""
        found = np.empty(len(lon), np.int32)
        for begin in range(0, len(lon), _AT_A_TIME):
            some = slice(begin, begin + _AT_A_TIME)
            with self._lock:
                found[some] = self._owners(lon[some], lat[some])
        return found

    def _owners(self, lon: Floats, lat: Floats) -> Ints:
        places = shapely.points(lon, lat)
        place, part = self._tree.query(places)
        covers = shapely.covers(self._areas.polygons[part], places[place])
        none = len(self._areas.codes)
        smallest = np.full(len(lon), none)
        np.minimum.at(smallest, place[covers], self._areas.owner[part[covers]])
        return np.where(smallest == none, -1, smallest)
