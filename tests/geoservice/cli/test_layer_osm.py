"""OpenStreetMap at the command line: a base map and buildings, each as one change, and the credit that is shown."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from geoservice.cli.jurisdiction import jurisdiction
from geoservice.cli.layer import layer
from tests.geoservice.reading.made_osm import Drawing

OF_SARE = ["--jurisdiction", "sare"]
CREDIT = "© OpenStreetMap contributors"


@pytest.fixture(autouse=True)
def _database(community_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", community_url)
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def town(tmp_path: Path) -> str:
    drawing = Drawing()
    drawing.way(1, [(91.7640, 29.2370), (91.7700, 29.2370)], highway="residential", name="和平路")
    drawing.square(2, 91.7650, 29.2380, 0.0002, building="house", name="一号楼")
    drawing.square(3, 91.7660, 29.2380, 0.0002, building="school")
    drawing.way(4, [(91.7655, 29.2390), (91.7656, 29.2390), 999999], building="yes", area="yes")
    file = tmp_path / "town.osm"
    file.write_text(drawing.text(), encoding="utf-8")
    return str(file)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(layer, [*arguments], catch_exceptions=False)


def said(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_town_is_looked_at_written_and_undone(town: str) -> None:
    looked = said("import", "--osm", town, *OF_SARE)
    assert "Nothing was written: say --commit to write it." in looked
    assert "areas of the file were built, 1 were not." in looked
    assert "w4" in looked
    assert CREDIT not in CliRunner().invoke(jurisdiction, ["list", "--json"]).output

    written = said("import", "--osm", town, *OF_SARE, "--commit")
    changes = re.findall(r"geoservice layer undo (\d+)", written)
    assert len(changes) == 2
    assert "2 added, 0 changed" in written.partition("buildings:")[2]
    assert f"name: {CREDIT} (https://www.openstreetmap.org/copyright)" in written
    told = orjson.loads(CliRunner().invoke(jurisdiction, ["list", "--json"]).output)
    assert told[0]["attribution"] == CREDIT

    again = said("import", "--osm", town, *OF_SARE, "--commit", "--json")
    layers = orjson.loads(again.splitlines()[-1])["layers"]
    assert {name: (one["added"], one["changed"], one["change"]) for name, one in layers.items()} == {
        "basemap": (0, 0, None), "buildings": (0, 0, None),
    }  # fmt: skip
    for change in changes:
        assert "is undone" in said("undo", change)


def test_one_layer_is_taken_and_who_is_named_already_stays(town: str) -> None:
    CliRunner().invoke(jurisdiction, ["set", "sare", "--attribution", "Town survey"], catch_exceptions=False)

    told = said("import", "--osm", town, *OF_SARE, "--take", "buildings", "--commit")

    assert "basemap:" not in told
    assert f"Town survey; {CREDIT}" in told
    assert orjson.loads(said("import", "--osm", town, *OF_SARE, "--json").splitlines()[-1])["layers"]["basemap"][
        "added"
    ]


@pytest.mark.parametrize(("arguments", "words"), [
    (["--take", "cameras"], "'cameras' is none of basemap, buildings"),
    (["--crs", "gcj02"], "--crs does not go with --osm"),
    (["--as-of", "2026-06-30"], "--as-of does not go with --osm"),
    (["--to", "difference.csv"], "say --take basemap or --take buildings"),
])  # fmt: skip
def test_what_is_said_wrongly_is_told(town: str, arguments: list[str], words: str) -> None:
    result = run("import", "--osm", town, *OF_SARE, *arguments)

    assert result.exit_code == 2
    assert words in result.output


def test_a_layer_beside_it_is_told_not_to_go(town: str) -> None:
    assert "LAYER does not go with --osm" in run("import", "buildings", "--osm", town, *OF_SARE).output
    assert "Name LAYER and FILE" in run("import", *OF_SARE).output
    assert "Name LAYER and FILE" in run("import", "cameras", *OF_SARE).output
    assert "--take does not go with FILE" in run("import", "cameras", town, *OF_SARE, "--take", "buildings").output


def test_numbers_of_objects_are_larger_than_any_row(tmp_path: Path) -> None:
    drawing = Drawing()
    drawing.square(2**40, 91.7650, 29.2380, 0.0002, building="house")
    drawing.square(2**61, 91.7660, 29.2380, 0.0002, building="house")
    file = tmp_path / "town.osm"
    file.write_text(drawing.text(), encoding="utf-8")

    assert "2 added, 0 changed" in said("import", "--osm", str(file), *OF_SARE, "--take", "buildings", "--commit")
