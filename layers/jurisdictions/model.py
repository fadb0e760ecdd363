"""What a jurisdiction is, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from layers.crs import Bbox

#: What becomes of an open incident whose place gets another grid: it goes along, stays, or a person is asked.
Reroute = Literal["move", "keep", "ask"]
#: What is shown to whom nobody knows: nothing; outline, grids and base map; all that is not about people.
Visitors = Literal["closed", "grids", "open"]


@dataclass(frozen=True)
class Retention:
    """For how many days what people wrote is kept; None: for good."""

    #: Words of a report and of its history, after it was closed.
    words: int | None = 180
    #: Messages of webhooks, after the event.
    deliveries: int | None = 30
    #: What a report is known by that is sent again, after it came.
    report_keys: int | None = 7
    #: Sessions, after their end.
    sessions: int | None = 7


@dataclass(frozen=True)
class Jurisdiction:
    """An area served as one whole."""

    id: int
    code: str
    name: str
    name_en: str | None
    #: EPSG code of its metric CRS.
    metric_srid: int
    #: IANA name.
    time_zone: str
    snap_tolerance_m: float
    accuracy_m: float
    #: Of the outline in force now, EPSG:4326.
    bbox: Bbox
    #: Households that a grid should have at least, and at most.
    households_min: int
    households_max: int
    #: What the whole of a grid's code should be like, a regular expression of PostgreSQL; None: anything.
    grid_code_pattern: str | None
    reroute: Reroute
    #: What is not sure of the datum of the file that its first outline came from, a sentence; None: nothing.
    ballpark: str | None = None
    #: Whom everything that shows its data has to name; None: nobody.
    attribution: str | None = None
    #: What visitors see of it.
    visitors: Visitors = "grids"
    #: Whether who drew a draft can neither publish it nor confirm its outline.
    four_eyes: bool = False
    retention: Retention = Retention()
