"""Files that commands write beside their answer: never over one that is there, unless that is said."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from geoservice.cli.main import geoservice
from geoservice.cli.new_file import NewFile, new_file_option


@click.command()
@new_file_option("--to", "to_file", what="Write it.")
@new_file_option("--other", what="Write the other.")
def write(to_file: Path | None, other: Path | None) -> None:
    for file in filter(None, (to_file, other)):
        file.write_text("new")


@pytest.mark.parametrize("option", ["--to", "--other"])
def test_a_file_that_is_there_is_replaced_only_when_that_is_said(tmp_path: Path, option: str) -> None:
    file = tmp_path / "thesis.txt"
    file.write_text("old")

    refused = CliRunner().invoke(write, [option, str(file)])
    assert refused.exit_code == 2
    assert "say --force to replace it" in refused.output
    assert file.read_text() == "old"

    for arguments in ([option, str(file), "--force"], ["--force", option, str(file)], [option, str(tmp_path / "b")]):
        assert CliRunner().invoke(write, arguments).exit_code == 0
    assert file.read_text() == "new"


def commands(group: click.Group) -> list[click.Command]:
    context = click.Context(group)
    found = [command for name in group.list_commands(context) if (command := group.get_command(context, name))]
    return [one for command in found for one in (commands(command) if isinstance(command, click.Group) else [command])]


def test_every_command_that_writes_a_file_has_the_option() -> None:
    writing = [one for one in commands(geoservice) if any(isinstance(param.type, NewFile) for param in one.params)]

    assert len(writing) >= 6
    assert [one.name for one in writing if all("--force" not in param.opts for param in one.params)] == []
