"""A code may name another place from an edition on, when it is accepted by name; both times find their own place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
import shapely
from click.testing import Result
from flask.testing import FlaskClient

from geoservice.app import create_app
from geoservice.settings import Settings
from geoservice.wiring import build_services
from tests.conftest import DatabaseLike
from tests.geoservice.cli.made_town import Command, make_town, run
from tests.geoservice.reading.made_files import geojson

WEST, MIDDLE, EAST = (shapely.box(west, 29, east, 29.001) for west, east in pairwise([91, 91.001, 91.002, 91.003]))
SECOND = "2025-01-01T00:00:00Z"


@pytest.fixture
def database_url(database_like: DatabaseLike, tmp_path: Path) -> str:
    """Return the database of a town where a, b and c lie from west to east since 2024."""

    return database_like("reassigned_codes", lambda url: make_town(url, {"a": WEST, "b": MIDDLE, "c": EAST}, tmp_path))


@pytest.fixture
def command(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return how to call the command line of that town."""
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", database_url)
    return run


@pytest.fixture
def turned(tmp_path: Path) -> str:
    """Return a file in which a and c have changed places, and b is where it was."""
    return geojson(tmp_path / "turned.geojson", [EAST, MIDDLE, WEST], codes=["a", "b", "c"])


def import_(command: Command, path: str, *more: str) -> Result:
    return command("edition", "import", path, "--jurisdiction", "town", "--code", "code", *more)


@pytest.fixture
def asked(database_url: str) -> Iterator[FlaskClient]:
    settings = Settings(database_url=database_url, hold_editions=False)
    services = build_services(settings)
    yield create_app(settings, services=services).test_client()
    services.database.close()


def owner(client: FlaskClient, place: shapely.Geometry, at: str) -> Any:
    middle = place.centroid
    answer = client.get("/v1/owner", query_string={"lon": middle.x, "lat": middle.y, "at": at}).get_json()
    return answer["grid"]["code"]


def test_it_is_an_error_that_says_how_it_may_be_accepted(command: Command, turned: str) -> None:
    refused = import_(command, turned)

    assert refused.exit_code == 1
    assert "geoservice edition reassign 2 a c --reason TEXT" in refused.output
    assert command("edition", "publish", "2", "--yes").exit_code == 1


def test_accepted_by_name_it_is_published_and_both_times_find_their_own_place(
    command: Command, turned: str, asked: FlaskClient
) -> None:
    import_(command, turned)
    accepted = command("edition", "reassign", "2", "a", "c", "--reason", "the council turned them round")
    previewed = command("edition", "preview", "2")
    published = command("edition", "publish", "2", "--valid-from", SECOND, "--yes")

    assert accepted.exit_code == 0, accepted.output
    assert accepted.output.count("the council turned them round") == 2
    assert "0 errors, 2 warnings" in accepted.output
    assert "a would name another place: the council turned them round" in previewed.output
    assert published.exit_code == 0, (published.output, published.exception)
    assert [owner(asked, place, "2024-06-01T00:00:00Z") for place in (WEST, MIDDLE, EAST)] == ["a", "b", "c"]
    assert [owner(asked, place, "2025-06-01T00:00:00Z") for place in (WEST, MIDDLE, EAST)] == ["c", "b", "a"]
    assert "the council turned them round" in command("edition", "show", "2").output


def test_lineage_says_who_has_the_ground_now_and_not_that_a_grid_was_redrawn(
    command: Command, turned: str, database_url: str
) -> None:
    import_(command, turned, "--reassign-code", "a", "--reassign-code", "c", "--reason", "turned")
    command("edition", "publish", "2", "--valid-from", SECOND, "--yes")

    with psycopg.connect(database_url) as connection:
        lineage = connection.execute(
            "SELECT predecessor_code, successor_code, kind FROM geoservice.grid_lineage ORDER BY 1, 2"
        ).fetchall()
    assert lineage == [("a", "c", "recode"), ("c", "a", "recode")]


def test_it_can_be_accepted_with_the_import(command: Command, turned: str) -> None:
    accepted = import_(command, turned, "--reassign-code", "a", "--reassign-code", "c", "--reason", "turned")

    assert accepted.exit_code == 0, accepted.output
    assert command("edition", "publish", "2", "--yes").exit_code == 0


def test_what_is_not_named_stays_an_error(command: Command, turned: str) -> None:
    half = import_(command, turned, "--reassign-code", "a", "--reason", "turned")

    assert half.exit_code == 1
    assert "1 error, 1 warning" in half.output
    assert "geoservice edition reassign 2 c --reason TEXT" in half.output


def test_a_code_that_stays_can_not_be_accepted_for_another_place(command: Command, turned: str) -> None:
    refused = import_(command, turned, "--reassign-code", "b", "--reason", "turned")

    assert refused.exit_code == 1
    assert "codes: b" in str(refused.exception)
    assert "2 " not in command("edition", "list", "--json").output.split('"id"')[-1][:5]


