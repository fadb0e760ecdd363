"""Elements of a map page for folium: the map, layers that the page fetches, the page's frame.

What they write into the page is finished by an escaping template or as JSON; no name of a grid or
an organisation is in it, those arrive as GeoJSON and become text nodes in the browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import folium
from branca.element import MacroElement
from folium.elements import JSCSSMixin
from folium.map import Layer
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps

from geoservice.maps.figure import OWN, PROTOMAPS_LEAFLET, Verbatim, page_of

#: In the order in which they must run.
SCRIPTS = ("dom", "layers", "labels", "details", "refresh", "page")

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class PageLink:
    """A link in the bar of a page, as it stands there."""

    label: str
    url: str
    #: Of the label and of what it leads to; empty: the page's own.
    lang: str = ""


class ShellMap(folium.Map):
    """A folium map without tiles and without the parts of its page that nothing here uses.

    jQuery, Bootstrap and the icon fonts serve folium's own markers and popups, which put values
    into the page as HTML; our elements need Leaflet alone.
    """

    default_js = [link for link in folium.Map.default_js if link[0] == "leaflet"]  # noqa: RUF012
    default_css = [link for link in folium.Map.default_css if link[0] == "leaflet_css"]  # noqa: RUF012

    def __init__(self, *, centre: tuple[float, float], **options: Any) -> None:
        super().__init__(location=centre, tiles=None, zoom_control=False, **options)


class RemoteGeoJson(Layer):
    """A layer whose GeoJSON the page fetches when it is first shown.

    folium's own GeoJson is no use for an address of ours: it fetches or opens it on the server.
    """

    def __init__(self, *, key: str, label: str, spec: Mapping[str, Any], show: bool) -> None:
        super().__init__(name=label, overlay=True, control=False, show=show)
        self._name = "RemoteGeoJson"
        self.key = key
        self.spec = spec

    def render(self, **kwargs: Any) -> str:
        """Write the line that creates the layer, then those of folium that add it to the map."""
        line = f"var {self.get_name()} = geoservice.remoteLayer({htmlsafe_json_dumps(self.spec)});"
        page_of(self).script.add_child(Verbatim(line), name=self.get_name())
        super().render(**kwargs)
        return line


class VectorTiles(JSCSSMixin, MacroElement):
    """Layers as vector tiles on one canvas, by protomaps-leaflet: for towns that no page could draw from GeoJSON."""

    default_js = [  # noqa: RUF012
        ("protomaps_leaflet", PROTOMAPS_LEAFLET),
        *((f"geoservice_{name}", f"{OWN}scripts/{name}.js") for name in ("dom", "tiles")),
    ]
    default_css = [("geoservice_css", f"{OWN}styles/map.css")]  # noqa: RUF012

    def __init__(self, shell: ShellMap, *, settings: Mapping[str, Any]) -> None:
        super().__init__()
        self._name = "VectorTiles"
        self.shell = shell
        self.settings = settings

    def render(self, **kwargs: Any) -> str:
        """Write the line that has the page's script draw them."""
        super().render(**kwargs)
        start = f"geoservice.vectorTiles({self.shell.get_name()}, "
        line = f"{start}{htmlsafe_json_dumps(self.settings)});"
        page_of(self).script.add_child(Verbatim(line), name=self.get_name())
        return line


class PageHeader(MacroElement):
    """The bar above the map: whose map it is and the figures of the day."""

    def __init__(self, **values: Any) -> None:
        super().__init__()
        self._name = "PageHeader"
        self.values = values

    def render(self, **kwargs: Any) -> str:
        """Write the bar through its escaping template."""
        super().render(**kwargs)
        markup = TEMPLATES.get_template("header.html").render(**self.values)
        page_of(self).html.add_child(Verbatim(markup), name=self.get_name())
        return markup


class PagePanels(JSCSSMixin, MacroElement):
    """The panels beside the map: layers with their legend, grids, details; and the page's start."""

    default_js = [(f"geoservice_{name}", f"{OWN}scripts/{name}.js") for name in SCRIPTS]  # noqa: RUF012
    # Here and not at the header: it must come after Leaflet's own style sheet.
    default_css = [("geoservice_css", f"{OWN}styles/map.css")]  # noqa: RUF012

    def __init__(self, shell: ShellMap, *, settings: Mapping[str, Any], **values: Any) -> None:
        super().__init__()
        self._name = "PagePanels"
        self.shell = shell
        self.settings = settings
        self.values = values

    def render(self, **kwargs: Any) -> str:
        """Write the panels, and the line that hands the map to the page's script."""
        super().render(**kwargs)
        root = page_of(self)
        markup = TEMPLATES.get_template("panels.html").render(**self.values)
        root.html.add_child(Verbatim(markup), name=self.get_name())
        start = f"geoservice.startPage({self.shell.get_name()}, "
        line = f"{start}{htmlsafe_json_dumps(self.settings)});"
        root.script.add_child(Verbatim(line), name=self.get_name())
        return markup
