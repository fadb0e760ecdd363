"""Features of a box by OGC API Features: a page of a city, beside plain SQL and what else people use for it."""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import psycopg

from layers.crs import Bbox
from tests.benchmarks import databases
from tests.benchmarks.cities import BOUNDS, MadeCity, make_city
from tests.benchmarks.goals import Goal, at_least, below, number
from tests.benchmarks.item_rivals import AskItems, ItemContender, lay_table, pygeoapi, service, sql_over_http, tipg
from tests.benchmarks.measuring import Figures, LeftOut, Say, WrongAnswers, median_ratio
from tests.benchmarks.paced import percentile_ms
from tests.benchmarks.scale import Scale
from tests.benchmarks.tile_latency import cpu_s, database_process

TITLE = "Features of a box (OGC API Features)"
PAGE, LARGE_PAGE = 1000, 10_000
#: Of plain SQL behind the same web server: how fast ours is at least, as a share of its pages a second.
SHARE = 0.8
#: Boxes that are asked about in each round.
_BOXES = 10
#: Rounds over them by which work is counted: a processor's time is told in hundredths of a second.
_WORK_ROUNDS = 10
#: Large pages that a server gives before its memory is looked at, and until it is looked at again.
_SETTLE, _PAGES = 10, 100
_GROWTH_MB = 10
_WITHIN = """
    SELECT count(*) FROM bench.buildings
     WHERE public.st_intersects(geom, public.st_makeenvelope(%s, %s, %s, %s, 4326))
"""


@dataclass
class _TakingPart:
    """Who takes part, ours first, and why others do not."""

    servers: list[ItemContender] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


def measured(scale: Scale, say: Say) -> Figures:
    """Return how long pages take of everybody, and what large ones do to our memory; raise LeftOut, WrongAnswers."""
    with databases.some_cluster() as cluster, databases.some_database(cluster) as url:
        say(f"items: a city of {scale.tile_buildings:,} buildings")
        city = make_city(url, scale.tile_buildings, 0)
        lay_table(city)
        boxes = _boxes(city)
        with _taking_part(city, say) as found:
            asks = {one.name: one.connected() for one in found.servers}
            _check_equal(asks, boxes[0])
            say(f"items: pages of {PAGE:,}")
            seconds, sizes = _in_turns(asks, boxes, scale.tile_rounds)
            work = {one.name: _work(city, one, asks[one.name], boxes) for one in found.servers}
            say(f"items: memory at pages of {LARGE_PAGE:,}")
            memory = _memory(found.servers[0], asks[found.servers[0].name])
            return {
                "database versions": databases.versions(url), "buildings": scale.tile_buildings, "boxes": len(boxes),
                "rounds": scale.tile_rounds, "absent": found.left_out, "memory": memory,
                "asked": {
                    name: {"p50_ms": percentile_ms(took, 0.5), "p95_ms": percentile_ms(took, 0.95),
                           "bytes": sizes[name], **work[name]}
                    for name, took in seconds.items()
                },
                "ratios": {name: median_ratio(took, seconds["service"]) for name, took in seconds.items()},
            }  # fmt: skip


def _boxes(city: MadeCity) -> list[Bbox]:
    """Return boxes here and there, each around so many buildings as a page has, or a few more."""
    rng, found = np.random.default_rng(1), []
    with psycopg.connect(city.url) as connection:
        while len(found) < _BOXES:
            x, y = rng.uniform((BOUNDS.west, BOUNDS.south), (BOUNDS.east, BOUNDS.north))
            small, large = 0.0, 1.0
            for _ in range(20):
                middle = (small + large) / 2
                half = middle * (BOUNDS.east - BOUNDS.west), middle * (BOUNDS.north - BOUNDS.south)
                box = Bbox(*(round(float(side), 7) for side in (x - half[0], y - half[1], x + half[0], y + half[1])))
                row = connection.execute(_WITHIN, box).fetchone()
                within = 0 if row is None else row[0]
                if PAGE <= within <= PAGE + PAGE // 50:
                    found.append(box)
                    break
                small, large = (middle, large) if within < PAGE else (small, middle)
    return found


@contextlib.contextmanager
def _taking_part(city: MadeCity, say: Say) -> Iterator[_TakingPart]:
    found = _TakingPart()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        found.servers += [stack.enter_context(service(city)), stack.enter_context(sql_over_http(city))]
        others: dict[str, Callable[[], contextlib.AbstractContextManager[ItemContender]]] = {
            "TiPg": lambda: tipg(city), "pygeoapi": lambda: pygeoapi(city, folder)
        }  # fmt: skip
        for name, other in others.items():
            try:
                found.servers.append(stack.enter_context(other()))
            except LeftOut as reason:
                found.left_out[name] = str(reason)
                say(f"items: {name} is left out: {reason}")
        yield found


