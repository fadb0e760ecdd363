"""What was decided of the ground of a draft goes along into drafts made of it or merged with it, or is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
import shapely
from click.testing import CliRunner, Result
from pydantic import SecretStr

from geoservice.app import create_app
from geoservice.auth.model import Role
from geoservice.cli.main import geoservice
from geoservice.services.drafting.service import DraftService
from geoservice.settings import Settings
from geoservice.wiring import build_services
from layers.db.session import Database
from tests.geoservice.reading.made_files import geojson
from tests.loading import stop

Command = Callable[..., Result]

WEST, EAST = shapely.box(91, 29, 91.01, 29.01), shapely.box(91.01, 29, 91.02, 29.01)
PARK, YARD = shapely.box(91.004, 29.004, 91.006, 29.006), shapely.box(91.014, 29.004, 91.016, 29.006)
IN_PARK, IN_YARD = "91.005,29.005", "91.015,29.005"


@pytest.fixture
def command(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Return `geoservice edition ...` of a town where a lies west of b, edition 1, in force."""
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", database_url)

    def run(*words: str) -> Result:
        return CliRunner().invoke(geoservice, ("edition", *words))

    path = geojson(tmp_path / "first.geojson", [WEST, EAST], codes=["a", "b"])
    added = CliRunner().invoke(
        geoservice,
        ["jurisdiction", "add", "town", "--name", "镇", "--from-grids", path, "--code", "code", "--crs", "wgs84"],
    )
    assert added.exit_code == 0, added.output
    assert run("publish", "1", "--yes").exit_code == 0
    return run


def done(command: Command, *words: str) -> Result:
    result = command(*words)
    assert result.exit_code == 0, (words, result.output, result.exception)
    return result


def holed(command: Command, folder: Path, west: shapely.Polygon, east: shapely.Polygon) -> None:
    """Import a draft in which grids have gaps."""
    path = geojson(folder / "holed.geojson", [west, east], codes=["a", "b"])
    words = ("--jurisdiction", "town", "--code", "code", "--crs", "wgs84")
    assert command("import", path, *words).exit_code == 1


def drawn(command: Command, *more: str) -> str:
    made = done(command, "draft", "--jurisdiction", "town", "--title", "next", "--json", *more)
    return str(json.loads(made.output)["edition_id"])


def decided(command: Command, edition: str) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(done(command, "decisions", edition, "--json").output)["decisions"]
    return told


def test_a_draft_of_a_draft_tells_its_decisions_to_the_end(command: Command, tmp_path: Path) -> None:
    holed(command, tmp_path, WEST.difference(PARK), EAST.difference(YARD))
    done(command, "decide", "2", "--near", IN_PARK, "--nobody", "park", "--reason", "市公园")
    done(command, "decide", "2", "--near", IN_YARD, "--to", "b", "--reason", "as the fence stands")
    before = decided(command, "2")

    draft = drawn(command, "--from-edition", "2")
    again = drawn(command, "--from-edition", draft)
    validated = done(command, "validate", again)
    previewed = done(command, "preview", again)
    done(command, "publish", again, "--yes")

    assert [(one["to"], one["reason"]) for one in before] == [("park", "市公园"), ("b", "as the fence stands")]
    assert decided(command, draft) == decided(command, again) == before
    for told in (validated, previewed, done(command, "show", again)):
        assert "given to park" in told.output
        assert "as the fence stands" in told.output
    assert "belongs to nobody: 市公园" in validated.output


def test_the_next_draft_of_what_is_in_force_leaves_them_to_it_and_a_revert_takes_them_up(
    command: Command, tmp_path: Path
) -> None:
    holed(command, tmp_path, WEST.difference(PARK), EAST)
    done(command, "decide", "2", "--near", IN_PARK, "--to", "a", "--reason", "it is a lawn")
    done(command, "validate", "2")
    done(command, "publish", "2", "--yes")

    following = drawn(command)
    done(command, "validate", following)
    done(command, "publish", following, "--yes")
    done(command, "revert", "2")

    assert decided(command, following) == []
    assert decided(command, "4") == decided(command, "2")


def test_what_is_merged_brings_its_decisions_and_undo_takes_them_back(command: Command, tmp_path: Path) -> None:
    ours = drawn(command)
    holed(command, tmp_path, WEST.difference(PARK), EAST)
    done(command, "decide", "3", "--near", IN_PARK, "--nobody", "park", "--reason", "市公园")

    done(command, "merge", ours, "3")
    merged = done(command, "validate", ours)
    done(command, "merge", ours, "3")
    once = decided(command, ours)
    done(command, "undo", ours)
    undone = decided(command, ours), done(command, "validate", ours).output
    done(command, "redo", ours)

    assert "given to park" in merged.output
    assert "belongs to nobody: 市公园" in merged.output
    assert once == decided(command, "3")
    assert undone[0] == []
    assert "park" not in undone[1]
    assert decided(command, ours) == once


