"""The page of results: goals first, then each part with its circumstances."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from tests.benchmarks import (
    assigning,
    batches,
    cores,
    editing,
    engine,
    engines,
    freshness,
    idle,
    intake,
    items,
    layers_kept,
    looking_up,
    map_page,
    publishing,
    staff_pages,
    streaming,
    tiles,
)
from tests.benchmarks.goals import Goal
from tests.benchmarks.measuring import Figures

#: The parts by the names they are asked for, in the order of the page.
PARTS: dict[str, ModuleType] = {
    "engine": engine,
    "engines": engines,
    "http": looking_up,
    "batch": batches,
    "cores": cores,
    "assign": assigning,
    "publishing": publishing,
    "editing": editing,
    "intake": intake,
    "streams": streaming,
    "freshness": freshness,
    "idle": idle,
    "tiles": tiles,
    "items": items,
    "layers": layers_kept,
    "map": map_page,
    "pages": staff_pages,
}

_HEAD = """\
# Benchmarks

Written by `make bench`, which measures everything side by side in one run: everybody is asked in turn, round after
round (A B C A B C), so that a busy machine is equally unkind to all; figures are medians, ratios are medians over
rounds. Answers are compared with each other; a wrong one stops the run. `make bench ARGS="--only http,batch"` measures
those parts again and leaves the others as they are.
"""
_FIGURES = "All figures are in [results.json](results.json).\n"
_NOTHING = "\nNothing has been measured yet.\n"
_QUICK = """
**A trial: numbers of positions, rounds and seconds are so small that the figures mean little.**
"""


def rendered(results: Mapping[str, Any]) -> str:
    """Return the page of results, in markdown."""
    measured = {name: results[name] for name in PARTS if name in results}
    if not measured:
        return _HEAD + _NOTHING
    trial = any(one["circumstances"]["trial"] for one in measured.values())
    sections = [_HEAD + _FIGURES + (_QUICK if trial else ""), _goals(measured)]
    sections += [_section(name, one) for name, one in measured.items()]
    return "\n".join([*sections, _circumstances(measured)])


def _goals(measured: Mapping[str, Any]) -> str:
    told: list[Goal] = []
    for name, one in measured.items():
        if "left out" not in one["figures"]:
            told += PARTS[name].goals(one["figures"])
    missed = [goal for goal in told if not goal.met]
    lines = [
        "## Goals",
        "",
        f"{len(told) - len(missed)} of {len(told)} are met.",
        "",
        "| goal | wanted | found | |",
        "|---|--:|--:|---|",
        *(f"| {goal.what} | {goal.wanted} | {goal.found} | {'met' if goal.met else '**missed**'} |" for goal in told),
    ]
    return "\n".join(lines) + "\n"


def _section(name: str, one: Figures) -> str:
    figures = one["figures"]
    told = [f"Left out: {figures['left out']}."] if "left out" in figures else PARTS[name].table(figures)
    return "\n".join([f"## {PARTS[name].TITLE}", "", *told, ""])


def _circumstances(measured: Mapping[str, Any]) -> str:
    each = {name: one["circumstances"] for name, one in measured.items()}
    columns = ("commit", "date", "command", "load before", "load after")
    rows = [f"| {name} | {' | '.join(str(one[column]) for column in columns)} |" for name, one in each.items()]
    things = {"machine": [one["machine"] for one in each.values()]}
    for one in each.values():
        for thing, version in one["versions"].items():
            things.setdefault(thing, []).append(version)
    lines = [
        "## Circumstances",
        "",
        "Load is the average of the last minute; what is measured is a part of it.",
        "",
        f"| part | {' | '.join(columns)} |",
        f"|---|{'---|' * len(columns)}",
        *rows,
        "",
        "| | |",
        "|---|---|",
        *(f"| {thing} | {', '.join(dict.fromkeys(said))} |" for thing, said in things.items()),
    ]
    return "\n".join(lines) + "\n"
