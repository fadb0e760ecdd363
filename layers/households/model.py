"""What is known of where households live, as values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HouseholdPlace:
    """Where households live: a building, or the place of some that are in none. EPSG:4326."""

    #: Of the building; of what is in none the id of its row.
    key: str
    grid_code: str | None
    lon: float
    lat: float
    households: int
    residents: int
    #: How many households live there is told of this place by itself.
    told: bool
