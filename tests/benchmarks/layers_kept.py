"""Layers kept current: an import and its update beside bare COPY and UPDATE, a register, and what was at an instant."""

from __future__ import annotations

import csv
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import shapely

from geoservice.auth.model import Identity, Role
from geoservice.counting.register import count_register
from geoservice.domain.importing.model import ReadFeatures
from geoservice.services.demo import load_demo
from geoservice.services.layers.features import FeatureService
from geoservice.services.layers.importing import LayerImportService
from layers.db.session import Database
from tests.benchmarks import databases
from tests.benchmarks.goals import Goal, below, number
from tests.benchmarks.measuring import Figures, Say, WrongAnswers, medians
from tests.benchmarks.scale import Scale

TITLE = "Layers kept current: imports, history, registers"
#: Of a page of features at an instant, among a million versions.
GOAL_AT_MS = 100.0
_PAGE = 1000
_ASKS = 20
_BARE = """
    CREATE TABLE public.bare (LIKE geoservice.building INCLUDING DEFAULTS);
    ALTER TABLE public.bare ALTER id DROP NOT NULL;
    CREATE INDEX ON public.bare USING gist (geom);
    CREATE UNIQUE INDEX ON public.bare (jurisdiction_id, code)
"""
_VERSIONS = """
    INSERT INTO geoservice.building_history
        (id, jurisdiction_id, code, name, kind, geom, in_use, recorded_at, change_id, since, until, ended_by, operation)
    SELECT b.id, b.jurisdiction_id, b.code, b.name, b.kind, b.geom, true, now(), NULL,
           now() - interval '1 day' * (n + 1), now() - interval '1 day' * n, 1, 'update'
      FROM geoservice.building AS b, generate_series(1, %s) AS n ORDER BY n DESC
"""


@dataclass(frozen=True)
class _Town:
    """The demo community with many more buildings."""

    url: str
    database: Database
    keys: list[str]
    geoms: Any

    def buildings(self, floors: int) -> ReadFeatures:
        """Return the buildings as a file would tell them."""
        many = len(self.keys)
        return ReadFeatures(
            keys=self.keys,
            values={
                "name": [f"楼 {n}" for n in range(many)], "kind": ["residential"] * many, "floors": [floors] * many,
                "address": [f"路 {n}" for n in range(many)],
            },
            geoms=self.geoms,
        )  # fmt: skip

    def apply(self, floors: int) -> int:
        """Import the buildings; return how many were added or changed."""
        done = LayerImportService(self.database).apply(
            "sare", "buildings", self.buildings(floors), actor="bench", door="command"
        )
        return done.difference.added + done.difference.changed


def measured(scale: Scale, say: Say) -> Figures:
    """Return how long each takes; raise LeftOut, WrongAnswers."""
    with databases.some_cluster() as cluster_url:
        rounds = []
        for turn in range(scale.kept_rounds):
            say(f"layers: {scale.kept_buildings:,} buildings, round {turn + 1} of {scale.kept_rounds}")
            with databases.some_database(cluster_url) as url:
                rounds.append(_one_round(url, scale))
        with databases.some_database(cluster_url) as url:
            say(f"layers: at an instant, among {scale.kept_versions:,} versions")
            at = _at_an_instant(url, scale)
    say(f"layers: a register of {scale.kept_persons:,} persons")
    return {
        "buildings": scale.kept_buildings, "versions": scale.kept_versions, "persons": scale.kept_persons,
        **medians(rounds), **at, "register_s": _register(scale.kept_persons),
    }  # fmt: skip


def _made(url: str, many: int) -> _Town:
    load_demo(url, lambda line: None)
    database = Database.connect(url, pool_size=2)
    bbox = LayerImportService(database).surroundings("sare").bbox
    rng = np.random.default_rng(7)
    middles = np.column_stack([rng.uniform(bbox[0], bbox[2], many), rng.uniform(bbox[1], bbox[3], many)])
    turns = np.linspace(0, 2 * np.pi, 9)[:-1]
    rings = middles[:, None, :] + 1e-4 * np.stack([np.cos(turns), np.sin(turns)], axis=1)[None, :, :]
    shapes = shapely.multipolygons(shapely.polygons(rings).reshape(-1, 1))
    return _Town(url, database, [f"X{n:06d}" for n in range(many)], shapes)


def _one_round(url: str, scale: Scale) -> Figures:
    town = _made(url, scale.kept_buildings)
    try:
        figures = {
            "import_s": _timed(lambda: town.apply(3), scale.kept_buildings),
            "same_s": _timed(lambda: town.apply(3), 0),
            "update_s": _timed(lambda: town.apply(4), scale.kept_buildings),
        }
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_BARE)
            for table, name in (("public.bare", "copy_s"), ("geoservice.building", "copy_through_triggers_s")):
                figures[name] = _timed(lambda table=table: _copied(connection, table, town), scale.kept_buildings)
            for table, name in (("public.bare", "bare_update_s"), ("geoservice.building", "update_with_history_s")):
                query = f"UPDATE {table} SET floors = 9 WHERE code LIKE 'Y%'".encode()  # noqa: S608  our own names
                figures[name] = _timed(lambda query=query: connection.execute(query).rowcount, scale.kept_buildings)
        return figures
    finally:
        town.database.close()


