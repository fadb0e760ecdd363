"""What an analyst sees who brings boundaries in from a file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from shapely import Polygon, box

from geoservice.cli.main import geoservice
from tests.geoservice.reading.made_files import EAST, WEST, geojson

Command = Callable[..., Result]


@pytest.fixture
def command(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Return a function that runs `geoservice ...` on a database with one jurisdiction."""
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", database_url)

    def run(*words: str) -> Result:
        return CliRunner().invoke(geoservice, words)

    outline = geojson(tmp_path / "outline.geojson", [WEST, EAST])
    added = run("jurisdiction", "add", "town", "--name", "镇", "--outline", outline, "--crs", "wgs84")
    assert added.exit_code == 0, added.output
    return run


def import_(command: Command, path: str, *more: str) -> Result:
    return command("edition", "import", path, "--jurisdiction", "town", "--code", "code", *more)


def test_whole_partition_goes_from_file_to_publication(command: Command, tmp_path: Path) -> None:
    imported = import_(command, geojson(tmp_path / "whole.geojson", [WEST, EAST]))
    published = command("edition", "publish", "1", "--valid-from", "2020-01-01T00:00:00+08:00")

    assert imported.exit_code == 0
    assert "0 errors, 0 warnings." in imported.output
    assert "geoservice edition publish 1" in imported.output
    assert published.output.startswith("Edition 1 of town holds from 2019-12-31 16:00:00 UTC")
    listed = command("edition", "list").output
    assert "published" in listed
    assert "from 2019-12-31 16:00 UTC" in listed


def test_gap_is_listed_with_size_and_place_and_the_exit_code_is_one(command: Command, tmp_path: Path) -> None:
    narrow = box(91.0010001, 29.0, 91.002, 29.001)
    findings = tmp_path / "findings.geojson"

    path = geojson(tmp_path / "gap.geojson", [WEST, narrow])
    refused = import_(command, path, "--findings-to", str(findings))

    assert refused.exit_code == 1
    assert "can not be published" in refused.output
    [line] = [line for line in refused.output.splitlines() if line.startswith("error") and " gap " in line]
    assert "1.08 m2" in line
    assert "91.001000" in line
    assert {one["properties"]["rule"] for one in json.loads(findings.read_text())["features"]} == {"gap", "area-sum"}


def test_what_healing_leaves_is_told_with_what_would_close_it(command: Command, tmp_path: Path) -> None:
    # 1 m short of its neighbour, and 20 m short of the outline.
    path = geojson(tmp_path / "gaps.geojson", [WEST, box(91.00101, 29.0, 91.0018, 29.001)])

    refused = import_(command, path, "--heal", "0.5")

    assert refused.exit_code == 1
    told = "2 gaps, overlaps and spills are wider and stay. --heal 1 would close 1 of them; 1 are wider than 10 m"
    assert told in refused.output


def test_the_tolerance_that_is_advised_closes_what_was_left(command: Command, tmp_path: Path) -> None:
    path = geojson(tmp_path / "gap.geojson", [WEST, box(91.00101, 29.0, 91.002, 29.001)])

    left = import_(command, path, "--heal", "0.5")
    advised = re.search(r"--heal ([0-9.]+) would close 1 of them", left.output)
    assert left.exit_code == 1
    assert advised is not None
    healed = import_(command, path, "--heal", advised[1])

    assert healed.exit_code == 0
    assert "0 errors" in healed.output


def test_an_unsound_ring_is_told_with_what_mends_it(command: Command, tmp_path: Path) -> None:
    bowtie = Polygon([(91.001, 29), (91.002, 29.001), (91.002, 29), (91.001, 29.001)])
    path = geojson(tmp_path / "bowtie.geojson", [WEST, bowtie])

    assert "again with --heal 0.5" in import_(command, path).output
    assert "again with --heal" not in import_(command, path, "--heal", "0.5").output


def test_machines_are_told_in_json(command: Command, tmp_path: Path) -> None:
    bowtie = Polygon([(91.001, 29), (91.002, 29.001), (91.002, 29), (91.001, 29.001)])

    refused = import_(command, geojson(tmp_path / "bowtie.geojson", [WEST, bowtie]), "--json")

    told = json.loads(refused.stdout)
    assert refused.exit_code == 1
    assert (told["grids"], told["publishable"]) == (1, False)
    assert told["findings"][0]["place"] == [91.0015, 29.0005]
    assert json.loads(command("edition", "list", "--json").output)[0]["errors"] == 2
    assert [one["code"] for one in json.loads(command("jurisdiction", "list", "--json").output)] == ["town"]


def test_validate_and_show_tell_the_same_findings(command: Command, tmp_path: Path) -> None:
    import_(command, geojson(tmp_path / "half.geojson", [WEST]))

    validated, shown = command("edition", "validate", "1"), command("edition", "show", "1")

    assert (validated.exit_code, shown.exit_code) == (1, 0)
    assert "No grid covers 10,8" in validated.output
    assert "No grid covers 10,8" in shown.output


@pytest.mark.parametrize("instant", ["yesterday", "2026-03-01T00:00:00"])
def test_instant_without_zone_is_a_usage_error(command: Command, instant: str) -> None:
    refused = command("edition", "publish", "1", "--valid-from", instant)

    assert refused.exit_code == 2
    assert instant in refused.output


def test_a_folder_that_is_not_there_is_told_before_anything_is_done(command: Command, tmp_path: Path) -> None:
    path = geojson(tmp_path / "whole.geojson", [WEST, EAST])

    refused = import_(command, path, "--findings-to", str(tmp_path / "nowhere" / "findings.geojson"))

    assert refused.exit_code == 2
    assert "there is no folder" in refused.output
    assert command("edition", "list").output == ""
