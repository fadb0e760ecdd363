"""Everybody who is asked for tiles: the service, the statement it cuts them with, and what else people use for it.

All are asked for the same columns of the same features with the same margin. A rival that is not installed is left out
and told. Martin is looked for in the folder that GEOSERVICE_BENCH_MARTIN names, else on the path; TiPg is run by the
interpreter that GEOSERVICE_BENCH_TIPG names: it needs other releases of libraries than we do.
"""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote, urljoin

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from geoservice.running.addresses import answers
from layers.buildings.layer import BUILDINGS
from layers.db.session import Database
from layers.incidents.layer import INCIDENTS
from layers.layer import Layer
from tests.benchmarks.cities import CODE, MadeCity
from tests.benchmarks.measuring import LeftOut, WrongAnswers
from tests.benchmarks.servers import HOST, Server, running
from tests.conftest import free_port
from tilegen.encode import cut_tiles
from tilegen.matrix import EXTENT, MARGIN, Tile
from tilegen.pyramid import GZIP_LEVEL
from tilegen.versions import take_up_changes

LAYERS: Mapping[str, Layer] = {layer.id: layer for layer in (BUILDINGS, INCIDENTS)}
MARTIN, TIPG = "GEOSERVICE_BENCH_MARTIN", "GEOSERVICE_BENCH_TIPG"
SRIDS = (3857, 4326)
#: At most so many features are in a tile of TiPg, which leaves out others without a word; as many as there are.
_MANY = 10_000_000
_POOL = 8
_START_S = 60

#: How well tiles are compressed that nobody else compresses: as the service does it.
GZIP = GZIP_LEVEL
#: As browsers ask.
GZIPPED = {"Accept-Encoding": "gzip"}

#: Returns a tile of a layer, as it came: over HTTP compressed.
Ask = Callable[[str, Tile], bytes]


@dataclass(frozen=True)
class Contender:
    """Somebody who gives tiles."""

    name: str
    #: Opens a connection of its own and returns who asks over it.
    connected: Callable[[], Ask]
    #: Process whose work is counted, with all below it; None: the one that asks.
    pid: int | None = None
    port: int = 0
    #: Address of a tile, where there is a server.
    path: Callable[[str, Tile], str] | None = None