def test_a_decision_that_alone_is_merged_is_validated_anew(command: Command, tmp_path: Path) -> None:
    ours = drawn(command)
    holed(command, tmp_path, WEST.difference(PARK), EAST)
    done(command, "decide", "3", "--near", IN_PARK, "--to", "a", "--reason", "it is a lawn")
    done(command, "merge", ours, "3")
    done(command, "validate", ours)
    other = drawn(command, "--from-edition", "3")
    done(command, "validate", other)
    holed(command, tmp_path, WEST, EAST.difference(YARD))
    done(command, "decide", "5", "--near", IN_YARD, "--to", "b", "--reason", "as the fence stands")
    plain = drawn(command, "--from-edition", "5")
    done(command, "undo", "5")
    path = geojson(tmp_path / "whole.geojson", [WEST, EAST], codes=["a", "b"])
    done(command, "update", plain, path, "--crs", "wgs84", "--commit")

    done(command, "merge", other, plain)
    refused = command("publish", other, "--yes")
    validated = done(command, "validate", other)

    assert refused.exit_code == 1
    assert "validated" in refused.output + str(refused.exception)
    assert "it is a lawn" in validated.output
    assert "as the fence stands" in validated.output


def test_whose_it_is_by_now_is_told_when_the_ground_was_given_on(command: Command, tmp_path: Path) -> None:
    holed(command, tmp_path, WEST.difference(PARK), EAST)
    done(command, "decide", "2", "--near", IN_PARK, "--nobody", "park", "--reason", "市公园")
    path = geojson(tmp_path / "whole.geojson", [WEST, EAST], codes=["a", "b"])

    done(command, "update", "2", path, "--crs", "wgs84", "--commit")
    told = done(command, "validate", "2").output

    assert "was given to park" in told
    assert "市公园; by now a has it" in told
    assert decided(command, "2")[0]["held_by"] == ["a"]
    assert "(by now: a)" in done(command, "decisions", "2").output


def test_the_api_tells_the_same(command: Command, database_url: str, tmp_path: Path) -> None:
    holed(command, tmp_path, WEST.difference(PARK), EAST)
    done(command, "decide", "2", "--near", IN_PARK, "--to", "a", "--reason", "it is a lawn")
    draft = drawn(command, "--from-edition", "2")
    services = build_services(Settings(database_url=SecretStr(database_url), pool_size=4))
    try:
        client = create_app(Settings(database_url=SecretStr("postgresql://unused")), services=services).test_client()
        headers = {"Authorization": f"Bearer {services.keys.create(Role.ANALYST, 'test')}"}
        listed = client.get(f"/v1/editions/{draft}/decisions", headers=headers).json["decisions"]
        preview = client.post(f"/v1/editions/{draft}/preview", json={}, headers=headers).json
        closed = client.get(f"/v1/editions/{draft}/decisions").status_code
        nothing = client.get("/v1/editions/77/decisions", headers=headers).status_code
    finally:
        stop(services)

    (one,) = decided(command, "2")
    (told,) = listed
    assert (told["kind"], told["to"], told["reason"], told["held_by"]) == ("gap", "a", "it is a lawn", ["a"])
    assert (told["at"], told["decided_by"]) == ([one["lon"], one["lat"]], one["actor"])
    assert [(given["to"], given["reason"]) for given in preview["decisions"]] == [("a", "it is a lawn")]
    assert (closed, nothing) == (401, 404)


def test_nothing_decided_is_said(command: Command) -> None:
    assert "Nothing was decided" in done(command, "decisions", "1").output
    assert command("decisions", "77").exit_code == 1


def test_ground_left_to_nobody_does_not_become_a_grid_by_a_merge(
    command: Command, database_url: str, tmp_path: Path
) -> None:
    ours, theirs = drawn(command), drawn(command)
    done(command, "disown", theirs, "b", "--reason", "a lake")
    database = Database.connect(database_url, pool_size=1)
    DraftService(database).merge(int(ours), ["a", "b"], "a", revision=None)
    database.close()

    refused = command("merge", ours, theirs)
    settled = done(command, "merge", ours, theirs, "--settle", "b=ours")

    assert refused.exit_code == 1
    assert "Ground that belongs to nobody (a lake) would be that of a. Settled for ours, it is so." in refused.output
    assert "0 grids changed" in settled.output


def test_only_of_a_draft_is_something_decided(command: Command, database_url: str) -> None:
    insert = """INSERT INTO geoservice.decision (edition_id, kind, to_code, area_m2, geom, reason)
                VALUES (1, 'gap', 'a', 1, st_setsrid(st_makepoint(91, 29), 4326), 'why')"""
    with psycopg.connect(database_url) as connection, pytest.raises(psycopg.Error, match="Only of a draft"):
        connection.execute(insert)
