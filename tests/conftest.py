"""A PostGIS cluster for the run, a fresh migrated database for each test that asks, and the demo community.

Whatever a run starts ends with it, however it ends: `tests.run` and `tests.reaper` see to that.

With GEOSERVICE_TEST_DATABASE_URL (a superuser's postgresql:// URL) that cluster is used and none is started.
"""

from __future__ import annotations

import atexit
import functools
import gc
import hashlib
import itertools
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from flask.testing import FlaskClient
from psycopg import sql
from pydantic import SecretStr
from sqlalchemy import make_url

from geoservice.app import create_app
from geoservice.auth.model import Role
from geoservice.embedded.config import SERVICE_LOGIN
from geoservice.reading import reader
from geoservice.running.addresses import answers
from geoservice.running.commands import web_command, web_environment
from geoservice.services.demo import load_demo
from geoservice.services.keys import KeyService
from geoservice.services.preparing import prepare_database
from geoservice.settings import DatabaseUrls, Settings
from geoservice.wiring import Services, build_services
from layers.db.session import Database
from tests.loading import stop
from tests.made_once import hash_quickly, make_once
from tests.run import Run, begin
from tests.waiting import wait_until
from tests.warm_readers import keep_warm

_numbers = itertools.count(1)


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Begin a run; a worker of xdist belongs to the one that started it."""
    # Tests of the store have one of their own; no other keeps tiles, on this machine or between two tests.
    os.environ["GEOSERVICE_TILE_STORE_BYTES"] = "0"
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    make_once(patch)  # before tests are collected, which makes the first application
    if hasattr(config, "workerinput"):
        return
    run, reaper = begin()
    config.add_cleanup(reaper.finish)
    config.option.basetemp = config.option.basetemp or str(run.directory / "b")


def pytest_collection_finish() -> None:
    """Spare the collector all that was imported and collected: it stays to the end, and is much."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def _warm_readers() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        readers = keep_warm(patch)
        yield
        readers.end()


@pytest.fixture(scope="session", autouse=True)
def _quick_hashes() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        hash_quickly(patch)
        yield


@pytest.fixture
def cold_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each file read by a process of its own, as the service does it."""
    monkeypatch.setattr(reader, "subprocess", subprocess)


@pytest.fixture(scope="session")
def cluster_url() -> str:
    """Return a superuser's URL of a running cluster, one for all workers."""
    return os.environ.get("GEOSERVICE_TEST_DATABASE_URL") or Run.current().cluster_url(free_port)


def with_database(url: str, name: str) -> str:
    """Return the URL of another database of the same cluster."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def as_service(url: str) -> str:
    """Return the URL of the same database for the login that serves; `url` is a superuser's."""
    owner = make_url(url)
    # Over the socket the account is enough; elsewhere the password is the same for all workers, and nobody's guess.
    password = None if owner.password is None else hashlib.sha256(f"serve {owner.password}".encode()).hexdigest()
    return owner.set(username=SERVICE_LOGIN, password=password).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def template(cluster_url: str) -> str:
    """Return the name of a migrated database to clone, made once a run."""

    def migrate(name: str) -> None:
        with psycopg.connect(cluster_url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        url = with_database(cluster_url, name)
        prepare_database(DatabaseUrls(as_service(url), url))

    return Run.current().database(cluster_url, "geoservice_template", migrate)


def clone_database(connection: psycopg.Connection, name: str, template: str) -> None:
    """Make a database like another by copying its files; through the log it takes three times as long."""
    strategy = sql.SQL("STRATEGY file_copy" if connection.info.server_version >= 150_000 else "")
    connection.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {} {}").format(sql.Identifier(name), sql.Identifier(template), strategy)
    )


@functools.cache
def _superuser(cluster_url: str) -> psycopg.Connection:
    """Return the connection by which this process makes and drops databases, as long as it lives."""
    connection = psycopg.connect(cluster_url, autocommit=True)
    atexit.register(connection.close)
    return connection


class DatabaseMaker:
    """Clones databases from a template and drops them at the end."""

    def __init__(self, cluster_url: str) -> None:
        self.cluster_url = cluster_url
        self.made: list[str] = []

    def clone(self, template: str) -> str:
        """Return the URL of a new database like `template`."""
        name = f"geoservice_test_{os.getpid()}_{next(_numbers)}"
        clone_database(_superuser(self.cluster_url), name, template)
        self.made.append(name)
        return with_database(self.cluster_url, name)

    def drop_all(self) -> None:
        """Drop what was made, sessions and all."""
        connection = _superuser(self.cluster_url)
        for name in self.made:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def database_url(cluster_url: str, template: str) -> Iterator[str]:
    """Return the superuser's URL of a fresh migrated database."""
    maker = DatabaseMaker(cluster_url)
    yield maker.clone(template)
    maker.drop_all()


