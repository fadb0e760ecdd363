"""Ground that belongs to nobody, through a merge: what a draft decided of it holds in both together, or is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Literal, NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geoservice.domain.editing.change import shape_of
from layers.grids.model import GridShape

#: Half the width of a strip (0.1 mm) that is the rounding of an overlay.
_ROUNDING_DEG = 1e-9
_HOW = "Decide it in one of the drafts alone: take the ground back (own), merge, and leave it to nobody anew (disown)."


class Misplaced(NamedTuple):
    """Ground that nobody owns in a merge, or somebody, otherwise than the drafts say."""

    #: Of every grid that has it in the base, a draft or the result.
    codes: tuple[str, ...]
    #: One sentence for people, and what to do.
    message: str
    #: The draft that says what the result says; None: neither does.
    as_in: Literal["ours", "theirs"] | None


def misplaced(
    base: Sequence[GridShape], ours: Sequence[GridShape], theirs: Sequence[GridShape], result: Sequence[GridShape]
) -> Iterator[Misplaced]:
    """Tell where ground belongs to nobody in the result of a merge and should not, or the other way round.

    A draft that says of a place what the base does not say of it is right; where neither does, the base is. Reasons
    are compared word for word, each by itself.

    Parameters
    ----------
    base, ours, theirs, result
        EPSG:4326, valid shapes.
    """
    every = (base, ours, theirs, result)
    for reason in sorted({grid.unowned_reason for grids in every for grid in grids if grid.unowned_reason}):
        was, mine, others, now = (_left(grids, reason) for grids in every)
        meant = shapely.union(mine.intersection(others), mine.union(others).difference(was))
        for wrong, told in ((meant.difference(now), False), (now.difference(meant), True)):
            if not _is_ground(wrong):
                continue
            for in_ours, in_theirs in product((True, False), repeat=2):
                piece = _part(_part(wrong, mine, within=in_ours), others, within=in_theirs)
                if _is_ground(piece):
                    yield _misplaced(every, piece, reason, told=told, said=(in_ours, in_theirs))


def _misplaced(
    every: Sequence[Sequence[GridShape]], piece: BaseGeometry, reason: str, *, told: bool, said: tuple[bool, bool]
) -> Misplaced:
    inner = shapely.buffer(piece, -_ROUNDING_DEG)
    codes = sorted(frozenset().union(*(_having(grids, inner) for grids in every)))
    now = ", ".join(sorted(_having(every[-1], inner)))
    if told:
        message = f"Ground of {now} would belong to nobody ({reason}), which the drafts together do not say."
    else:
        message = f"Ground that belongs to nobody ({reason}) would be that of {now}."
    if said[0] == told:
        return Misplaced(tuple(codes), f"{message} Settled for ours, it is so.", "ours")
    if said[1] == told:
        return Misplaced(tuple(codes), f"{message} Settled for theirs, it is so.", "theirs")
    return Misplaced(tuple(codes), f"{message} {_HOW}", None)


def _left(grids: Iterable[GridShape], reason: str) -> BaseGeometry:
    """Return the ground that is left to nobody for a reason."""
    return shapely.union_all([shape_of(grid) for grid in grids if grid.unowned_reason == reason])


def _part(ground: BaseGeometry, other: BaseGeometry, *, within: bool) -> BaseGeometry:
    return ground.intersection(other) if within else ground.difference(other)


def _is_ground(piece: BaseGeometry) -> bool:
    return not shapely.is_empty(shapely.buffer(piece, -_ROUNDING_DEG))


def _having(grids: Sequence[GridShape], piece: BaseGeometry) -> set[str]:
    """Return the codes of the grids that have some of a piece of ground."""
    shapes = np.array([shape_of(grid) for grid in grids], dtype=object)
    return {grids[number].code for number in np.flatnonzero(shapely.intersects(shapes, piece)).tolist()}
