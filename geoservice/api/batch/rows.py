"""What the forms share: positions in, answers out, piece by piece; what is no position says so in its own place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import RawIOBase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoservice.engine.loaded_editions import METHODS, ManyOwners
from layers.crs import OutsideMainland, Position, is_on_earth

#: Positions answered together: memory stays in proportion to this.
CHUNK_ROWS = 8_192
NO_POSITION = "Give lon and lat as numbers: -180 to 180, -90 to 90, in this order."

OUTSIDE_MAINLAND = str(OutsideMainland.__doc__)


@dataclass(frozen=True)
class Answered:
    """The owners of n positions, and which of them lie where their CRS is not used."""

    owners: ManyOwners
    #: (n,) they have no owner.
    outside: NDArray[np.bool_]


#: Asks for the owners of (n,) lon and (n,) lat, degrees; raises TooManyRows when the request has had its share.
Ask = Callable[[NDArray[np.float64], NDArray[np.float64]], Answered]
#: Reads a body and yields the answer to it.
Form = Callable[[RawIOBase, Ask], Iterator[bytes]]


def position_in(row: object) -> Position | None:
    """Return the position that a JSON value names: [lon, lat], or an object with lon and lat; None when it is none."""
    if isinstance(row, dict):
        row = [row.get("lon"), row.get("lat")]
    match row:
        case [int() | float() as lon, int() | float() as lat] if not isinstance(lon, bool) and not isinstance(
            lat, bool
        ):
            return Position(float(lon), float(lat)) if is_on_earth(lon, lat) else None
    return None


def answers(positions: Sequence[Position | None], ask: Ask) -> list[dict[str, Any]]:
    """Return grid_code, method, near_border, edition, unowned_reason for each position in order; or `problem`."""
    columns = np.full((2, len(positions)), np.nan)
    for place, position in enumerate(positions):
        if position is not None:
            columns[:, place] = position
    answered = ask(columns[0], columns[1])
    found = answered.owners
    codes, reasons = (*found.codes, None), (*found.reasons, None)  # -1 is the last
    each = zip(
        found.code.tolist(), found.method.tolist(), found.near_border.tolist(), found.edition.tolist(),
        found.reason.tolist(), positions, strict=True,
    )  # fmt: skip
    told = [
        _BAD if position is None else {
            "grid_code": codes[code], "method": METHOD_OF[method], "near_border": near, "edition": edition or None,
            "unowned_reason": reasons[reason],
        }
        for code, method, near, edition, reason, position in each
    ]  # fmt: skip
    for place in np.flatnonzero(answered.outside).tolist():
        told[place] = _BAD | {"problem": OUTSIDE_MAINLAND}
    return told


METHOD_OF = tuple(METHODS[number] for number in sorted(METHODS))
#: The columns that answers add; what comes in must not have them.
ADDED = ("grid_code", "method", "near_border", "edition", "unowned_reason", "problem")
_BAD: dict[str, Any] = {
    "grid_code": None, "method": None, "near_border": None, "edition": None, "unowned_reason": None,
    "problem": NO_POSITION,
}  # fmt: skip
