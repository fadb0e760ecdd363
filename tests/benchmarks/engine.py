"""The ownership engine in one process: beside others, built, and near borders."""

from __future__ import annotations

from tests.benchmarks import borders, building, comparing
from tests.benchmarks.goals import Goal
from tests.benchmarks.measuring import Figures, Say
from tests.benchmarks.scale import Scale

TITLE = "The engine"


def measured(scale: Scale, say: Say) -> Figures:
    """Return everything about the engine; raise WrongAnswers."""
    return {
        "beside others": comparing.measured(scale, say),
        "built": building.measured(scale, say),
        "near borders": borders.measured(scale, say),
    }


def goals(found: Figures) -> list[Goal]:
    """Return what was to be reached."""
    return comparing.goals(found["beside others"]) + building.goals(found["built"])


def table(found: Figures) -> list[str]:
    """Return the figures as markdown."""
    return [
        *("### Beside others", "", *comparing.table(found["beside others"])),
        *("", "![Positions a second against the number of grids](throughput.svg)", ""),
        *("### Near borders", "", *borders.table(found["near borders"])),
        *("", "![Positions a second against the share of them near borders](borders.svg)", ""),
        *("### Building and memory", "", *building.table(found["built"])),
        *("", "![Seconds and megabytes against the number of grids](building.svg)"),
    ]
