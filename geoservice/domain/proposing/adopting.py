"""A proposal beside the grids that are there: which code each of its shapes keeps, and as much of it as is wanted.

Most people stay in the grid that they know when each shape gets the code of the grid whose households it has most of.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon

from geoservice.domain.editing import verbs
from geoservice.domain.editing.change import Change, applied, by_code, shape_of
from geoservice.domain.editing.edit_refused import EditRefused
from geoservice.domain.editing.faces import Faces, faces_of
from geoservice.domain.editing.inheritance import Owners
from geoservice.domain.editing.lattice import Lattice
from geoservice.domain.editing.mosaic import Mosaic
from geoservice.domain.validating.topology import findings_of
from layers.geometry import place_in, strip_size
from layers.grids.model import GridShape

#: A tenth of the micrometre that the gate sees.
_LATTICE = Lattice(1e-12)
#: A proposed border nearer than this to one that is there is the same, drawn from another file.
_SAME_BORDER_M = 0.5
#: Farther than this (0.1 mm) from what changes no grid has a vertex of it.
_REACH_DEG = 1e-9


def with_kept_codes(
    there: Sequence[GridShape], shapes: Sequence[MultiPolygon], points: NDArray[Any], counts: NDArray[np.int64],
    taken: Collection[str],
) -> tuple[GridShape, ...]:  # fmt: skip
    """Return shapes as grids, each with the code, names and all else of the grid that it has most of.

    Parameters
    ----------
    there
        The grids that are cut anew, EPSG:4326; what belongs to nobody is not among them.
    points, counts
        (m,) places and how many households live at each; where none do, area counts.
    taken
        Codes in use, or used before, beyond those of `there`.

    Returns
    -------
    As many as there are shapes, by code. A shape that is left over gets the first free code of the grid that it
    was cut off, as a part of a split does; a grid that is left over is not among them.
    """
    shared = _shared(there, shapes, points, counts)
    named: dict[int, GridShape] = {}
    kept: set[str] = set()
    for old, new in shared:
        if new not in named and there[old].code not in kept:
            named[new] = replace(there[old], geom=shapes[new])
            kept.add(there[old].code)
    used = {*taken, *(grid.code for grid in there)}
    for new, shape in enumerate(shapes):
        if new not in named:
            before = next((there[old] for old, other in shared if other == new), None)
            code = _first_free(used) if before is None else verbs.next_code(before.code, used)
            used.add(code)
            parent = None if before is None else before.parent_code
            named[new] = GridShape(code, code, None, parent, shape)
    return tuple(sorted(named.values(), key=lambda grid: grid.code))


def taken_over(
    there: Sequence[GridShape], proposed: Sequence[GridShape], outline: MultiPolygon, codes: Collection[str] | None
) -> Change:
    """Return the change that makes some grids as they are proposed, and leaves a partition.

    Ground that a chosen grid gains is its own then; ground that it loses goes to whom the proposal gives it to. What is
    left of other grids stays as it is, and so does ground that belongs to nobody.

    Parameters
    ----------
    there
        Every grid of a draft, EPSG:4326.
    proposed
        Every grid that has an owner, as it would be; one of `there` that is not among them would be no more.
    outline
        That the draft fills.
    codes
        Of those that are taken over; None: all.

    Raises
    ------
    EditRefused
        A code is of neither; ground would go to a new grid that was not chosen; what would be left is no partition.
    """
    old, new = by_code(there), by_code(proposed)
    owned = {code for code, grid in old.items() if grid.unowned_reason is None}
    wanted = (owned | new.keys()) if codes is None else set(codes)
    if strange := sorted(wanted - owned - new.keys()):
        raise EditRefused(f"The proposal has no grid {strange[0]}.", "Name grids of the proposal.", strange,
                          code="proposal-has-no-grid", values={"grid": strange[0]})  # fmt: skip
    change = _Adoption(old, new, outline, wanted).change()
    for finding in findings_of(applied(there, change), outline):
        if finding.severity == "error":
            place = None if finding.geom is None else place_in(finding.geom)
            raise EditRefused(
                f"The draft would be no partition: {finding.message}", "Take over all of the proposal, or other grids.",
                finding.grid_codes, place, code="proposal-no-partition",
                values={"grids": finding.grid_codes, "rule": finding.rule},
            )  # fmt: skip
    return change


class _Adoption:
    """The ground of a draft cut along the borders that stay and those that come, and who gets each face."""

    def __init__(
        self, old: Mapping[str, GridShape], new: Mapping[str, GridShape], outline: MultiPolygon, wanted: Collection[str]
    ) -> None:
        self.old, self.new, self.outline, self.wanted = old, new, outline, wanted
        self.codes = [*old, *new]
        shapes = [shape_of(grid) for grid in (*old.values(), *new.values())]
        self.geoms = np.array(shapes, dtype=object)
        self.is_whole = all(code in wanted for code in (*new, *(c for c in old if old[c].unowned_reason is None)))

    def change(self) -> Change:
        """Return what is different."""
        faces = self._faces()
        goes = self._along_old_borders(faces, [self._goes(owners) for owners in faces.owners])
        winners = sorted({number for owners in goes for number in owners})
        mosaic = Mosaic(_LATTICE, self.geoms, None, _REACH_DEG)
        rebuilt = mosaic.rebuilt(faces, goes, np.array(winners, dtype=int))
        put = []
        for number in winners:
            code = self.codes[number]
            grid = (self.old if number < len(self.old) else self.new)[code]
            if number in rebuilt:
                put.append(replace(grid, geom=rebuilt[number]))
            elif number >= len(self.old):
                put.append(grid)
        there = {self.codes[number] for number in winners}
        return Change(tuple(code for code in self.old if code not in there), tuple(put))

    def _faces(self) -> Faces:
        """Return the faces that the borders there are, and those that come, make."""
        stays = [shape_of(grid) for grid in self.old.values()]
        comes = [shape_of(grid) for code, grid in self.new.items() if code in self.wanted]
        given_up = shapely.union_all([shape_of(self.old[code]) for code in self.wanted if code in self.old])
        lines = [] if self.is_whole else [
            shapely.intersection(shape_of(grid).boundary, given_up)
            for code, grid in self.new.items() if code not in self.wanted
        ]  # fmt: skip
        drawn = [*stays, *comes, *(line for whole in lines for line in _lines_of(whole))]
        return faces_of(_LATTICE, np.array(drawn, dtype=object), self.outline.boundary, list(self.geoms))

    def _along_old_borders(self, faces: Faces, goes: list[Owners]) -> list[Owners]:
        """Return who gets each face when a border that comes this near to one that is there is that one, bit by bit.

        A strip between the two goes where the ground beside it goes that was of the same grid.
        """
        narrow = {number for number, face in enumerate(faces.polygons) if strip_size(face)[1] < _SAME_BORDER_M}
        before = [tuple(number for number in owners if number < len(self.old)) for owners in faces.owners]
        waiting = {face for face in narrow if before[face] and not self._is_nobodys(before[face])}
        beside: dict[int, list[tuple[float, int]]] = {}
        for (one, other), length in faces.lengths().items():
            if one in waiting and before[other] and not self._is_nobodys(before[other]):
                beside.setdefault(one, []).append((length, other))
        settled = list(goes)
        # First beside what was of the same grid, strip after strip; what is left with its longest neighbour.
        for is_same in (True, False):
            found: dict[int, int] = {0: 0}
            while found:
                found = {}
                for one in sorted(waiting):
                    near = [
                        (length, other) for length, other in beside.get(one, ())
                        if other not in waiting and (not is_same or before[other] == before[one])
                    ]  # fmt: skip
                    if near:
                        found[one] = max(near)[1]
                for one, other in found.items():
                    settled[one] = settled[other]
                waiting -= found.keys()
        return settled

    def _is_nobodys(self, numbers: Owners) -> bool:
        return any(self.old[self.codes[number]].unowned_reason is not None for number in numbers)

    def _goes(self, owners: Owners) -> Owners:
        """Return who gets a face: the numbers of the grids that have it in the end."""
        before = [self.codes[number] for number in owners if number < len(self.old)]
        after = next((self.codes[number] for number in owners if number >= len(self.old)), None)
        loses = any(code in self.wanted for code in before)
        if after is None or any(self.old[code].unowned_reason is not None for code in before):
            return tuple(number for number in owners if number < len(self.old))
        if after not in self.wanted and not loses:
            return tuple(number for number in owners if number < len(self.old))
        if after not in self.wanted and after not in self.old:
            raise EditRefused(
                f"Ground of grid {before[0]} would go to {after}, which is new and was not chosen.",
                f"Take {after} over as well.", [before[0], after],
                code="proposal-takes-more", values={"grid": before[0], "other": after},
            )  # fmt: skip
        return (self._number(after),)

    def _number(self, code: str) -> int:
        """Return the number of a grid: of what is there, so that vertices that stay keep their doubles."""
        return self.codes.index(code)


def _lines_of(geom: Any) -> list[Any]:
    return [part for part in shapely.get_parts(geom) if part.geom_type == "LineString"]


def _first_free(used: Collection[str]) -> str:
    """Return a code of two digits or more."""
    return next(code for number in count(1) if (code := f"{number:02}") not in used)


def _shared(
    there: Sequence[GridShape], shapes: Sequence[MultiPolygon], points: NDArray[Any], counts: NDArray[np.int64]
) -> list[tuple[int, int]]:
    """Return pairs of a grid and a shape that share ground, those that share most households, then most area, first."""
    if not there:
        return []
    olds = np.array([shape_of(grid) for grid in there], dtype=object)
    news = np.array(shapes, dtype=object)
    before, after = _owners(olds, points), _owners(news, points)
    inside = (before >= 0) & (after >= 0)
    households = np.zeros((len(olds), len(news)), np.int64)
    np.add.at(households, (before[inside], after[inside]), counts[inside])
    new, old = shapely.STRtree(olds).query(news, predicate="intersects")
    areas = shapely.area(shapely.intersection(olds[old], news[new]))
    pairs = [
        (-int(households[one, other]), -float(area), one, other)
        for one, other, area in zip(old.tolist(), new.tolist(), areas.tolist(), strict=True)
        if area > 0
    ]
    return [(one, other) for *_, one, other in sorted(pairs)]


def _owners(shapes: NDArray[Any], points: NDArray[Any]) -> NDArray[np.int64]:
    """Return the number of the first shape that has each point, -1 for none."""
    place, number = shapely.STRtree(shapes).query(points, predicate="intersects")
    owner = np.full(len(points), -1)
    owner[place[::-1]] = number[::-1]
    return owner
