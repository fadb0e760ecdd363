"""The page that folium draws into, made fit for a closed network and a strict content policy.

folium writes links to public hosts; here each is replaced through an explicit map, and a link that
the map does not know stops the page. branca reads rendered elements a second time as templates; the
elements of this package hand over `Verbatim` text instead, so that no name is ever evaluated.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

from branca.element import CssLink, Element, Figure, JavascriptLink, Link
from folium.template import Template
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

#: Scheme of links to our own files below static/, and to one of a package that folium knows nothing of.
OWN = "own:"
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
    if url.startswith(OWN):
        path = PurePosixPath(url.removeprefix(OWN))
        if path.is_absolute() or ".." in path.parts:
            raise UnknownAsset(url)
        return f"static/{path}"
    if url == PROTOMAPS_LEAFLET:
        return f"vendor/{url.removeprefix('package:')}"
    _, _, tail = url.partition("://")
    _, _, path_of_url = tail.partition("/")
    try:
        return ASSET_OF_LINK[path_of_url]
    except KeyError:
        raise UnknownAsset(url) from None


def content_security_policy(nonce: str) -> str:
    """Return the policy of a map page: scripts by nonce, everything else from this host only.

    Inline styles are allowed because Leaflet positions its panes with style attributes.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' 'nonce-{nonce}'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        )
    )


class Verbatim(Element):
    """Finished text, handed through unread: branca's own elements are templates to the last."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def render(self, **kwargs: object) -> str:
        """Return the text."""
        return self._text


class OfflineFigure(Figure):
    """A folium page whose every link leads here and whose every script carries the nonce."""

    _template = Template(
        "<!DOCTYPE html>\n"
        '<html lang="{{ this.lang|e }}">\n'
        "<head>\n"
        '<meta charset="utf-8">\n'
        "<title>{{ this.title|e }}</title>\n"
        '<link rel="icon" type="image/svg+xml" href="{{ this.icon_url|e }}">\n'
        "{{ this.head() }}\n"
        "</head>\n"
        '<body class="gs-page">\n'
        "{{ this.html.render(**kwargs) }}\n"
        '<script nonce="{{ this.nonce|e }}">\n'
        "{{ this.script.render(**kwargs) }}\n"
        "</script>\n"
        "</body>\n"
        "</html>\n"
    )

    def __init__(self, *, title: str, lang: str, nonce: str, asset_url: AssetUrl) -> None:
        super().__init__(title=title)
        self.lang = lang
        self.nonce = nonce
        self.icon_url = asset_url("static/icons/favicon.svg")
        self._asset_url = asset_url

    def head(self) -> str:
        """Return what the elements put into the head, with local links and nonces.

        Called by the template after the elements have rendered.
        """
        lines: dict[str, None] = {}
        for child in self.header._children.values():
            if isinstance(child, Link):
                lines[self._link(child)] = None
            elif child.get_name() != "meta_http":
                text = child.render().strip()
                lines[text.replace("<script>", f'<script nonce="{escape(self.nonce)}">')] = None
        return "\n".join(lines)

    def _link(self, link: Link) -> str:
        url = escape(self._asset_url(asset_of(link.url)))
        if isinstance(link, JavascriptLink):
            return f'<script nonce="{escape(self.nonce)}" src="{url}"></script>'
        if isinstance(link, CssLink):
            return f'<link rel="stylesheet" href="{url}">'
        raise UnknownAsset(link.url)


def page_of(element: Element) -> OfflineFigure:
    """Return the page that an element has been added to; raise TypeError when it is another's."""
    root = element.get_root()
    if not isinstance(root, OfflineFigure):
        raise TypeError("elements of the map pages render in an OfflineFigure only")
    return root
