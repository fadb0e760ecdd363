"""Elements of the map page for folium: the map, and what its scripts are handed.

What they write into the page is JSON; no name of a grid or an organisation is in it, those arrive as data and become
text nodes in the browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import folium
from branca.element import MacroElement
from folium.elements import JSCSSMixin
from jinja2.utils import htmlsafe_json_dumps

from geoservice.maps.figure import PROTOMAPS_LEAFLET, Verbatim, page_of


class ShellMap(folium.Map):
    """A folium map without tiles and without the parts of its page that nothing here uses.

    jQuery, Bootstrap and the icon fonts serve folium's own markers and popups, which put values
    into the page as HTML; our elements need Leaflet alone.
    """

    default_js = [link for link in folium.Map.default_js if link[0] == "leaflet"]  # noqa: RUF012
    default_css = [link for link in folium.Map.default_css if link[0] == "leaflet_css"]  # noqa: RUF012

    def __init__(self, *, centre: tuple[float, float], **options: Any) -> None:
        super().__init__(location=centre, tiles=None, zoom_control=False, **options)


class MapSettings(JSCSSMixin, MacroElement):
    """The map and the settings, handed to the scripts of the page; and the library that draws vector tiles on it."""

    default_js = [("protomaps_leaflet", PROTOMAPS_LEAFLET)]  # noqa: RUF012

    def __init__(self, shell: ShellMap, *, settings: Mapping[str, Any]) -> None:
        super().__init__()
        self._name = "MapSettings"
        self.shell = shell
        self.settings = settings

    def render(self, **kwargs: Any) -> str:
        """Write the line that hands them over."""
        super().render(**kwargs)
        told = htmlsafe_json_dumps(self.settings)
        line = f"window.geoservice = {{ map: {self.shell.get_name()}, settings: {told} }};"
        page_of(self).script.add_child(Verbatim(line), name=self.get_name())
        return line