def lay_tables(city: MadeCity) -> None:
    """Give rivals tables of their own, with what tiles tell and nothing else, in both reference systems."""
    with psycopg.connect(city.url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA bench")
        for layer in LAYERS.values():
            assert layer.tiling is not None
            told = sql.SQL(", ").join(map(sql.Identifier, ("id", *layer.tiling.columns)))
            for srid in SRIDS:
                table = sql.Identifier("bench", f"{layer.id}_{srid}")
                geom = sql.SQL("CAST(public.st_transform(geom, {0}) AS public.geometry({1}, {0}))").format(
                    sql.Literal(srid), sql.SQL(layer.geometry if layer.geometry == "Point" else "MultiPolygon")
                )
                made = "CREATE TABLE {} AS SELECT {}, {} AS geom FROM geoservice.{}"
                connection.execute(sql.SQL(made).format(table, told, geom, sql.Identifier(layer.table)))
                connection.execute(sql.SQL("ALTER TABLE {} ADD PRIMARY KEY (id)").format(table))
                connection.execute(sql.SQL("CREATE INDEX ON {} USING gist (geom)").format(table))
        connection.execute("VACUUM ANALYZE")


def in_process(city: MadeCity) -> Contender:
    """Return the service's own statement, asked without a server; changes that wait are taken up first, as it does."""

    def connected() -> Ask:
        database = Database.connect(city.url, pool_size=1, statement_timeout_s=60)

        def ask(layer: str, tile: Tile) -> bytes:
            while True:
                with database.transaction() as connection:
                    cut = cut_tiles(connection, LAYERS[layer], city.jurisdiction_id, [tile])[0]
                    if cut.data is not None:
                        return cut.data
                    take_up_changes(connection)

        return ask

    return Contender("cut_tiles", connected)


def whole(body: bytes) -> bytes:
    """Return a tile as it is, however it came."""
    return gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body


@cache
def bare_statement(layer: str, srid: int) -> bytes:
    """Return the plainest statement for a tile from the rivals' table in a reference system."""
    tiling = LAYERS[layer].tiling
    assert tiling is not None
    box = "public.st_tileenvelope(%(z)s, %(x)s, %(y)s)"
    drawn = f"public.st_tileenvelope(%(z)s, %(x)s, %(y)s, margin => {MARGIN} / {EXTENT}.0)"
    geom = "f.geom" if srid == 3857 else "public.st_transform(f.geom, 3857)"
    within = drawn if srid == 3857 else f"public.st_transform({drawn}, {srid})"
    return (
        f"SELECT public.st_asmvt(r, '{layer}', {EXTENT}, 'geom') FROM ("  # noqa: S608  ours alone
        f" SELECT public.st_asmvtgeom({geom}, {box}, {EXTENT}, {MARGIN}, true) AS geom, {', '.join(tiling.columns)}"
        f" FROM bench.{layer}_{srid} AS f WHERE f.geom OPERATOR(public.&&) {within}) AS r"
    ).encode()


def by_sql(city: MadeCity, srid: int, *, gzipped: bool = False) -> Contender:
    """Return a bare statement by psycopg, prepared; its answers as they are, or compressed as servers send them."""

    def connected() -> Ask:
        connection = psycopg.connect(city.url, autocommit=True)

        def ask(layer: str, tile: Tile) -> bytes:
            row = connection.execute(bare_statement(layer, srid), tile._asdict(), prepare=True, binary=True).fetchone()
            assert row is not None
            return gzip.compress(row[0], GZIP) if gzipped else bytes(row[0])

        return ask

    return Contender(f"SQL {srid}" + (", gzip" if gzipped else ""), connected)


@contextlib.contextmanager
def sql_over_http(city: MadeCity) -> Iterator[list[Contender]]:
    """Yield the bare statement behind our own web server; raise LeftOut."""
    with running(city.url, application="tests.benchmarks.bare_tiles:app") as server:
        yield [
            served("SQL 3857, granian", server.port, server.worker,
                   lambda layer, tile: f"/{layer}/3857/{tile.z}/{tile.x}/{tile.y}")
        ]  # fmt: skip


def over_http(port: int, path: Callable[[str, Tile], str]) -> Ask:
    """Return who asks a server for tiles over one connection that stays open."""
    ask = over_path(port, GZIPPED)
    return lambda layer, tile: ask(path(layer, tile))


def over_path(port: int, headers: Mapping[str, str] | None = None) -> Callable[[str], bytes]:
    """Return who asks a server for what is at addresses over one connection that stays open."""
    connection = http.client.HTTPConnection(HOST, port, timeout=60)

    def answered(address: str) -> tuple[int, bytes]:
        connection.request("GET", address, headers=dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read()

    def ask(address: str) -> bytes:
        try:
            status, body = answered(address)
        except http.client.RemoteDisconnected:  # nothing was asked for a while; the next request opens another one
            status, body = answered(address)
        if status not in (200, 204):
            raise WrongAnswers(f"{address} answers {status}: {body[:300]!r}")
        return body

    return ask


def served(name: str, port: int, pid: int, path: Callable[[str, Tile], str]) -> Contender:
    """Return a server as a contender."""
    return Contender(name, lambda: over_http(port, path), pid, port, path)


class ServedTiles:
    """The service's tiles over HTTP."""

    def __init__(self, server: Server) -> None:
        self.port, self.pid = server.port, server.worker
        self.versions: dict[str, int] = {}
        self.take_up()

    @property
    def page(self) -> str:
        """Return the address of the city's page."""
        return f"http://{HOST}:{self.port}/maps/{CODE}/tiles"

    def take_up(self) -> None:
        """Ask for the versions that are in force; with that, changes are taken up. Raise LeftOut."""
        for layer in LAYERS:
            status, _, body = self.got(f"/tiles/{CODE}/{layer}.json")
            if status != 200:
                raise LeftOut(f"the service has no tiles: {body[:200]!r}")
            self.versions[layer] = int(json.loads(body)["tiles"][0].split("/{z}")[0].rsplit("/", 1)[1])

    def got(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of an address."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", path, headers=dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()

    def path(self, layer: str, tile: Tile) -> str:
        """Return the address of a tile in the version that is in force."""
        return f"/tiles/{CODE}/{layer}/{self.versions[layer]}/{tile.z}/{tile.x}/{tile.y}.mvt"

    def own_path(self, layer: str, tile: Tile) -> str:
        """Return the address of a tile in its own version, where it is given away without a detour."""
        path = self.path(layer, tile)
        status, headers, _ = self.got(path)
        return urljoin(path, headers["location"]) if status in (307, 308) else path

    def contender(self) -> Contender:
        """Return it as a contender, for tiles that have the version of their set."""
        return served("service", self.port, self.pid, self.path)


def program(name: str) -> str:
    """Return where a program of Martin is; raise LeftOut."""
    folder = os.environ.get(MARTIN)
    found = shutil.which(name, path=folder) if folder else shutil.which(name)
    if found is None:
        where = f"in the folder that {MARTIN} names" if folder else f"on the path, and {MARTIN} names no folder"
        raise LeftOut(f"{name} is not {where}")
    return found


def plain_url(url: str) -> str:
    """Return a database's URL in the form that every driver reads: a socket's folder in the place of the host."""
    parsed = make_url(url)
    folder = str(parsed.query.get("host", ""))
    if not folder.startswith("/"):
        return url
    quoted = quote(folder, safe="")
    return f"postgresql://{parsed.username}@{quoted}:{parsed.query['port']}/{parsed.database}"


def martin_config(city: MadeCity, port: int, cache_mb: int) -> str:
    """Return the settings of Martin; YAML reads JSON."""
    kinds = {"text": "text", "integer": "int2", "boolean": "bool"}
    tables = {
        f"{layer.id}_{srid}": {
            "schema": "bench", "table": f"{layer.id}_{srid}", "srid": srid, "geometry_column": "geom",
            "geometry_type": "POINT" if layer.geometry == "Point" else "MULTIPOLYGON", "extent": EXTENT,
            "buffer": MARGIN, "clip_geom": True,
            "properties": {name: kinds[layer.column(name).type] for name in layer.tiling.columns if layer.tiling},
        }
        for layer in LAYERS.values() if layer.tiling for srid in SRIDS
    }  # fmt: skip
    return json.dumps({
        "listen_addresses": f"{HOST}:{port}", "worker_processes": 2, "cache_size_mb": cache_mb,
        "postgres": {"connection_string": plain_url(city.url), "pool_size": _POOL, "auto_publish": False,
                     "tables": tables},
    })  # fmt: skip


@contextlib.contextmanager
def martin(city: MadeCity, folder: Path, *, cache_mb: int) -> Iterator[list[Contender]]:
    """Yield Martin on both tables, with a cache or without; raise LeftOut."""
    port = free_port()
    settings = folder / f"martin_{port}.yaml"
    settings.write_text(martin_config(city, port, cache_mb), encoding="utf-8")
    with running_rival("Martin", [program("martin"), "--config", str(settings)], port, {}) as pid:
        cached = ", cached" if cache_mb else ""
        yield [
            served(f"Martin {srid}{cached}", port, pid,
                   lambda layer, tile, srid=srid: f"/{layer}_{srid}/{tile.z}/{tile.x}/{tile.y}")
            for srid in SRIDS
        ]  # fmt: skip


@contextlib.contextmanager
def tipg(city: MadeCity) -> Iterator[list[Contender]]:
    """Yield TiPg on both tables; raise LeftOut."""
    python = os.environ.get(TIPG)
    if not python:
        raise LeftOut(f"{TIPG} names no interpreter that has TiPg")
    port = free_port()
    variables = {
        "DATABASE_URL": plain_url(city.url), "DB_MAX_CONN_SIZE": str(_POOL), "TIPG_DB_SCHEMAS": '["bench"]',
        "TIPG_TILE_BUFFER": str(MARGIN), "TIPG_MAX_FEATURES_PER_TILE": str(_MANY), "TIPG_CATALOG_TTL": "0",
    }  # fmt: skip
    command = [python, "-m", "uvicorn", "tipg.main:app", "--host", HOST, "--port", str(port), "--log-level", "warning"]

    def path(layer: str, tile: Tile, srid: int) -> str:
        tiling = LAYERS[layer].tiling
        told = ",".join(tiling.columns if tiling else ())
        return (f"/collections/bench.{layer}_{srid}/tiles/WebMercatorQuad/{tile.z}/{tile.x}/{tile.y}"
                f"?properties={told}")  # fmt: skip

    with running_rival("TiPg", command, port, variables) as pid:
        yield [
            served(f"TiPg {srid}", port, pid, lambda layer, tile, srid=srid: path(layer, tile, srid)) for srid in SRIDS
        ]


@contextlib.contextmanager
def running_rival(name: str, command: Sequence[str], port: int, variables: Mapping[str, str]) -> Iterator[int]:
    """Yield the process of a server once it answers; raise LeftOut when it does not come up."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")} | dict(variables)
    with tempfile.TemporaryFile() as log, subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process:
        try:
            deadline = time.monotonic() + _START_S
            while not answers(HOST, port):
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    raise LeftOut(f"{name} does not answer: {log.read()[-500:].decode(errors='replace')}")
                time.sleep(0.05)
            yield process.pid
        finally:
            process.terminate()
