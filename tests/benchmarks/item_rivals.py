"""Everybody who is asked for features of a box: the service, plain SQL, and what else people use for it.

All tell the same columns of the same buildings; a rival that is not installed is left out and told. TiPg and pygeoapi
are run by the interpreters that GEOSERVICE_BENCH_TIPG and GEOSERVICE_BENCH_PYGEOAPI name.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from layers.crs import Bbox
from tests.benchmarks.cities import BOUNDS, CODE, MadeCity
from tests.benchmarks.measuring import LeftOut
from tests.benchmarks.servers import HOST, running
from tests.benchmarks.tile_rivals import TIPG, over_path, plain_url, running_rival
from tests.conftest import free_port

PYGEOAPI = "GEOSERVICE_BENCH_PYGEOAPI"
#: At most so many features are on a page of anybody.
MOST = 10_000
_POOL = 8
_TABLE = """
    CREATE SCHEMA IF NOT EXISTS bench;
    CREATE TABLE bench.buildings AS SELECT code, name, kind, floors, households, address, in_use, grid_code,
           CAST(geom AS public.geometry(MultiPolygon, 4326)) AS geom FROM geoservice.served_building;
    ALTER TABLE bench.buildings ADD PRIMARY KEY (code);
    CREATE INDEX ON bench.buildings USING gist (geom)
"""

#: Returns the body of a page of the features in a box, so many at most.
AskItems = Callable[[Bbox, int], bytes]


@dataclass(frozen=True)
class ItemContender:
    """A server that gives features."""

    name: str
    port: int
    #: Process that answers.
    pid: int
    path: Callable[[Bbox, int], str]

    def connected(self) -> AskItems:
        """Open a connection of its own and return who asks over it."""
        ask = over_path(self.port)
        return lambda box, limit: ask(self.path(box, limit))


def lay_table(city: MadeCity) -> None:
    """Give rivals a table of their own, with what the service tells of buildings and nothing else; show it to all."""
    with psycopg.connect(city.url, autocommit=True) as connection:
        connection.execute("UPDATE geoservice.jurisdiction SET visitors = 'open'")
        connection.execute(_TABLE)
        connection.execute("VACUUM ANALYZE bench.buildings")


def _query(box: Bbox, limit: int) -> str:
    return f"bbox={','.join(map(repr, box))}&limit={limit}"


@contextlib.contextmanager
def service(city: MadeCity) -> Iterator[ItemContender]:
    """Yield the service; raise LeftOut."""
    items = f"/ogc/{CODE}/collections/buildings/items"
    with running(city.url) as server:
        yield ItemContender("service", server.port, server.worker, lambda box, limit: f"{items}?{_query(box, limit)}")


@contextlib.contextmanager
def sql_over_http(city: MadeCity) -> Iterator[ItemContender]:
    """Yield plain SQL behind our own web server; raise LeftOut."""
    with running(city.url, application="tests.benchmarks.bare_items:app") as server:
        yield ItemContender("SQL, granian", server.port, server.worker, lambda box, limit: f"/?{_query(box, limit)}")


@contextlib.contextmanager
def tipg(city: MadeCity) -> Iterator[ItemContender]:
    """Yield TiPg; raise LeftOut."""
    python, port = _interpreter(TIPG, "TiPg"), free_port()
    variables = {
        "DATABASE_URL": plain_url(city.url), "DB_MAX_CONN_SIZE": str(_POOL), "TIPG_DB_SCHEMAS": '["bench"]',
        "TIPG_CATALOG_TTL": "0", "TIPG_MAX_FEATURES_PER_QUERY": str(MOST),
    }  # fmt: skip
    command = [python, "-m", "uvicorn", "tipg.main:app", "--host", HOST, "--port", str(port), "--log-level", "warning"]
    path = "/collections/bench.buildings/items?f=geojson&"
    with running_rival("TiPg", command, port, variables) as pid:
        yield ItemContender("TiPg", port, pid, lambda box, limit: path + _query(box, limit))


@contextlib.contextmanager
def pygeoapi(city: MadeCity, folder: Path) -> Iterator[ItemContender]:
    """Yield pygeoapi behind gunicorn, one process with threads as ours; raise LeftOut."""
    python, port = _interpreter(PYGEOAPI, "pygeoapi"), free_port()
    config, described = folder / "pygeoapi.yml", folder / "pygeoapi-openapi.yml"
    config.write_text(json.dumps(_pygeoapi_config(city, port)), encoding="utf-8")
    variables = {"PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(described)}
    made = subprocess.run(
        [str(Path(python).with_name("pygeoapi")), "openapi", "generate", str(config), "--output-file", str(described)],
        env=os.environ | variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        raise LeftOut(f"pygeoapi makes no description: {made.stderr[-500:]}")
    command = [python, "-m", "gunicorn", "-b", f"{HOST}:{port}", "-w", "1", "--threads", str(_POOL),
               "--log-level", "error", "pygeoapi.flask_app:APP"]  # fmt: skip
    with running_rival("pygeoapi", command, port, variables) as pid:
        path = "/collections/buildings/items?f=json&"
        yield ItemContender("pygeoapi", port, pid, lambda box, limit: path + _query(box, limit))


def _interpreter(variable: str, name: str) -> str:
    python = os.environ.get(variable)
    if not python:
        raise LeftOut(f"{variable} names no interpreter that has {name}")
    return python


def _pygeoapi_config(city: MadeCity, port: int) -> Mapping[str, object]:
    """Return the settings of pygeoapi; YAML reads JSON."""
    url = make_url(city.url)
    host, at = str(url.query.get("host", url.host)), int(str(url.query.get("port", url.port or 5432)))
    provider = {
        "type": "feature", "name": "PostgreSQL", "id_field": "code", "table": "buildings", "geom_field": "geom",
        "data": {"host": host, "port": at, "dbname": url.database, "user": url.username, "password": url.password or "",
                 "search_path": ["bench", "public"]},
    }  # fmt: skip
    collection = {
        "type": "collection", "title": "Buildings", "description": "Buildings", "keywords": ["buildings"],
        "extents": {"spatial": {"bbox": list(BOUNDS), "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}},
        "links": [], "providers": [provider],
    }  # fmt: skip
    address = f"http://{HOST}:{port}"
    return {
        "server": {"bind": {"host": HOST, "port": port}, "url": address, "mimetype": "application/json",
                   "language": "en", "encoding": "utf-8", "gzip": False, "pretty_print": False,
                   "limits": {"default_items": 10, "max_items": MOST},
                   "map": {"url": address, "attribution": ""}},
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {"title": "b", "description": "b", "keywords": ["b"], "keywords_type": "theme",
                               "terms_of_service": address, "url": address},
            "license": {"name": "b", "url": address}, "provider": {"name": "b", "url": address},
            "contact": {"name": "b", "email": "b@example.org"},
        },
        "resources": {"buildings": collection},
    }  # fmt: skip
