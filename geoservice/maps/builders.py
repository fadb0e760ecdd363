"""Draw the map of a jurisdiction: what it is goes in, what folium draws comes out. No queries, no HTTP."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from folium.plugins import Fullscreen
from folium.utilities import JsCode

from geoservice.domain.languages import Language
from geoservice.maps.elements import MapSettings, ShellMap
from geoservice.maps.figure import AssetUrl, Drawing, OfflineFigure
from geoservice.maps.specs import layer_spec
from geoservice.maps.viewing import JurisdictionView, StatisticsView
from geoservice.maps.wording import word
from layers.catalogue import Drawn, styles

#: Leaflet draws our own vectors at any zoom; deeper than this is below a metre a pixel's tenth.
MAX_ZOOM = 20
#: A community is looked at from here on; a county from where the whole of it fits on a phone.
MIN_ZOOM = 10
_PHONE_PX = 300
_TILE_PX = 256
#: In place of a count that is too small to be told.
NOT_TOLD = "–"
FIGURES = ("grids", "residents", "floating", "received", "closed", "in_hand")


@dataclass(frozen=True)
class MapFrame:
    """What a response gives its map: language, nonce and the addresses of everything it loads."""

    language: Language
    nonce: str
    asset_url: AssetUrl
    #: Ids of those that whoever asks may see.
    layers: Collection[str]
    #: Layer id -> address of its GeoJSON.
    layer_url: Callable[[str], str]
    #: Layer id -> address of its TileJSON.
    tile_set_url: Callable[[str], str]
    #: What else the scripts of the page are told, as JSON values.
    settings: dict[str, Any]


def display_name(jurisdiction: JurisdictionView, language: Language) -> str:
    """Return the name in the page's language, or the one there is."""
    if language == "en":
        return jurisdiction.name_en or jurisdiction.name
    return jurisdiction.name or jurisdiction.name_en


def counted(count: int | None) -> str:
    """Return a count as it is written; what is too small to be told as a dash."""
    return NOT_TOLD if count is None else f"{count:,}"


def figures(statistics: StatisticsView) -> dict[str, int | None]:
    """Return the figures of the page by name, in its order; None: not to be told."""
    return {key: getattr(statistics, key) for key in FIGURES}


def drawn_layers(layers: Collection[str]) -> list[Drawn]:
    """Return what is drawn of the layers that whoever asks may see, lowest first."""
    return [(layer, style) for layer, style in styles() if layer.id in layers]


def draw_map(jurisdiction: JurisdictionView, frame: MapFrame) -> Drawing:
    """Return the map of one jurisdiction."""
    figure = OfflineFigure(nonce=frame.nonce, asset_url=frame.asset_url)
    shell = _shell(jurisdiction, frame.language)
    settings = frame.settings | {
        "bbox": list(jurisdiction.bbox),
        "attribution": jurisdiction.attribution,
        "layers": [
            layer_spec(layer, style, frame.language, url=frame.layer_url(layer.id), tiles=frame.tile_set_url(layer.id))
            for layer, style in drawn_layers(frame.layers)
        ],
    }
    shell.add_child(MapSettings(shell, settings=settings))
    figure.add_child(shell)
    return figure.drawn()


def _shell(jurisdiction: JurisdictionView, language: Language) -> ShellMap:
    """Return the bare map: no tiles, and no credit of others than those whose data are shown, which the page adds."""
    west, south, east, north = jurisdiction.bbox
    shell = ShellMap(
        centre=((south + north) / 2, (west + east) / 2), zoom_start=15, prefer_canvas=True, attribution_control=False,
        zoom_snap=0.25,
    )  # fmt: skip
    # folium's max_zoom argument reaches only its tile layer, and there is none.
    shell.options["max_zoom"] = MAX_ZOOM
    shell.options["min_zoom"] = _min_zoom(jurisdiction.bbox)
    shell.add_child(
        Fullscreen(
            position="topright",
            title=word("fullscreen", language),
            title_cancel=word("fullscreen_exit", language),
            force_separate_button=True,
            # The whole page, panels and figures included, not the map alone.
            fullscreen_element=JsCode("document.documentElement"),
        )
    )
    return shell


def _min_zoom(bbox: tuple[float, float, float, float]) -> int:
    """Return the whole zoom, MIN_ZOOM at most, at which an area of degrees is no larger than a phone."""
    west, south, east, north = bbox
    # Of the Mercator projection: a degree to the north is as long as so many degrees to the east.
    stretch = 1 / max(math.cos(math.radians(max(abs(south), abs(north)))), 0.05)
    extent = max(east - west, (north - south) * stretch, 1e-9)
    return max(0, min(MIN_ZOOM, math.floor(math.log2(360 * _PHONE_PX / _TILE_PX / extent))))
