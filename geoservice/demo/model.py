"""What the demo community consists of: frozen values, all geometry in EPSG:4326, lon before lat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from shapely import LineString, MultiLineString, MultiPolygon, Point, Polygon

BasemapKind = Literal["street", "water", "green", "block"]
OrganisationKind = Literal["party_branch", "partner", "service_point"]
StaffRole = Literal["grid_officer", "police_officer"]
IncidentSource = Literal["resident", "patrol", "camera", "hotline", "system"]
IncidentStatus = Literal["reported", "dispatched", "accepted", "resolved", "closed", "returned"]


@dataclass(frozen=True)
class BasemapFeature:
    """One thing drawn under the layers; streets are centre lines, all else is polygons."""

    kind: BasemapKind
    name: str
    name_en: str
    geom: LineString | MultiLineString | Polygon | MultiPolygon


@dataclass(frozen=True)
class GridSeed:
    """One grid of the partition; shares every border vertex with its neighbours."""

    code: str
    name: str
    name_en: str
    geom: MultiPolygon


@dataclass(frozen=True)
class BuildingSeed:
    """A footprint that lies in exactly one grid."""

    code: str
    name: str
    #: residential, shop, office, school or public.
    kind: str
    floors: int
    address: str
    geom: Polygon


@dataclass(frozen=True)
class HouseholdSeed:
    """Counts of residents behind one door, and nothing else about them."""

    building_code: str
    #: Stair, floor and door, such as 2-301.
    unit: str
    #: Inside the building's footprint.
    position: Point
    age_0_13: int
    age_14_17: int
    age_18_59: int
    age_60_79: int
    age_80_plus: int
    #: How many of the residents are registered elsewhere.
    floating: int

    @property
    def residents(self) -> int:
        """How many people live here: the sum of the age bands."""
        return self.age_0_13 + self.age_14_17 + self.age_18_59 + self.age_60_79 + self.age_80_plus


@dataclass(frozen=True)
class CameraSeed:
    """Where a camera stands and the sector it sees."""

    code: str
    #: dome, bullet or ptz.
    kind: str
    position: Point
    #: Middle of the view sector, clockwise from true north, 0 <= bearing < 360.
    bearing_deg: float
    fov_deg: float
    range_m: float
    #: online, offline or maintenance.
    status: str


@dataclass(frozen=True)
class OrganisationSeed:
    """A party branch, partner organisation or service point, inside its building."""

    code: str
    name: str
    name_en: str
    kind: OrganisationKind
    position: Point


@dataclass(frozen=True)
class StaffSeed:
    """A staff member, known by a code and a call sign, never a name."""

    code: str
    call_sign: str
    role: StaffRole


@dataclass(frozen=True)
class PostingSeed:
    """A staff member serves a grid from a day to a day, half-open; None: until further notice."""

    staff_code: str
    grid_code: str
    role: StaffRole
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True)
class ServiceSeed:
    """A kind of incident."""

    code: str
    name: str
    name_en: str
    group: str
    description: str
    #: Comma separated, as Open311 lists them.
    keywords: str
    #: Limit for closing, in hours of working time.
    hours: float
    #: What a report is asked for, as Open311 GeoReport v2 defines attributes.
    attributes: tuple[dict[str, object], ...] = ()


@dataclass(frozen=True)
class IncidentSeed:
    """One reported matter; times carry a zone."""

    service_code: str
    source: IncidentSource
    description: str
    position: Point
    accuracy_m: float
    reported_at: datetime
    status: IncidentStatus
    closed_at: datetime | None
    #: 1 to 5, and only of some closed incidents.
    rating: int | None


@dataclass(frozen=True)
class Community:
    """A whole jurisdiction with everything in it, ready to be loaded."""

    code: str
    name: str
    name_en: str
    outline: MultiPolygon
    #: EPSG code of the projected CRS in which its lengths and areas are measured.
    metric_srid: int
    time_zone: str
    basemap: tuple[BasemapFeature, ...]
    grids: tuple[GridSeed, ...]
    buildings: tuple[BuildingSeed, ...]
    households: tuple[HouseholdSeed, ...]
    cameras: tuple[CameraSeed, ...]
    organisations: tuple[OrganisationSeed, ...]
    staff: tuple[StaffSeed, ...]
    postings: tuple[PostingSeed, ...]
    services: tuple[ServiceSeed, ...]
    incidents: tuple[IncidentSeed, ...]
