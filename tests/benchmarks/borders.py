"""What nearness to borders costs: more and more of the positions lie within 15 m of one."""

from __future__ import annotations

import statistics
from functools import partial

import numpy as np

from geoservice.engine.index import OwnershipIndex
from tests.benchmarks.datasets import SETS, far_from_borders, mixed, near_borders
from tests.benchmarks.goals import number
from tests.benchmarks.measuring import Figures, Say, in_turns
from tests.benchmarks.scale import Scale

SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
#: Among 30,000 grids of a town hardly a position is far from all borders.
ABOUT = ("synthetic, 300", "Chicago, 275", "synthetic, 3,000")
ONE_OF = 4


def measured(scale: Scale, say: Say) -> Figures:
    """Return positions a second by the share of them near borders, one thread."""
    found = {}
    for name in ABOUT:
        if name in scale.sets and (grids := SETS[name]()):
            say(f"engine: {name}, near borders")
            index = OwnershipIndex.build(list(grids), list(grids.values()))
            index.warm()
            count = scale.positions // ONE_OF
            near, far = near_borders(grids, count), far_from_borders(grids, index, count)
            asked = {}
            for share in SHARES:
                lon, lat = np.ascontiguousarray(mixed(near, far, share).T)
                asked[f"owners {share}"] = partial(index.owners, lon, lat)
                asked[f"lookup {share}"] = partial(index.lookup, lon, lat)
            seconds = in_turns(asked, scale.rounds)
            found[name] = {
                who: [count / statistics.median(seconds[f"{who} {share}"]) for share in SHARES]
                for who in ("owners", "lookup")
            }
    return {"shares": list(SHARES), "sets": found}


def table(found: Figures) -> list[str]:
    """Return the figures as markdown."""
    shares = [f"{share:.0%}" for share in found["shares"]]
    return [
        "Millions of positions a second by one thread, by the share of them that lie within 15 m of a border:",
        "",
        f"| grids | asked | {' | '.join(shares)} |",
        f"|---|---|{'--:|' * len(shares)}",
        *(
            f"| {name} | {who} | {' | '.join(number(rate / 1e6) for rate in rates)} |"
            for name, one in found["sets"].items()
            for who, rates in one.items()
        ),
    ]
