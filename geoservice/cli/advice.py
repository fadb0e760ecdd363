"""What to type: the words of the command line for what errors carry as codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from geoservice.errors import GeoserviceError
from layers.errors import LayerError

if TYPE_CHECKING:
    from geoservice.assigning.model import Mistake
    from geoservice.services.impact import PublishBlocker

ADVICE: Mapping[str, str] = {
    "allow-ballpark": "Or say --allow-ballpark, when places may be that far off.",
    "allow-failures": "Say --refuse-above SHARE, such as 0.05, when so many may fail.",
    "allow-logins": 'Run as an administrator of the database: ALTER ROLE "{owner}" CREATEROLE;',
    "build-on-fewer": "Build again, with fewer --processes.",
    "build-tiles": "Run: geoservice tiles build",
    "confirm-numbers": "Say --gbt28181 when they are those, --no-gbt28181 when they are values.",
    "confirm-outline": "Run: geoservice edition outline {edition} --confirm --reason TEXT",
    "confirm-removal": "Say --confirm-removal when that is meant.",
    "drop-owned": "Run as an administrator, in each database:"
    " REASSIGN OWNED BY {name} TO CURRENT_USER; DROP OWNED BY {name};",
    "enable-account": "Run: geoservice account reset {login} --enable",
    "import-again": "Import its file again.",
    "keep-tiles": "Set GEOSERVICE_TILE_STORE_BYTES to how much they may take.",
    "look-at-findings": "See: geoservice edition show {edition}",
    "map-columns": "Say --column FIELD=HEADER.",
    "map-register": "Say --column WHAT=LETTER or WHAT=HEADER, such as --column building=C.",
    "name-code": "Say --code.",
    "name-columns": "Say --lon and --lat, or --x, --y and --crs.",
    "name-coordinates": "Say --lon and --lat, or --x, --y and --crs.",
    "name-database": "Set GEOSERVICE_DATABASE_URL, or run: geoservice up",
    "name-format": "Name another, or say --format.",
    "name-key": "Say --key HEADER.",
    "name-layer": "Say --layer.",
    "name-login": "Name another. Or, for one of an earlier release, run as an administrator of the database:"
    " COMMENT ON ROLE {name} IS 'login of geoservice for {database}';",
    "name-owner": "Set GEOSERVICE_DATABASE_OWNER_URL to the address of the login that owns it, with CREATEROLE.",
    "name-sheet": "Say --sheet NAME.",
    "overwrite-output": "Name another, or say --overwrite.",
    "prefix-columns": "Rename it, or say --prefix.",
    "raise-features": "Set GEOSERVICE_IMPORT_FEATURES to more than there are.",
    "raise-file-bytes": "Set GEOSERVICE_IMPORT_BYTES to more than it has.",
    "raise-own-columns": "Leave some out by --without HEADER, or set GEOSERVICE_OWN_LAYER_COLUMNS to more.",
    "raise-own-layers": "Drop one, or set GEOSERVICE_OWN_LAYERS to more.",
    "rebase-edition": "Run: geoservice edition rebase {edition}",
    "replace-file": "Name another, or say --force to replace a file.",
    "replace-project": "Name another folder, or say --force to write it anew.",
    "say-limits": "Say what they mean, such as --word limit.即时=2小时, or --limit-unit for numbers alone.",
    "say-swap-is-encrypted": "Say --swap-is-encrypted when it is.",
    "state-crs": "Say --crs wgs84, cgcs2000, gcj02, bd09 or epsg:N.",
    "state-degrees": "Say --degrees minutes, or --degrees decimal when they are no minutes.",
    "state-encoding": "Say --encoding gbk, --encoding utf-8, or what else it is in.",
    "state-true-crs": "Say the true one, such as --crs epsg:N.",
    "state-wgs84-or-gcj02": "Say --crs wgs84 or --crs gcj02.",
    "swap-coordinates": "Say --swap-coordinates.",
    "tell-oldest": "Add a column of those who are 80 and older, or say --column age_60_79={column} to count all as 60"
    " to 79.",
    "upgrade-database": "Run: geoservice db upgrade",
    "validate-edition": "Run: geoservice edition validate {edition}",
    "verify-tiles": "Run: geoservice tiles verify, which forgets it, and geoservice tiles build",
}
#: The same of a file of grids that is read beside points.
ADVICE_ON_GRIDS: Mapping[str, str] = {
    "allow-ballpark": "Or say --grids-allow-ballpark, when places may be that far off.",
    "name-layer": "Say --grids-layer.",
    "state-crs": "Say --grids-crs wgs84, cgcs2000, gcj02, bd09 or epsg:N.",
    "state-encoding": "Say --grids-encoding gbk, --grids-encoding utf-8, or what else it is in.",
    "state-true-crs": "Say the true one, such as --grids-crs epsg:N.",
    "state-wgs84-or-gcj02": "Say --grids-crs wgs84 or --grids-crs gcj02.",
}
#: What to do about coordinates of which none is a position; {x} and {y} are their columns.
MISTAKES: Mapping[Mistake, str] = {
    "columns-exchanged": "Longitude and latitude seem to be exchanged: say --lon {y} --lat {x}.",
    "decimal-commas": "They seem to be written with commas in the numbers: write decimal points.",
    "degrees-and-minutes": "They seem to be degrees, minutes and seconds: write decimal degrees, such as 29.2404.",
    "points-exchanged": "Latitude seems to come before longitude in the points: turn them round.",
    "projected": "They seem to be metres of a projected CRS: say --x, --y and --crs epsg:N.",
}
_BLOCKERS: Mapping[str, str] = {
    "errors-found": "errors were found ({errors}).",
    "not-validated": "it was not validated as it stands now.",
    "published-since": "edition {latest} was published since it was drawn.",
}


class AdvisedError(Exception):
    """An error of ours with words of its own for what may be done about it."""

    def __init__(self, error: GeoserviceError | LayerError, words: Mapping[str, str]) -> None:
        super().__init__(str(error))
        self.error = error
        self.words = words


def blocker_sentence(blocker: PublishBlocker) -> str:
    """Return why a draft can not be published yet, and what to type."""
    return f"{_BLOCKERS[blocker.code]} {ADVICE[blocker.advice]}".format_map(blocker.values)
