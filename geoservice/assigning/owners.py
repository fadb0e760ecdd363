"""Who is asked for the owners of a file of points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoservice.assigning.model import NO_POSITION
from geoservice.engine.answers import Method
from geoservice.engine.edges import Floats
from geoservice.engine.index import OwnershipIndex
from geoservice.engine.unowned import are_unowned
from layers.grids.model import Unowned


@dataclass(frozen=True)
class Owners:
    """An index of grids and how it is asked. It can be pickled: other processes build the index again."""

    index: OwnershipIndex
    #: Metres, 0 to 1000: a grid as near as that owns what none covers.
    snap_tolerance_m: float
    #: What a person should know of the grids.
    remarks: tuple[str, ...] = ()
    #: Ground that belongs to nobody.
    unowned: tuple[Unowned, ...] = ()

    def ask(self, lon: Floats, lat: Floats) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
        """Return the owner of each position as index into the codes, and how it was reached.

        Parameters
        ----------
        lon, lat
            (n,) degrees, EPSG:4326; NaN where there is none.

        Returns
        -------
        owner, method
            (n,) -1 for no owner; a number of Method, or NO_POSITION.
        """
        if self.snap_tolerance_m > 0:
            found = self.index.lookup(lon, lat, accuracy_m=0.0, snap_tolerance_m=self.snap_tolerance_m)
            owner, method = found.owner, found.method
            near = np.flatnonzero(method == Method.NEAREST)
            left = near[are_unowned(self.unowned, lon[near], lat[near])]
            owner[left], method[left] = -1, Method.NONE
        else:
            owner = self.index.owners(lon, lat)
            method = np.where(owner >= 0, np.int8(Method.COVERS), np.int8(Method.NONE))
        method[np.isnan(lon)] = NO_POSITION
        return owner, method
