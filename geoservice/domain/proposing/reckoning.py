"""A proposal for a draft, from what it is made of: all grids cut anew, or one of them split."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiLineString, MultiPolygon

from geoservice.domain.editing.change import Change, applied
from geoservice.domain.editing.diff import difference
from geoservice.domain.proposing.adopting import taken_over, with_kept_codes
from geoservice.domain.proposing.proposal import divided
from geoservice.domain.proposing.splitting import propose_split
from layers.geometry import as_multipolygon
from layers.grids.model import GridShape


@dataclass(frozen=True)
class Wish:
    """What is to be proposed; equal wishes of equal data give an equal proposal."""

    #: Of the grid that is to be split; None: all are cut anew.
    grid: str | None = None
    #: Of a grid; None: what the jurisdiction wants.
    minimum: int | None = None
    maximum: int | None = None
    #: How many grids, or parts of the one; None: as many as bring each to the middle.
    count: int | None = None
    seed: int = 0
    by: Literal["households", "buildings"] = "households"


@dataclass(frozen=True)
class Ground:
    """What a proposal is made of."""

    #: Every grid of the draft.
    there: tuple[GridShape, ...]
    outline: MultiPolygon
    points: NDArray[Any]
    counts: NDArray[np.int64]
    streets: Sequence[Any]
    minimum: int
    maximum: int
    #: Codes in use, or used before.
    taken: frozenset[str]


@dataclass(frozen=True)
class Reckoned:
    """A proposal, as far as it is taken over."""

    #: By which it is known again: of all of it.
    name: str
    change: Change
    #: Codes of what would have other ground, or would be no more; what else changes only gets vertices of neighbours.
    otherwise: tuple[str, ...]
    #: Borders that would be new, EPSG:4326.
    borders: MultiLineString
    #: Every grid as it is proposed, whatever is taken over.
    proposed: tuple[GridShape, ...]


def reckon(
    ground: Ground, wish: Wish, codes: Collection[str] | None, proposed: tuple[GridShape, ...] | None = None
) -> Reckoned:
    """Return a proposal, and what taking some of it over changes.

    Parameters
    ----------
    codes
        Of the grids that are to be as it is proposed; None: all.
    proposed
        What was found for this ground and wish before; None: it is cut.

    Raises
    ------
    ProposalImpossible, EditRefused
        It can not be cut so; what was chosen would leave no partition.
    """
    if proposed is None:
        proposed = _whole(ground, wish) if wish.grid is None else _split(ground, wish, wish.grid)
    change = taken_over(ground.there, proposed, ground.outline, codes)
    found = difference(ground.there, applied(ground.there, change))
    otherwise = {*found.added, *found.retired, *(one.code for one in found.redrawn)}
    return Reckoned(_name_of(proposed), change, tuple(sorted(otherwise)), found.borders_new, proposed)


def digest_of(ground: Ground, wish: Wish) -> str:
    """Return what is alike whenever the same is wished for on the same ground, and so the same is proposed."""
    digest = hashlib.sha256()
    told = (wish, ground.minimum, ground.maximum, sorted(ground.taken))
    digest.update(repr((told, [replace(grid, geom=None) for grid in ground.there])).encode())
    shapes = ([grid.geom for grid in ground.there], [ground.outline], ground.points, list(ground.streets))
    for geoms in shapes:
        digest.update(len(geoms).to_bytes(8, "big"))
        digest.update(b"".join(one or b"" for one in shapely.to_wkb(np.array(geoms, dtype=object))))
    digest.update(ground.counts.tobytes())
    return digest.hexdigest()


def _whole(ground: Ground, wish: Wish) -> tuple[GridShape, ...]:
    owned = [grid for grid in ground.there if grid.unowned_reason is None]
    nobodys = [grid.geom for grid in ground.there if grid.unowned_reason is not None]
    area = as_multipolygon(shapely.difference(ground.outline, shapely.union_all(nobodys)))
    shapes = divided(
        area, list(ground.points), ground.counts.tolist(), np.array(ground.streets, dtype=object),
        minimum=ground.minimum, maximum=ground.maximum, count=wish.count, seed=wish.seed,
    )  # fmt: skip
    return with_kept_codes(owned, shapes, ground.points, ground.counts, ground.taken)


def _split(ground: Ground, wish: Wish, code: str) -> tuple[GridShape, ...]:
    change = propose_split(
        ground.there, code, ground.points, ground.counts, ground.streets, minimum=ground.minimum,
        maximum=ground.maximum, parts=wish.count, seed=wish.seed, taken=ground.taken,
    )  # fmt: skip
    return tuple(grid for grid in applied(ground.there, change) if grid.unowned_reason is None)


def _name_of(proposed: Sequence[GridShape]) -> str:
    digest = hashlib.sha256()
    for grid in sorted(proposed, key=lambda one: one.code):
        digest.update(grid.code.encode() + b"\0" + shapely.to_wkb(grid.geom))
    return digest.hexdigest()[:32]