def _check_equal(asks: dict[str, AskItems], box: Bbox) -> None:
    """Raise WrongAnswers unless everybody tells the same buildings of a box, all of them, with the same kinds."""
    told = {}
    for name, ask in asks.items():
        features = json.loads(ask(box, 2 * PAGE))["features"]
        told[name] = {one["properties"].get("code", one.get("id")): one["properties"]["kind"] for one in features}
    ours = told["service"]
    for name, those in told.items():
        if those != ours:
            raise WrongAnswers(f"items: {name} tells {len(those)} buildings, the service {len(ours)}, or other kinds")


def _in_turns(
    asks: dict[str, AskItems], boxes: Sequence[Bbox], rounds: int
) -> tuple[dict[str, list[float]], dict[str, int]]:  # fmt: skip
    """Return the seconds of each page, box by box asked of all in turn, and the bytes of the last; not of round one."""
    seconds: dict[str, list[float]] = {name: [] for name in asks}
    sizes = dict.fromkeys(asks, 0)
    for turn in range(rounds + 1):
        for box in boxes:
            for name, ask in asks.items():
                began = time.perf_counter()
                sizes[name] = len(ask(box, PAGE))
                if turn:
                    seconds[name].append(time.perf_counter() - began)
    return seconds, sizes


def _work(city: MadeCity, one: ItemContender, ask: AskItems, boxes: Sequence[Bbox]) -> Figures:
    """Return what a page takes of a processor, in ms: of the database, and of the server."""
    pids = {"database_ms": database_process(city), "server_ms": one.pid}
    before = {name: cpu_s(pid) for name, pid in pids.items()}
    for _ in range(_WORK_ROUNDS):
        for box in boxes:
            ask(box, PAGE)
    pages = _WORK_ROUNDS * len(boxes)
    return {name: (cpu_s(pid) - before[name]) / pages * 1e3 for name, pid in pids.items()}


def _memory(ours: ItemContender, ask: AskItems) -> Figures:
    """Return what the process that answers holds, in MB: before large pages, after some of them, after many."""
    process = psutil.Process(ours.pid)

    def held() -> float:
        return process.memory_info().rss / 1e6

    found = {"before": held()}
    for n in range(1, _PAGES + 1):
        body = ask(BOUNDS, LARGE_PAGE)
        if n in (_SETTLE, _PAGES):
            found["after some" if n == _SETTLE else "after many"] = held()
    return found | {"page": len(body) / 1e6, "some": _SETTLE, "many": _PAGES}


def goals(found: Figures) -> list[Goal]:
    """Return what was to be reached."""
    grown = found["memory"]["after many"] - found["memory"]["after some"]
    return [
        at_least(f"features of a box, {PAGE:,} of {found['buildings']:,}: share of plain SQL behind the same server",
                 found["ratios"]["SQL, granian"], SHARE),
        below(f"pages of {LARGE_PAGE:,} features: memory grows over {found['memory']['many']} of them",
              grown, _GROWTH_MB, " MB"),
    ]  # fmt: skip


def table(found: Figures) -> list[str]:
    """Return the figures as people read them."""
    memory = found["memory"]
    rows = [
        f"| {name} | {number(one['p50_ms'])} | {number(one['p95_ms'])} | {number(found['ratios'][name])} |"
        f" {number(one['database_ms'])} | {number(one['server_ms'])} | {number(one['bytes'] / 1e3)} |"
        for name, one in found["asked"].items()
    ]
    absent = [f"{name} is left out: {reason}." for name, reason in found["absent"].items()]
    grown = ", ".join(
        f"{number(memory[when])} MB {said}"
        for when, said in (
            ("before", "before"), ("after some", f"after {memory['some']}"), ("after many", f"after {memory['many']}")
        )
    )  # fmt: skip
    return [
        f"A page of {PAGE:,} of {found['buildings']:,} buildings with all their properties, by a box around them;"
        f" {found['boxes']} boxes, one after the other, asked of all in turn, {found['rounds']} rounds. *SQL* is"
        " `ST_AsGeoJSON` of a table with the same columns behind our own web server: no count, no order, no rights, no"
        " links.",
        "",
        "| | p50 ms | p95 ms | times ours | work of the database, ms | of the server, ms | kB |",
        "|---|--:|--:|--:|--:|--:|--:|",
        *rows,
        "",
        f"Pages of {LARGE_PAGE:,} ({number(memory['page'])} MB): the process holds {grown}.",
        *(["", *absent] if absent else []),
        "",
        "TiPg as for tiles; pygeoapi: `python -m venv FOLDER` and"
        " `FOLDER/bin/pip install pygeoapi gunicorn psycopg2-binary geoalchemy2`;"
        " `GEOSERVICE_BENCH_PYGEOAPI=FOLDER/bin/python`.",
    ]
