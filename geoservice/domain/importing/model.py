"""Features as a reader hands them on: typed, in EPSG:4326, each with the row that it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class RefusedRow(NamedTuple):
    """A row that becomes no feature."""

    #: As the file numbers its rows.
    row: int
    #: A sentence without the row's values where those could be about a person.
    reason: str


@dataclass(frozen=True)
class ReadFeatures:
    """Features of one layer, in the order of their file; every sequence has one entry a feature."""

    #: Of the layer, unique here.
    keys: Sequence[str]
    #: By column of the layer; a column that is not here is not told by the file and left as it is stored.
    values: Mapping[str, Sequence[object]]
    #: Shapely geometries, EPSG:4326; None: the file has no places, or names buildings.
    geoms: NDArray[np.object_] | None
    #: Codes of the buildings that features stand in, where that is their place; None: it is not.
    buildings: Sequence[str | None] | None = None
    rows: Sequence[int] = ()
    refused: tuple[RefusedRow, ...] = ()
    #: What was taken for what, and what was left out: sentences for whoever imports.
    remarks: tuple[str, ...] = field(default=())
    #: By column with words that mean none of its codes: those of them that may be repeated.
    unknown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
