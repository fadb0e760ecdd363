"""The editions that look-ups are answered from, all together: which one is asked when, and who wins where several are.

The rule is that of the SQL function geoservice.owner_of: what covers goes first, then who leaves the place to nobody,
then what is near; where jurisdictions overlap the smallest code of a jurisdiction wins, in byte order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from geoservice.engine.answers import Method
from geoservice.engine.edges import Bools, Floats
from geoservice.engine.index import OwnershipIndex
from geoservice.engine.nearest import REACH_M
from geoservice.engine.plane import STEPS_PER_METRE, in_steps, lat_degree_m, lon_degree_m
from geoservice.engine.unowned import grounds_at
from layers.antimeridian import place_at
from layers.grids.model import Candidate, Ownership, Unowned

if TYPE_CHECKING:
    from geoservice.engine.scalar import Found

#: Before every distance: what covers a place, then what leaves it to nobody.
_COVERED, _LEFT_TO_NOBODY = -2.0, -1.0
#: West, south, east, north in degrees.
Box = tuple[float, float, float, float]
METHODS = {Method.COVERS: "covers", Method.NEAREST: "nearest", Method.NONE: "none"}


@dataclass(frozen=True)
class LoadedEdition:
    """One edition in memory."""

    jurisdiction_id: int
    jurisdiction_code: str
    edition_id: int
    valid_from: datetime
    #: None: until further notice.
    valid_to: datetime | None
    #: Metres.
    snap_tolerance_m: float
    accuracy_m: float
    #: Of outline, codes and shapes, worked out from what was read.
    content_hash: str
    index: OwnershipIndex
    #: In the order of the index's codes.
    names: tuple[str, ...]
    #: What the grids partition, EPSG:4326.
    outline: shapely.MultiPolygon
    #: Ground of the outline that belongs to nobody, by code; prepared for questions.
    unowned: tuple[Unowned, ...] = ()

    def holds_at(self, instant: datetime) -> bool:
        """Return whether it is in force at an instant."""
        return self.valid_from <= instant and not self.is_over_at(instant)

    def is_over_at(self, instant: datetime) -> bool:
        """Return whether its end has come at an instant."""
        return self.valid_to is not None and self.valid_to <= instant

    @cached_property
    def reach(self) -> Box:
        """Return west, south, east, north of the places that it may have something to say about, in degrees."""
        return _within_reach(self.outline.bounds)

    def unowned_reason(self, lon: float, lat: float) -> str | None:
        """Return why a place belongs to nobody, where the edition leaves it so; no grid covers the place."""
        if not self.unowned:
            return None
        place = place_at(lon, lat)
        return next((one.reason for one in self.unowned if shapely.intersects(one.geom, place)), None)

    def ownership(self, found: Found, unowned_reason: str | None = None) -> Ownership:
        """Return an answer of the index in the words of the service; ground of nobody is no grid's for being near."""
        codes = self.index.codes
        owner, method, metres, near_border, near = found
        candidates = tuple([Candidate(codes[grid], round(far, 3)) for grid, far in near]) if near else ()
        if unowned_reason is not None:
            owner, method = -1, Method.NONE
        code, name = (None, None) if owner < 0 else (codes[owner], self.names[owner])
        return Ownership(
            self.jurisdiction_id, self.edition_id, code, name, METHODS[method], metres, near_border, candidates,
            unowned_reason,
        )  # fmt: skip


def _within_reach(bounds: Box) -> Box:
    west, south, east, north = bounds
    # At the latitude farthest from the equator a degree of longitude is shortest.
    farthest = np.array([min(90.0, max(abs(south), abs(north)) + 0.01)])
    lon_room = 1.01 * REACH_M / float(lon_degree_m(farthest)[0])
    lat_room = 1.01 * REACH_M / float(lat_degree_m(np.zeros(1))[0])
    west, east = west - lon_room, east + lon_room
    if west < -180 or east > 180:  # it reaches across, to the other end of all longitudes
        west, east = -180.0, 180.0
    return west, south - lat_room, east, north + lat_room


@dataclass(frozen=True)
class PendingEdition:
    """An edition that is in force or to come, and not in memory yet: its jurisdiction is not answered for."""

    jurisdiction_code: str
    #: West, south, east, north of its outline, in degrees.
    bounds: Box


@dataclass(frozen=True)
class LoadedOutline:
    """The outline with which a jurisdiction began, in memory: it holds where there is no edition."""

    jurisdiction_id: int
    jurisdiction_code: str
    #: EPSG:4326.
    geom: shapely.MultiPolygon


NOWHERE = Ownership(None, None, None, None, "none", None, False, ())


