"""What a person decides about ground: a gap or an overlap goes to a grid, or ground belongs to nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import shapely
from shapely import MultiPolygon, Point
from shapely.geometry.base import BaseGeometry

from geoservice.domain.editing.change import Change, by_code, grid_named, reshaped, shape_of
from geoservice.domain.editing.diff import area_m2
from geoservice.domain.editing.edit_refused import EditRefused
from geoservice.domain.editing.inheritance import Owners
from geoservice.domain.editing.lattice import Lattice
from geoservice.domain.editing.mosaic import Mosaic
from geoservice.domain.editing.verifying import sound
from layers.crs import Position
from layers.geometry import metres_per_degree, place_in, square_metres
from layers.grids.model import Decision, Finding, GridShape

#: A place this near to a gap or an overlap means it: findings tell places to seven decimals.
NEAR_M = 1.0
#: A tenth of the micrometre that the gate sees.
_LATTICE = Lattice(1e-12)
#: Farther than this (0.1 mm) from a piece of ground no grid has a vertex of it.
_REACH_DEG = 1e-9


def open_ground(findings: Iterable[Finding], place: Position) -> Finding:
    """Return the gap or overlap at a place, of what the gate found; raise EditRefused where there is none.

    Parameters
    ----------
    place
        EPSG:4326, in it or not farther from it than `NEAR_M`.
    """
    strips = [one for one in findings if one.rule in ("gap", "overlap") and one.geom is not None]
    if not strips:
        raise EditRefused("There is no gap and no overlap in this draft.", "There is nothing to decide.", [], place,
                          code="nothing-to-decide")  # fmt: skip
    point = Point(place)
    nearest = min(strips, key=lambda one: float(shapely.distance(one.geom, point)))
    if shapely.distance(nearest.geom, point) * max(metres_per_degree(place.lat)) > NEAR_M:
        known = None if nearest.geom is None else place_in(nearest.geom)
        hint = "Name a place in one of them, as the findings tell it."
        if known is not None:
            hint = f"The nearest is the {nearest.rule} near {known.lon:.7f}, {known.lat:.7f}; name a place in it."
        raise EditRefused("There is no gap and no overlap at this place.", hint, [], place, code="no-open-ground")
    return nearest


def give(grids: Sequence[GridShape], outline: MultiPolygon, ground: BaseGeometry, to: str) -> Change:
    """Give the ground of a gap or an overlap to one grid; neighbours get the vertices where it ends.

    Parameters
    ----------
    grids
        EPSG:4326, valid; at least those that touch the ground.
    ground
        As the gate found it.
    to
        Code of a grid that touches it; of an overlap one of those that have it.

    Raises
    ------
    EditRefused
        The grid does not touch it, or would be no valid area.
    """
    named = by_code(grids)
    grid_named(named, to)
    local = _touching(named, ground)
    if to not in local:
        hint = f"Those that touch it: {', '.join(local)}." if local else "Name a place in a gap or an overlap."
        raise EditRefused(f"Grid {to} does not touch that ground.", hint, [to], place_in(ground),
                          code="does-not-touch", values={"grid": to, "near": local})  # fmt: skip
    shapes = _with(named, local, outline, ground, to)
    change = Change((), reshaped(named, shapes))
    sound(change.put, "Draw the border anew by hand.")
    return change


def leave(grids: Sequence[GridShape], outline: MultiPolygon, ground: BaseGeometry, code: str, reason: str) -> Change:
    """Leave the ground of a gap or an overlap to nobody, under a code of its own; see `give`.

    Raises
    ------
    EditRefused
        The code is taken, or what is left of a grid would be no valid area.
    """
    named = by_code(grids)
    if any(grid.code == code for grid in grids):
        raise EditRefused(f"There is a grid {code} already.", "Give the ground a code that is not taken.", [code],
                          code="code-taken", values={"grid": code})  # fmt: skip
    local = _touching(named, ground)
    nobody = GridShape(code, code, None, None, MultiPolygon(), {}, reason)
    shapes = _with({**named, code: nobody}, [*local, code], outline, ground, code)
    change = Change((), reshaped({**named, code: nobody}, shapes))
    sound(change.put, "Draw the borders anew by hand.")
    return change


def disown(grids: Sequence[GridShape], code: str, reason: str) -> Change:
    """Leave the ground of a grid to nobody; its shape and its code stay."""
    return Change((), (replace(grid_named(by_code(grids), code), unowned_reason=reason),))


def own(grids: Sequence[GridShape], code: str) -> Change:
    """Make a grid of ground that belongs to nobody; raise EditRefused for what is one."""
    grid = grid_named(by_code(grids), code)
    if grid.unowned_reason is None:
        raise EditRefused(f"{code} is a grid.", "Name ground that belongs to nobody.", [code],
                          code="is-a-grid", values={"grid": code})  # fmt: skip
    return Change((), (replace(grid, unowned_reason=None),))


def unowned_findings(grids: Iterable[GridShape]) -> Iterator[Finding]:
    """Tell the ground of an edition that belongs to nobody, a remark each."""
    for grid in sorted(grids, key=lambda one: one.code):
        if grid.unowned_reason is not None and grid.geom is not None:
            size = area_m2(grid.geom)
            message = f"{grid.code} ({square_metres(size)}) belongs to nobody: {grid.unowned_reason}"
            yield Finding("unowned", "warning", (grid.code,), message, size=size, unit="m2", geom=grid.geom)


def holders(decisions: Sequence[Decision], grids: Iterable[GridShape]) -> list[tuple[str, ...]]:
    """Return of each decision the codes of the grids that have its place now, in order."""
    drawn = [grid for grid in grids if grid.geom is not None]
    places = np.array([Point(one.lon, one.lat) for one in decisions], dtype=object)
    found: list[list[str]] = [[] for _ in decisions]
    if len(drawn) and len(places):
        tree = shapely.STRtree([shape_of(grid) for grid in drawn])
        for decision, grid in tree.query(places, predicate="intersects").T.tolist():
            found[decision].append(drawn[grid].code)
    return [tuple(sorted(codes)) for codes in found]


def decision_findings(decisions: Sequence[Decision], grids: Iterable[GridShape]) -> Iterator[Finding]:
    """Tell gaps and overlaps that somebody gave away, a remark each, and whose their place is where that changed.

    Parameters
    ----------
    grids
        EPSG:4326, those of the edition as it stands.
    """
    for one, codes in zip(decisions, holders(decisions, grids), strict=True):
        message = (
            f"The {one.kind} of {square_metres(one.area_m2)} near {one.lon:.7f}, {one.lat:.7f} was given to {one.to}"
            f" by {one.actor}: {one.reason}"
        )
        if one.to not in codes:
            message += f"; by now {' and '.join(codes) or 'no grid'} {'have' if len(codes) > 1 else 'has'} it"
        place = Point(one.lon, one.lat)
        yield Finding("decided", "warning", codes or (one.to,), message, size=one.area_m2, unit="m2", geom=place)


def _touching(named: dict[str, GridShape], ground: BaseGeometry) -> list[str]:
    codes = list(named)
    shapes = np.array([shape_of(named[code]) for code in codes], dtype=object)
    return [codes[number] for number in np.flatnonzero(shapely.dwithin(shapes, ground, _REACH_DEG)).tolist()]


def _with(
    named: dict[str, GridShape], local: Sequence[str], outline: MultiPolygon, ground: BaseGeometry, to: str
) -> dict[str, MultiPolygon]:
    """Return the shapes that change when some ground goes to one of the grids that touch it."""
    codes = list(named)
    mosaic = Mosaic(_LATTICE, np.array([shape_of(named[code]) for code in codes], dtype=object), outline, _REACH_DEG)
    numbers = np.array([codes.index(code) for code in local], dtype=int)
    drawn = numbers[~shapely.is_empty(mosaic.geoms[numbers])]
    faces = mosaic.faces(drawn, ground)
    within = shapely.intersects(shapely.point_on_surface(faces.polygons), shapely.buffer(ground, 0))
    winner = (codes.index(to),)
    goes: list[Owners] = [
        winner if chosen and len(owners) != 1 else owners
        for chosen, owners in zip(within.tolist(), faces.owners, strict=True)
    ]
    return {codes[number]: shape for number, shape in mosaic.rebuilt(faces, goes, numbers).items()}
