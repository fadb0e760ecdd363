"""The figure that folium draws into, made fit for a closed network and a strict content policy.

folium writes links to public hosts; here each is replaced through an explicit map, and a link that
the map does not know stops the page. branca reads rendered elements a second time as templates; the
elements of this package hand over `Verbatim` text instead, so that no name is ever evaluated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from branca.element import CssLink, Element, Figure, JavascriptLink, Link
from markupsafe import escape

AssetUrl = Callable[[str], str]

#: What folium 0.20 asks for, without the host -> file below the assets' address. Versions are part
#: of the key: another folium asks for something else, and that must fail in a test, not on a wall.
ASSET_OF_LINK = {
    "npm/leaflet@1.9.3/dist/leaflet.js": "vendor/leaflet/leaflet.js",
    "npm/leaflet@1.9.3/dist/leaflet.css": "vendor/leaflet/leaflet.css",
    "npm/leaflet.fullscreen@3.0.0/Control.FullScreen.min.js": ("vendor/leaflet.fullscreen/Control.FullScreen.js"),
    "npm/leaflet.fullscreen@3.0.0/Control.FullScreen.css": ("vendor/leaflet.fullscreen/Control.FullScreen.css"),
}

#: Link to a file of a package that folium knows nothing of.
PROTOMAPS_LEAFLET = "package:protomaps-leaflet/protomaps-leaflet.js"


class UnknownAsset(LookupError):
    """A page asks for a file that is not served from here."""

    def __init__(self, url: str) -> None:
        super().__init__(f"No local file stands for {url}: add it to assets.json and ASSET_OF_LINK")
        self.url = url


def asset_of(url: str) -> str:
    """Return the local file for a link that folium or an element of ours wrote.

    Raises UnknownAsset for every link that is not listed.
    """
    if url == PROTOMAPS_LEAFLET:
        return f"vendor/{url.removeprefix('package:')}"
    _, _, tail = url.partition("://")
    _, _, path_of_url = tail.partition("/")
    try:
        return ASSET_OF_LINK[path_of_url]
    except KeyError:
        raise UnknownAsset(url) from None


class Verbatim(Element):
    """Finished text, handed through unread: branca's own elements are templates to the last."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def render(self, **kwargs: object) -> str:
        """Return the text."""
        return self._text


@dataclass(frozen=True)
class Drawing:
    """What folium drew, in the parts that a page puts in its places; each is finished markup."""

    #: Of the head: style sheets and scripts, all from here.
    head: str
    #: The element of the map.
    markup: str
    #: What makes the map, without the tag around it.
    script: str
    #: Of the response: scripts that stand in the page carry it.
    nonce: str


class OfflineFigure(Figure):
    """A folium figure whose every link leads here."""

    def __init__(self, *, nonce: str, asset_url: AssetUrl) -> None:
        super().__init__()
        self.nonce = nonce
        self._asset_url = asset_url

    def drawn(self) -> Drawing:
        """Return what the elements draw."""
        for child in self._children.values():
            child.render()
        return Drawing(self.head(), self.html.render(), self.script.render(), self.nonce)

    def head(self) -> str:
        """Return the links that the elements put into the head, each once; styles are the page's own."""
        links = (child for child in self.header._children.values() if isinstance(child, Link))
        return "\n".join(dict.fromkeys(self._link(link) for link in links))

    def _link(self, link: Link) -> str:
        url = escape(self._asset_url(asset_of(link.url)))
        if isinstance(link, JavascriptLink):
            return f'<script src="{url}"></script>'
        if isinstance(link, CssLink):
            return f'<link rel="stylesheet" href="{url}">'
        raise UnknownAsset(link.url)


def page_of(element: Element) -> OfflineFigure:
    """Return the page that an element has been added to; raise TypeError when it is another's."""
    root = element.get_root()
    if not isinstance(root, OfflineFigure):
        raise TypeError("elements of the map pages render in an OfflineFigure only")
    return root