def _copied(connection: psycopg.Connection[Any], table: str, town: _Town) -> int:
    wkbs = shapely.to_wkb(shapely.set_srid(town.geoms, 4326), hex=True, include_srid=True)
    cursor = connection.cursor()
    statement = f"COPY {table} (jurisdiction_id, code, name, kind, floors, address, geom) FROM STDIN"
    with cursor.copy(statement.encode()) as copy:
        for n, (key, wkb) in enumerate(zip(town.keys, wkbs, strict=True)):
            copy.write_row((1, f"Y{key[1:]}", f"楼 {n}", "residential", 3, f"路 {n}", wkb))
    return cursor.rowcount


def _timed(do: Callable[[], int], wanted: int) -> float:
    began = time.perf_counter()
    done = do()
    seconds = time.perf_counter() - began
    if done != wanted:
        raise WrongAnswers(f"{done} of {wanted} features were written")
    return seconds


def _at_an_instant(url: str, scale: Scale) -> Figures:
    """Return the milliseconds of a page, and of one feature, at an instant in the midst of many versions."""
    town = _made(url, scale.kept_versions // 10)
    try:
        town.apply(3)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_VERSIONS.encode(), [10])
            connection.execute("VACUUM ANALYZE geoservice.building_history")
        service, identity = FeatureService(town.database), Identity(Role.ADMIN, "bench")
        instant = datetime.now(UTC).replace(microsecond=0)
        instant = datetime.fromtimestamp(instant.timestamp() - 5.5 * 86400, UTC)
        pages, ones = [], []
        for n in range(_ASKS):
            began = time.perf_counter()
            found = service.features(
                "sare", "buildings", at=instant, after=town.keys[n * 100], limit=_PAGE, identity=identity
            )
            pages.append(time.perf_counter() - began)
            began = time.perf_counter()
            service.feature("sare", "buildings", town.keys[n * 7], at=instant, identity=identity)
            ones.append(time.perf_counter() - began)
            if len(found) != min(_PAGE, len(town.keys)) and len(town.keys) > _PAGE + n * 100 + 1:
                raise WrongAnswers(f"{len(found)} features at an instant")
        return {"page_at_ms": 1000 * float(np.median(pages)), "one_at_ms": 1000 * float(np.median(ones))}
    finally:
        town.database.close()


def _register(persons: int) -> float:
    """Return the seconds that counting a register of made persons takes."""
    chance = random.Random(5)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "register.csv"
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(("楼栋编码", "单元", "房号", "出生日期"))
            for n in range(persons):
                born = f"{chance.randint(1930, 2025)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
                writer.writerow((f"B{n % 900:04d}", 1 + n % 3, 100 + n % 40, born))
        buildings = {f"B{n:04d}": f"B{n:04d}" for n in range(900)}
        began = time.perf_counter()
        counted = count_register(file, buildings=buildings, as_of=date(2026, 1, 1))
        seconds = time.perf_counter() - began
    if counted.residents != persons:
        raise WrongAnswers(f"{counted.residents} of {persons} persons were counted")
    return seconds


def goals(figures: Figures) -> list[Goal]:
    """Return what is to be reached."""
    return [
        below("An import beside COPY through the same triggers, times",
              figures["import_s"] / figures["copy_through_triggers_s"], 2.0),
        below("A page at an instant, ms", figures["page_at_ms"], GOAL_AT_MS),
    ]  # fmt: skip


def table(figures: Figures) -> list[str]:
    """Return the lines of a table."""
    rows = (
        ("import of new ones, compared and written", "import_s", "s"),
        ("the same file again: nothing differs", "same_s", "s"),
        ("one field of each changed, compared and written", "update_s", "s"),
        ("COPY into a bare table with two indexes", "copy_s", "s"),
        ("COPY into the layer: assignment, tiles, history", "copy_through_triggers_s", "s"),
        ("UPDATE of one field, bare table", "bare_update_s", "s"),
        ("UPDATE of one field, layer with history and tiles", "update_with_history_s", "s"),
        (f"a page of {_PAGE:,} at an instant, among {figures['versions']:,} versions", "page_at_ms", "ms"),
        ("one feature at an instant", "one_at_ms", "ms"),
        (f"a register of {figures['persons']:,} persons, CSV", "register_s", "s"),
    )
    lines = [f"{figures['buildings']:,} buildings of eight corners.", "", "| what | |", "|---|---|"]
    return lines + [f"| {what} | {number(figures[name])} {unit} |" for what, name, unit in rows]
