"""Ours beside what else people use, on the same positions in one run, every answer compared first.

Slow ones get fewer of the positions, the first of them; rates are compared per position.
"""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geoservice.engine.index import OwnershipIndex
from tests.benchmarks import databases, postgis, rivals
from tests.benchmarks.datasets import SETS, Grids, sorted_grids, spread_evenly
from tests.benchmarks.goals import Goal, at_least, below, number
from tests.benchmarks.measuring import Figures, LeftOut, Say, WrongAnswers, in_turns, median_ratio
from tests.benchmarks.rivals import Contender
from tests.benchmarks.scale import Scale
from tests.oracles import Lonlats

#: One of how many of the positions each rival gets: about a second for a round.
ONE_OF = {"shapely": 8, "GeoPandas": 8, "SedonaDB": 4, "PostGIS": 20, "owner_of": 400}
RIVALS = tuple(ONE_OF)
OURS = ("owners", "owners, all cores", "lookup")
#: How many times as fast as a rival: by one thread, in these sets.
TIMES_SEDONADB = {"synthetic, 8": 20, "synthetic, 300": 20, "synthetic, 3,000": 20, "synthetic, 30,000": 10}
TIMES_POSTGIS = 100
#: How many times as long as `owners` a `lookup` may take, and where.
LOOKUP_TAKES, LOOKUP_SET = 3, "synthetic, 300"


def measured(scale: Scale, say: Say) -> Figures:
    """Return rates and ratios for every set of grids; raise WrongAnswers."""
    found: Figures = {"sets": {}}
    with contextlib.ExitStack() as stack:
        try:
            cluster = stack.enter_context(databases.some_cluster())
            with databases.some_database(cluster) as url:
                found["database versions"] = databases.versions(url)
        except LeftOut as reason:
            cluster, found["no database"] = None, str(reason)
        for name in scale.sets:
            say(f"engine: {name}, beside others")
            grids = SETS[name]()
            found["sets"][name] = (
                _compared(grids, cluster, scale) if grids else {"left out": "the development data are not there"}
            )
    return found


