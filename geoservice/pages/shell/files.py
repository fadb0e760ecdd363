"""The files of the pages, those of folium's maps among them, and of what version they are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from flask import Blueprint, Response, abort, g, url_for

from geoservice.maps import assets
from geoservice.maps.assets import AssetsMissing, assets_version
from geoservice.maps.wording import word
from geoservice.web.files import file_response, versioned_file_response
from geoservice.web.guard import Guard

PAGES = Path(__file__).resolve().parents[1]
#: Rooms that have files, by the first part of a file's address.
ROOMS = (
    "shell",
    "desk",
    "figures",
    "monthly",
    "audit",
    "admin",
    "maps",
    "editor",
    "compare",
    "wall",
    "print",
    "phone",
    "report",
    "officer",
)


def files_blueprint(guard: Guard) -> Blueprint:
    """Return the files, for everybody: also the page that says that somebody may not enter has a style."""
    blueprint = Blueprint("pages", __name__)

    @blueprint.get("/pages/<version>/<path:file>")
    @guard("sign_in")
    def file(version: str, file: str) -> Response:
        room, _, path = file.partition("/")
        if room not in ROOMS:
            abort(404)
        return versioned_file_response(PAGES / room / "static", path, asked=version, current=pages_version())

    @blueprint.get("/assets/<version>/<path:file>")
    @guard("view_map")
    def asset(version: str, file: str) -> Response:
        root, _, path = file.partition("/")
        directory = {"vendor": assets.VENDOR, "static": assets.STATIC}.get(root)
        if directory is None:
            abort(404)
        return versioned_file_response(directory, path, asked=version, current=assets_version())

    @blueprint.get("/favicon.ico")
    @guard("view_map")
    def favicon() -> Response:
        return file_response(assets.STATIC, "icons/favicon.svg", max_age_s=3600)

    blueprint.register_error_handler(AssetsMissing, assets_missing)
    return blueprint


def pages_version() -> str:
    """Return a hash of the static files of all pages, for their addresses."""
    digest = hashlib.sha256()
    for room in ROOMS:
        for path in sorted((PAGES / room / "static").rglob("*")):
            if path.is_file():
                digest.update(path.relative_to(PAGES).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def file_url(file: str) -> str:
    """Return the address of a file of a room, such as shell/styles/tokens.css."""
    return url_for("pages.file", version=_once(pages_version), file=file)


def asset_url(file: str) -> str:
    """Return the address of a file of the map pages; raise AssetsMissing."""
    return url_for("pages.asset", version=_once(assets_version), file=file)


def _once(version: Callable[[], str]) -> str:
    """Return a version, reckoned once in a request however many files its page names."""
    kept: dict[Callable[[], str], str] = g.setdefault("versions", {})
    if version not in kept:
        kept[version] = version()
    return kept[version]


def asset_address(file: str) -> str | None:
    """Return the address of such a file for pages that do without a map where its files are not built; None there."""
    try:
        return asset_url(file)
    except AssetsMissing:
        return None


def assets_missing(error: Exception) -> tuple[str, int, dict[str, str]]:
    """Say what to run; the rest of the service works without the map's files."""
    return f"{word('assets_missing', 'zh')}。{error}\n", 503, {"Content-Type": "text/plain; charset=utf-8"}