def test_reasons_belong_to_codes(command: Command, turned: str) -> None:
    assert import_(command, turned, "--reason", "turned").exit_code == 2
    assert import_(command, turned, "--reassign-code", "a").exit_code == 2
    import_(command, turned)
    assert command("edition", "reassign", "2", "a", "c", "--reason", " ").exit_code == 1


def test_what_is_accepted_ends_with_its_need(command: Command, turned: str, tmp_path: Path, database_url: str) -> None:
    import_(command, turned, "--reassign-code", "a", "--reassign-code", "c", "--reason", "turned")
    back = geojson(tmp_path / "back.geojson", [WEST, MIDDLE, EAST], codes=["a", "b", "c"])
    command("edition", "update", "2", back, "--commit")

    assert "0 errors, 0 warnings" in command("edition", "validate", "2").output
    assert "another place" not in command("edition", "preview", "2").output
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM geoservice.reassigned_code").fetchone() == (0,)


@pytest.mark.parametrize("reason", ["x" * 201, "two\nlines", "\u200b", "\u3000", "call 13812345678"])
def test_a_reason_is_one_line_without_anybodys_number(command: Command, turned: str, reason: str) -> None:
    import_(command, turned)

    refused = command("edition", "reassign", "2", "a", "c", "--reason", reason)

    assert type(refused.exception).__name__ in ("ReasonMissing", "PersonalNumberRefused")


@pytest.mark.parametrize("reason", ["", " ", "\u200b\u3000", "two\nlines", "call 13812345678"])
def test_straight_sql_needs_such_a_reason_too(command: Command, turned: str, database_url: str, reason: str) -> None:
    import_(command, turned)

    with psycopg.connect(database_url) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(
            "INSERT INTO geoservice.reassigned_code (edition_id, code, reason) VALUES (2, 'a', %s)", [reason]
        )


def test_a_code_named_twice_is_accepted_once(command: Command, turned: str) -> None:
    import_(command, turned)

    assert command("edition", "reassign", "2", "a", "a", "c", "--reason", "turned").exit_code == 0


def test_a_published_edition_is_said_to_be_one(command: Command) -> None:
    refused = command("edition", "reassign", "1", "a", "--reason", "turned")

    assert type(refused.exception).__name__ == "EditionNotEditable"


def test_the_next_edition_needs_none_and_going_back_does(command: Command, turned: str, tmp_path: Path) -> None:
    import_(command, turned, "--reassign-code", "a", "--reassign-code", "c", "--reason", "turned")
    command("edition", "publish", "2", "--valid-from", SECOND, "--yes")
    back = geojson(tmp_path / "back.geojson", [WEST, MIDDLE, EAST], codes=["a", "b", "c"])

    assert import_(command, turned).exit_code == 0
    assert import_(command, back).exit_code == 1


@pytest.mark.parametrize("statement", [
    "INSERT INTO geoservice.reassigned_code (edition_id, code, reason) VALUES (1, 'a', 'x')",
    "DELETE FROM geoservice.reassigned_code WHERE edition_id = 2",
    "UPDATE geoservice.reassigned_code SET reason = 'x' WHERE edition_id = 2",
    "TRUNCATE geoservice.reassigned_code",
])  # fmt: skip
def test_what_was_accepted_for_a_published_edition_stays(
    command: Command, turned: str, database_url: str, statement: str
) -> None:
    import_(command, turned, "--reassign-code", "a", "--reassign-code", "c", "--reason", "turned")
    command("edition", "publish", "2", "--valid-from", SECOND, "--yes")

    with psycopg.connect(database_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_straight_sql_is_told_the_same(command: Command, turned: str, database_url: str) -> None:
    import_(command, turned)
    with psycopg.connect(database_url) as connection:
        connection.execute("DELETE FROM geoservice.finding")  # whoever forges a look
        connection.commit()
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="Grid a lies elsewhere"):
            connection.execute("SELECT geoservice.publish_edition(2)")


def test_the_interface_accepts_and_tells_it(command: Command, turned: str, asked: FlaskClient) -> None:
    import_(command, turned)
    key = command("key", "create", "--role", "analyst", "--label", "x").stdout
    headers = {"Authorization": f"Bearer {re.findall(r'grd_[A-Za-z0-9_-]+', key)[0]}"}

    needless = asked.post("/v1/editions/2/reassign-codes", json={"codes": ["b"], "reason": "turned"}, headers=headers)
    accepted = asked.post(
        "/v1/editions/2/reassign-codes", json={"codes": ["a", "c"], "reason": "turned"}, headers=headers
    )
    previewed = asked.post("/v1/editions/2/preview", json={}, headers=headers)

    assert needless.status_code == 409
    assert needless.get_json()["type"].endswith("code-not-reused")
    assert accepted.status_code == 200
    assert {one["properties"]["severity"] for one in accepted.get_json()["features"]} == {"warning"}
    assert [(one["code"], one["reason"]) for one in previewed.get_json()["codes_reassigned"]] == [
        ("a", "turned"), ("c", "turned"),
    ]  # fmt: skip
