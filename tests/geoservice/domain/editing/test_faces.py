"""Strips are cut into pieces between two neighbours each, however narrow they are."""

from __future__ import annotations

import numpy as np
import shapely
from shapely import Polygon

from geoservice.domain.editing.faces import Faces
from geoservice.domain.editing.lattice import Lattice

#: Of a gap between rounded borders of Chicago; the last two are 2e-12 degrees apart.
TIP, LEFT, RIGHT = (
    (-87.731827294085, 41.953364086199), (-87.732241939780, 41.953600039875), (-87.732241939778, 41.953600039875)
)  # fmt: skip


def test_a_needle_as_narrow_as_the_lattice_is_fine_keeps_its_ground() -> None:
    """Across from its corners there is no place left on the lattice but on the far side."""
    needle = Polygon([TIP, LEFT, RIGHT])
    along = Polygon([TIP, RIGHT, (-87.7318, 41.9536)])
    at_its_end = Polygon([RIGHT, LEFT, (-87.7323, 41.9537)])
    faces = Faces(Lattice(1e-12), np.array([needle, along, at_its_end]), ((), (0,), (1,)), {})

    divided, pieces = faces.divided([0])

    cut = divided.polygons[pieces]
    assert shapely.is_valid(cut).all()
    assert shapely.union_all(cut).equals(needle)
    assert [divided.owners[piece] for piece in pieces] == [()] * len(pieces)
