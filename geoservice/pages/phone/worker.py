"""The page shell: the pages and files that a phone keeps, so that they open without a network."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from flask import Response, url_for

from geoservice.domain.languages import LANGUAGES
from geoservice.maps.assets import assets_version
from geoservice.pages.shell.files import PAGES, asset_url, file_url, pages_version
from geoservice.pages.shell.frame import TEMPLATES
from geoservice.pages.words.catalogue import PAGES as WORDS
from geoservice.pages.words.catalogue import PARTS
from geoservice.web.files import packed
from geoservice.web.language import ARGUMENT

#: What every such page loads: files of rooms, and files of the map pages.
FILES = (
    "shell/styles/tokens.css", "shell/styles/shell.css", "shell/scripts/theme.js", "shell/scripts/shell.js",
    "shell/scripts/onward.js", "phone/styles/phone.css",
    *(f"phone/scripts/{name}.js" for name in ("page", "elements", "interface", "map", "outbox", "places")),
)  # fmt: skip
ASSETS = (
    "static/icons/favicon.svg", "static/styles/tibetan.css", "vendor/leaflet/leaflet.css", "vendor/leaflet/leaflet.js",
)  # fmt: skip
#: What only a Tibetan page loads: kept when it was loaded.
LOADED_FILES = ("shell/scripts/spoken.js",)
LOADED_ASSETS = tuple(
    f"vendor/noto-serif-tibetan/noto-serif-tibetan-tibetan-{weight}-normal.woff2" for weight in (400, 600)
)


def worker(room: str, endpoints: Sequence[str], files: Sequence[str]) -> Response:
    """Return the service worker of a room; it may keep what its first page stands above.

    Parameters
    ----------
    endpoints
        Of the pages that it keeps.
    files
        Of the room's own, beside those that all such pages load.
    """
    asked = ("", *(f"?{ARGUMENT}={language}" for language in LANGUAGES))
    pages = [f"{url_for(endpoint)}{language}" for endpoint in endpoints for language in asked]
    kept = [file_url(file) for file in (*FILES, *files)] + [asset_url(file) for file in ASSETS]
    script = TEMPLATES.get_template("phone/templates/worker.js").render(
        pages=pages, files=kept, when_loaded=[*map(file_url, LOADED_FILES), *map(asset_url, LOADED_ASSETS)],
        room=room, version=_version(room),
    )  # fmt: skip
    headers = {
        "Service-Worker-Allowed": url_for(endpoints[0]),
        "Content-Security-Policy": "default-src 'none'; connect-src 'self'",
        "Cache-Control": "no-cache",
    }
    return packed(Response(script, content_type="text/javascript; charset=utf-8", headers=headers))


def _version(room: str) -> str:
    """Return a hash of all that is kept: with another one the worker is another, and keeps everything anew."""
    digest = hashlib.sha256(f"{assets_version()} {pages_version()} {WORDS!r} {PARTS!r}".encode())
    for path in sorted(path for one in ("shell", "phone", room) for path in (PAGES / one / "templates").iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
