"""How things are timed: in turns, as medians, with the circumstances beside them."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import shapely

ROOT = Path(__file__).parents[2]
#: What the figures depend on, beside the machine.
LIBRARIES = ("numpy", "shapely", "geopandas", "sedonadb", "pyarrow", "granian", "flask")

Figures = dict[str, Any]
#: Tells people what is being done.
Say = Callable[[str], None]


class LeftOut(Exception):
    """Something that would be measured can not be: its sentence says why."""


class WrongAnswers(Exception):
    """An answer was wrong, so nothing can be said about its speed."""


def in_turns(asked: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each in each round, asked in turn (A B C A B C), so that a busy machine hits all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(rounds):
        for name, ask in asked.items():
            began = time.perf_counter()
            ask()
            seconds[name].append(time.perf_counter() - began)
    return seconds


def median_ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    """Return how many times larger, as the median over rounds: neighbours in time are compared with each other."""
    return statistics.median(s / f for s, f in zip(slow, fast, strict=True))


def medians(rounds: Sequence[Figures]) -> Figures:
    """Return the median of every figure."""
    return {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}


def load() -> float:
    """Return the load average of the last minute; what is measured is itself a part of it."""
    return round(os.getloadavg()[0], 2)


def cpu_model() -> str:
    """Return what the kernel calls the processor."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def commit() -> str:
    """Return the commit that is measured, and whether files differ from it."""

    def git(*words: str) -> str:
        try:
            return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            return ""

    # What was measured before lies in the checkout too, and changes nothing.
    changed = git("status", "--porcelain", "--", ".", ":!docs/benchmarks")
    return (git("rev-parse", "--short", "HEAD") or "unknown") + (" with changes" if changed else "")


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "not installed"


def circumstances(arguments: Sequence[str]) -> Figures:
    """Return what the figures of this run depend on; parts add the versions of what they ask beside."""
    return {
        "command": " ".join(["python -m tests.benchmarks", *arguments]),
        "commit": commit(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{os.cpu_count()} cores, {cpu_model()}",
        "versions": {
            "Python": platform.python_version(),
            **{library: _version(library) for library in LIBRARIES},
            "GEOS of shapely": ".".join(map(str, shapely.geos_version)),
        },
    }
