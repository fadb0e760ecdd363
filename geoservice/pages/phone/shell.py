"""The page shell: the pages and files that a phone keeps, so that reporting opens without a network.

The files of our own are here; Leaflet is the map pages'. A version in their address says which they are, and the worker
that keeps the shell is another one whenever anything in it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from geoservice.maps.assets import assets_version
from geoservice.pages.words.catalogue import PAGES

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"
TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
#: Its pages, by which their words are known.
NAMES = ("report", "follow", "officer")
#: What the pages take from the map pages.
ASSETS = ("static/icons/favicon.svg", "vendor/leaflet/leaflet.css", "vendor/leaflet/leaflet.js")
_SCRIPTS = ("page", "elements", "interface", "kept", "places", "map", "sides", "report", "follow")
#: What the pages of residents load, without the officers'.
FILES = ("styles/phone.css", *(f"scripts/{name}.js" for name in _SCRIPTS))


def phone_version() -> str:
    """Return a hash of this room's templates and files, of its words, and of the map's files; raise AssetsMissing."""
    digest = hashlib.sha256(assets_version().encode("ascii"))
    digest.update(repr([PAGES[name] for name in NAMES]).encode())
    for path in sorted(HERE.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.relative_to(HERE).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def worker_script(pages: Sequence[str], files: Sequence[str], version: str) -> str:
    """Return the service worker that keeps these addresses under a version."""
    return TEMPLATES.get_template("worker.js").render(pages=list(pages), files=list(files), version=version)
