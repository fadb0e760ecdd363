"""Ask what a town has, and write it as a town.toml that can be kept, mended and run again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

#: Section, what is asked, and whether its places need a CRS.
_FILES = (
    ("outline", "File of the town's outline"),
    ("grids", "File of its grids"),
    ("osm", "Extract of OpenStreetMap (.osm, .osm.pbf)"),
    ("buildings", "File of buildings"),
    ("households", "File of households (counts per building or household)"),
    ("cameras", "File of cameras"),
    ("organisations", "File of organisations"),
    ("staff", "Roster of staff"),
    ("services", "List of services"),
)
#: Sections that say where a town is.
_PLACED_BY = ("outline", "grids", "buildings")
_HEAD = """\
# What the town has. Paths are beside this file. It can be run again: only what changed is written.
# docs/town.md tells what else can be said: columns, words, sheets, registers that are counted.
"""


def ask_for_town(file: Path) -> None:
    """Ask on the terminal, and write the answers; what is not known is left out."""
    click.echo("Leave empty what the town does not have.")
    lines = [_HEAD, "[town]"]
    code = click.prompt("Code, as in addresses (letters, digits, hyphens)")
    name = click.prompt("Name")
    zone = click.prompt("Time zone", default="Asia/Shanghai")
    crs = click.prompt("Coordinates of files that do not say (wgs84, cgcs2000, gcj02, bd09, epsg:N)", default="wgs84")
    lines += [f"code = {_text(code)}", f"name = {_text(name)}", f"time_zone = {_text(zone)}", f"crs = {_text(crs)}"]
    answers = {section: click.prompt(asked, default="", show_default=False).strip() for section, asked in _FILES}
    if not any(answers[section] for section in _PLACED_BY):
        answers["outline"] = click.prompt(
            "Nothing says where the town is: no outline, no grids, no buildings. File of its outline"
        ).strip()
    lines += _tables(answers)
    work = click.prompt("Hours of work, such as mon-fri 09:00-13:00 15:00-18:00", default="", show_default=False)
    if work:
        lines += ["", "[calendar]", f"work = [{_text(work)}]"]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _tables(answers: dict[str, str]) -> Iterator[str]:
    for section, answer in answers.items():
        if answer:
            yield from ("", f"[{section}]", f"file = {_text(answer)}")
        if section == "outline" and not answer and not answers["grids"]:
            yield from ("", "[outline]", 'around = "buildings"')
        if section == "grids" and not answer:
            grids = click.prompt("How many grids are to be proposed along the streets", type=int, default=8)
            by = "households" if answers["households"] else "buildings"
            # A person looks at it first: publish = true puts a proposal in force as it is.
            yield from ("", "[grids]", f'propose = {{ grids = {grids}, by = "{by}" }}', "publish = false")


def _text(value: str) -> str:
    """Return a text as TOML writes it, which JSON's is, too."""
    return json.dumps(value, ensure_ascii=False)
