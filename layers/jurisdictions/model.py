"""What a jurisdiction is, as a value."""

from __future__ import annotations

from dataclasses import dataclass

from layers.crs import Bbox


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
    #: Of the outline, EPSG:4326.
    bbox: Bbox
