"""Whether grids partition an outline: every defect named, with its place and its size. Nothing is ever repaired.

The checks of each grid by itself are in `soundness`; this module looks at how sound grids lie together. Grids that are
not sound stay out of every overlay: repairing or overlaying hostile rings has taken minutes, and servers down.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geoservice.domain.validating.narrow_passages import narrow_passage_findings
from geoservice.domain.validating.overlay_cost import CrossingEstimate, edge_keys
from geoservice.domain.validating.soundness import easternmost_of, outline_findings, soundness_findings
from layers.crs import Position
from layers.geometry import (
    PAIRS_MAX,
    Plane,
    crossings,
    meeting_pairs,
    place_in,
    polygons_of,
    segments_of,
    square_metres,
    strip_size,
    widest_m,
)
from layers.grids.model import Finding, GridShape

#: Narrower than this is rounding of the last digit, not a gap or an overlap: at longitude 180 a double steps by 3 nm.
ROUNDING_M = 1e-6
#: Wider than this is measured on the ellipsoid; narrower, between edges that are straight in degrees.
STRIP_M = 1.0
#: Rules whose findings are strips of ground, that healing may close.
STRIP_RULES = frozenset({"gap", "overlap", "spill"})
#: Healing closes nothing wider: that is for a person to decide.
HEALED_MAX_M = 10.0
#: Vertices of a strip whose widest place is looked for: of more it takes too long.
MEASURED_VERTICES_MAX = 5_000
#: Edges nearer than this (0.1 mm) that do not match are one border drawn in two ways.
ONE_BORDER_DEG = 1e-9
#: Nearer than this (1 um) to the outline is on it; nearer than this (10 cm) to a vertex is beside it.
ON_RIM_DEG, BESIDE_VERTEX_DEG = 1e-11, 1e-6
#: Relative difference of areas in the plane of degrees that the database refuses to publish.
AREA_TOLERANCE = 1e-6
#: Findings listed of one rule; the rest is counted.
LISTED_MAX = 200
#: Edges of two grids that cross before overlay is given up: 5,000 cost about 0.3 s.
CROSSINGS_MAX = 5_000


def findings_of(grids: Sequence[GridShape], outline: MultiPolygon) -> list[Finding]:
    """Return everything that keeps grids from being a partition of an outline, and remarks.

    Parameters
    ----------
    grids
        In EPSG:4326, in any order; may be anything a stranger sends.
    outline
        What they should partition, EPSG:4326.

    Returns
    -------
    list
        Without one of severity `error`, the grids are valid, cover the outline without gap or overlap, leave nothing
        outside, and neighbours share every vertex. Sizes are of the WGS 84 ellipsoid. A strip narrower than a
        micrometre is rounding and no finding. At most `LISTED_MAX` of a rule are listed.
    """
    findings, sound = soundness_findings(grids, easternmost=easternmost_of([outline]))
    outline_faults = outline_findings(outline)
    if outline_faults:
        return findings + outline_faults
    left_out = tuple(sorted({grid.code for grid in grids} - {grid.code for grid in sound}))
    return (
        findings
        + (_Partition(sound, outline, left_out).findings() if sound else [])
        + narrow_passage_findings([grid for grid in sound if grid.unowned_reason is None])
    )


def edges_without_match(geoms: np.ndarray, *, gap_deg: float = ONE_BORDER_DEG) -> np.ndarray:
    """Return for each area the edges that run along a neighbour who has not the same, or along a gap so narrow.

    What this finds along a border is what healing mends there.
    """
    return np.asarray(shapely.coverage_invalid_edges(geoms, gap_width=gap_deg))


def union_of_grids(geoms: np.ndarray, edges: np.ndarray) -> BaseGeometry:
    """Return what areas cover together; `edges` are their edges without match."""
    # The quicker union wants edges that match.
    union = shapely.coverage_union_all if shapely.is_empty(edges).all() else shapely.unary_union
    whole: BaseGeometry = union(geoms)
    return whole


def beyond(one: BaseGeometry, other: BaseGeometry) -> list[Polygon]:
    """Return the parts of an area outside another that are wider than rounding: gaps one way round, spills the other.

    Healing asks this very question, too: a symmetric difference is noded otherwise, and now and then misses a part.
    """
    return [part for part in polygons_of(one.difference(other)) if strip_size(part)[1] >= ROUNDING_M]


def is_measured(strip: Polygon) -> bool:
    """Return whether a strip is measured where it is widest: one that healing may close, of not too many vertices."""
    return strip_size(strip)[1] < HEALED_MAX_M and shapely.get_num_coordinates(strip) <= MEASURED_VERTICES_MAX


def width_of(strip: Polygon) -> float:
    """Return how wide a strip is, in metres: at its widest where that is measured, else on average."""
    return widest_m(strip) if is_measured(strip) else strip_size(strip)[1]


class _Partition:
    """Sound grids laid over a sound outline."""

    def __init__(self, grids: Sequence[GridShape], outline: MultiPolygon, left_out: tuple[str, ...]) -> None:
        self.codes = np.array([grid.code for grid in grids], dtype=object)
        self.geoms = np.array([grid.geom for grid in grids], dtype=object)
        self.outline = outline
        self.rim = outline.boundary
        shapely.prepare(self.rim)
        self.left_out = left_out
        self.tree = shapely.STRtree(self.geoms)
        centre = shapely.box(*outline.bounds).centroid
        self.plane = Plane(Position(centre.x, centre.y))

    def findings(self) -> list[Finding]:
        pairs = meeting_pairs(self.geoms, limit=PAIRS_MAX)
        if pairs is None:
            return [_crowd(len(self.geoms))]
        tangled = self._tangled(pairs)
        if tangled:  # what can not be overlaid would only look like a gap: the rest is for the next run
            return tangled[:LISTED_MAX]
        edges = edges_without_match(self.geoms)
        overlaps = _listed(self._overlaps(pairs, edges), "overlap")
        whole = union_of_grids(self.geoms, edges)
        gaps = _listed(self._gaps(whole), "gap")
        places = [finding.geom for finding in overlaps + gaps if finding.geom is not None]
        unmatched = _listed(self._unmatched(edges, places), "unmatched-edge")
        return overlaps + gaps + _listed(self._spills(whole), "spill") + unmatched + list(self._area_sum())

    def _tangled(self, pairs: np.ndarray) -> list[Finding]:
        """Return overlaps and spills whose borders cross too often to be overlaid."""
        thickets = CrossingEstimate(self.geoms)
        findings, total = [], 0
        for first, second in thickets.among(pairs).T.tolist():
            count = crossings(self.geoms[first], self.geoms[second], limit=CROSSINGS_MAX)
            total += count
            if _too_many(count, total):
                codes = self._codes((first, second))
                message = f"{_grids(codes)} cross each other too often to measure how much they overlap."
                findings.append(Finding("overlap", "error", codes, message, geom=self._corner(first, second)))
        for number in thickets.along(self.outline).tolist():
            count = crossings(self.geoms[number], self.outline, limit=CROSSINGS_MAX)
            total += count
            if _too_many(count, total):
                codes = self._codes((number,))
                message = f"{_grids(codes)} crosses the outline too often to measure how far it lies outside."
                findings.append(Finding("spill", "error", codes, message, geom=self.geoms[number].envelope))
        return findings

    def _corner(self, first: int, second: int) -> BaseGeometry:
        """Return the rectangle that the boxes of two grids have in common."""
        corner: BaseGeometry = self.geoms[first].envelope.intersection(self.geoms[second].envelope)
        return corner

    def _overlaps(self, pairs: np.ndarray, edges: np.ndarray) -> Iterator[Finding]:
        # Where grids overlap, an edge of one of them does not match: only such pairs need the slower question.
        suspect = ~shapely.is_empty(edges)
        for first, second in pairs[:, suspect[pairs[0]] | suspect[pairs[1]]].T:
            one, other = self.geoms[first], self.geoms[second]
            if not shapely.relate_pattern(one, other, "T********"):
                continue
            for part in polygons_of(one.intersection(other)):
                if strip_size(part)[1] >= ROUNDING_M:
                    yield self._strip("overlap", self._codes((first, second)), part)

    def _gaps(self, whole: BaseGeometry) -> Iterator[Finding]:
        for part in beyond(self.outline, whole):
            yield self._strip("gap", self._neighbours(part), part)

    def _spills(self, whole: BaseGeometry) -> Iterator[Finding]:
        for part in beyond(whole, self.outline):
            yield self._strip("spill", self._inside(part), part)

    def _strip(self, rule: str, codes: tuple[str, ...], part: Polygon) -> Finding:
        area_m2, width_m = strip_size(part)
        if width_m > STRIP_M:
            area_m2 = self.plane.area_m2(part)
        width = f"{'at most' if is_measured(part) else 'about'} {_m(width_of(part))} wide"
        told = f"{square_metres(area_m2)} near {_place(part)}, {width}"
        if rule == "overlap":
            message = f"{_grids(codes)} overlap: {told}."
        elif rule == "spill":
            message = f"{_grids(codes)} {'reach' if len(codes) > 1 else 'reaches'} outside the outline: {told}."
        else:
            beside = f", beside {_grids(codes, first='grid')}" if codes else ""
            message = f"No grid covers {told}{beside}."
            if self.left_out:
                message += f" Left out as unsound, and perhaps meant to lie there: {', '.join(self.left_out[:5])}."
        return Finding(rule, "error", codes, message, size=area_m2, unit="m2", geom=part)

    def _unmatched(self, edges: np.ndarray, explained: list[BaseGeometry]) -> Iterator[Finding]:
        """Tell pairs of grids that draw their common border with different vertices.

        Edges along an overlap or gap that is told already say nothing new.
        """
        known = shapely.STRtree(explained)
        owners, lines = [], []
        for owner in np.flatnonzero(~shapely.is_empty(edges)):
            parts = shapely.get_parts(edges[owner])
            new = np.setdiff1d(np.arange(len(parts)), known.query(parts, predicate="intersects")[0])
            owners.extend([owner] * len(new))
            lines.extend(parts[new])
        tree = shapely.STRtree(lines)
        first, second = tree.query(lines, predicate="dwithin", distance=ONE_BORDER_DEG) if lines else ((), ())
        met: dict[tuple[int, int], list[BaseGeometry]] = {}
        for one, other in zip(first, second, strict=True):
            if owners[one] < owners[other]:
                met.setdefault((owners[one], owners[other]), []).extend([lines[one], lines[other]])
        for (one, other), borders in met.items():
            finding = self._mismatch(one, other, shapely.union_all(borders))
            if finding is not None:
                yield finding

    def _mismatch(self, first: int, second: int, border: BaseGeometry) -> Finding | None:
        """Return where one of two grids has a vertex that the other, passing through, has not."""
        lonely = [
            vertex
            for one, other in ((first, second), (second, first))
            for vertex in _vertices_missing(*self._unshared_ends(one), self.geoms[other], border)
        ]
        if not lonely:
            return None  # they meet in a corner of a third, whose tip may be narrower than what counts as one border
        codes = self._codes((first, second))
        length_m = self.plane.length_m(border) / 2  # both sides of it were collected
        message = (
            f"{_grids(codes)} do not share every vertex of their border: near {_place(lonely[0])}"
            f" one of them has a vertex and the other passes through ({len(lonely)} in all, along {_m(length_m)})."
        )
        where = shapely.multipoints(lonely) if len(lonely) > 1 else lonely[0]
        return Finding("unmatched-edge", "error", codes, message, size=length_m, unit="m", geom=where)

    def _unshared_ends(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the ends, (n, 2), of those edges of a grid that no other has; and whether they are all on the rim."""
        edges = segments_of(self.geoms[number])
        beside = [one for one in self.tree.query(self.geoms[number]).tolist() if one != number]
        theirs = [np.empty((0, 2, 2)), *(segments_of(self.geoms[one]) for one in beside)]
        unshared = edges[~np.isin(edge_keys(edges), edge_keys(np.concatenate(theirs)))]
        places = np.concatenate([unshared, unshared.mean(axis=1, keepdims=True)], axis=1)
        on_rim = shapely.dwithin(shapely.points(places), self.rim, ON_RIM_DEG).all(axis=1)
        ends, which = np.unique(unshared.reshape(-1, 2), axis=0, return_inverse=True)
        inside = np.bincount(which.ravel(), weights=np.repeat(~on_rim, 2), minlength=len(ends)) > 0
        return ends, ~inside

    def _area_sum(self) -> Iterator[Finding]:
        if self.left_out:
            return
        outline_area = float(shapely.area(self.outline))  # in the plane of degrees, as the database compares them
        surplus = float(shapely.area(self.geoms).sum()) - outline_area
        if abs(surplus) <= AREA_TOLERANCE * outline_area:
            return
        outline_m2 = self.plane.area_m2(self.outline)
        surplus_m2 = surplus / outline_area * outline_m2
        message = (
            f"The areas of the grids add up to {square_metres(abs(surplus_m2))}"
            f" {'more' if surplus > 0 else 'less'} than the outline's {square_metres(outline_m2)}."
        )
        yield Finding("area-sum", "error", (), message, size=abs(surplus_m2), unit="m2")

    def _neighbours(self, part: Polygon) -> tuple[str, ...]:
        return self._codes(self.tree.query(part, predicate="dwithin", distance=ONE_BORDER_DEG))

    def _inside(self, part: Polygon) -> tuple[str, ...]:
        return self._codes(self.tree.query(shapely.point_on_surface(part), predicate="intersects"))

    def _codes(self, numbers: Iterable[int]) -> tuple[str, ...]:
        return tuple(sorted(str(code) for code in self.codes[list(numbers)]))


