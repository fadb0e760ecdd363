"""How long an index takes to build, and its memory: each time in a process of its own.

`python -m tests.benchmarks.building SET` builds one and prints the figures as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks.datasets import SETS, spread_evenly
from tests.benchmarks.goals import Goal, below, number
from tests.benchmarks.measuring import ROOT, Figures, Say, medians
from tests.benchmarks.scale import Scale

_POSITIONS = 1_000_000
#: Seconds and megabytes.
GOALS = {"synthetic, 3,000": (1.0, None), "England and Wales, 34,753": (20.0, 1_500.0)}


def resident_mb(field: str = "VmRSS", process: int | str = "self") -> float:
    """Return the resident memory of a process, or with VmHWM its peak, in megabytes.

    Not getrusage: what that calls the peak of a process begins with that of the process that started it.
    """
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024 / 1e6
    return float("nan")


def measure(name: str) -> Figures:
    """Return seconds and megabytes of building the index of a set of grids and of asking it, in this process."""
    from geoservice.engine.index import OwnershipIndex  # noqa: PLC0415  its imports belong to the first figure

    found = {"before_mb": resident_mb()}
    grids = SETS[name]()
    codes, geoms = list(grids), list(grids.values())
    found["grids_read_mb"] = resident_mb()
    began = time.perf_counter()
    index = OwnershipIndex.build(codes, geoms)
    found |= {"build_s": time.perf_counter() - began, "tables_mb": index.nbytes / 1e6}
    found |= {"peak_building_mb": resident_mb("VmHWM")}
    began = time.perf_counter()
    index.warm()
    found |= {"nearest_s": time.perf_counter() - began, "tables_with_nearest_mb": index.nbytes / 1e6}
    lon, lat = spread_evenly(grids, _POSITIONS).T
    index.owners(lon, lat)
    index.lookup(lon, lat)
    return found | {"resident_mb": resident_mb(), "peak_mb": resident_mb("VmHWM")}


def _measured_apart(name: str) -> Figures:
    command = [sys.executable, "-m", "tests.benchmarks.building", name]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found: Figures = json.loads(run.stdout)
    return found


def measured(scale: Scale, say: Say) -> Figures:
    """Return the medians for every set that is there."""
    found = {}
    for name in scale.sets:
        if SETS[name]():
            say(f"engine: {name}, built")
            rounds = [_measured_apart(name) for _ in range(scale.builds)]
            found[name] = medians(rounds) | {"grids": len(SETS[name]())}
    return found


def goals(found: Figures) -> list[Goal]:
    """Return what was to be reached, with the lists of nearest edges: without them there are no distances."""
    told = []
    for name, (seconds, megabytes) in GOALS.items():
        if name in found:
            one = found[name]
            told.append(below(f"{name}: index built, for owners", one["build_s"], seconds, " s"))
            told.append(below(f"{name}: the same, for distances too", one["build_s"] + one["nearest_s"], seconds, " s"))
            if megabytes:
                told.append(below(f"{name}: peak memory of building", one["peak_building_mb"], megabytes, " MB"))
                told.append(below(f"{name}: the same, for distances too", one["peak_mb"], megabytes, " MB"))
    return told


_COLUMNS = {
    "build_s": "build s", "nearest_s": "nearest edges s", "tables_mb": "tables MB",
    "tables_with_nearest_mb": "with nearest edges MB", "before_mb": "process before MB",
    "grids_read_mb": "grids read MB", "peak_building_mb": "peak, built MB", "peak_mb": "peak, a million asked MB",
}  # fmt: skip


def table(found: Figures) -> list[str]:
    """Return the figures as markdown."""
    return [
        "An index is built in a process of its own. The lists of nearest edges are made when a distance is first asked",
        "for, or beforehand. Peaks are those of the whole process, interpreter, libraries and polygons included.",
        "",
        f"| grids | {' | '.join(_COLUMNS.values())} |",
        f"|---|{'--:|' * len(_COLUMNS)}",
        *(f"| {name} | {' | '.join(number(one[column]) for column in _COLUMNS)} |" for name, one in found.items()),
    ]


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
