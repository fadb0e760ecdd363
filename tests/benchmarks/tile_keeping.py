"""Tiles that were asked for before: how many a second, how soon they show a change, and what costs nothing."""

from __future__ import annotations

import contextlib
import gzip
import pickle
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import mapbox_vector_tile
import psycopg

from layers.buildings.layer import BUILDINGS
from layers.db.session import Database
from tests.benchmarks.bare import TILES
from tests.benchmarks.cities import MadeCity
from tests.benchmarks.looking_up import LUA, WARM_UP_S, ask_with_wrk
from tests.benchmarks.measuring import Figures, LeftOut, WrongAnswers, median_ratio, medians
from tests.benchmarks.servers import running
from tests.benchmarks.tile_latency import CONNECTIONS, some_tiles
from tests.benchmarks.tile_pyramids import take_up_all
from tests.benchmarks.tile_rivals import GZIP, GZIPPED, Contender, ServedTiles, over_http, whole
from tilegen.encode import cut_tiles
from tilegen.matrix import Tile

LAYER = BUILDINGS.id
ZOOMS = (12, 14, 16)
BARE = "bare WSGI"
#: A change that nobody shows within this time is told as not shown.
PATIENCE_S = 3.0
#: Statements are counted over so many requests; sessions tell what they did within a second of being idle.
REQUESTS, SETTLE_S = 300, 1.5
#: More floors than any building of the city has.
_MARK = 100
_CHANGE = "UPDATE {} SET floors = %s WHERE id = %s"
_TELL_ONE = "UPDATE geoservice.building SET floors = 99 WHERE id = (SELECT min(id) FROM geoservice.building)"
_TABLES = ("geoservice.building", "bench.buildings_3857", "bench.buildings_4326")


@dataclass(frozen=True)
class _Way:
    """How tiles are asked for."""

    port: int
    path: Callable[[Tile], str]
    gzipped: bool = True

    def asked_by_wrk(self, tiles: Sequence[Tile], script: Path, name: str) -> Callable[[int], Figures]:
        """Write the addresses of tiles down; return what asks for them again and again for some seconds."""
        addresses = script.with_name(f"paths {name}")
        addresses.write_text("".join(f"{self.path(tile)}\n" for tile in tiles))
        headers = [f"{header}: {value}" for header, value in GZIPPED.items()] if self.gzipped else []
        return lambda seconds: ask_with_wrk(
            self.port, seconds, script, addresses, connections=CONNECTIONS, headers=headers
        )


def warm(city: MadeCity, ours: Contender, service: ServedTiles | None, cached: Sequence[Contender],
         rounds: int, seconds: int) -> Figures:  # fmt: skip
    """Return requests a second for tiles that were made already, asked by wrk; raise LeftOut without it."""
    if shutil.which("wrk") is None:
        raise LeftOut("wrk is not installed")
    found: Figures = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        script, bodies = Path(folder) / "ask.lua", Path(folder) / "tiles"
        script.write_text(LUA)
        ask, tiles = ours.connected(), {zoom: some_tiles(zoom) for zoom in ZOOMS}
        answers = {
            f"/{t.z}/{t.x}/{t.y}": gzip.compress(whole(ask(LAYER, t)), GZIP) for each in tiles.values() for t in each
        }
        bodies.write_bytes(pickle.dumps(answers))
        bare = stack.enter_context(
            running(city.url, application="tests.benchmarks.bare:tiles", variables={TILES: str(bodies)})
        )
        ways = {BARE: _Way(bare.port, lambda t: f"/{t.z}/{t.x}/{t.y}")}
        if service is not None:
            service.take_up()
            ways["service"] = _Way(service.port, lambda tile: service.own_path(LAYER, tile))
        for one in cached:
            assert one.path is not None
            path = partial(one.path, LAYER)
            # What it holds is not compressed: for browsers it does that anew each time.
            ways[one.name] = _Way(one.port, path)
            ways[f"{one.name}, not compressed"] = _Way(one.port, path, gzipped=False)
        for zoom in ZOOMS:
            found[str(zoom)] = _asked_by_wrk(ways, tiles[zoom], script, rounds, seconds) | {
                "sent_median": statistics.median(len(answers[f"/{t.z}/{t.x}/{t.y}"]) for t in tiles[zoom])
            }
    return found


def _asked_by_wrk(ways: Mapping[str, _Way], tiles: Sequence[Tile], script: Path, rounds: int, seconds: int) -> Figures:
    results: dict[str, list[Figures]] = {name: [] for name in ways}
    for way in ways.values():
        ask = over_http(way.port, lambda _, tile, way=way: way.path(tile))
        for tile in tiles:  # by itself first: what takes long is made once, not by all of them
            ask(LAYER, tile)
    asks = {name: way.asked_by_wrk(tiles, script, name) for name, way in ways.items()}
    for ask_all in asks.values():
        ask_all(WARM_UP_S)
    for _ in range(rounds):
        for name, ask_all in asks.items():
            results[name].append(ask_all(seconds))
    rates = {name: [one["requests_s"] for one in each] for name, each in results.items()}
    return {
        "asked": {name: medians(each) for name, each in results.items()},
        "ratios": {name: median_ratio(rates[name], rates[BARE]) for name in rates if name != BARE},
    }


