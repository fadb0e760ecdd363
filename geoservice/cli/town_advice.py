"""What to write into town.toml about an error: only keys that its section has, and whole commands."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING

from geoservice.cli.advice import ADVICE

if TYPE_CHECKING:
    from pydantic import BaseModel

    from geoservice.errors import GeoserviceError
    from geoservice.services.town.plan import Plan
    from layers.errors import LayerError

#: Lines to write, of which the first whose key the section has is told, and when to write it.
IN_FILE: Mapping[str, tuple[tuple[str, ...], str]] = {
    "allow-ballpark": (("allow_ballpark = true",), ", when places may be that far off"),
    "allow-failures": (("refuse_above = 0.05",), ", when so many may fail"),
    "confirm-numbers": (("gbt28181 = true",), " when they are those, false when they are values"),
    "confirm-removal": (("confirm_removal = true",), " when that is meant"),
    "map-columns": (('columns = {{ field = "header" }}',), ""),
    "map-register": (('columns = {{ building = "C" }}',), ": what a column tells, and its letter or header"),
    "name-code": (('code = "header"',), ""),
    "name-key": (('key = "header"', 'columns = {{ code = "header" }}'), ""),
    "name-layer": (('layer = "name"',), ""),
    "name-sheet": (('sheet = "name"', 'sheets = ["name"]'), ""),
    "say-limits": (('words = {{ limit = {{ "即时" = "2小时" }} }}',), ", or what else they mean"),
    "say-swap-is-encrypted": (("swap_is_encrypted = true",), " when it is"),
    "state-crs": (('crs = "wgs84"',), ', or "cgcs2000", "gcj02", "bd09", "epsg:N"'),
    "state-degrees": (('degrees = "minutes"',), ', or "decimal" when they are no minutes'),
    "state-encoding": (('encoding = "gbk"',), ', or "utf-8", or what else it is in'),
    "state-true-crs": (('crs = "epsg:N"',), ", or what else is true"),
    "state-wgs84-or-gcj02": (('crs = "wgs84"',), ', or "gcj02"'),
    "swap-coordinates": (("swapped = true",), ""),
    "tell-oldest": (
        ('columns = {{ age_60_79 = "{column}" }}',), " to count all as 60 to 79, or add a column of those who are older"
    ),
}  # fmt: skip
_BALLPARK = "Or, when places may be that far off, do this first and then run it again: geoservice"
#: What the section has no key for, by advice and section.
BY_COMMAND: Mapping[tuple[str, str], str] = {
    ("allow-ballpark", "outline"): _BALLPARK + " jurisdiction add {town} --name NAME --outline {file} --allow-ballpark",
    ("allow-ballpark", "grids"): _BALLPARK + " jurisdiction add {town} --name NAME --from-grids {file} --code FIELD"
    " --allow-ballpark, or, where the town is there already: geoservice edition import {file} --jurisdiction {town}"
    " --code FIELD --allow-ballpark",
    ("confirm-removal", "osm"): "When that is meant, run: geoservice layer import --osm {file} --jurisdiction {town}"
    " --removed delete --confirm-removal --commit",
}


def advice_in_file(plan: Plan, step: str, error: GeoserviceError | LayerError) -> str | None:
    """Return what may be done about an error of a step; None: the error says all.

    Parameters
    ----------
    step
        As `services.town` calls it: a section of the file, or `town`, whose place another section tells.
    """
    if error.advice is None:
        return None
    section = section_of(plan, step)
    table = _table(plan, section)
    file = getattr(table, "file", None) or getattr(table, "count_register", None)
    fields = {**error.fields, "section": section, "town": plan.town.code, "file": shlex.quote(str(file))}
    words = words_for(error.advice, section, type(table))
    return None if words is None else words.format_map(fields)


def words_for(advice: str, section: str, model: type[BaseModel]) -> str | None:
    """Return the words for an advice in a section of the file, whose keys are those of a model."""
    lines, when = IN_FILE.get(advice, ((), ""))
    for line in lines:
        if line.partition(" ")[0] in model.model_fields:
            return f"Write {line} in [{{section}}]{when}."
    if (advice, section) in BY_COMMAND:
        return BY_COMMAND[advice, section]
    words = ADVICE.get(advice)
    # Options that stand before any command are those of others.
    return None if words is None or "--" in words.partition("geoservice ")[0] else words


def section_of(plan: Plan, step: str) -> str:
    """Return the section that a step reads."""
    name = step.partition(" (")[0]
    if name != "town":
        return name
    if plan.outline is not None and plan.outline.file is not None:
        return "outline"
    return "grids" if plan.grids is not None and plan.grids.file is not None else "buildings"


def _table(plan: Plan, section: str) -> BaseModel:
    told = getattr(plan, section, None)
    if isinstance(told, tuple):
        told = told[0] if told else None
    return plan.town if told is None else told
