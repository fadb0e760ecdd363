"""Whole pyramids, and what is made anew when a share of the buildings changed."""

from __future__ import annotations

import gzip
import itertools
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg

from layers.buildings.layer import BUILDINGS
from layers.db.session import Database
from tests.benchmarks.cities import BOUNDS, MadeCity
from tests.benchmarks.measuring import Figures, LeftOut, Say, WrongAnswers, in_turns, median_ratio
from tests.benchmarks.tile_rivals import GZIP, by_sql, martin_config, program
from tilegen.encode import cut_tiles
from tilegen.matrix import Tile, tiles_of
from tilegen.versions import changes_wait, take_up_changes, version_of

#: Zooms of the pyramid.
LOWEST, DEEPEST = 8, 15
#: Tiles that are cut by one statement.
AT_ONCE = 16
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


def take_up_all(database: Database) -> Figures:
    """Take up what was changed, piece by piece; return how many changes it was, and the seconds."""
    began, changes = time.perf_counter(), 0
    while True:
        with database.transaction(timeout_s=600) as connection:
            if not changes_wait(connection):
                return {"changes": changes, "seconds": time.perf_counter() - began}
            changes += take_up_changes(connection)


def cut_pyramid(city: MadeCity, database: Database, version: int | None = None) -> int:
    """Cut the tiles of the pyramid that have a version, or all, as they are sent; return how many."""
    made = 0
    for zoom in range(LOWEST, DEEPEST + 1):
        tiles = tiles_of(BOUNDS, zoom)
        while piece := list(itertools.islice(tiles, AT_ONCE)):
            with database.transaction(timeout_s=60) as connection:
                cuts = cut_tiles(connection, BUILDINGS, city.jurisdiction_id, piece, version=version)
            made += sum(bool(gzip.compress(cut.data, GZIP)) for cut in cuts if cut.data is not None)
    return made


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
        "--encoding", "gzip", "--concurrency", "2", "--skip-agg-tiles-hash",
    ]  # fmt: skip

    def make() -> None:
        for old in folder.glob(f"{file.name}*"):
            old.unlink()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LeftOut(f"martin-cp: {done.stderr[-500:]}")

    return make


def measured(city: MadeCity, rounds: int, say: Say) -> Figures:
    """Return seconds of full pyramids in turns, and of what is made anew after changes."""
    database = Database.connect(city.url, pool_size=1, statement_timeout_s=60)
    left_out: dict[str, str] = {}
    try:
        take_up_all(database)
        with tempfile.TemporaryDirectory() as folder:
            makers: dict[str, Callable[[], object]] = {
                "cut_tiles": lambda: cut_pyramid(city, database), "SQL 3857": by_statements(city),
            }  # fmt: skip
            try:
                for srid in (3857, 4326):
                    makers[f"martin-cp {srid}"] = by_martin(city, Path(folder), srid)
            except LeftOut as reason:
                left_out["martin-cp"] = str(reason)
            say(f"tiles: pyramids by {', '.join(makers)}")
            seconds = in_turns(makers, rounds)
        return {
            "tiles": len(pyramid()), "absent": left_out,
            "seconds": {name: statistics.median(found) for name, found in seconds.items()},
            "ratios": {name: median_ratio(seconds["cut_tiles"], seconds[name]) for name in seconds},
            "changed": {
                where: _after_changes(city, database, where, rounds, seconds["cut_tiles"], say) for where in _CHANGES
            },
        }  # fmt: skip
    finally:
        database.close()


def _after_changes(
    city: MadeCity, database: Database, where: str, rounds: int, full_s: Sequence[float], say: Say
) -> Figures:
    """Change a share of the buildings and make what that touches; return the medians."""
    found = []
    say(f"tiles: {SHARE:.0%} of the buildings changed, {where}")
    for turn in range(rounds):
        with psycopg.connect(city.url) as connection:
            place = (BOUNDS.west + 0.03 + 0.005 * turn, BOUNDS.south + 0.03) if where == NEAR else (turn, turn)
            connection.execute(_CHANGES[where].encode(), (*place, round(SHARE * city.buildings)))
        taken = take_up_all(database)
        with database.transaction() as connection:
            version = version_of(connection, city.jurisdiction_id, BUILDINGS.id)
        began = time.perf_counter()
        tiles = cut_pyramid(city, database, version)
        if not tiles:
            raise WrongAnswers("tiles: buildings changed, and no tile did")
        found.append({"take_up_s": taken["seconds"], "cut_s": time.perf_counter() - began, "tiles": tiles})
    middle = {name: statistics.median(one[name] for one in found) for name in found[0]}
    return middle | {"share": (middle["take_up_s"] + middle["cut_s"]) / statistics.median(full_s)}
