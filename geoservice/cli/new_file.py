"""A file that a command is to write: asked about before anything is done, so that no result is lost at the end."""

from __future__ import annotations

import os
from pathlib import Path

import click


class NewFile(click.Path):
    """A file that can be written where its folder stands; an older one of that name is replaced."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """Refuse a file in a folder that is not there."""
        found = super().convert(value, param, ctx)
        folder = Path(os.fsdecode(found)).absolute().parent
        if not folder.is_dir():
            self.fail(f"there is no folder {folder}; make it, or name a file elsewhere.", param, ctx)
        return found
