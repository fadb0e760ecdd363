"""Build map pages: what a jurisdiction is goes in, a folium figure comes out. No queries, no HTTP."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass

from folium.plugins import Fullscreen
from folium.utilities import JsCode

from geoservice.domain.languages import HTML_LANG, Language
from geoservice.maps.elements import PageHeader, PageLink, PagePanels, RemoteGeoJson, ShellMap, VectorTiles
from geoservice.maps.figure import AssetUrl, OfflineFigure
from geoservice.maps.specs import layer_spec, panel_groups, style_title
from geoservice.maps.tile_specs import tile_rules
from geoservice.maps.viewing import JurisdictionView, StatisticsView
from geoservice.maps.wording import ACCOUNT_WORDS, word, words
from geoservice.web.account_frame import AccountFrame
from layers.catalogue import Drawn, styles

#: Leaflet draws our own vectors at any zoom; deeper than this is below a metre a pixel's tenth.
MAX_ZOOM = 20
#: A community is looked at from here on; a county from where the whole of it fits on a phone.
MIN_ZOOM = 10
_PHONE_PX = 300
_TILE_PX = 256
CLICK_TOLERANCE_PX = 5

_PAGE_WORDS = (
    "back",
    "here",
    "drawing",
    "failed",
    "updated",
    "stale",
    "x_of_y",
    "cut",
    "yes",
    "no",
    "in_hand",
    "closed",
    "zoom_in",
    "zoom_out",
    "home",
)
#: How often an open page asks whether anything has changed.
REFRESH_S = 30
#: Asking for the documents of tiles costs little, and only what was touched comes anew.
TILE_REFRESH_S = 5
#: Layers whose features change while people watch.
_CHANGING = ("grids", "incidents")
#: In place of a count that is too small to be told.
NOT_TOLD = "–"
FIGURES = ("grids", "residents", "floating", "received", "closed", "in_hand")


@dataclass(frozen=True)
class PageFrame:
    """What a response gives its page: language, nonce and the addresses of everything it loads."""

    language: Language
    nonce: str
    asset_url: AssetUrl
    #: Ids of those that whoever asks may see.
    layers: Collection[str]
    #: Layer id -> address of its GeoJSON.
    layer_url: Callable[[str], str]
    #: Address of the figures as JSON.
    figures_url: str
    #: To the same page in its other languages.
    languages: Collection[PageLink] = ()
    #: To the other pages that whoever asks may open.
    ways: Collection[PageLink] = ()
    #: Who looks on; None: the page does not tell.
    account: AccountFrame | None = None


@dataclass(frozen=True)
class TileFrame:
    """What a response gives its page of tiles: language, nonce and the addresses of everything it loads."""

    language: Language
    nonce: str
    asset_url: AssetUrl
    #: Ids of those that whoever asks may see.
    layers: Collection[str]
    #: Layer id -> address of its TileJSON.
    tile_set_url: Callable[[str], str]
    #: Address that says who owns a place, but for the place.
    owner_url: str


def display_name(jurisdiction: JurisdictionView, language: Language) -> str:
    """Return the name in the page's language, or the one there is."""
    if language == "en":
        return jurisdiction.name_en or jurisdiction.name
    return jurisdiction.name or jurisdiction.name_en


def second_name(jurisdiction: JurisdictionView, language: Language) -> str:
    """Return the name in the other language; empty when it is the same or there is none."""
    other = display_name(jurisdiction, "zh" if language == "en" else "en")
    return other if other != display_name(jurisdiction, language) else ""


def _counted(count: int | None) -> str:
    return NOT_TOLD if count is None else f"{count:,}"


def figures(statistics: StatisticsView) -> dict[str, int | None]:
    """Return the figures of the header by name, in its order; None: not to be told."""
    return {key: getattr(statistics, key) for key in FIGURES}


