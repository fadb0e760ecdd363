"""A file that a command is to write: asked about before anything is done, so that no result is lost at the end."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])
_FORCE = f"{__name__}.force"


class NewFile(click.Path):
    """A file that can be written where its folder stands; one that is there is replaced only with --force."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """Refuse a file in a folder that is not there, and one that is there unless it may be replaced."""
        found = super().convert(value, param, ctx)
        file = Path(os.fsdecode(found)).absolute()
        if not file.parent.is_dir():
            self.fail(f"there is no folder {file.parent}; make it, or name a file elsewhere.", param, ctx)
        if file.exists() and not (ctx is not None and ctx.meta.get(_FORCE)):
            self.fail(f"{file} is there already; name another, or say --force to replace it.", param, ctx)
        return found


def new_file_option(*names: str, what: str) -> Callable[[Command], Command]:
    """Give a command an option of a file that it writes, and --force beside the first of them.

    Parameters
    ----------
    what
        Is written: its help.
    """

    def decorate(command: Command) -> Command:
        command = click.option(*names, type=NewFile(), help=what)(command)
        told = getattr(command, "__click_params__", [])
        if any(param.name == "force" for param in told):
            return command
        return click.option(
            "--force", is_flag=True, is_eager=True, expose_value=False, callback=_note_force,
            help="Replace files that are written, where they are there.",
        )(command)  # fmt: skip

    return decorate


def _note_force(context: click.Context, _param: click.Parameter, value: bool) -> None:
    context.meta[_FORCE] = value
