"""Merging two drafts of one base: what only one of them changed is taken, what both changed differently is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as with_fields
from typing import Literal

import numpy as np
import shapely
from shapely import MultiLineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geoservice.domain.editing.border_edits import BorderEdit, Sides, edits_of, exclude, lines_of, refined, sides_of
from geoservice.domain.editing.change import Change, by_code, shape_of
from geoservice.domain.editing.diff import changed_codes, recoded_pairs, same_ground
from geoservice.domain.editing.edit_refused import EditRefused
from geoservice.domain.editing.naming import NamingConflict, merged_naming
from geoservice.domain.editing.unowned import misplaced
from geoservice.domain.editing.verifying import verified
from layers.geometry import as_multipolygon
from layers.grids.model import GridShape

#: Of a piece of ground; less is the rounding of an overlay.
_ROUNDING_SHARE = 1e-9

Side = Literal["ours", "theirs"]
#: border: both changed it; naming: both gave another name, parent or property; code: both gave or took a code in two
#: ways; ground: the result would not cover what the base covers, or belong to nobody elsewhere than the drafts say.
Kind = Literal["border", "naming", "code", "ground"]


@dataclass(frozen=True)
class Conflict:
    """Something that both drafts changed, each in its way; until it is settled the base stays as it is there."""

    kind: Kind
    codes: tuple[str, ...]
    #: One sentence for people.
    message: str
    #: The border stretches as each has them, EPSG:4326; empty when it is not about borders.
    ours: BaseGeometry = field(default_factory=MultiLineString)
    theirs: BaseGeometry = field(default_factory=MultiLineString)
    base: BaseGeometry = field(default_factory=MultiLineString)


@dataclass(frozen=True)
class Merged:
    """Two drafts in one; to be taken only when there are no conflicts."""

    grids: tuple[GridShape, ...]
    conflicts: tuple[Conflict, ...]


def merged(
    base: Sequence[GridShape],
    ours: Sequence[GridShape],
    theirs: Sequence[GridShape],
    settle: Mapping[str, Side] | None = None,
) -> Merged:
    """Return two drafts merged, border by border and name by name.

    Parameters
    ----------
    base
        What both drafts began as; EPSG:4326, valid shapes.
    ours, theirs
        The drafts. They should be partitions of the same ground as the base.
    settle
        By grid code, whose version counts where both changed something. A conflict about several grids is settled when
        at least one of them is named, and all that are named say the same.

    Returns
    -------
    Merged
        Grids in the order of their codes. When ours moves the border of A and B, and theirs that of B and C, B has
        both. A result that would leave a gap or cover other ground is a conflict, never silent.
    """
    return _Merging(base, ours, theirs, settle or {}).result()


class _Merging:
    """One merge: what was found on the way."""

    def __init__(
        self,
        base: Sequence[GridShape],
        ours: Sequence[GridShape],
        theirs: Sequence[GridShape],
        settle: Mapping[str, Side],
    ) -> None:
        self.settle = settle
        self.conflicts: list[Conflict] = []
        self.base, self.ours, self.theirs = by_code(base), by_code(ours), by_code(theirs)
        self._take_recodings()
        self.moved = {
            "ours": set(changed_codes(self.base, self.ours)),
            "theirs": set(changed_codes(self.base, self.theirs)),
        }

    def result(self) -> Merged:
        """Return the merge."""
        shapes = self._shapes()
        grids = []
        for code, shape in sorted(shapes.items()):
            try:
                naming = merged_naming(
                    self.base.get(code), self.ours.get(code), self.theirs.get(code), self._side([code])
                )
            except NamingConflict as conflict:
                self.conflicts.append(Conflict("naming", (code,), str(conflict)))
                naming = self.base.get(code) or self.ours[code]
            grids.append(with_fields(naming, code=code, geom=shape))
        if not self.conflicts:
            self._keep_unowned(grids)
        return Merged(tuple(grids), tuple(self.conflicts))

    def _take_recodings(self) -> None:
        """Give a grid that one draft recoded its new code in the base and the other draft as well."""
        pairs = {
            "ours": {pair.old: pair.new for pair in recoded_pairs(self.base, self.ours)},
            "theirs": {pair.old: pair.new for pair in recoded_pairs(self.base, self.theirs)},
        }
        for old in sorted(pairs["ours"].keys() | pairs["theirs"].keys()):
            new = {side: codes[old] for side, codes in pairs.items() if old in codes}
            side = self._side([old, *new.values()])
            if len(set(new.values())) > 1 and side is None:
                message = f"Grid {old} has the code {new['ours']} in ours and {new['theirs']} in theirs."
                self.conflicts.append(Conflict("code", (old, new["ours"], new["theirs"]), message))
                goal = old
            else:
                goal = new[side] if side in new else next(iter(new.values()))
            for grids, code in (
                (self.base, old),
                (self.ours, new.get("ours", old)),
                (self.theirs, new.get("theirs", old)),
            ):
                if code in grids and goal not in grids:
                    grids[goal] = with_fields(grids.pop(code), code=goal)

    def _shapes(self) -> dict[str, MultiPolygon]:
        """Return the merged shapes by code."""
        both = self.moved["ours"] & self.moved["theirs"]
        calm = self.base.keys() - self.moved["ours"] - self.moved["theirs"]
        shapes = {code: shape_of(self.base[code]) for code in calm}
        if not both:
            for side, grids in (("ours", self.ours), ("theirs", self.theirs)):
                shapes |= {code: shape_of(grids[code]) for code in self.moved[side] if code in grids}
            return self._kept_ground(shapes, calm)
        doubled = [
            code
            for code in sorted(both - self.base.keys())
            if code in self.ours
            and code in self.theirs
            and not same_ground(shape_of(self.ours[code]), shape_of(self.theirs[code]))
        ]
        if doubled:
            self.conflicts += [
                Conflict(
                    "code", (code,), f"Both drafts made a new grid {code}, on different ground; recode one of them."
                )
                for code in doubled
            ]
            return {code: shape_of(grid) for code, grid in self.base.items()}
        local = self.moved["ours"] | self.moved["theirs"]
        return self._kept_ground(shapes | _BorderMerge(self, local).shapes(), calm)

    def _kept_ground(self, shapes: dict[str, MultiPolygon], calm: Iterable[str]) -> dict[str, MultiPolygon]:
        """Return shapes if they cover what the base covers, and the base's with a conflict otherwise."""
        calm = set(calm)
        local = {code: shape for code, shape in shapes.items() if code not in calm}
        put = tuple(GridShape(code, code, None, None, local[code]) for code in sorted(local))
        removed = tuple(sorted(self.base.keys() - shapes.keys()))
        try:
            verified(list(self.base.values()), Change(removed, put), "")
        except EditRefused as exc:
            codes = exc.codes or tuple(sorted(local))
            message = f"Both drafts together do not fit: {exc.message}"
            self.conflicts.append(Conflict("ground", codes, message))
            return {code: shape_of(grid) for code, grid in self.base.items()}
        return shapes

    def _keep_unowned(self, grids: Sequence[GridShape]) -> None:
        """Add a conflict wherever the result says otherwise than the drafts what belongs to nobody."""
        base, ours, theirs = (list(named.values()) for named in (self.base, self.ours, self.theirs))
        for one in misplaced(base, ours, theirs, grids):
            if one.as_in is None or self._side(one.codes) != one.as_in:
                self.conflicts.append(Conflict("ground", one.codes, one.message))

    def _side(self, codes: Iterable[str]) -> Side | None:
        """Return which draft counts for grids, or None when that is not settled."""
        told = {self.settle[code] for code in codes if code in self.settle}
        return told.pop() if len(told) == 1 else None


