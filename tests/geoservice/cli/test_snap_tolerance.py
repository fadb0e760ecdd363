"""Another snap tolerance gives places beside the grids another owner, and what stands there goes along at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
import pytest
import shapely
from click.testing import CliRunner, Result

from geoservice.cli.main import geoservice
from tests import places
from tests.factories import (
    make_building,
    make_draft,
    make_edition,
    make_incident,
    make_jurisdiction,
    make_service,
    validate,
)
from tests.factories import publish as publish_draft

Command = Callable[..., Result]

#: 60 m west of grid B, and 60 m inside ground that belongs to nobody in the last test.
FAR_OUT = places.Place("60 m west of B", *places.beside(0, 3, azimuth_deg=270, distance_m=60), None, "none")


@pytest.fixture
def command(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", database_url)
    with psycopg.connect(database_url) as connection:
        town = make_jurisdiction(connection)
        make_service(connection, town)
        make_edition(connection, town)
        x, y = places.beside(0, 3, azimuth_deg=270, distance_m=62)
        hut = shapely.box(x, y, x + 2e-5, y + 2e-5)
        make_building(connection, town, code="hut", geom=hut)
        make_incident(connection, FAR_OUT, jurisdiction_id=town)
        make_incident(connection, places.OUTSIDE_NEAR, jurisdiction_id=town)
    return lambda *words: CliRunner().invoke(geoservice, words)


def grids(url: str) -> tuple[str | None, list[str | None]]:
    """Return the grid of the hut, and those of the reports: 60 m and 24.9 m outside."""
    with psycopg.connect(url) as connection:
        (hut,) = connection.execute("SELECT grid_code FROM geoservice.building").fetchone() or ()
        reports = connection.execute("SELECT grid_code FROM geoservice.incident ORDER BY st_x(geom)").fetchall()
    return hut, [code for (code,) in reports]


def set_tolerance(command: Command, metres: str) -> Result:
    return command("jurisdiction", "set", "town", "--snap-tolerance", metres)


def test_what_lies_beside_the_grids_goes_along_both_ways(command: Command, database_url: str) -> None:
    assert grids(database_url) == (None, [None, "B"])

    wider = set_tolerance(command, "100")
    assert wider.exit_code == 0, wider.output
    assert "at most 100 m outside all grids" in wider.output
    assert grids(database_url) == ("B", ["B", "B"])

    assert set_tolerance(command, "20").exit_code == 0
    assert grids(database_url) == (None, [None, None])

    assert set_tolerance(command, "0").exit_code == 0
    assert set_tolerance(command, "24.95").exit_code == 0
    assert grids(database_url) == (None, [None, "B"])


def test_reports_stay_where_the_jurisdiction_keeps_them(command: Command, database_url: str) -> None:
    assert command("jurisdiction", "set", "town", "--reroute", "keep").exit_code == 0
    assert set_tolerance(command, "100").exit_code == 0

    assert grids(database_url) == ("B", [None, "B"])


def test_ground_of_nobody_stays_nobodys(command: Command, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        draft = make_draft(connection, 1)
        connection.execute("UPDATE geoservice.grid SET unowned_reason = 'a park' WHERE edition_id = %s AND code = 'B'",
                           [draft])  # fmt: skip
        validate(connection, draft)
        publish_draft(connection, draft, datetime.now(UTC))
    assert grids(database_url)[0] is None

    assert set_tolerance(command, "100").exit_code == 0

    assert grids(database_url) == (None, [None, None])


@pytest.mark.parametrize("metres", ["-1", "1001", "nan", "far"])
def test_what_is_no_distance_is_told(command: Command, metres: str) -> None:
    result = command("jurisdiction", "set", "town", f"--snap-tolerance={metres}")

    assert result.exit_code == 2
    assert "--snap-tolerance" in result.output


def test_the_database_does_it_for_whoever_changes_the_row(command: Command, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE geoservice.jurisdiction SET snap_tolerance_m = 100")

    assert grids(database_url) == ("B", ["B", "B"])
