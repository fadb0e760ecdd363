"""The norms of a jurisdiction for its grids: households in a range, codes of a form. Others are remarked on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.grids.model import Finding, GridShape

#: Findings listed of one rule; the rest is counted.
LISTED_MAX = 200


def household_findings(
    grids: Sequence[GridShape],
    points: NDArray[Any],
    counts: NDArray[np.int64],
    *,
    minimum: int,
    maximum: int,
) -> list[Finding]:
    """Return a warning for each grid with fewer or more households than are wanted.

    Parameters
    ----------
    grids
        Sound, EPSG:4326.
    points, counts
        (n,) points, EPSG:4326, and (n,) how many households live at each. Without any nothing is found: a jurisdiction
        whose households nobody entered has no small grids.
    minimum, maximum
        Households of a grid, both of them wanted still.
    """
    if not counts.sum():
        return []
    few, many = [], []
    sized = zip(households_in(grids, points, counts).tolist(), grids, strict=True)
    for count, grid in sorted(sized, key=lambda one: one[1].code):
        balance = balance_of(count, minimum, maximum)
        if balance == "few":
            few.append(_sized("few-households", grid, count, f"fewer than the {minimum}"))
        elif balance == "many":
            many.append(_sized("many-households", grid, count, f"more than the {maximum}"))
    return _listed(few, "few-households") + _listed(many, "many-households")


Balance = Literal["few", "within", "many"]


def balance_of(households: int, minimum: int, maximum: int) -> Balance:
    """Return whether a grid has as many households as are wanted; both bounds are wanted still."""
    return "few" if households < minimum else "many" if households > maximum else "within"


def households_in(grids: Sequence[GridShape], points: NDArray[Any], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many households each grid has, (g,); on a common border the smallest code in byte order has them."""
    order = sorted(range(len(grids)), key=lambda number: grids[number].code.encode())
    shapes = np.array([grids[number].geom for number in order], dtype=object)
    rank, place = shapely.STRtree(points).query(shapes, predicate="covers")
    first = np.full(len(points), len(order))
    np.minimum.at(first, place, rank)
    sums = np.bincount(first, weights=counts, minlength=len(order) + 1)[: len(order)]
    found = np.empty(len(order), np.int64)
    found[order] = sums
    return found


def pattern_findings(grids: Sequence[GridShape], unlike: Collection[str], *, pattern: str) -> list[Finding]:
    """Return a warning for each grid whose code is among those that are unlike the pattern of its jurisdiction."""
    strange = sorted((grid for grid in grids if grid.code in unlike), key=lambda grid: grid.code)
    found = [
        Finding("code-pattern", "warning", (grid.code,), f"Grid {grid.code}: its code is not of the form {pattern}.",
                geom=grid.geom)
        for grid in strange
    ]  # fmt: skip
    return _listed(found, "code-pattern")


def _sized(rule: str, grid: GridShape, count: int, beyond: str) -> Finding:
    message = f"Grid {grid.code} has {count} households, {beyond} that its jurisdiction wants."
    return Finding(rule, "warning", (grid.code,), message, size=float(count), unit="households", geom=grid.geom)


def _listed(findings: list[Finding], rule: str) -> list[Finding]:
    """Return the first findings of a rule, and one more that counts when there are too many to list."""
    if len(findings) <= LISTED_MAX:
        return findings
    message = f"There are {len(findings)} findings of the rule {rule}: the first {LISTED_MAX} are listed."
    return [*findings[:LISTED_MAX], Finding(rule, "warning", (), message, size=float(len(findings)), unit="grids")]
