"""What to type: the words of the command line for what errors carry as codes."""

from __future__ import annotations

from collections.abc import Mapping

from geoservice.services.impact import PublishBlocker

ADVICE: Mapping[str, str] = {
    "import-again": "Import its file again.",
    "look-at-findings": "See: geoservice edition show {edition}",
    "name-code": "Say --code.",
    "name-coordinates": "Say --lon and --lat, or --x, --y and --crs.",
    "name-database": "Set GEOSERVICE_DATABASE_URL, or run: geoservice up",
    "name-format": "Name another, or say --format.",
    "name-layer": "Say --layer.",
    "overwrite-output": "Name another, or say --overwrite.",
    "prefix-columns": "Rename it, or say --prefix.",
    "rebase-edition": "Run: geoservice edition rebase {edition}",
    "replace-file": "Name another, or say --force to replace a file.",
    "replace-project": "Name another folder, or say --force to write it anew.",
    "state-crs": "Say --crs wgs84, --crs cgcs2000 or --crs epsg:N.",
    "state-encoding": "Say --encoding gbk, or --encoding utf-8.",
    "state-true-crs": "Say the true one, such as --crs epsg:N.",
    "state-wgs84-or-gcj02": "Say --crs wgs84 or --crs gcj02.",
    "upgrade-database": "Run: geoservice db upgrade",
    "validate-edition": "Run: geoservice edition validate {edition}",
}
_BLOCKERS: Mapping[str, str] = {
    "errors-found": "errors were found ({errors}).",
    "not-validated": "it was not validated as it stands now.",
    "published-since": "edition {latest} was published since it was drawn.",
}


def blocker_sentence(blocker: PublishBlocker) -> str:
    """Return why a draft can not be published yet, and what to type."""
    return f"{_BLOCKERS[blocker.code]} {ADVICE[blocker.advice]}".format_map(blocker.values)
