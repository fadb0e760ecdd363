"""What is different between two sets of grids: which ground moved, how much, and which stretches of border changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import MultiLineString, MultiPolygon
from shapely.geometry.base import BaseGeometry

from geoservice.domain.editing.change import by_code, shape_of
from geoservice.domain.editing.edges import Edge, edge_of, edges_of
from geoservice.domain.validating.topology import ONE_BORDER_DEG, ROUNDING_M, STRIP_M
from layers.crs import Position
from layers.geometry import Plane, polygons_of, strip_size
from layers.grids.model import GridShape


@dataclass(frozen=True)
class Redrawn:
    """A grid whose ground is not the same."""

    code: str
    #: Square metres on the WGS 84 ellipsoid.
    gained_m2: float
    lost_m2: float
    #: EPSG:4326; empty when nothing was gained or lost.
    gained: MultiPolygon
    lost: MultiPolygon


@dataclass(frozen=True)
class Recoded:
    """A grid that has another code and the same ground."""

    old: str
    new: str


@dataclass(frozen=True)
class Difference:
    """What is different afterwards; each list in the order of the codes."""

    #: Codes that are new, and codes that are gone, without those that were recoded.
    added: tuple[str, ...]
    retired: tuple[str, ...]
    redrawn: tuple[Redrawn, ...]
    recoded: tuple[Recoded, ...]
    #: Codes of grids whose name, English name, parent, properties or reason to be nobody's changed, recoded ones by
    #: their new code.
    renamed: tuple[str, ...]
    #: Codes of ground that belongs to nobody now, and of ground that did and is a grid now.
    disowned: tuple[str, ...]
    owned: tuple[str, ...]
    #: Codes of grids that cover the same ground with other vertices, such as one put where a neighbour was split.
    redressed: tuple[str, ...]
    #: Stretches of border, EPSG:4326, that only the grids before have, and that only those afterwards have.
    borders_gone: MultiLineString
    borders_new: MultiLineString

    @property
    def is_empty(self) -> bool:
        """Return whether nothing differs, vertices on straight borders apart."""
        return not (
            self.added or self.retired or self.redrawn or self.recoded or self.renamed or self.disowned or self.owned
        )


def difference(before: Sequence[GridShape], after: Sequence[GridShape]) -> Difference:
    """Return what is different between grids before and after, by their codes.

    Parameters
    ----------
    before, after
        EPSG:4326, valid, any order; they may overlap or gape. Grids that are equal double by double cost a comparison.

    Returns
    -------
    Difference
        Strips narrower than a micrometre are rounding: a vertex put into a straight border moves nothing.

    Raises
    ------
    EditRefused
        A code occurs twice on one side.
    """
    old, new = by_code(before), by_code(after)
    both = [code for code in sorted(old) if code in new]
    moved = [code for code in changed_codes(old, new) if code in old and code in new]
    recoded = recoded_pairs(old, new)
    renamed = [code for code in both if _naming(old[code]) != _naming(new[code])]
    renamed += [pair.new for pair in recoded if _naming(old[pair.old]) != _naming(new[pair.new])]
    redrawn = [_redrawn(code, shape_of(old[code]), shape_of(new[code])) for code in moved]
    gone, fresh = {pair.old for pair in recoded}, {pair.new for pair in recoded}
    retired, added = sorted(old.keys() - new.keys() - gone), sorted(new.keys() - old.keys() - fresh)
    borders = _borders([old[code] for code in moved + retired], [new[code] for code in moved + added])
    quiet = {grid.code for grid in redrawn if grid.gained.is_empty and grid.lost.is_empty}
    return Difference(
        added=tuple(added),
        retired=tuple(retired),
        redrawn=tuple(grid for grid in redrawn if grid.code not in quiet),
        recoded=recoded,
        renamed=tuple(sorted(renamed)),
        disowned=tuple(code for code in sorted(new) if _is_owned(new[code]) < _was_owned(old, code)),
        owned=tuple(code for code in both if _is_owned(new[code]) > _is_owned(old[code])),
        redressed=tuple(sorted(quiet)),
        borders_gone=borders[0],
        borders_new=borders[1],
    )


def same_ground(one: BaseGeometry, other: BaseGeometry) -> bool:
    """Return whether two valid areas are equal but for rounding."""
    if one.equals_exact(other) or one.normalize().equals_exact(other.normalize()):
        return True
    return not substance(one.symmetric_difference(other))


def substance(geom: BaseGeometry) -> list[BaseGeometry]:
    """Return the polygons of a geometry that are wider than rounding."""
    return [part for part in polygons_of(geom) if strip_size(part)[1] >= ROUNDING_M]


def _same(old: dict[str, GridShape], new: dict[str, GridShape], codes: list[str]) -> np.ndarray:
    """Return for each code whether its shape is the same, double by double, wherever its rings begin."""
    if not codes:
        return np.zeros(0, dtype=bool)
    ones = np.array([old[code].geom for code in codes], dtype=object)
    others = np.array([new[code].geom for code in codes], dtype=object)
    same = np.asarray(shapely.equals_exact(ones, others))
    rest = np.flatnonzero(~same)
    same[rest] = shapely.equals_exact(shapely.normalize(ones[rest]), shapely.normalize(others[rest]))
    return same


def _is_owned(grid: GridShape) -> bool:
    return grid.unowned_reason is None


def _was_owned(old: dict[str, GridShape], code: str) -> bool:
    """Return whether a code named a grid; ground that is new was somebody's or a gap, and says more as nobody's."""
    return code not in old or _is_owned(old[code])


def _naming(grid: GridShape) -> tuple[object, ...]:
    return (grid.name, grid.name_en, grid.parent_code, grid.properties, grid.unowned_reason)


def changed_codes(old: dict[str, GridShape], new: dict[str, GridShape]) -> list[str]:
    """Return the codes whose shape is not the same double by double, or that only one side has, in order."""
    both = [code for code in sorted(old) if code in new]
    moved = {code for code, same in zip(both, _same(old, new, both), strict=True) if not same}
    return sorted(moved | (old.keys() ^ new.keys()))


def recoded_pairs(old: dict[str, GridShape], new: dict[str, GridShape]) -> tuple[Recoded, ...]:
    """Return the grids that are gone under one code and there under another, on the same ground, by the old code."""
    gone, fresh = sorted(old.keys() - new.keys()), sorted(new.keys() - old.keys())
    if not gone or not fresh:
        return ()
    tree = shapely.STRtree([shape_of(old[code]).envelope for code in gone])
    pairs, taken = [], set()
    for code in fresh:
        shape = shape_of(new[code])
        for number in sorted(tree.query(shape).tolist()):
            other = shape_of(old[gone[number]])
            near = np.abs(np.subtract(shape.bounds, other.bounds)).max() < 1e-9
            if number not in taken and near and same_ground(shape, other):
                taken.add(number)
                pairs.append(Recoded(gone[number], code))
                break
    return tuple(sorted(pairs, key=lambda pair: pair.old))


def _redrawn(code: str, before: MultiPolygon, after: MultiPolygon) -> Redrawn:
    gained, lost = (MultiPolygon(substance(ground)) for ground in (after.difference(before), before.difference(after)))
    return Redrawn(code, area_m2(gained), area_m2(lost), gained, lost)


def area_m2(areas: MultiPolygon) -> float:
    """Return the area of polygons on the WGS 84 ellipsoid in square metres, thin strips as the gate measures them."""
    total = 0.0
    wide = []
    for part in polygons_of(areas):
        strip_m2, width_m = strip_size(part)
        if width_m > STRIP_M:
            wide.append(part)
        else:
            total += strip_m2
    if not wide:
        return total
    whole = MultiPolygon(wide)
    west, south, east, north = whole.bounds
    return total + Plane(Position((west + east) / 2, (south + north) / 2)).area_m2(whole)


def _borders(before: Iterable[GridShape], after: Iterable[GridShape]) -> tuple[MultiLineString, MultiLineString]:
    """Return the border stretches that only one side has; those that differ by vertices put into them are no news."""
    old, new = ({edge for grid in grids for edge in edges_of(shape_of(grid))} for grids in (before, after))
    gone, fresh = _lines(old - new), _lines(new - old)
    if gone.is_empty or fresh.is_empty:
        return gone, fresh
    return _apart(gone, fresh), _apart(fresh, gone)


def _lines(edges: set[Edge]) -> MultiLineString:
    if not edges:
        return MultiLineString()
    merged = shapely.line_merge(shapely.multilinestrings(shapely.linestrings(np.array(sorted(edges)))))
    return MultiLineString(list(shapely.get_parts(merged)))


def _apart(lines: MultiLineString, others: MultiLineString) -> MultiLineString:
    """Return what of some lines does not lie on others, to within a tenth of a millimetre."""
    edges = np.concatenate(
        [np.stack([coords[:-1], coords[1:]], axis=1) for coords in map(shapely.get_coordinates, lines.geoms)]
    )
    tree = shapely.STRtree(list(others.geoms))
    segments = shapely.linestrings(edges)
    hidden = np.ones(len(edges), dtype=bool)
    for share in (0, 0.5, 1):
        near = tree.query(
            shapely.line_interpolate_point(segments, share, normalized=True),
            predicate="dwithin",
            distance=ONE_BORDER_DEG,
        )
        hidden &= np.isin(np.arange(len(edges)), near[0])
    return _lines({edge_of((a, b), (c, d)) for (a, b), (c, d) in edges[~hidden].tolist()})
