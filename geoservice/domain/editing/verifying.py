"""Every verb looks at its own result: sound shapes, borders that match bit by bit, the same ground as before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geoservice.domain.editing.change import Change, by_code, shape_of
from geoservice.domain.editing.edges import odd_edges
from geoservice.domain.editing.edit_refused import EditRefused
from geoservice.domain.validating.soundness import STORABLE_RULES, soundness_findings
from geoservice.domain.validating.topology import ONE_BORDER_DEG, ROUNDING_M
from layers.geometry import place_in, polygons_of
from layers.grids.model import GridShape

#: The same width in degrees of latitude.
_ROUNDING_DEG = ROUNDING_M / 111_320


def verified(grids: Sequence[GridShape], change: Change, hint: str) -> Change:
    """Return a change that leaves a partition a partition.

    Parameters
    ----------
    grids
        As they are before: those that change and all that touch them.
    hint
        How the person mends it when the result would not do.

    Raises
    ------
    EditRefused
        A grid would not be valid, grids would overlap, gape or share a border without sharing its vertices, or they
        would cover other ground than before.
    """
    try:
        sound(change.put, hint)
    except EditRefused as exc:
        told = exc.message.replace(" is not a valid area", " would not be a valid area")
        raise EditRefused(told, exc.hint, exc.codes, exc.place, code=exc.code, values=exc.values) from exc
    named = by_code(grids)
    before = {code: named[code] for code in change.codes if code in named}
    after = {grid.code: grid for grid in change.put}
    touching = _touching(named, list(before.values()) + list(after.values()), change.codes)
    _same_ground(before, after, hint)
    _matched(before, after, touching, hint)
    return change


def sound(grids: Sequence[GridShape], hint: str, *, easternmost: float | None = 360) -> None:
    """Raise EditRefused unless each grid can be stored: its code, its name, a valid area on the earth.

    Parameters
    ----------
    easternmost
        See `soundness_findings`: some of the grids of a jurisdiction across 180 degrees lie wholly beyond.
    """
    for finding in soundness_findings(grids, easternmost=easternmost)[0] if grids else ():
        if finding.rule in STORABLE_RULES:
            place = None if finding.geom is None else place_in(finding.geom)
            raise EditRefused(finding.message, hint, finding.grid_codes, place,
                              code="would-not-be-sound", values={"rule": finding.rule})  # fmt: skip


def _touching(named: dict[str, GridShape], moved: list[GridShape], codes: frozenset[str]) -> dict[str, GridShape]:
    others = [grid for code, grid in named.items() if code not in codes]
    if not others or not moved:
        return {}
    tree = shapely.STRtree([grid.geom for grid in others])
    near = np.unique(tree.query([grid.geom for grid in moved])[1])
    return {others[number].code: others[number] for number in near.tolist()}


def _same_ground(before: dict[str, GridShape], after: dict[str, GridShape], hint: str) -> None:
    shapes = [[shape_of(grid) for grid in grids.values()] for grids in (before, after)]
    if odd_edges(shapes[0]) == odd_edges(shapes[1]):
        return  # the same rim, edge by edge, so nothing has to be overlaid
    whole, then = (shapely.unary_union(geoms) for geoms in shapes)
    codes = sorted(after)
    for part in polygons_of(whole.symmetric_difference(then)):
        if 2 * part.area < _ROUNDING_DEG * part.length:
            continue  # the last digit of a vertex put into a slanting edge
        inside = shapely.dwithin(whole, part.point_on_surface(), 0)
        fault = "no longer cover all" if inside else "reach beyond"
        message = f"Grids {', '.join(codes)} would {fault} of the ground that they cover together."
        if len(codes) == 1:
            message = (
                f"Grid {codes[0]} would {'lose ground' if inside else 'reach outside'} that it shares with nobody."
            )
        raise EditRefused(message, hint, codes, place_in(part), code="loses-ground" if inside else "reaches-beyond")


def _matched(
    before: dict[str, GridShape], after: dict[str, GridShape], touching: dict[str, GridShape], hint: str
) -> None:
    grids = list(after.values()) + list(touching.values())
    faults = _invalid_edges([shape_of(grid) for grid in grids])
    bad = [number for number in np.flatnonzero(~shapely.is_empty(faults)).tolist()]
    if not bad:
        return
    # What was wrong before the edit is not its fault: a draft that has defects can still be edited.
    old = shapely.union_all(_invalid_edges([shape_of(grid) for grid in [*before.values(), *touching.values()]]))
    new = {number: rest for number in bad if not (rest := faults[number].difference(old)).is_empty}
    if new:
        codes = sorted(grids[number].code for number in new)
        what = "would lie over a neighbour or" if len(codes) == 1 else "would overlap, or"
        message = f"Grid{'s' * (len(codes) > 1)} {', '.join(codes)} {what} not match along a border."
        raise EditRefused(message, hint, codes, place_in(next(iter(new.values()))), code="would-overlap")


def _invalid_edges(shapes: list[BaseGeometry]) -> np.ndarray:
    return np.asarray(shapely.coverage_invalid_edges(np.array(shapes, dtype=object), gap_width=ONE_BORDER_DEG))
