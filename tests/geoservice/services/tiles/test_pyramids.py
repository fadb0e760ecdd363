"""Whole tile sets: built, right, the same as those that are served, in files that GDAL opens."""

from __future__ import annotations

import errno
import gzip
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pyogrio
import pytest
from pmtiles.reader import MmapSource, all_tiles
from pydantic import SecretStr

from geoservice.assigning.point_errors import NothingInForce
from geoservice.running.processes import identity_of
from geoservice.services.incidents import NewReport
from geoservice.services.tiles.errors import (
    TilesBrokenOff,
    TilesDamaged,
    TilesEmpty,
    TilesMissing,
    TilesNotKept,
    TilesUnwritable,
)
from geoservice.services.tiles.pyramids import PyramidService, layers_with_tiles
from geoservice.services.tiles.service import FoundTile, TileService
from geoservice.settings import Settings
from geoservice.wiring import Services, open_database
from geoservice.writing.export_errors import ExportExists, ExportFolderMissing
from layers.crs import declared_position
from layers.db.session import Database
from tests.depth import depths, sampled
from tests.geoservice.services.test_along_with_the_border import DISPATCHER, draft_without
from tests.waiting import wait_until
from tilegen.matrix import Tile
from tilegen.store import StoreLimits, StoreUnusable, TileSetName, TileStore


def quiet(done: int, of: int) -> None:
    assert done <= of


@pytest.fixture
def store(tmp_path: Path) -> TileStore:
    return TileStore(tmp_path / "tiles.sqlite", StoreLimits(most_bytes=1_000_000_000, reserve_bytes=0))


@pytest.fixture
def pyramids(community_url: str, store: TileStore) -> PyramidService:
    settings = Settings(database_url=SecretStr(community_url))
    return PyramidService(lambda: open_database(settings), store)


def test_what_is_built_once_is_kept_and_right(pyramids: PyramidService) -> None:
    first = pyramids.build("sare", processes=2, on_progress=quiet)
    again = pyramids.build("sare", processes=2, on_progress=quiet)

    assert first.tiles > 150
    assert (first.kept, first.left) == (0, 0)
    assert (again.kept, again.left, again.bytes) == (again.tiles, 0, 0)
    assert pyramids.verify("sare", on_progress=quiet) == (first.tiles, [])


def test_a_tile_that_is_wrong_would_be_seen(pyramids: PyramidService, store: TileStore) -> None:
    pyramids.build("sare", ["cameras"], processes=1, on_progress=quiet)
    name = TileSetName("sare", "cameras")
    tile, version = max(store.versions(name))
    whole = store.get(name, Tile(14, 12368, 6799), version) or b""
    store.remove(name, [(tile, version)])
    store.put(name, [(tile, version, whole)])

    looked, wrong = pyramids.verify("sare", ["cameras"], on_progress=quiet)

    assert [line.split()[2:4] for line in wrong] == [["of", "version"], ["holds", "120"]]
    assert pyramids.verify("sare", ["cameras"], on_progress=quiet) == (looked - 1, [])  # it is forgotten


