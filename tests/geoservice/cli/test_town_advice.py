"""What is advised for town.toml is taken there: every key by its section, every command by the command line."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections import defaultdict
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from geoservice.cli.advice import ADVICE
from geoservice.cli.main import geoservice
from geoservice.cli.town_advice import BY_COMMAND, IN_FILE, advice_in_file, words_for
from geoservice.counting.errors import RegisterSheetMissing
from geoservice.errors import GeoserviceError
from geoservice.reading.file_errors import DatumNotSure, OldestNotTold
from geoservice.services.layers.errors import RemovalNotConfirmed
from geoservice.services.town import plan as plans

#: Every section with what it may not be without, and what it is.
SECTIONS: list[tuple[str, dict[str, object], type[BaseModel]]] = [
    ("outline", {"file": "a"}, plans.Place), ("osm", {"file": "a"}, plans.Osm), ("grids", {"file": "a"}, plans.Grids),
    *((name, {"file": "a"}, plans.Features)
      for name in ("basemap", "buildings", "households", "cameras", "organisations")),
    ("households", {"count_register": "a"}, plans.Register), ("staff", {"file": "a"}, plans.Roster),
    ("services", {"file": "a"}, plans.Roster), ("calendar", {}, plans.Calendar),
]  # fmt: skip
SAID = defaultdict(lambda: "7", section="here", town="mill", file="a.csv", column="60岁以上")


@pytest.mark.parametrize("advice", sorted(ADVICE))
def test_what_is_advised_is_taken(advice: str) -> None:
    for section, told, model in SECTIONS:
        words = words_for(advice, section, model)
        if words is None:
            continue
        said = words.format_map(SAID)
        written = re.match(r"Write (\w+ = .+) in \[here\]", said)
        if written is not None:
            model.model_validate({**told, **tomllib.loads(written[1])})
        said = re.sub("'[^']*'", "''", said)  # what stands in quotes is somebody's SQL
        before, *commands = said.split("geoservice ")
        assert "--" not in before, (section, said)
        for command in commands:
            require_command(command)


def require_command(typed: str) -> None:
    """Fail when a command, or one of its options, is not there."""
    words = shlex.split(re.split(r"[,:.](?= |$)", typed)[0])
    command: click.Command | None = geoservice
    while isinstance(command, click.Group):
        command = command.get_command(click.Context(command), words.pop(0))
    assert command is not None, typed
    options = {name for param in command.params for name in param.opts}
    assert {word for word in words if word.startswith("--")} <= options, typed


def test_every_key_that_is_advised_is_one_of_some_section() -> None:
    keys = {name for _, _, model in SECTIONS for name in model.model_fields}

    assert {line.partition(" ")[0] for lines, _ in IN_FILE.values() for line in lines} <= keys
    assert {*IN_FILE, *(advice for advice, _ in BY_COMMAND)} <= set(ADVICE)


def plan(tmp_path: Path, text: str) -> plans.Plan:
    (tmp_path / "town.toml").write_text(f'[town]\ncode = "mill"\nname = "Mill"\n{text}', encoding="utf-8")
    return plans.read_plan(tmp_path / "town.toml")


@pytest.mark.parametrize(
    ("text", "step", "error", "words"),
    [
        ('[osm]\nfile = "a b.osm"\n', "osm", RemovalNotConfirmed(missing=5, stored=9), "geoservice layer import --osm"),
        ('[outline]\nfile = "a.shp"\n', "town", DatumNotSure(), "jurisdiction add mill --name NAME --outline"),
        ('[grids]\nfile = "a.shp"\n', "town", DatumNotSure(), "jurisdiction add mill --name NAME --from-grids"),
        ('[outline]\naround = "buildings"\n[buildings]\nfile = "a.shp"\n', "town", DatumNotSure(),
         "allow_ballpark = true in [buildings]"),
        ('[households]\ncount_register = "a.xlsx"\n', "households", RegisterSheetMissing(number=1),
         'sheets = ["name"] in [households]'),
        ('[households]\nfile = "a.csv"\n', "households (a.csv)", OldestNotTold(column="60岁以上"),
         'columns = { age_60_79 = "60岁以上" } in [households]'),
    ],
)  # fmt: skip
def test_the_section_and_its_file_are_named(
    tmp_path: Path, text: str, step: str, error: GeoserviceError, words: str
) -> None:  # fmt: skip
    assert words in (advice_in_file(plan(tmp_path, text), step, error) or "")