#: Returns the superuser's URL of a database like one of that name, which is filled once a run.
DatabaseLike = Callable[[str, Callable[[str], object]], str]


@pytest.fixture
def database_like(cluster_url: str, template: str) -> Iterator[DatabaseLike]:
    """Return what gives a test a database of its own that holds what many tests begin with."""
    maker = DatabaseMaker(cluster_url)

    def like(name: str, fill: Callable[[str], object]) -> str:
        def filled(unfinished: str) -> None:
            clone_database(_superuser(cluster_url), unfinished, template)
            fill(with_database(cluster_url, unfinished))

        return maker.clone(Run.current().database(cluster_url, f"geoservice_{name}", filled))

    yield like
    maker.drop_all()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Return the service's own connections, with the service's own rights, to a fresh migrated database."""
    database = Database.connect(as_service(database_url), pool_size=4)
    yield database
    database.close()


@pytest.fixture(scope="session")
def community_template(cluster_url: str, template: str) -> str:
    """Return the name of a database that holds the demo community, made once a run."""

    def load(name: str) -> None:
        with psycopg.connect(cluster_url, autocommit=True) as connection:
            clone_database(connection, name, template)
        load_demo(with_database(cluster_url, name), lambda line: None)

    return Run.current().database(cluster_url, "geoservice_community", load)


@pytest.fixture
def community_url(cluster_url: str, community_template: str) -> Iterator[str]:
    """Return the superuser's URL of a database of one's own that holds the demo community."""
    maker = DatabaseMaker(cluster_url)
    yield maker.clone(community_template)
    maker.drop_all()


@pytest.fixture
def services(community_url: str) -> Iterator[Services]:
    """Return every service on the demo community."""
    services = build_services(Settings(database_url=SecretStr(as_service(community_url)), pool_size=4))
    yield services
    stop(services)


@pytest.fixture
def client(services: Services) -> FlaskClient:
    """Return a client of the application on the demo community."""
    return create_app(Settings(database_url=SecretStr("postgresql://unused")), services=services).test_client()


@pytest.fixture
def key(services: Services) -> str:
    """Return a dispatcher's key."""
    return services.keys.create(Role.DISPATCHER, "test")


@dataclass(frozen=True)
class LiveServer:
    """A real web server in a process of its own, on the demo community."""

    url: str
    database_url: str
    key: str


@contextmanager
def serving(cluster_url: str, community_template: str, **variables: str) -> Iterator[LiveServer]:
    """Run a web server as the service runs it, on a demo community of its own; settings by their variables."""
    database_url = DatabaseMaker(cluster_url).clone(community_template)
    database = Database.connect(database_url, pool_size=1)
    key = KeyService(database).create(Role.DISPATCHER, "test")
    database.close()
    settings = Settings(port=int(variables.pop("GEOSERVICE_PORT", 0)) or free_port())
    # Nobody streams events beside it, and its pages know that.
    environment = web_environment(as_service(database_url)) | {"GEOSERVICE_EVENTS_PORT": "0"} | variables
    with subprocess.Popen(web_command(settings), env=environment) as process:
        try:
            wait_until_answering(settings.host, settings.port, process)
            yield LiveServer(f"http://{settings.host}:{settings.port}", database_url, key)
        finally:
            process.terminate()


def wait_until_answering(host: str, port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait for a server's first answer."""

    def answered() -> bool:
        assert process.poll() is None, "the server ended"
        return answers(host, port)

    wait_until(answered, "the server answers")


@pytest.fixture(scope="session")
def live(cluster_url: str, community_template: str) -> Iterator[LiveServer]:
    """Return a web server that tests share, and report to."""
    with serving(cluster_url, community_template) as live:
        yield live


@pytest.fixture(scope="session")
def live_server(live: LiveServer) -> str:
    """Return the address of a web server on the demo community."""
    return live.url


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Return the folder of real data, or skip: it carries no licence that lets us ship it."""
    folder = os.environ.get("GEOSERVICE_TEST_DATA", str(Path(__file__).parents[2] / "shared" / "data"))
    if not folder or not Path(folder).is_dir():  # an empty name would be the folder that one stands in
        pytest.skip("no development data: set GEOSERVICE_TEST_DATA to its folder")
    return Path(folder)