def _vertices_missing(
    vertices: np.ndarray, on_rim: np.ndarray, other: BaseGeometry, border: BaseGeometry
) -> list[BaseGeometry]:
    """Return those of (n, 2) vertices that lie on an unmatched border and on `other`, where `other` has none.

    Two borders that run apart on the rim from a vertex which both have are near each other there, and not one border.
    """
    shapely.prepare(border)
    corners = shapely.points(vertices)
    theirs = shapely.get_coordinates(other)
    known = {tuple(pair) for pair in theirs}
    both = np.array([pair in known for pair in map(tuple, vertices.tolist())], dtype=bool)
    strange = shapely.dwithin(corners, border, ONE_BORDER_DEG) & ~both
    strange &= ~(on_rim & shapely.dwithin(corners, shapely.multipoints(corners[both]), BESIDE_VERTEX_DEG))
    shapely.prepare(rim := other.boundary)
    return [corner for corner in corners[strange] if shapely.dwithin(corner, rim, ONE_BORDER_DEG)]


def _too_many(count: int, total: int) -> bool:
    return count >= CROSSINGS_MAX or (count > 0 and total >= 10 * CROSSINGS_MAX)


def _listed(findings: Iterator[Finding], rule: str) -> list[Finding]:
    """Return the first findings of a rule, and one more that counts when there are too many to list."""
    listed = [finding for finding, _ in zip(findings, range(LISTED_MAX), strict=False)]
    if len(listed) == LISTED_MAX and next(findings, None) is not None:
        message = f"There are more findings of the rule {rule}: the first {LISTED_MAX} are listed."
        listed.append(Finding(rule, "error", (), message))
    return listed


def _crowd(count: int) -> Finding:
    message = f"Most of the {count} grids lie on top of each other; nothing else was looked for."
    return Finding("overlap", "error", (), message, size=float(count), unit="grids")


def _grids(codes: Sequence[str], *, first: str = "Grid") -> str:
    if len(codes) == 1:
        return f"{first} {codes[0]}"
    shown = ", ".join(codes[:-1][:6])
    return f"{first}s {shown} and {codes[-1]}" if len(codes) <= 7 else f"{len(codes)} grids ({shown}, ...)"


def _place(geom: BaseGeometry) -> str:
    place = place_in(geom)
    return "an unknown place" if place is None else f"{place.lon:.7f}, {place.lat:.7f}"


def _m(length_m: float) -> str:
    return f"{length_m:,.0f} m" if length_m >= 100 else f"{length_m:.3g} m"
