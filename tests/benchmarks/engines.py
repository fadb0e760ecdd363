"""The compiled kernel beside numpy: owners of many positions, and one position after the other."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from geoservice.engine.engines import engine_for
from geoservice.engine.index import OwnershipIndex
from tests.benchmarks.datasets import SETS, spread_evenly
from tests.benchmarks.goals import Goal, number
from tests.benchmarks.measuring import Figures, LeftOut, Say, WrongAnswers, median_ratio
from tests.benchmarks.scale import Scale

TITLE = "The compiled kernel beside numpy"
#: Sets that the engine is asked about; building the others twice would take minutes.
ABOUT = ("demo, 8", "synthetic, 8", "synthetic, 300", "Chicago, 275", "synthetic, 3,000")
#: One of how many of the positions is asked on its own.
ONE_OF = 200

Places = list[tuple[float, float]]


def measured(scale: Scale, say: Say) -> Figures:
    """Return how fast each is and how many times as fast the kernel is; raise LeftOut, WrongAnswers."""
    kernel = engine_for()
    if kernel.name == "numpy":
        raise LeftOut(kernel.reason)
    found = {}
    for name in ABOUT:
        if name in scale.sets and (grids := SETS[name]()):
            say(f"engines: {name}")
            compiled, numpy = (
                OwnershipIndex.build(list(grids), list(grids.values()), engine=one) for one in ("auto", "numpy")
            )
            lon, lat = np.ascontiguousarray(spread_evenly(grids, scale.positions).T)
            count = scale.positions // ONE_OF
            places = list(zip(lon[:count].tolist(), lat[:count].tolist(), strict=True))
            _check(compiled, numpy, lon, lat, places)
            asked = {}
            for who, index in (("compiled", compiled), ("numpy", numpy)):
                asked[f"owners {who}"] = partial(index.owners, lon, lat)
                asked[f"at {who}"] = partial(_one_by_one, index, places)
            found[name] = _figures(_in_turns(asked, scale.rounds), len(lon), count)
    return {"positions": scale.positions, "places": scale.positions // ONE_OF, "sets": found}


def _check(compiled: OwnershipIndex, numpy: OwnershipIndex, lon: np.ndarray, lat: np.ndarray, places: Places) -> None:
    """Compare all answers, to the last bit; this also makes ready what is made when first asked for."""
    differ = int(np.count_nonzero(compiled.owners(lon, lat) != numpy.owners(lon, lat)))
    differ += sum(compiled.at(*place) != numpy.at(*place) for place in places)
    if differ:
        raise WrongAnswers(f"the kernel answers {differ} times otherwise than numpy")


def _one_by_one(index: OwnershipIndex, places: Places) -> None:
    for lon, lat in places:
        index.at(lon, lat)


def _in_turns(asked: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """As measuring.in_turns, in seconds of the processor: both work in this one thread and wait for nothing."""
    seconds: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(rounds):
        for name, ask in asked.items():
            began = time.thread_time()
            ask()
            seconds[name].append(time.thread_time() - began)
    return seconds


def _figures(seconds: dict[str, list[float]], positions: int, places: int) -> Figures:
    return {
        **{f"owners {who}": positions / statistics.median(seconds[f"owners {who}"]) for who in ("numpy", "compiled")},
        "owners times": median_ratio(seconds["owners numpy"], seconds["owners compiled"]),
        **{f"at {who} us": statistics.median(seconds[f"at {who}"]) / places * 1e6 for who in ("numpy", "compiled")},
        "at times": median_ratio(seconds["at numpy"], seconds["at compiled"]),
    }


def goals(found: Figures) -> list[Goal]:
    """Return nothing: the goals are those of the engine, whichever reads the tables."""
    return []


def table(found: Figures) -> list[str]:
    """Return the figures as markdown."""
    columns = ("owners numpy", "owners compiled", "owners times", "at numpy us", "at compiled us", "at times")
    per = {"owners numpy": 1e-6, "owners compiled": 1e-6}
    return [
        f"`owners` of {found['positions']:,} positions spread evenly over the bounding box, by one thread, in millions",
        f"for a second of the processor; `at` for {found['places']:,} of them one after the other, in microseconds of",
        "the processor each, the loop included. All answers are equal to the last bit. Times: how many times as fast",
        "the compiled kernel is, as the median over rounds.",
        "",
        "| grids | owners: numpy | compiled | times | at: numpy, µs | compiled, µs | times |",
        f"|---|{'--:|' * len(columns)}",
        *(
            f"| {name} | {' | '.join(number(one[column] * per.get(column, 1)) for column in columns)} |"
            for name, one in found["sets"].items()
        ),
    ]
