"""What changes when an edition has another outline than the one before: ground that falls in, and that falls out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import shapely
from shapely import MultiPolygon, Polygon

from geoservice.domain.editing.diff import area_m2, substance
from layers.geometry import place_in, square_metres
from layers.grids.model import EditionOutline, Finding

#: Places told of each kind, the largest first.
_PLACES_TOLD = 3


@dataclass(frozen=True)
class OutlineChange:
    """How an outline differs from the one before."""

    #: EPSG:4326; what is narrower than a micrometre is rounding and in neither.
    gained: MultiPolygon
    lost: MultiPolygon

    @property
    def gained_m2(self) -> float:
        """Return how much ground falls in, square metres on the WGS 84 ellipsoid."""
        return area_m2(self.gained)

    @property
    def lost_m2(self) -> float:
        """Return how much ground falls out, square metres on the WGS 84 ellipsoid."""
        return area_m2(self.lost)


def outline_change(before: MultiPolygon, after: MultiPolygon) -> OutlineChange:
    """Return how an outline differs from the one before; both EPSG:4326, valid."""
    gained, lost = (MultiPolygon(substance(ground)) for ground in (after.difference(before), before.difference(after)))
    return OutlineChange(gained, lost)


def outline_findings(outline: EditionOutline) -> Iterator[Finding]:
    """Tell that an edition has another outline than the one before.

    An error until somebody confirms it, a remark with his reason from then on. The size is the ground of both kinds.
    """
    if outline.is_as_before:
        return
    change = outline_change(outline.before, outline.outline)
    told = f"The outline is not the one before it: {_told(change)}"
    ground = shapely.union_all([change.gained, change.lost])
    if outline.reason is None:
        message = f"{told}; when that is right, confirm it with a reason."
    else:
        message = f"{told}, confirmed by {outline.confirmed_by}: {outline.reason}"
    yield Finding(
        "outline-changed", "error" if outline.reason is None else "warning", (), message,
        size=change.gained_m2 + change.lost_m2, unit="m2", geom=None if ground.is_empty else ground,
    )  # fmt: skip


def _told(change: OutlineChange) -> str:
    kinds = [
        f"{square_metres(area_m2(ground))} fall {where}, {_places(list(ground.geoms))}"
        for ground, where in ((change.gained, "in"), (change.lost, "out"))
        if not ground.is_empty
    ]
    return " and ".join(kinds) or "other vertices around the same ground"


def _places(parts: Sequence[Polygon]) -> str:
    largest = sorted(parts, key=lambda part: -part.area)[:_PLACES_TOLD]
    places = [place for part in largest if (place := place_in(part)) is not None]
    told = "; ".join(f"{place.lon:.7f}, {place.lat:.7f}" for place in places)
    more = len(parts) - len(largest)
    return f"near {told}" + (f" and {more} more" if more else "")
