"""How a layer looks: symbols, colours, legend. Data only, no drawing.

Incident colours are from the Okabe-Ito set, which stays apart under the common colour-vision deficiencies (Okabe and
Ito 2008, "Color Universal Design"); the shape of its mark tells the status of an incident a second time, so no meaning
rests on colour alone. `mark` of a paint names one of MARKS; beside it a paint has what Leaflet calls path options.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from layers.title import Title

Paint = Mapping[str, str | float | bool]
Symbol = Literal["area", "line", "circle", "icon"]
#: Blocks of the layer panel, from top to bottom.
Group = Literal["incidents", "community", "facilities", "background"]
GROUPS: Mapping[Group, Title] = {
    "incidents": Title("事件", "Incidents"),
    "community": Title("社区", "Community"),
    "facilities": Title("设施", "Facilities"),
    "background": Title("底图", "Background"),
}


@dataclass(frozen=True)
class Mark:
    """The shape of a point, told apart without colour. Maps on screens and on paper, and lists, draw it from here."""

    #: SVG path in a box from -1 to 1 around the point, y down.
    path: str
    #: Whether nothing fills it.
    hollow: bool = False


MARKS: Mapping[str, Mark] = {
    "circle": Mark("M-1,0A1,1 0 1 1 1,0A1,1 0 1 1 -1,0Z"),
    "triangle": Mark("M0,-1L1,.9L-1,.9Z"),
    "diamond": Mark("M0,-1.15L1.15,0L0,1.15L-1.15,0Z"),
    "square": Mark("M-.9,-.9H.9V.9H-.9Z"),
    "pennant": Mark("M-1,0L.9,-1V1Z"),
    "ring": Mark("M-.7,0A.7,.7 0 1 1 .7,0A.7,.7 0 1 1 -.7,0Z", hollow=True),
    "rings": Mark("M-1,0A.6,.6 0 1 1 .2,0A.6,.6 0 1 1 -1,0ZM-.2,0A.6,.6 0 1 1 1,0A.6,.6 0 1 1 -.2,0Z", hollow=True),
    "cross": Mark("M-.75,-.75L.75,.75M.75,-.75L-.75,.75", hollow=True),
}  # fmt: skip

#: Of points that a map would draw as icons, where it has none.
_DOT: Paint = {"color": "#ffffff", "weight": 1.5, "fillColor": "#6b4e9b", "fillOpacity": 1, "radius": 5}


@dataclass(frozen=True)
class Style:
    """One way of showing a layer: a switch of the map's panel. Two styles may show parts of one layer."""

    #: Unique on the map.
    id: str
    group: Group
    #: Place in the drawing order: what is higher is drawn later, and gets the click.
    order: int
    symbol: Symbol
    paint: Paint = field(default_factory=dict)
    #: Of the switch; the layer's own when None.
    title: Title | None = None
    #: Whether it is drawn when the page opens.
    shown: bool = True
    #: Column that picks a paint of its own for a feature, and those paints by its value.
    by: str = ""
    paints: Mapping[str, Paint] = field(default_factory=dict)
    #: Only features whose `by` column has one of these values.
    only: tuple[str, ...] = ()
    #: Values of `by` that the legend explains, by colour or, where the symbol is an icon, by the icon of that name.
    legend: tuple[str, ...] = ()
    #: A count whose square root sets a circle's radius, so that its area reads as the count.
    scale_by: str = ""
    #: Whether a click tells about a feature.
    interactive: bool = True
    #: Whether there may be so many that maps draw them from tiles, and not one by one.
    bulk: bool = False

    @property
    def plain_paint(self) -> Paint:
        """Return the paint where there are no icons, as in tiles and files: they are dots there."""
        return {**_DOT, **self.paint} if self.symbol == "icon" else self.paint