class _BorderMerge:
    """The grids that either draft changed, taken apart into edges and put together again."""

    def __init__(self, merging: _Merging, local: set[str]) -> None:
        self.merging = merging
        self.originals = [
            [grids[code] for code in sorted(local) if code in grids]
            for grids in (merging.base, merging.ours, merging.theirs)
        ]
        self.base, *drafts = refined(*self.originals)
        self.drafts: dict[Side, dict[str, MultiPolygon]] = {"ours": drafts[0], "theirs": drafts[1]}
        self.sides = _sides(self.base)
        own = {side: _sides(shapes) for side, shapes in self.drafts.items()}
        self.edits: dict[Side, list[BorderEdit]] = {side: edits_of(self.sides, edges) for side, edges in own.items()}
        self.dropped: dict[Side, list[BorderEdit]] = {"ours": [], "theirs": []}

    def shapes(self) -> dict[str, MultiPolygon]:
        """Return the merged shapes by code; what is not settled stays as in the base."""
        for ours, theirs in self._clashes():
            self._settle(ours, theirs)
        edges = set(self.sides)
        taken = [e for side in self.edits for e in self.edits[side] if e not in self.dropped[side]]
        for edit in taken:
            edges -= edit.removed
        for edit in taken:
            edges |= edit.added
        faces = shapely.get_parts(shapely.polygonize(shapely.linestrings(np.array(sorted(edges)))))
        return self._owned(list(faces))

    def _clashes(self) -> list[tuple[list[BorderEdit], list[BorderEdit]]]:
        """Return groups of edits of ours and theirs that exclude each other."""
        ours, theirs = self.edits["ours"], self.edits["theirs"]
        pairs = [(i, j) for i, one in enumerate(ours) for j, other in enumerate(theirs) if exclude(one, other)]
        groups: list[tuple[set[int], set[int]]] = []
        for i, j in pairs:
            met = [group for group in groups if i in group[0] or j in group[1]]
            groups = [group for group in groups if group not in met]
            groups.append(({i}.union(*(group[0] for group in met)), {j}.union(*(group[1] for group in met))))
        return [([ours[i] for i in sorted(one)], [theirs[j] for j in sorted(other)]) for one, other in groups]

    def _settle(self, ours: list[BorderEdit], theirs: list[BorderEdit]) -> None:
        codes = tuple(sorted(frozenset().union(*(edit.codes for edit in ours + theirs))))
        side = self.merging._side(codes)
        if side != "ours":
            self.dropped["ours"] += ours
        if side != "theirs":
            self.dropped["theirs"] += theirs
        if side is None:
            message = f"Both drafts changed the border between grids {', '.join(codes)}."
            mine, others = ([edge for edit in edits for edge in edit.added] for edits in (ours, theirs))
            old = lines_of(edge for edit in ours + theirs for edge in edit.removed)
            self.merging.conflicts.append(Conflict("border", codes, message, lines_of(mine), lines_of(others), old))

    def _owned(self, faces: list[Polygon]) -> dict[str, MultiPolygon]:
        """Return the shapes that the faces make up, each face given to the grid that base and drafts say."""
        grounds = [_Ground(shapes) for shapes in (self.base, self.drafts["ours"], self.drafts["theirs"])]
        parts: dict[str, list[Polygon]] = {}
        for face in faces:
            votes: dict[tuple[str, str, str], float] = {}
            for was, piece in grounds[0].parts_of(face):
                for ours, smaller in grounds[1].parts_of(piece):
                    for theirs, smallest in grounds[2].parts_of(smaller):
                        now = self._draft_owner("ours", ours, was), self._draft_owner("theirs", theirs, was)
                        votes[was, *now] = votes.get((was, *now), 0.0) + smallest.area
            if sum(votes.values()) > face.area / 2:  # less is a hole of the ground
                parts.setdefault(self._elected(votes), []).append(face)
        shapes = {code: as_multipolygon(shapely.coverage_union_all(pieces)) for code, pieces in parts.items()}
        return {code: self._as_it_was(code, shape) for code, shape in shapes.items()}

    def _elected(self, votes: Mapping[tuple[str, str, str], float]) -> str:
        """Return who gets a face: what most of its ground says, each piece of it merged by itself."""
        for_code: dict[str, float] = {}
        for (was, ours, theirs), area in votes.items():
            if was in (ours, theirs) or ours == theirs:
                owner = theirs if ours in (was, theirs) else ours
                for_code[owner] = for_code.get(owner, 0.0) + area
        disputed = {owners: area for owners, area in votes.items() if len(set(owners)) == 3}
        if not disputed or sum(disputed.values()) <= sum(for_code.values()):
            return max(sorted(for_code), key=lambda code: for_code[code])
        was, ours, theirs = max(sorted(disputed), key=lambda owners: disputed[owners])
        side = self.merging._side((was, ours, theirs))
        if side is None:
            message = f"A part of grid {was} belongs to grid {ours} in ours and to grid {theirs} in theirs."
            self.merging.conflicts.append(Conflict("code", tuple(sorted({was, ours, theirs})), message))
        return {"ours": ours, "theirs": theirs}.get(side or "", was)

    def _draft_owner(self, side: Side, owner: str, was: str) -> str:
        """Return who owns a face in a draft, without what its dropped edits did."""
        undone = any(was in edit.codes and owner in edit.codes for edit in self.dropped[side])
        return was if undone else owner

    def _as_it_was(self, code: str, shape: MultiPolygon) -> MultiPolygon:
        """Return the very shape of the base or a draft when it is this one."""
        form = shape.normalize()
        for grids in self.originals:
            for grid in grids:
                if grid.code == code and shape_of(grid).normalize().equals_exact(form):
                    return shape_of(grid)
        return shape


class _Ground:
    """The shapes of a draft, to lay pieces of ground over."""

    def __init__(self, shapes: Mapping[str, MultiPolygon]) -> None:
        self.codes = list(shapes)
        self.geoms = np.array([shapes[code] for code in self.codes], dtype=object)
        self.tree = shapely.STRtree(self.geoms)

    def parts_of(self, piece: BaseGeometry) -> list[tuple[str, BaseGeometry]]:
        """Return what of a piece of ground lies in which grid, slivers of rounding left out."""
        near = self.tree.query(piece)
        cut = shapely.intersection(self.geoms[near], piece)
        large = shapely.area(cut) > _ROUNDING_SHARE * piece.area
        return [(self.codes[near[number]], cut[number]) for number in np.flatnonzero(large).tolist()]


def _sides(shapes: Mapping[str, MultiPolygon]) -> Sides:
    return sides_of(GridShape(code, code, None, None, shape) for code, shape in shapes.items())
