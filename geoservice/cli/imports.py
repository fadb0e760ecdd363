"""Show what became of a file of grids."""

from __future__ import annotations

import click

from geoservice.cli.draft_tables import show_healing, show_left_open
from geoservice.domain.editing.healing import left_open
from geoservice.services.importing import ImportResult
from layers.grids.model import has_errors


def show_import(result: ImportResult) -> None:
    """Print how many grids there are, what healing changed, and what it left."""
    click.echo(f"Edition {result.edition_id}: {result.grids} grids, coordinates from {result.crs}.")
    if result.healing is not None:
        show_healing(result.healing)
    if has_errors(result.findings):
        show_left_open(left_open(result.findings), option="--heal")
