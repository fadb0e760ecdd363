"""The static files of the pages, and of what version they are."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Blueprint, Response, abort, url_for

from geoservice.maps.assets import AssetsMissing, assets_version
from geoservice.maps.pages import Guard, assets_missing
from geoservice.web.files import versioned_file_response

PAGES = Path(__file__).resolve().parents[1]
#: Rooms that have files, by the first part of a file's address.
ROOMS = ("shell", "desk", "figures", "audit")


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
    return url_for("pages.file", version=pages_version(), file=file)


def asset_url(file: str) -> str:
    """Return the address of a file of the map pages; raise AssetsMissing."""
    return url_for("maps.asset", version=assets_version(), file=file)
