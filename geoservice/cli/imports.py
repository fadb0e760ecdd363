"""Show what became of a file of grids."""

from __future__ import annotations

import click

from geoservice.cli.draft_tables import show_healing, show_left_open
from geoservice.lazy_modules import lazily

with lazily():
    from geoservice.domain.editing import healing
    from geoservice.services import importing
    from layers.grids import model


def show_import(result: importing.ImportResult) -> None:
    """Print how many grids there are, what healing changed, and what it left."""
    click.echo(f"Edition {result.edition_id}: {result.grids} grids, coordinates from {result.crs}.")
    if result.healing is not None:
        show_healing(result.healing)
    if model.has_errors(result.findings):
        show_left_open(healing.left_open(result.findings), option="--heal")