def build_map_page(jurisdiction: JurisdictionView, frame: PageFrame) -> OfflineFigure:
    """Return the staff map of one jurisdiction."""
    language = frame.language
    name = display_name(jurisdiction, language)
    figure = OfflineFigure(
        title=f"{name} · {word('service', language)}",
        lang=HTML_LANG[language],
        nonce=frame.nonce,
        asset_url=frame.asset_url,
    )
    figure.add_child(_header(jurisdiction, frame))
    shell = _shell(jurisdiction, language)
    for layer, style in _drawn(frame):
        shell.add_child(
            RemoteGeoJson(
                key=style.id,
                label=style_title(layer, style, language),
                spec=layer_spec(layer, style, language, url=frame.layer_url(layer.id)),
                show=style.shown,
            )
        )
    shell.add_child(_panels(shell, jurisdiction, frame))
    figure.add_child(shell)
    return figure


def build_tile_page(jurisdiction: JurisdictionView, frame: TileFrame) -> OfflineFigure:
    """Return the map of one jurisdiction as vector tiles, and nothing else."""
    figure = OfflineFigure(
        title=f"{display_name(jurisdiction, frame.language)} · {word('service', frame.language)}",
        lang=HTML_LANG[frame.language],
        nonce=frame.nonce,
        asset_url=frame.asset_url,
    )
    shell = _shell(jurisdiction, frame.language)
    rules = tile_rules(_drawn(frame))
    settings = {
        "language": frame.language,
        "bbox": list(jurisdiction.bbox),
        "words": words(("no_owner", "stale"), frame.language),
        "rules": rules,
        "urls": {rule["layer"]: frame.tile_set_url(rule["layer"]) for rule in rules},
        "owner_url": frame.owner_url,
        "attribution": jurisdiction.attribution,
        "refresh_s": TILE_REFRESH_S,
    }
    shell.add_child(VectorTiles(shell, settings=settings))
    figure.add_child(shell)
    return figure


def _drawn(frame: PageFrame | TileFrame) -> list[Drawn]:
    """Return what is drawn of the layers that whoever asks may see, lowest first."""
    return [(layer, style) for layer, style in styles() if layer.id in frame.layers]


def _shell(jurisdiction: JurisdictionView, language: Language) -> ShellMap:
    """Return the bare map: no tiles, and no credit of others than those whose data are shown, which the page adds."""
    west, south, east, north = jurisdiction.bbox
    shell = ShellMap(
        centre=((south + north) / 2, (west + east) / 2),
        zoom_start=15,
        # One canvas for all that can be clicked; a finger is not a pixel.
        prefer_canvas=True,
        renderer=JsCode(f"L.canvas({{tolerance: {CLICK_TOLERANCE_PX}}})"),
        attribution_control=False,
        zoom_snap=0.25,
    )
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


def _header(jurisdiction: JurisdictionView, frame: PageFrame) -> PageHeader:
    """Return the bar with the name and the figures."""
    language = frame.language
    return PageHeader(
        name=display_name(jurisdiction, language),
        second_name=second_name(jurisdiction, language),
        figures=[
            (key, word(key, language), _counted(count)) for key, count in figures(jurisdiction.statistics).items()
        ],
        languages=frame.languages,
        ways=frame.ways,
        pages=word("pages", language),
        service=word("service", language),
        no_script=word("no_script", language),
        logo_url=frame.asset_url("static/icons/favicon.svg"),
        account=frame.account,
        words=words(ACCOUNT_WORDS, language),
    )


def _panels(shell: ShellMap, jurisdiction: JurisdictionView, frame: PageFrame) -> PagePanels:
    """Return the layer panel, the grid panel and what the page's script must know."""
    language = frame.language
    return PagePanels(
        shell,
        settings={
            "language": language,
            "bbox": list(jurisdiction.bbox),
            "attribution": jurisdiction.attribution,
            "words": words(_PAGE_WORDS, language),
            "refresh_s": REFRESH_S,
            "figures_url": frame.figures_url,
            "changing_urls": [frame.layer_url(layer) for layer in _CHANGING if layer in frame.layers],
        },
        groups=panel_groups(_drawn(frame), language, lambda icon: frame.asset_url(f"static/icons/{icon}.svg")),
        words=words(("layers", "overview", "in_hand", "closed"), language),
    )
