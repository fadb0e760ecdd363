"""Show findings to people, to machines and to a GIS."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import orjson

from geoservice.lazy_modules import lazily

with lazily():
    import shapely
    from rich import console as consoles
    from rich import table as tables

    from layers import antimeridian, geometry
    from layers.grids import model

#: Grid codes shown of one finding.
_CODES_SHOWN = 4
_DECIMALS = 7


def show_findings(findings: Sequence[model.Finding]) -> None:
    """Print findings as a table, then one line that counts them; nothing is cut off where there is no terminal."""
    errors = sum(one.severity == "error" for one in findings)
    if findings:
        table = tables.Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("severity", "rule", "grids"):
            table.add_column(heading, no_wrap=True)
        table.add_column("size", justify="right", no_wrap=True)
        table.add_column("place (lon, lat)", no_wrap=True)
        table.add_column("what", min_width=40)
        for one in findings:
            colour = "red" if one.severity == "error" else "yellow"
            words = map(_plain, (one.rule, _grids(one), _size(one), _place(one), one.message))
            table.add_row(f"[{colour}]{one.severity}[/]", *words)
        console = consoles.Console()
        if not console.is_terminal:
            console = consoles.Console(width=220, color_system=None)
        console.print(table, highlight=False)
    click.echo(f"{_count(errors, 'error')}, {_count(len(findings) - errors, 'warning')}.")


def write_findings(findings: Sequence[model.Finding], path: Path) -> None:
    """Write findings as GeoJSON, EPSG:4326; one without a place has a null geometry (RFC 7946, 3.2)."""
    features = [
        {"type": "Feature", "geometry": _geojson(one), "properties": finding_fields(one)} for one in findings
    ]  # fmt: skip
    path.write_bytes(orjson.dumps({"type": "FeatureCollection", "features": features}, option=orjson.OPT_INDENT_2))


def report_edition(
    edition_id: int, findings: Sequence[model.Finding], *, as_json: bool = False, findings_to: Path | None = None,
    grids: int | None = None,
) -> None:  # fmt: skip
    """Tell what was found in a draft; exit with 1 when it forbids publishing."""
    refused = model.has_errors(findings)
    if findings_to is not None:
        write_findings(findings, findings_to)
    if as_json:
        told = {"edition_id": edition_id, "grids": grids, "publishable": not refused,
                "findings": [finding_fields(one) for one in findings]}  # fmt: skip
        click.echo(orjson.dumps({key: value for key, value in told.items() if value is not None}))
    else:
        show_findings(findings)
    reused = [one.grid_codes[0] for one in findings if (one.rule, one.severity) == ("reused-code", "error")]
    if reused:
        command = f"geoservice edition reassign {edition_id} {' '.join(map(shlex.quote, reused))} --reason TEXT"
        click.echo(f"To accept that codes name another place from this edition on: {command}", err=True)
    if any((one.rule, one.severity) == ("outline-changed", "error") for one in findings):
        command = f"geoservice edition outline {edition_id} --confirm --reason TEXT"
        click.echo(f"To accept the other outline: {command}", err=True)
    if refused:
        click.echo(f"Edition {edition_id} can not be published: mend the errors, validate it again.", err=True)
        sys.exit(1)
    if not as_json:
        click.echo(f"Edition {edition_id} can be published: geoservice edition publish {edition_id}")


def finding_fields(finding: model.Finding) -> dict[str, object]:
    """Return a finding as JSON, its place as one pair of coordinates."""
    place = None if finding.geom is None else geometry.place_in(finding.geom)
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "grid_codes": list(finding.grid_codes),
        "size": finding.size,
        "unit": finding.unit,
        "place": None if place is None else [round(place.lon, _DECIMALS), round(place.lat, _DECIMALS)],
        "message": finding.message,
    }


def _geojson(finding: model.Finding) -> object:
    # Every digit: a strip of a centimetre would collapse when rounded to seven decimals.
    return None if finding.geom is None else orjson.loads(shapely.to_geojson(antimeridian.cut(finding.geom)))


def _grids(finding: model.Finding) -> str:
    shown = ", ".join(finding.grid_codes[:_CODES_SHOWN])
    more = len(finding.grid_codes) - _CODES_SHOWN
    return f"{shown} + {more}" if more > 0 else shown


def _size(finding: model.Finding) -> str:
    if finding.size is None:
        return ""
    number = f"{finding.size:,.0f}" if finding.size >= 100 or finding.size.is_integer() else f"{finding.size:.3g}"
    return f"{number} {finding.unit or ''}".rstrip()


def _place(finding: model.Finding) -> str:
    place = None if finding.geom is None else geometry.place_in(finding.geom)
    return "" if place is None else f"{place.lon:.7f}, {place.lat:.7f}"


def _plain(words: str) -> str:
    """Return text that neither rich nor a terminal takes for an instruction."""
    printable = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in words)
    return printable.replace("[", "\\[")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
