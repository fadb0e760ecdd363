"""Whole pyramids, and what is made anew when a share of the buildings changed."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg

from geoservice.services.tiles.pyramids import Built, PyramidService
from layers.buildings.layer import BUILDINGS
from layers.db.session import Database
from tests.benchmarks.cities import BOUNDS, CODE, MadeCity
from tests.benchmarks.measuring import ROOT, Figures, LeftOut, Say, WrongAnswers, in_turns, median_ratio
from tests.benchmarks.tile_rivals import by_sql, martin_config, program
from tilegen.matrix import Tile, tiles_of
from tilegen.store import StoreLimits, TileStore
from tilegen.versions import take_up_changes

#: Zooms of the pyramid.
LOWEST, DEEPEST = 8, 15
#: Of the service's command and of martin-cp.
PROCESSES = 2
IN_PROCESS = "service, without its start"
_LIMITS = StoreLimits(most_bytes=2_000_000_000, reserve_bytes=0)
SHARE = 0.01
#: Where buildings change: all in one quarter of the city, or all over it.
NEAR = "all in one place"
SPREAD = "spread evenly"
_CHANGES = {
    NEAR: """
        UPDATE geoservice.building SET floors = floors %% 30 + 1 WHERE id IN (
            SELECT id FROM geoservice.building
             ORDER BY geom OPERATOR(public.<->) public.st_setsrid(public.st_makepoint(%s, %s), 4326) LIMIT %s)
    """,
    SPREAD: """
        UPDATE geoservice.building SET floors = floors %% 30 + 1 WHERE id IN (
            SELECT id FROM geoservice.building ORDER BY md5(id::text || %s::text || %s::text) LIMIT %s)
    """,
}


def pyramid() -> list[Tile]:
    """Return the tiles of the pyramid."""
    return [tile for zoom in range(LOWEST, DEEPEST + 1) for tile in tiles_of(BOUNDS, zoom)]


def take_up_all(city: MadeCity) -> Figures:
    """Take up what was changed; return how many changes it was, and the seconds."""
    database = Database.connect(city.url, pool_size=1, statement_timeout_s=600)
    began = time.perf_counter()
    try:
        with database.transaction() as connection:
            changes = take_up_changes(connection)
    finally:
        database.close()
    return {"changes": changes, "seconds": time.perf_counter() - began}


def build(city: MadeCity, store: Path, processes: int = PROCESSES) -> Built:
    """Cut the tiles of the pyramid that a store lacks, as the command does, without starting it."""
    pyramids = PyramidService(
        lambda: Database.connect(city.url, pool_size=1, statement_timeout_s=60), TileStore(store, _LIMITS)
    )
    return pyramids.build(
        CODE, [BUILDINGS.id], zooms=range(LOWEST, DEEPEST + 1), processes=processes, on_progress=lambda done, of: None
    )


def by_command(city: MadeCity, store: Path) -> Callable[[], None]:
    """Return the command, into a store of its own."""
    command = [
        sys.executable, "-m", "geoservice.cli.main", "tiles", "build", "--jurisdiction", CODE, BUILDINGS.id,
        "--min-zoom", str(LOWEST), "--max-zoom", str(DEEPEST), "--processes", str(PROCESSES),
    ]  # fmt: skip
    environment = os.environ | {"GEOSERVICE_DATABASE_URL": city.url, "GEOSERVICE_TILE_STORE": str(store)}

    def make() -> None:
        forget(store)
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode or f"{len(pyramid())} tiles; 0 were kept" not in done.stdout:
            raise WrongAnswers(f"tiles build: {done.stdout}{done.stderr[-500:]}")

    return make


def forget(store: Path) -> None:
    """Remove a file, and what SQLite lays beside it."""
    for file in store.parent.glob(f"{store.name}*"):
        file.unlink()


def by_statements(city: MadeCity) -> Callable[[], None]:
    """Return the plainest way: a bare statement a tile, compressed."""
    ask = by_sql(city, 3857, gzipped=True).connected()

    def make() -> None:
        for tile in pyramid():
            ask(BUILDINGS.id, tile)

    return make


def by_martin(city: MadeCity, folder: Path, srid: int) -> Callable[[], None]:
    """Return martin-cp, into a file of its own; raise LeftOut."""
    settings, file = folder / "martin_cp.yaml", folder / f"pyramid_{srid}.mbtiles"
    settings.write_text(martin_config(city, 0, 0), encoding="utf-8")
    command = [
        program("martin-cp"), "--config", str(settings), "--source", f"buildings_{srid}", "--output-file", str(file),
        "--min-zoom", str(LOWEST), "--max-zoom", str(DEEPEST), "--bbox", ",".join(map(str, BOUNDS)),
        "--encoding", "gzip", "--concurrency", str(PROCESSES), "--skip-agg-tiles-hash",
    ]  # fmt: skip

    def make() -> None:
        forget(file)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LeftOut(f"martin-cp: {done.stderr[-500:]}")

    return make


def measured(city: MadeCity, rounds: int, say: Say) -> Figures:
    """Return seconds of full pyramids in turns, and of what is made anew after changes."""
    absent: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "tiles.sqlite"

        def build_all() -> None:
            forget(store)
            build(city, store)

        makers = {"service": by_command(city, Path(folder) / "command.sqlite"), IN_PROCESS: build_all,
                  "SQL 3857": by_statements(city)}  # fmt: skip
        try:
            for srid in (3857, 4326):
                makers[f"martin-cp {srid}"] = by_martin(city, Path(folder), srid)
        except LeftOut as reason:
            absent["martin-cp"] = str(reason)
        say(f"tiles: pyramids by {', '.join(makers)}")
        seconds = in_turns(makers, rounds)
        return {
            "tiles": len(pyramid()), "absent": absent,
            "seconds": {name: statistics.median(found) for name, found in seconds.items()},
            "ratios": {name: median_ratio(seconds["service"], seconds[name]) for name in seconds},
            "changed": {
                where: _after_changes(city, store, where, rounds, seconds[IN_PROCESS], say) for where in _CHANGES
            },
        }  # fmt: skip


def _after_changes(city: MadeCity, store: Path, where: str, rounds: int, full_s: Sequence[float], say: Say) -> Figures:
    """Change a share of the buildings and make what that touches; return the medians."""
    found = []
    say(f"tiles: {SHARE:.0%} of the buildings changed, {where}")
    for turn in range(rounds):
        with psycopg.connect(city.url) as connection:
            place = (BOUNDS.west + 0.03 + 0.005 * turn, BOUNDS.south + 0.03) if where == NEAR else (turn, turn)
            connection.execute(_CHANGES[where].encode(), (*place, round(SHARE * city.buildings)))
        taken = take_up_all(city)
        began = time.perf_counter()
        built = build(city, store)
        if built.kept == built.tiles:
            raise WrongAnswers("tiles: buildings changed, and no tile did")
        found.append({"take_up_s": taken["seconds"], "cut_s": time.perf_counter() - began,
                      "tiles": built.tiles - built.kept})  # fmt: skip
    middle = {name: statistics.median(one[name] for one in found) for name in found[0]}
    return middle | {"share": (middle["take_up_s"] + middle["cut_s"]) / statistics.median(full_s)}