@dataclass(frozen=True)
class ManyOwners:
    """Owners of n positions, column by column."""

    #: The codes that `code` points into: those of every edition asked, one after the other.
    codes: tuple[str, ...]
    #: (n,) index into codes, -1 for none.
    code: NDArray[np.int32]
    #: (n,) ids; 0 where no edition has anything to say.
    edition: NDArray[np.int64]
    #: (n,) see Method.
    method: NDArray[np.int8]
    near_border: Bools
    #: Why ground belongs to nobody: of every edition asked, one after the other.
    reasons: tuple[str, ...]
    #: (n,) index into reasons, -1 where no edition leaves the place to nobody.
    reason: NDArray[np.int32]

    def put(self, where: NDArray[np.int64], other: ManyOwners) -> ManyOwners:
        """Return these answers with those of other positions put in at some places, (m,)."""
        code, edition, method, near = self.code.copy(), self.edition.copy(), self.method.copy(), self.near_border.copy()
        code[where] = np.where(other.code < 0, -1, other.code + len(self.codes))
        edition[where], method[where], near[where] = other.edition, other.method, other.near_border
        reason = self.reason.copy()
        reason[where] = np.where(other.reason < 0, -1, other.reason + len(self.reasons))
        reasons = (*self.reasons, *other.reasons)
        return ManyOwners((*self.codes, *other.codes), code, edition, method, near, reasons, reason)

    @classmethod
    def nobody(cls, codes: tuple[str, ...], reasons: tuple[str, ...], count: int) -> ManyOwners:
        """Return answers that say none everywhere."""
        return cls(
            codes, np.full(count, -1, np.int32), np.zeros(count, np.int64),
            np.full(count, np.int8(Method.NONE)), np.zeros(count, np.bool_), reasons, np.full(count, -1, np.int32),
        )  # fmt: skip


