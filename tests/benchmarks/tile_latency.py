"""Cold tiles: how long one takes, how many a second several get, what that costs in work, and how large tiles are."""

from __future__ import annotations

import gzip
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import mapbox_vector_tile
import psutil
import psycopg
import shapely

from tests.benchmarks.cities import BOUNDS, MadeCity
from tests.benchmarks.measuring import Figures, LeftOut, WrongAnswers
from tests.benchmarks.paced import percentile_ms
from tests.benchmarks.tile_rivals import GZIP, Ask, Contender, whole
from tilegen.matrix import EXTENT, Tile, tiles_of

ZOOMS = (8, 10, 12, 14, 15, 16)
#: At most so many tiles of a zoom are asked for one by one in a round, spread over all of them.
MOST = 40
#: Zooms at which every feature is drawn, asked for by several at once.
TOGETHER, CONNECTIONS = (14, 16), 8
#: A tile with nothing in it: whoever was asked for it has opened a connection, and knows the tables.
NOWHERE = Tile(16, 0, 20_000)
#: Who is compared with whom; ours over HTTP, or without a server where there is none.
RATIOS = ("SQL 3857", "SQL 3857, granian", "SQL 4326", "Martin 3857", "Martin 4326", "TiPg 3857", "TiPg 4326")


def some_tiles(zoom: int, most: int = MOST) -> list[Tile]:
    """Return tiles of the city, spread evenly when there are more than wanted."""
    tiles = list(tiles_of(BOUNDS, zoom))
    return tiles[:: -(-len(tiles) // most)]


def latencies(
    contenders: Sequence[Contender], layer: str, zoom: int, rounds: int, forget: Callable[[], None]
) -> Figures:
    """Return milliseconds and bytes of one tile after the other; each tile is asked of all in turn.

    A round before the first one is not counted: it opens connections, and prepares statements.

    Parameters
    ----------
    forget
        Makes all tiles new, so that nobody has kept one.
    """
    asks = {one.name: one.connected() for one in contenders}
    seconds: dict[str, list[float]] = {name: [] for name in asks}
    largest = dict.fromkeys(asks, 0)
    for turn in range(rounds + 1):
        forget()
        for tile in some_tiles(zoom):
            for name, ask in asks.items():
                began = time.perf_counter()
                body = ask(layer, tile)
                if turn:
                    seconds[name].append(time.perf_counter() - began)
                largest[name] = max(largest[name], len(whole(body)))
    return {
        "tiles": len(some_tiles(zoom)),
        "asked": {
            name: {"p50_ms": percentile_ms(found, 0.5), "p95_ms": percentile_ms(found, 0.95), "bytes": largest[name]}
            for name, found in seconds.items()
        },
        "ratios": _ratios(seconds),
    }


def _ratios(found: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return how many times as long as ours others took, as the median over neighbours in time."""
    return {
        f"{name} / {ours}": statistics.median(t / o for t, o in zip(found[name], found[ours], strict=True))
        for ours in ("service", "cut_tiles") if ours in found
        for name in RATIOS if name in found
    }  # fmt: skip


def together(
    contenders: Sequence[Contender], layer: str, zoom: int, rounds: int, forget: Callable[[], None], database: int
) -> Figures:
    """Return tiles a second for several who ask at once, and the work of a tile, in milliseconds of a processor.

    Parameters
    ----------
    database
        Process of the database, with all below it.
    """
    tiles = list(tiles_of(BOUNDS, zoom))
    rates: dict[str, list[float]] = {one.name: [] for one in contenders}
    work: dict[str, list[tuple[float, float]]] = {one.name: [] for one in contenders}
    for _ in range(rounds):
        for one in contenders:
            forget()
            asks = [one.connected() for _ in range(CONNECTIONS)]
            for ask in asks:
                ask(layer, NOWHERE)
            before = [cpu_s(database), cpu_s(one.pid or os.getpid())]
            rates[one.name].append(len(tiles) / _asked_together(asks, layer, tiles))
            after = [cpu_s(database), cpu_s(one.pid or os.getpid())]
            spent = [(late - early) / len(tiles) * 1e3 for early, late in zip(before, after, strict=True)]
            work[one.name].append((spent[0], spent[1]))
    return {
        name: {
            "tiles_s": statistics.median(rates[name]),
            "database_ms": statistics.median(one for one, _ in work[name]),
            "server_ms": statistics.median(one for _, one in work[name]),
        }
        for name in rates
    }


def _asked_together(asks: Sequence[Ask], layer: str, tiles: Sequence[Tile]) -> float:
    """Return the seconds in which some who ask at once got all of the tiles, each tile once."""
    left, lock = iter(tiles), threading.Lock()
    failures: list[BaseException] = []

    def next_tiles() -> Iterator[Tile]:
        while True:
            with lock:
                tile = next(left, None)
            if tile is None:
                return
            yield tile

    def work(ask: Ask) -> None:
        try:
            for tile in next_tiles():
                ask(layer, tile)
        except Exception as exc:  # noqa: BLE001  told by whoever waits for the thread
            failures.append(exc)

    threads = [threading.Thread(target=work, args=(ask,)) for ask in asks]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise WrongAnswers(f"tiles: {failures[0]}")
    return time.perf_counter() - began


def cpu_s(pid: int) -> float:
    """Return the processor seconds of a process and of all below it, those that ended included."""
    while True:
        process = psutil.Process(pid)
        try:
            below = [child.cpu_times() for child in process.children(recursive=True)]
        except psutil.NoSuchProcess:  # one ended meanwhile: its parent has its time now
            continue
        own = process.cpu_times()
        return own.children_user + own.children_system + sum(one.user + one.system for one in (own, *below))


def database_process(city: MadeCity) -> int:
    """Return the process above all sessions of the database; raise LeftOut when it is on another machine."""
    with psycopg.connect(city.url) as connection:
        pid = connection.info.backend_pid
        if not psutil.pid_exists(pid):
            raise LeftOut("the database runs on another machine, where its work can not be counted")
        return psutil.Process(pid).ppid()


def sizes(ours: Contender, layer: str) -> list[Figures]:
    """Return how large our tiles are at each zoom, as they are and compressed as they are sent."""
    ask, found = ours.connected(), []
    for zoom in range(8, 17):
        bodies = [whole(ask(layer, tile)) for tile in some_tiles(zoom)]
        sent = [len(gzip.compress(body, GZIP)) for body in bodies]
        found.append({"zoom": zoom, "tiles": len(bodies), "median": statistics.median(map(len, bodies)),
                      "largest": max(map(len, bodies)), "sent_median": statistics.median(sent),
                      "sent_largest": max(sent)})  # fmt: skip
    return found


def check_equal(contenders: Sequence[Contender], layer: str) -> None:
    """Raise WrongAnswers unless the same features are in everybody's tiles, where all are drawn."""
    for zoom in TOGETHER:
        tile = some_tiles(zoom)[len(some_tiles(zoom)) // 2]
        told = {one.name: _features(whole(one.connected()(layer, tile))) for one in contenders}
        first, *others = told
        if not told[first]:
            raise WrongAnswers(f"tiles: {layer} {tile}: {first} draws nothing")
        for other in others:
            if told[other] != told[first]:
                raise WrongAnswers(f"tiles: {layer} {tile}: {other} draws {len(told[other])} features that are not the"
                                   f" {len(told[first])} of {first}")  # fmt: skip


def _features(body: bytes) -> list[str]:
    """Return what is told of the features of a tile, without those in its margin, which TiPg leaves out."""
    [layer] = mapbox_vector_tile.decode(body).values()
    return sorted(
        repr(sorted(one["properties"].items()))
        for one in layer["features"]
        if ((shapely.get_coordinates(shapely.geometry.shape(one["geometry"])) - EXTENT / 2) ** 2 < (EXTENT / 2) ** 2)
        .all(axis=1)
        .any()
    )
