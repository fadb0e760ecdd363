"""A town that was made by commands alone: its grids come from a file, and are in force since 2024."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from shapely import Polygon

from geoservice.cli.main import geoservice
from tests.geoservice.reading.made_files import geojson

Command = Callable[..., Result]

FIRST = "2024-01-01T00:00:00Z"


def run(*words: str) -> Result:
    """Call the command line."""
    return CliRunner().invoke(geoservice, words)


def make_town(url: str, grids: Mapping[str, Polygon], directory: Path) -> None:
    """Make a town of grids by code in a database; the file that they come from is put into a directory."""
    path = geojson(directory / "first.geojson", list(grids.values()), codes=list(grids))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEOSERVICE_DATABASE_URL", url)
        added = run(
            "jurisdiction", "add", "town", "--name", "镇", "--from-grids", path, "--code", "code", "--crs", "wgs84"
        )
        assert added.exit_code == 0, added.output
        assert run("edition", "publish", "1", "--valid-from", FIRST, "--yes").exit_code == 0