class LoadedEditions:
    """Editions of all jurisdictions, as they were known at one moment. It never changes."""

    def __init__(
        self, editions: Iterable[LoadedEdition], outlines: Iterable[LoadedOutline],
        known_since: datetime | None = None, pending: Iterable[PendingEdition] = (),
    ) -> None:  # fmt: skip
        """Take editions in.

        Parameters
        ----------
        outlines
            Of all jurisdictions that there are, with or without an edition.
        known_since
            Editions that ended before are not here; None when all are.
        pending
            Editions that should be here, and are not yet.
        """
        self._editions = tuple(sorted(editions, key=lambda one: (one.jurisdiction_code.encode(), one.valid_from)))
        self._outlines = {one.jurisdiction_code: one for one in sorted(outlines, key=_by_code)}
        shapely.prepare([one.geom for one in self._outlines.values()] + [one.outline for one in self._editions])
        shapely.prepare([ground.geom for one in self._editions for ground in one.unowned])
        self.known_since = known_since
        self._pending = self._places_of(pending)

    def _places_of(self, pending: Iterable[PendingEdition]) -> dict[str, tuple[Box, ...]]:
        """Return where any edition of a jurisdiction with a pending one has something to say, by its code."""
        boxes: dict[str, list[Box]] = {}
        for one in pending:
            boxes.setdefault(one.jurisdiction_code, []).append(_within_reach(one.bounds))
        for held in self._editions:
            if held.jurisdiction_code in boxes:
                boxes[held.jurisdiction_code].append(held.reach)
        return {code: tuple(some) for code, some in boxes.items()}

    @property
    def pending(self) -> tuple[str, ...]:
        """Return the codes of the jurisdictions of which an edition is not in memory yet."""
        return tuple(self._pending)

    def is_pending(self, lon: float, lat: float, jurisdiction_code: str | None = None) -> bool:
        """Return whether a place is one that an edition has something to say about which is not in memory yet."""
        if not self._pending:
            return False
        return bool(self.are_pending(np.array([lon]), np.array([lat]), jurisdiction_code)[0])

    def are_pending(self, lon: Floats, lat: Floats, jurisdiction_code: str | None = None) -> Bools:
        """Return the same for (n,) places."""
        found = np.zeros(len(lon), np.bool_)
        for code, boxes in self._pending.items():
            if jurisdiction_code in (None, code):
                for west, south, east, north in boxes:
                    found |= (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
        return found

    def __iter__(self) -> Iterator[LoadedEdition]:
        """Go through them by code of the jurisdiction and instant."""
        return iter(self._editions)

    def in_force(self, at: datetime, jurisdiction_code: str | None = None) -> tuple[LoadedEdition, ...] | None:
        """Return the editions in force at an instant by code of jurisdiction; None when that is not known here."""
        if self.known_since is not None and at < self.known_since:
            return None
        if jurisdiction_code is None:
            # Made from a list, which costs half of a generator.
            return tuple([one for one in self._editions if one.holds_at(at)])
        if jurisdiction_code not in self._outlines:
            return None
        return tuple(one for one in self._editions if one.jurisdiction_code == jurisdiction_code and one.holds_at(at))

    def jurisdiction_of(self, lon: float, lat: float, at: datetime, jurisdiction_code: str | None = None) -> int | None:
        """Return the id of the jurisdiction of a place that no edition has anything to say about at an instant.

        The one that was asked about, else the one whose outline covers the place; of several that of the smallest code.
        """
        if jurisdiction_code is not None:
            return self._outlines[jurisdiction_code].jurisdiction_id
        place = place_at(lon, lat)
        covering = (
            one.jurisdiction_id
            for one in self._outlines.values()
            if shapely.intersects(self._outline_at(one, at), place)
        )
        return next(covering, None)

    def _outline_at(self, first: LoadedOutline, at: datetime) -> shapely.MultiPolygon:
        """Return the outline of a jurisdiction at an instant: of the edition in force, before the first one of that."""
        for one in self._editions:
            never_held = one.valid_from == one.valid_to
            if one.jurisdiction_code == first.jurisdiction_code and not never_held and not one.is_over_at(at):
                return one.outline
        return first.geom


def _by_code(outline: LoadedOutline) -> bytes:
    return outline.jurisdiction_code.encode()


def owner_among(
    editions: Sequence[LoadedEdition], lon: float, lat: float, *, accuracy_m: float | None = None
) -> Ownership:
    """Return who owns a position on the earth.

    Parameters
    ----------
    editions
        At most one of each jurisdiction, by code of the jurisdiction.
    accuracy_m
        0 to 1000; None takes each jurisdiction's default.
    """
    nearest: Ownership | None = None
    nearest_key = (True, 0)
    unowned: Ownership | None = None
    for edition in editions:
        west, south, east, north = edition.reach
        if not (west <= lon <= east and south <= lat <= north):
            continue
        accuracy = edition.accuracy_m if accuracy_m is None else accuracy_m
        found = edition.index.at(lon, lat, accuracy_m=accuracy, snap_tolerance_m=edition.snap_tolerance_m)
        if found.method is Method.COVERS:
            return edition.ownership(found)
        if edition.unowned and unowned is None and (reason := edition.unowned_reason(lon, lat)) is not None:
            unowned = edition.ownership(found, reason)
        if found.distance_to_border_m is not None:
            metres = found.distance_to_border_m
            key = (metres > edition.snap_tolerance_m, round(metres * STEPS_PER_METRE))
            if nearest is None or key < nearest_key:
                nearest, nearest_key = edition.ownership(found), key
    return unowned or nearest or NOWHERE


def owners_among(
    editions: Sequence[LoadedEdition], lon: Floats, lat: Floats, *, accuracy_m: float | None = None
) -> ManyOwners:
    """Return who owns each of many positions; parameters as for `owner_among`, (n,) degrees.

    What is not on the earth has no owner.
    """
    codes = tuple(code for one in editions for code in one.index.codes)
    reasons = tuple(ground.reason for one in editions for ground in one.unowned)
    found = ManyOwners.nobody(codes, reasons, len(lon))
    nearest = np.full(len(lon), np.inf)
    offsets = (0, 0)
    for edition in editions:
        _ask(edition, offsets, lon, lat, accuracy_m, found, nearest)
        offsets = (offsets[0] + len(edition.index.codes), offsets[1] + len(edition.unowned))
    return found


def _ask(
    edition: LoadedEdition, offsets: tuple[int, int], lon: Floats, lat: Floats, accuracy_m: float | None,
    found: ManyOwners, nearest: Floats,
) -> None:  # fmt: skip
    """Fill in what an edition has to say where none before it covers the position or is nearer."""
    west, south, east, north = edition.reach
    open_ = found.method != Method.COVERS
    asked = np.flatnonzero(open_ & (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
    if not len(asked):
        return
    accuracy = edition.accuracy_m if accuracy_m is None else accuracy_m
    answers = edition.index.lookup(
        lon[asked], lat[asked], accuracy_m=accuracy, snap_tolerance_m=edition.snap_tolerance_m
    )
    covered = answers.method == Method.COVERS
    metres = answers.distance_to_border_m
    # Beyond its own tolerance an edition has an opinion only where no other has an owner.
    rank = np.where(metres > edition.snap_tolerance_m, 1e6, 0.0) + in_steps(metres) / STEPS_PER_METRE
    ground = np.full(len(asked), -1, np.int32)
    ground[~covered] = grounds_at(edition.unowned, lon[asked][~covered], lat[asked][~covered])
    left = ground >= 0
    rank = np.where(covered, _COVERED, np.where(left, _LEFT_TO_NOBODY, rank))
    better = rank < nearest[asked]
    some = asked[better]
    owner = np.where(left, -1, answers.owner)[better]
    found.code[some] = np.where(owner < 0, -1, owner + offsets[0])
    found.reason[some] = np.where(left, ground + offsets[1], -1)[better]
    found.edition[some] = edition.edition_id
    found.method[some] = np.where(left, np.int8(Method.NONE), answers.method)[better]
    found.near_border[some] = answers.near_border[better]
    nearest[some] = rank[better]