def test_a_tile_that_can_not_be_read_is_in_no_file_and_is_forgotten(
    pyramids: PyramidService, store: TileStore, tmp_path: Path
) -> None:
    pyramids.build("sare", ["cameras"], processes=1, on_progress=quiet)
    name, tile = TileSetName("sare", "cameras"), Tile(14, 12368, 6799)
    version = dict(store.versions(name))[tile]
    whole = store.get(name, tile, version) or b""
    store.remove(name, [(tile, version)])
    store.put(name, [(tile, version, whole[: len(whole) // 2])])

    with pytest.raises(TilesDamaged):
        pyramids.export("sare", "cameras", tmp_path / "cameras.pmtiles")
    assert len(pyramids.verify("sare", ["cameras"], on_progress=quiet)[1]) == 1

    assert pyramids.build("sare", ["cameras"], processes=1, on_progress=quiet).left == 0
    assert pyramids.export("sare", "cameras", tmp_path / "cameras.pmtiles") > 0
    assert [one.name for one in tmp_path.glob("*.pmtiles")] == ["cameras.pmtiles"]


def test_only_what_was_touched_is_cut_again_and_what_is_over_is_pruned(
    pyramids: PyramidService, store: TileStore, community_url: str
) -> None:
    first = pyramids.build("sare", ["buildings"], processes=1, on_progress=quiet)
    with psycopg.connect(community_url) as connection:
        connection.execute("UPDATE geoservice.building SET kind = 'office' WHERE code = 'B0002'")
    second = pyramids.build("sare", ["buildings"], processes=1, on_progress=quiet)

    assert second.tiles == first.tiles
    assert 17 <= second.tiles - second.kept < 30
    assert pyramids.prune("sare", ["buildings"]) == second.tiles - second.kept
    assert len(list(store.versions(TileSetName("sare", "buildings")))) == first.tiles


DOORS: dict[str, Callable[[Services, psycopg.Connection, random.Random], None]] = {
    "a building by SQL": lambda services, sql, chance: _run(
        sql, "UPDATE geoservice.building SET geom = st_translate(geom, %s, %s) WHERE code = %s",
        chance.uniform(-2e-4, 2e-4), chance.uniform(-2e-4, 2e-4), f"B{chance.randint(1, 900):04}",
    ),
    "another kind by SQL": lambda services, sql, chance: _run(
        sql, "UPDATE geoservice.building SET kind = %s WHERE code = %s",
        chance.choice(["office", "shop", "school"]), f"B{chance.randint(1, 900):04}",
    ),
    "a camera by SQL": lambda services, sql, chance: _run(
        sql, "UPDATE geoservice.camera SET bearing_deg = %s, status = %s WHERE code = %s",
        chance.uniform(0, 359), chance.choice(["online", "offline"]), f"C{chance.randint(1, 120):03}",
    ),
    "a street by SQL": lambda services, sql, chance: _run(
        sql, "INSERT INTO geoservice.basemap_feature (jurisdiction_id, kind, geom)"
        " VALUES (1, 'street', st_setsrid(st_makeline(st_makepoint(%s, %s), st_makepoint(%s, %s)), 4326))",
        *(value for _ in range(2) for value in (chance.uniform(91.764, 91.776), chance.uniform(29.236, 29.244))),
    ),
    "an organisation goes": lambda services, sql, chance: _run(
        sql, "DELETE FROM geoservice.organisation WHERE code = %s", f"U{chance.randint(1, 30):02}",
    ),
    "a report": lambda services, sql, chance: _report(services, chance),
    "many reports by COPY": lambda services, sql, chance: _run(
        sql, "INSERT INTO geoservice.incident (service_code, geom) SELECT 'light',"
        " st_setsrid(st_makepoint(91.764 + 0.012 * random(), 29.236 + 0.008 * random()), 4326)"
        " FROM generate_series(1, %s)", chance.randint(1, 40),
    ),
    "a step of a report": lambda services, sql, chance: _run(
        sql, "UPDATE geoservice.incident SET source = 'hotline' WHERE id IN"
        " (SELECT id FROM geoservice.incident WHERE source <> 'hotline' LIMIT %s)", chance.randint(1, 5),
    ),
    "nothing that is committed": lambda services, sql, chance: _broken_off(sql),
}  # fmt: skip


def _run(sql: psycopg.Connection, statement: str, *values: object) -> None:
    with sql.transaction():
        sql.execute(statement.encode(), values)


def _broken_off(sql: psycopg.Connection) -> None:
    with sql.transaction(force_rollback=True):
        sql.execute("UPDATE geoservice.building SET kind = 'office'")


def _report(services: Services, chance: random.Random) -> None:
    place = declared_position(chance.uniform(91.765, 91.775), chance.uniform(29.237, 29.243))
    services.incidents.report(NewReport("light", place, "hotline", jurisdiction_code="sare"), identity=DISPATCHER)


@pytest.fixture
def sql(community_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(community_url, autocommit=True) as connection:
        yield connection


@depths(12, proof=1000)
def test_whatever_door_an_edit_comes_through_no_kept_tile_is_out_of_date(
    services: Services, pyramids: PyramidService, sql: psycopg.Connection, depth: int
) -> None:
    chance = random.Random(7)
    pyramids.build("sare", processes=2, on_progress=quiet)
    for edit in range(1, depth + 1):
        DOORS[chance.choice(sorted(DOORS))](services, sql, chance)
        if edit == depth // 2:
            draft, _ = draft_without(services, services.grids.grids("sare")[0]["code"])
            services.editions.publish(draft)
        if edit % (depth // 4 if depth < 400 else 100) == 0:
            pyramids.build("sare", processes=2, on_progress=quiet)
            looked, wrong = pyramids.verify("sare", on_progress=quiet)
            assert looked > 150
            assert wrong == []


@pytest.mark.parametrize("ending", sampled(["pmtiles", "mbtiles"], 2))
def test_a_file_holds_the_tiles_that_are_served_and_gdal_opens_it(
    services: Services, store: TileStore, pyramids: PyramidService, tmp_path: Path, ending: str
) -> None:
    pyramids.build("sare", ["buildings"], processes=1, on_progress=quiet)
    out = tmp_path / f"buildings.{ending}"

    count = pyramids.export("sare", "buildings", out)

    serving = TileService(services.database, store)
    found = dict(read_pmtiles(out) if ending == "pmtiles" else read_mbtiles(out))
    assert len(found) == count > 20
    for tile, data in found.items():
        given = serving.tile("sare", "buildings", dict(store.versions(TileSetName("sare", "buildings")))[tile], tile)
        assert isinstance(given, FoundTile)
        assert gzip.decompress(data) == gzip.decompress(given.data)
    assert pyogrio.list_layers(out)[0][0] == "buildings"
    assert pyogrio.read_info(out, layer="buildings", ZOOM_LEVEL=14)["features"] >= 903


def read_pmtiles(file: Path) -> Iterator[tuple[Tile, bytes]]:
    with file.open("rb") as opened:
        for place, data in all_tiles(MmapSource(opened)):
            yield Tile(*place), data


def read_mbtiles(file: Path) -> Iterator[tuple[Tile, bytes]]:
    with closing(sqlite3.connect(file)) as connection:
        for z, x, row, data in connection.execute("SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles"):
            yield Tile(z, x, (1 << z) - 1 - row), data


def test_what_can_not_be_written_is_said(pyramids: PyramidService, tmp_path: Path) -> None:
    with pytest.raises(TilesMissing):
        pyramids.export("sare", "cameras", tmp_path / "cameras.pmtiles")
    with pytest.raises(TilesUnwritable):
        pyramids.export("sare", "cameras", tmp_path / "cameras.gpkg")
    with pytest.raises(ExportFolderMissing):
        pyramids.export("sare", "cameras", tmp_path / "nowhere" / "cameras.pmtiles")
    pyramids.build("sare", ["cameras"], processes=1, on_progress=quiet)
    pyramids.export("sare", "cameras", tmp_path / "cameras.pmtiles")
    with pytest.raises(ExportExists):
        pyramids.export("sare", "cameras", tmp_path / "cameras.pmtiles")
    with pytest.raises(TilesNotKept):
        PyramidService(pyramids._connect, None).prune("sare")


@pytest.mark.parametrize("ending", ["pmtiles", "mbtiles"])
def test_a_layer_without_features_makes_no_file(
    pyramids: PyramidService, community_url: str, tmp_path: Path, ending: str
) -> None:
    with psycopg.connect(community_url) as connection:
        connection.execute("DELETE FROM geoservice.organisation")
    pyramids.build("sare", ["organisations"], processes=1, on_progress=quiet)

    with pytest.raises(TilesEmpty):
        pyramids.export("sare", "organisations", tmp_path / f"organisations.{ending}")

    assert [one.name for one in tmp_path.iterdir() if "organisations" in one.name] == []


@pytest.mark.parametrize("ending", ["pmtiles", "mbtiles"])
def test_a_disk_that_is_full_is_told_of_by_the_name_of_the_file(
    pyramids: PyramidService, tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pyramids.build("sare", ["buildings"], processes=1, on_progress=quiet)
    out = tmp_path / f"buildings.{ending}"

    def full(file: Path, timeout: float = 5.0) -> sqlite3.Connection:
        connection = sqlite3.Connection(file, timeout=timeout)
        connection.execute("PRAGMA max_page_count = 8")  # as a full disk is told
        return connection

    def stop(*rest: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tilegen.export.sqlite3.connect", full)
    monkeypatch.setattr("tilegen.export.Writer.write_tile", stop)
    with pytest.raises(OSError, match="No space left") as refused:
        pyramids.export("sare", "buildings", out)

    assert (refused.value.errno, refused.value.filename) == (errno.ENOSPC, str(out))
    assert not out.exists()


def test_a_store_that_can_not_be_used_is_told_of(pyramids: PyramidService, tmp_path: Path) -> None:
    file = tmp_path / "something.sqlite"
    file.write_bytes(b"something else altogether" * 1000)
    pyramids = PyramidService(pyramids._connect, TileStore(file, StoreLimits(1_000_000_000, 0)))

    with pytest.raises(StoreUnusable, match=r"something\.sqlite"):
        pyramids.build("sare", ["cameras"], processes=1, on_progress=quiet)
    with pytest.raises(StoreUnusable):
        pyramids.verify("sare", ["cameras"], on_progress=quiet)
    with pytest.raises(StoreUnusable):
        pyramids.prune("sare", ["cameras"])
    assert file.read_bytes().startswith(b"something else")


def test_where_no_grids_are_in_force_the_other_layers_are_built(pyramids: PyramidService, community_url: str) -> None:
    with psycopg.connect(community_url) as connection:
        connection.execute(
            "INSERT INTO geoservice.jurisdiction (code, name, outline, metric_srid)"
            " SELECT 'next', 'next', st_translate(outline, 1, 0), metric_srid FROM geoservice.jurisdiction"
        )

    built = pyramids.build("next", processes=1, on_progress=quiet)

    assert built.tiles > 100
    assert built.left == 0
    with pytest.raises(NothingInForce):
        pyramids.build("next", ["grids"], processes=1, on_progress=quiet)


def test_a_layer_that_is_named_twice_is_built_once(pyramids: PyramidService) -> None:
    once = pyramids.build("sare", ["cameras"], processes=1, on_progress=quiet)

    assert pyramids.build("sare", ["cameras", "cameras"], processes=1, on_progress=quiet).tiles == once.tiles


def test_a_process_that_is_killed_is_told_of_and_what_was_cut_stays(pyramids: PyramidService, store: TileStore) -> None:
    ours, connect = os.getpid(), pyramids._connect
    kept = pyramids.build("sare", ["cameras"], zooms=range(10), processes=1, on_progress=quiet).tiles

    def connect_or_die() -> Database:
        if os.getpid() != ours:
            os.kill(os.getpid(), signal.SIGKILL)
        return connect()

    with pytest.raises(TilesBrokenOff):
        PyramidService(connect_or_die, store).build("sare", ["cameras"], processes=2, on_progress=quiet)
    assert len(list(store.versions(TileSetName("sare", "cameras")))) == kept


BUILDING = """
import os, time
from pathlib import Path
from tilegen.matrix import Tile
from tilegen.pyramid import TileSource, build

def connect():
    with Path({pids!r}).open("a") as file:
        file.write(f"{{os.getpid()}} ")
    time.sleep(600)

build(connect, None, [(TileSource(None, None, 1), [Tile(0, 0, 0)])], processes=2, on_done=print)
"""


def test_nobody_goes_on_cutting_for_one_who_was_killed(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    pids.touch()

    def started() -> list[int]:
        return [int(pid) for pid in pids.read_text(encoding="ascii").split()]

    with subprocess.Popen([sys.executable, "-c", BUILDING.format(pids=str(pids))]) as building:
        wait_until(lambda: len(started()) == 2, "both processes are there")
        building.kill()
    wait_until(lambda: not any(identity_of(pid) for pid in started()), "nobody is left")


def test_every_layer_with_tiles_is_built() -> None:
    assert {"grids", "incidents", "buildings"} <= set(layers_with_tiles())
    assert "households" not in layers_with_tiles()