def freshness(city: MadeCity, contenders: Sequence[Contender], service: ServedTiles | None, rounds: int) -> Figures:
    """Return after how long, and at which request after a commit, everybody shows a change of one building."""
    tile = _middle()
    asks = {one.name: one.connected() for one in contenders}
    found: dict[str, list[Figures]] = {name: [] for name in asks}
    with psycopg.connect(city.url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT id FROM geoservice.building WHERE geom_3857 OPERATOR(public.&&) public.st_tileenvelope(%s, %s, %s)"
            " ORDER BY id LIMIT 1", tile,
        ).fetchone()  # fmt: skip
        assert row is not None
        for turn in range(rounds):
            for name, ask in asks.items():
                floors = _MARK + turn * len(asks) + list(asks).index(name)
                ask(LAYER, tile)
                with connection.transaction():
                    for table in _TABLES:
                        connection.execute(_CHANGE.format(table).encode(), (floors, row[0]))
                found[name].append(_shown(lambda ask=ask, name=name: _got(ask, name, service, tile), floors))
    return {name: medians(each) | {"never": sum(one["seconds"] >= PATIENCE_S for one in each)}
            for name, each in found.items()}  # fmt: skip


def _middle() -> Tile:
    tiles = some_tiles(16)
    return tiles[len(tiles) // 2]


def _got(ask: Callable[[str, Tile], bytes], name: str, service: ServedTiles | None, tile: Tile) -> bytes:
    if name == "service" and service is not None:
        service.take_up()  # a map asks which version is in force first
        status, _, body = service.got(service.own_path(LAYER, tile))
        if status != 200:
            raise WrongAnswers(f"tiles: {status}: {body[:200]!r}")
        return body
    return ask(LAYER, tile)


def _shown(ask: Callable[[], bytes], floors: int) -> Figures:
    began = time.perf_counter()
    for request in range(1, 10_000):
        body, seconds = ask(), time.perf_counter() - began
        features = [one for layer in mapbox_vector_tile.decode(whole(body)).values() for one in layer["features"]]
        if any(one["properties"].get("floors") == floors for one in features) or seconds > PATIENCE_S:
            return {"seconds": seconds, "requests": request}
        time.sleep(0.01)
    raise WrongAnswers("tiles: answers came faster than they can be made")


def unchanged_bytes(city: MadeCity) -> int:
    """Return how many tiles were compared that no change touched, before and after it; raise WrongAnswers."""
    tiles = {zoom: some_tiles(zoom) for zoom in (8, 12, 14, 16)}
    database = Database.connect(city.url, pool_size=1, statement_timeout_s=60)

    def cut() -> dict[tuple[Tile, int], bytes | None]:
        found = {}
        for each in tiles.values():
            with database.transaction() as connection:
                cuts = cut_tiles(connection, BUILDINGS, city.jurisdiction_id, each)
            found |= {(one.tile, one.version): one.data for one in cuts}
        return found

    try:
        take_up_all(city)
        before = cut()
        with psycopg.connect(city.url, autocommit=True) as connection:
            # Rows move in their table: one that is told, all others as they are, and the table is written anew.
            connection.execute(_TELL_ONE)
            connection.execute("UPDATE geoservice.building SET recorded_at = now() WHERE id % 3 = 0")
            connection.execute("VACUUM ANALYZE geoservice.building")
        take_up_all(city)
        after = cut()
    finally:
        database.close()
    same = before.keys() & after.keys()
    if not 0 < len(same) < len(before) or any(before[one] != after[one] for one in same):
        raise WrongAnswers(f"tiles: of {len(before)} tiles {len(same)} kept their version, not all of them their bytes")
    return len(same)


def not_modified(city: MadeCity, service: ServedTiles) -> Figures:
    """Return what a 304 costs: transactions of the database, beside those of an idle time."""
    service.take_up()
    path = service.own_path(LAYER, _middle())
    _, headers, _ = service.got(path)
    again = {"If-None-Match": headers.get("etag", "")}

    def count(ask: Callable[[], None]) -> int:
        time.sleep(SETTLE_S)
        before = _transactions(city)
        began = time.perf_counter()
        ask()
        time.sleep(max(0.0, 2 * SETTLE_S - (time.perf_counter() - began)))
        return _transactions(city) - before

    def ask_again() -> None:
        for _ in range(REQUESTS):
            if (status := service.got(path, again)[0]) != 304:
                raise WrongAnswers(f"tiles: {status} in the place of 304")

    return {"requests": REQUESTS, "idle": count(lambda: None), "asked": count(ask_again)}


def _transactions(city: MadeCity) -> int:
    with psycopg.connect(city.url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    assert row is not None
    return int(row[0])
