"""What `--help` of each command shows: examples that can be copied line by line, and no marks of how it is made."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from geoservice.cli.main import geoservice

#: Wide enough for every example; a narrower terminal leaves those as they are, too.
WIDTH = 80


def walk(command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command, click.Context]]:
    yield context.command_path, command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from walk(inner, click.Context(inner, parent=context, info_name=name, terminal_width=WIDTH))


COMMANDS = {
    path: (command, context)
    for path, command, context in walk(
        geoservice, click.Context(geoservice, info_name="geoservice", terminal_width=WIDTH)
    )
}


@pytest.mark.parametrize("path", COMMANDS)
def test_the_help_of_a_command_has_its_examples_on_lines_of_their_own(path: str) -> None:
    command, context = COMMANDS[path]
    written = [line.strip() for line in (command.help or "").splitlines() if line.startswith("    geoservice ")]

    shown = command.get_help(context)

    assert "\\b" not in shown
    assert [line.strip() for line in shown.splitlines() if line.strip() in written] == written


def test_there_are_examples() -> None:
    assert sum("    geoservice " in (command.help or "") for command, _ in COMMANDS.values()) >= 5
