"""How each layer looks and what it says: colours, symbols, legends, fields. Data only, no drawing.

Incident colours are from the Okabe-Ito set, which stays apart under the common colour-vision
deficiencies (Okabe and Ito 2008, "Color Universal Design"); size and outline carry the difference
between in hand and closed a second time, so no meaning rests on colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

PathStyle = Mapping[str, str | float | bool]
Symbol = Literal["area", "line", "circle", "icon"]
Format = Literal["text", "count", "degrees", "metres", "time", "yes_no", "coded"]

INK = "#1f2d3d"
PAPER = "#f3f1ea"

STATUS_COLOURS: Mapping[str, str] = {
    "reported": "#d55e00",
    "dispatched": "#e69f00",
    "accepted": "#0072b2",
    "resolved": "#56b4e9",
    "returned": "#cc79a7",
    "closed": "#7b8794",
}
IN_HAND = ("reported", "dispatched", "accepted", "resolved", "returned")
CLOSED = ("closed",)
#: Cameras that see nothing at present are drawn grey.
NOT_WORKING = ("offline", "maintenance")
ORGANISATION_KINDS = ("party_branch", "partner", "service_point", "other")


@dataclass(frozen=True)
class Field:
    """One line of a details panel."""

    property: str
    format: Format = "text"


@dataclass(frozen=True)
class Swatch:
    """One line of the legend below a layer: a coded value and how it is drawn."""

    value: str
    colour: str = ""
    icon: str = ""


@dataclass(frozen=True)
class LayerStyle:
    """One toggle of the page: which features of which layer, how drawn, what told about them."""

    #: Name of the toggle; unique on the page.
    key: str
    #: Layer that viewing serves; two toggles may share one.
    source: str
    #: Key of the toggle's word.
    label: str
    symbol: Symbol
    style: PathStyle
    #: Whether it is drawn when the page opens.
    shown: bool = True
    #: Property that picks a style of its own for a feature, and those styles by its value.
    by: str = ""
    styles: Mapping[str, PathStyle] = field(default_factory=dict)
    #: Only features whose `by` property is one of these.
    only: tuple[str, ...] = ()
    #: A count whose square root sets a circle's radius, so that its area reads as the count.
    scale_by: str = ""
    interactive: bool = True
    #: Property (or coded value) that heads the details, and the word above it.
    title: str = ""
    heading: str = ""
    fields: tuple[Field, ...] = ()
    legend: tuple[Swatch, ...] = ()


@dataclass(frozen=True)
class Group:
    """One block of the layer panel."""

    label: str
    layers: tuple[LayerStyle, ...]


_INCIDENT_FIELDS = (
    Field("status", "coded"),
    Field("grid_code"),
    Field("reported_at", "time"),
    Field("source", "coded"),
    Field("method", "coded"),
    Field("near_border", "yes_no"),
    Field("id"),
)

BASEMAP = LayerStyle(
    key="basemap",
    source="basemap",
    label="basemap",
    symbol="area",
    style={"stroke": False, "fillColor": "#e9e6dd", "fillOpacity": 1},
    by="kind",
    styles={
        # width_m is in metres on the ground, so that a street keeps its width between its blocks.
        "street": {"color": "#ffffff", "opacity": 1, "width_m": 9, "fill": False, "stroke": True},
        "water": {
            "fillColor": "#b9d6e4",
            "color": "#b9d6e4",
            "width_m": 5,
            "stroke": True,
            "opacity": 1,
            "fillOpacity": 1,
        },
        "green": {"fillColor": "#d3e2c8", "stroke": False, "fillOpacity": 1},
        "block": {"fillColor": "#eae7de", "stroke": False, "fillOpacity": 1},
    },
    interactive=False,
)

BUILDINGS = LayerStyle(
    key="buildings",
    source="buildings",
    label="buildings",
    symbol="area",
    style={
        "color": "#b3a994",
        "weight": 0.7,
        "opacity": 1,
        "fillColor": "#d8d0c0",
        "fillOpacity": 1,
    },
    title="name",
    heading="one_building",
    fields=(
        Field("code"),
        Field("kind", "coded"),
        Field("floors", "count"),
        Field("households", "count"),
        Field("address"),
        Field("grid_code"),
    ),
)

GRIDS = LayerStyle(
    key="grids",
    source="grids",
    label="grids",
    symbol="area",
    style={
        "color": "#2f4b7c",
        "weight": 2.2,
        "opacity": 0.9,
        "fillColor": "#2f4b7c",
        "fillOpacity": 0.04,
    },
    title="name",
    heading="one_grid",
    fields=(
        Field("code"),
        Field("officer"),
        Field("police_officers", "count"),
        Field("households", "count"),
        Field("residents", "count"),
        Field("floating", "count"),
        Field("in_hand", "count"),
        Field("closed", "count"),
    ),
)

HOUSEHOLDS = LayerStyle(
    key="households",
    source="households",
    label="household_counts",
    symbol="circle",
    style={
        "color": "#8a4f7d",
        "weight": 1,
        "opacity": 0.8,
        "fillColor": "#a5648f",
        "fillOpacity": 0.3,
    },
    shown=False,
    scale_by="households",
    title="building_code",
    heading="one_household_count",
    fields=(Field("households", "count"), Field("building_code"), Field("grid_code")),
)

CAMERA_SECTORS = LayerStyle(
    key="camera_sectors",
    source="camera_sectors",
    label="camera_sectors",
    symbol="area",
    style={
        "color": "#00735c",
        "weight": 0.6,
        "opacity": 0.4,
        "fillColor": "#009e73",
        "fillOpacity": 0.11,
    },
    by="status",
    styles={status: {"color": "#8d8678", "fillColor": "#8d8678"} for status in NOT_WORKING},
    interactive=False,
)

CAMERAS = LayerStyle(
    key="cameras",
    source="cameras",
    label="cameras",
    symbol="circle",
    style={
        "color": "#ffffff",
        "weight": 1.2,
        "opacity": 1,
        "fillColor": "#00735c",
        "fillOpacity": 1,
        "radius": 4,
    },
    by="status",
    styles={status: {"fillColor": "#8d8678"} for status in NOT_WORKING},
    title="code",
    heading="one_camera",
    fields=(
        Field("kind", "coded"),
        Field("status", "coded"),
        Field("bearing_deg", "degrees"),
        Field("fov_deg", "degrees"),
        Field("range_m", "metres"),
        Field("grid_code"),
    ),
)

ORGANISATIONS = LayerStyle(
    key="organisations",
    source="organisations",
    label="organisations",
    symbol="icon",
    style={},
    by="kind",
    title="name",
    heading="one_organisation",
    fields=(Field("kind", "coded"), Field("code"), Field("grid_code")),
    legend=tuple(Swatch(kind, icon=kind) for kind in ORGANISATION_KINDS),
)

INCIDENTS_IN_HAND = LayerStyle(
    key="incidents_in_hand",
    source="incidents",
    label="incidents_in_hand",
    symbol="circle",
    style={"color": "#ffffff", "weight": 1.5, "opacity": 1, "fillOpacity": 0.95, "radius": 6.5},
    by="status",
    styles={status: {"fillColor": STATUS_COLOURS[status]} for status in IN_HAND},
    only=IN_HAND,
    title="service_name",
    heading="one_incident",
    fields=_INCIDENT_FIELDS,
    legend=tuple(Swatch(status, STATUS_COLOURS[status]) for status in IN_HAND),
)

INCIDENTS_CLOSED = LayerStyle(
    key="incidents_closed",
    source="incidents",
    label="incidents_closed",
    symbol="circle",
    style={
        "color": STATUS_COLOURS["closed"],
        "weight": 1.5,
        "opacity": 1,
        "fillColor": "#ffffff",
        "fillOpacity": 0.9,
        "radius": 4,
    },
    shown=False,
    by="status",
    only=CLOSED,
    title="service_name",
    heading="one_incident",
    fields=_INCIDENT_FIELDS,
)

#: The layer panel from top to bottom.
GROUPS = (
    Group("group_incidents", (INCIDENTS_IN_HAND, INCIDENTS_CLOSED)),
    Group("group_community", (GRIDS, HOUSEHOLDS, BUILDINGS)),
    Group("group_facilities", (ORGANISATIONS, CAMERAS, CAMERA_SECTORS)),
    Group("group_background", (BASEMAP,)),
)

#: The same toggles in the order in which they are drawn, lowest first.
DRAWING_ORDER = (
    BASEMAP,
    # Below the buildings: what is drawn last gets the click.
    GRIDS,
    BUILDINGS,
    HOUSEHOLDS,
    CAMERA_SECTORS,
    CAMERAS,
    ORGANISATIONS,
    INCIDENTS_CLOSED,
    INCIDENTS_IN_HAND,
)

#: Layers that a page may ask for.
SOURCES = tuple(sorted({layer.source for layer in DRAWING_ORDER}))
