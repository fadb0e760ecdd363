"""What each grid must be by itself, before it is laid beside others: a code, a name, a valid shape on the earth."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from shapely import MultiPolygon, Point
from shapely.geometry.base import BaseGeometry

from layers.antimeridian import lies_across, on_one_side
from layers.grids.model import Finding, GridShape, code_fault, name_fault

#: The most vertices of one shape; geoservice.is_sound in the database agrees.
VERTICES_MAX = 100_000
#: How GEOS ends a reason: "Self-intersection[91.77 29.24]".
_PLACE = re.compile(r"^(?P<reason>.*?)\[(?P<x>\S+) (?P<y>\S+)\]$")

#: Rules that a grid must not break to be stored at all.
STORABLE_RULES = frozenset(
    {"bad-code", "bad-name", "duplicate-code", "empty", "out-of-range", "too-many-vertices", "invalid-ring"}
)


def soundness_findings(
    grids: Sequence[GridShape], *, easternmost: float | None = None
) -> tuple[list[Finding], list[GridShape]]:
    """Return what is wrong with grids one by one, and the grids whose shape is sound.

    Parameters
    ----------
    easternmost
        The greatest longitude they may have; None: 360 if they lie across 180 degrees, and are whole, else 180.
    """
    if not grids:
        return [Finding("no-grids", "error", (), "There are no grids.", size=0.0, unit="grids")], []
    findings = [finding for grid in grids for finding in _naming(grid)]
    findings += _duplicates(grids)
    sound = []
    east = easternmost or easternmost_of([grid.geom for grid in grids])
    for grid in grids:
        fault = _fault(grid.geom, f"Grid {grid.code}", (grid.code,), east)
        if fault is None:
            sound.append(grid)
            findings += _multipart(grid)
        else:
            findings.append(fault)
    return findings, sound


def outline_findings(outline: MultiPolygon) -> list[Finding]:
    """Return what keeps an outline from being partitioned; an empty list when nothing does."""
    fault = _fault(outline, "The outline", (), easternmost_of([outline]))
    return [] if fault is None else [fault]


def easternmost_of(geoms: Sequence[BaseGeometry | None]) -> float:
    """Return the greatest longitude that shapes may have: 360 where they lie across 180 degrees, and are whole."""
    return 360 if lies_across(geoms) else 180


def _naming(grid: GridShape) -> Iterator[Finding]:
    called = f"Grid {grid.code}" if grid.code else "A grid"
    fault = code_fault(grid.code)
    if fault is not None:
        yield Finding("bad-code", "error", (grid.code,), f"{called}: its code {fault}.", geom=_anywhere(grid.geom))
    for which, name in (("name", grid.name), ("English name", grid.name_en)):
        fault = None if name is None else name_fault(name)
        if fault is not None:
            message = f"{called}: its {which} {fault}."
            yield Finding("bad-name", "error", (grid.code,), message, geom=_anywhere(grid.geom))


def _duplicates(grids: Sequence[GridShape]) -> Iterator[Finding]:
    for code, count in Counter(grid.code for grid in grids).items():
        if count > 1:
            message = f"{count} grids have the code {code}; a code names one grid."
            yield Finding("duplicate-code", "error", (code,), message, size=float(count), unit="grids")


def _multipart(grid: GridShape) -> Iterator[Finding]:
    parts = shapely.get_num_geometries(grid.geom)
    if parts > 1:
        message = f"Grid {grid.code} consists of {parts} separate parts."
        yield Finding("multipart", "warning", (grid.code,), message, size=float(parts), unit="parts", geom=grid.geom)


def _fault(geom: BaseGeometry | None, called: str, codes: tuple[str, ...], east: float) -> Finding | None:
    """Return the first thing wrong with a shape; cheap questions first, validity of few vertices last."""
    if geom is None or geom.is_empty:
        return Finding("empty", "error", codes, f"{called} has no area: its geometry is empty.")
    count = int(shapely.get_num_coordinates(geom))
    if count > VERTICES_MAX:
        message = f"{called} has {count} vertices; {VERTICES_MAX} is the most."
        return Finding("too-many-vertices", "error", codes, message, size=float(count), unit="vertices")
    coords = shapely.get_coordinates(geom)
    # False for NaN and infinity as well.
    on_earth = (coords[:, 0] >= -180) & (coords[:, 0] <= east) & (np.abs(coords[:, 1]) <= 90)
    if not on_earth.all():
        lon, lat = coords[~on_earth][0]
        outside = int((~on_earth).sum())
        message = f"{called} has {outside} vertices that are not longitude and latitude, such as {lon}, {lat}."
        return Finding("out-of-range", "error", codes, message, size=float(outside), unit="vertices")
    if shapely.is_valid(geom):
        return None
    return _invalid(geom, called, codes)


def _invalid(geom: BaseGeometry, called: str, codes: tuple[str, ...]) -> Finding:
    told = str(shapely.is_valid_reason(geom))
    match = _PLACE.match(told)
    if match is None:
        return Finding("invalid-ring", "error", codes, f"{called} is not a valid area: {told}.", geom=_anywhere(geom))
    place = Point(float(match["x"]), float(match["y"]))
    lon = on_one_side(place.x)
    message = f"{called} is not a valid area: {match['reason'].lower()} at {lon:.7f}, {place.y:.7f}."
    return Finding("invalid-ring", "error", codes, message, geom=place)


def _anywhere(geom: BaseGeometry | None) -> Point | None:
    """Return a vertex of a geometry, which needs no valid ring; None when it has none on the earth."""
    if geom is None or geom.is_empty:
        return None
    first = Point(shapely.get_coordinates(geom)[0])
    return first if abs(first.x) <= 180 and abs(first.y) <= 90 else None
