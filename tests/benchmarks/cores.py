"""What more cores bring: threads in one process, and processes side by side."""

from __future__ import annotations

import multiprocessing
import os
import statistics
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from geoservice.engine.index import OwnershipIndex
from tests.benchmarks.datasets import SETS, spread_evenly
from tests.benchmarks.goals import Goal, number
from tests.benchmarks.measuring import Figures, Say, in_turns, median_ratio
from tests.benchmarks.scale import Scale

TITLE = "More cores of one machine"
NAME = "synthetic, 3,000"


def _answer_when_told(positions: int, told: Connection) -> None:
    # A process of a web server, or of a job: it builds its own index and answers its own positions.
    grids = SETS[NAME]()
    index = OwnershipIndex.build(list(grids), list(grids.values()))
    lon, lat = np.ascontiguousarray(spread_evenly(grids, positions).T)
    index.owners(lon, lat)
    told.send("ready")
    while told.recv():
        index.owners(lon, lat)
        told.send("done")


def _started(positions: int, count: int) -> list[tuple[Any, Connection]]:
    context = multiprocessing.get_context("spawn")
    started = []
    for _ in range(count):
        ours, theirs = context.Pipe()
        process = context.Process(target=_answer_when_told, args=(positions, theirs), daemon=True)
        process.start()
        started.append((process, ours))
    for _, ours in started:
        ours.recv()
    return started


def _together(started: list[tuple[Any, Connection]]) -> None:
    for _, told in started:
        told.send(True)
    for _, told in started:
        told.recv()


def counts() -> list[int]:
    """Return how many at once: one, doubled up to the number of cores, and all of them."""
    cores = os.cpu_count() or 1
    return sorted({1, cores, *(2**power for power in range(cores.bit_length()) if 2**power < cores)})


def measured(scale: Scale, say: Say) -> Figures:
    """Return positions a second with more and more threads, and with more and more processes."""
    say("cores: threads and processes in turns")
    grids = SETS[NAME]()
    index = OwnershipIndex.build(list(grids), list(grids.values()))
    lon, lat = np.ascontiguousarray(spread_evenly(grids, scale.positions).T)
    started = _started(scale.positions, max(counts()))
    asked: dict[str, Callable[[], object]] = {}
    for count in counts():
        asked[f"threads {count}"] = partial(index.owners, lon, lat, threads=count)
        asked[f"processes {count}"] = partial(_together, started[:count])
    seconds = in_turns(asked, scale.rounds)
    for process, told in started:
        told.send(False)
        process.join()
    return {
        "set": NAME,
        "positions": scale.positions,
        **{
            kind: [_figures(kind, count, scale.positions, seconds) for count in counts()]
            for kind in ("threads", "processes")
        },
    }


def _figures(kind: str, count: int, positions: int, seconds: dict[str, list[float]]) -> Figures:
    # Threads share the positions; each process has as many of its own.
    work = count if kind == "processes" else 1
    mine, alone = seconds[f"{kind} {count}"], seconds[f"{kind} 1"]
    return {
        "count": count,
        "rate": positions * work / statistics.median(mine),
        "times one": work * median_ratio(alone, mine),
    }


def goals(found: Figures) -> list[Goal]:
    """Return nothing: how cores are shared is the machine's affair, and told without a goal."""
    return []


def table(found: Figures) -> list[str]:
    """Return the figures as markdown."""
    return [
        f"`owners` of {found['positions']:,} positions, {found['set']} grids. Threads share them; each process has an",
        "index and as many positions of its own.",
        "",
        "| at once | millions of positions a second | times one |",
        "|---|--:|--:|",
        *(
            f"| {one['count']} {kind if one['count'] > 1 else kind.removesuffix('es' if kind == 'processes' else 's')} "
            f"| {number(one['rate'] / 1e6)} | {number(one['times one'])} |"
            for kind in ("threads", "processes")
            for one in found[kind]
        ),
    ]