def _compared(grids: Grids, cluster: str | None, scale: Scale) -> Figures:
    codes, geoms = sorted_grids(grids)
    index = OwnershipIndex.build(codes, list(geoms))
    index.warm()
    lonlats = spread_evenly(grids, scale.positions)
    assert list(index.codes) == codes  # its answers are indices into codes in byte order, as everybody's
    with contextlib.ExitStack() as stack:
        asked = rivals.ours(index, lonlats)
        absent: dict[str, str] = {}
        for name in RIVALS:
            try:
                few = lonlats[: max(1, scale.positions // ONE_OF[name])]
                asked.append(stack.enter_context(_rival(name, codes, geoms, few, cluster)))
            except LeftOut as reason:
                absent[name] = str(reason)
        check_equal(asked)
        seconds = in_turns({one.name: one.ask for one in asked}, scale.rounds)
        return {"grids": len(codes), "left out": absent, **figures(asked, seconds)}


@contextlib.contextmanager
def _rival(
    name: str, codes: Sequence[str], geoms: NDArray[Any], lonlats: Lonlats, cluster: str | None
) -> Iterator[Contender]:
    """Yield a rival that is ready to be asked; raise LeftOut."""
    in_memory = {"shapely": rivals.by_shapely, "GeoPandas": rivals.by_geopandas, "SedonaDB": rivals.by_sedonadb}
    if name in in_memory:
        try:
            contender = in_memory[name](geoms, lonlats)
        except ImportError as exc:
            raise LeftOut(f"{exc.name} is not installed") from exc
        yield contender
        return
    if cluster is None:
        raise LeftOut("no database")
    invalid = int((~shapely.is_valid(geoms)).sum())
    if name == "owner_of" and invalid:
        raise LeftOut(f"{invalid} of the areas are invalid, and no edition with such is published")
    with databases.some_database(cluster) as url:
        if name == "PostGIS":
            yield postgis.by_join(url, geoms, lonlats)
        else:
            yield postgis.by_owner_of(url, codes, geoms, lonlats)


def check_equal(asked: Sequence[Contender]) -> None:
    """Raise WrongAnswers when somebody's answers differ from the first one's."""
    expected = asked[0].answered()
    for one in asked[1:]:
        differ = int(np.count_nonzero(one.answered() != expected[: one.positions]))
        if differ:
            raise WrongAnswers(f"{one.name} ({one.way}): {differ} of {one.positions} answers differ from ours")


def figures(asked: Sequence[Contender], seconds: Mapping[str, Sequence[float]]) -> Figures:
    """Return each one's positions a second and how many times as fast ours are."""
    each = {one.name: [s / one.positions for s in seconds[one.name]] for one in asked}
    return {
        "asked": {
            one.name: {
                "way": one.way,
                "positions": one.positions,
                "rate": 1 / statistics.median(each[one.name]),
                "lowest": 1 / max(each[one.name]),
                "highest": 1 / min(each[one.name]),
            }
            for one in asked
        },
        "ratios": {
            f"{mine} / {other}": median_ratio(each[other], each[mine])
            for mine in OURS
            if mine in each
            for other in each
            if mine != other and (other in RIVALS or mine == "owners")
        },
    }


def goals(found: Figures) -> list[Goal]:
    """Return what was to be reached beside others; what was not measured has no goal."""
    told = []
    for name, one in found["sets"].items():
        ratios = one.get("ratios", {})
        for mine, threads in (("owners", "1 thread"), ("owners, all cores", "all cores")):
            if name in TIMES_SEDONADB and f"{mine} / SedonaDB" in ratios:
                what = f"{name} grids: owners by {threads}, times SedonaDB (which uses all cores)"
                told.append(at_least(what, ratios[f"{mine} / SedonaDB"], TIMES_SEDONADB[name], " x"))
        if "owners / PostGIS" in ratios:
            what = f"{name} grids: owners by 1 thread, times PostGIS (which uses all cores)"
            told.append(at_least(what, ratios["owners / PostGIS"], TIMES_POSTGIS, " x"))
        if name == LOOKUP_SET:
            what = f"{name} grids: a look-up with distances takes, times owners"
            told.append(below(what, ratios["owners / lookup"], LOOKUP_TAKES, " x"))
    return told


def table(found: Figures) -> list[str]:
    """Return the figures as markdown."""
    compared = {name: one for name, one in found["sets"].items() if "asked" in one}
    names = [name for name in (*OURS, *RIVALS) if any(name in one["asked"] for one in compared.values())]
    return [
        "Millions of positions a second, spread evenly over the bounding box, all answers equal. `owners` says who",
        "owns; `lookup` says how far the border is, too. Rivals are asked in the fastest of several ways and need not",
        "apply the rule for borders in the time that counts; SedonaDB and PostGIS use all cores.",
        "",
        f"| grids | {' | '.join(names)} |",
        f"|---|{'--:|' * len(names)}",
        *(f"| {grids} | {' | '.join(_rate(one, name) for name in names)} |" for grids, one in compared.items()),
        "",
        "How many times as fast, as the median over rounds:",
        "",
        *_ratio_table(compared),
        "",
        *_ways(compared, names),
        *_absences(found),
    ]


def _rate(one: Figures, name: str) -> str:
    return number(one["asked"][name]["rate"] / 1e6) if name in one["asked"] else ""


def _ratio_table(compared: Figures) -> list[str]:
    columns = ["owners / lookup", *(f"owners / {other}" for other in RIVALS), "owners, all cores / SedonaDB",
               "owners, all cores / PostGIS", "lookup / shapely", "lookup / SedonaDB"]  # fmt: skip
    columns = [name for name in columns if any(name in one["ratios"] for one in compared.values())]
    return [
        f"| grids | {' | '.join(columns)} |",
        f"|---|{'--:|' * len(columns)}",
        *(
            f"| {grids} | {' | '.join(number(one['ratios'][c]) if c in one['ratios'] else '' for c in columns)} |"
            for grids, one in compared.items()
        ),
    ]


def _ways(compared: Figures, names: Sequence[str]) -> list[str]:
    """Return how each was asked, and for how many positions."""
    lines = ["How they were asked, where it was fastest, and for how many positions:", ""]
    for name in names:
        by_way: dict[tuple[str, int], list[str]] = {}
        for grids, one in compared.items():
            if asked := one["asked"].get(name):
                by_way.setdefault((asked["way"], asked["positions"]), []).append(grids)
        said = [f"{way}, {count:,}" + (f" ({'; '.join(sets)})" if len(by_way) > 1 else "")
                for (way, count), sets in by_way.items()]  # fmt: skip
        lines.append(f"- {name}: {'; '.join(said)}")
    return lines


def _absences(found: Figures) -> list[str]:
    lines = [f"- Left out: PostGIS and owner_of; {found['no database']}."] if "no database" in found else []
    for grids, one in found["sets"].items():
        absent = one["left out"]
        if isinstance(absent, str):
            lines.append(f"- Left out: {grids}, {absent}.")
        elif "no database" not in found:
            lines += [f"- Left out: {name} on {grids}; {reason}." for name, reason in absent.items()]
    return ["", *lines] if lines else []
