"""What runs in a data directory, as `geoservice status` tells it. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from geoservice.running.database import embedded_cluster
from geoservice.running.instance import Instance, InstanceState
from geoservice.running.processes import ProcessIdentity, identity_of
from geoservice.settings import Settings


@dataclass(frozen=True)
class Part:
    """A process of an instance, or one that is to be started again."""

    name: str
    pid: int | None
    #: UTC, to the second.
    since: datetime | None


@dataclass(frozen=True)
class Condition:
    """What `geoservice status` tells."""

    state: InstanceState | None
    log_file: Path
    #: Every process that ought to run; of the database the one that the others of it are children of.
    parts: tuple[Part, ...]
    #: Port and process of the embedded database; None when it does not run or is not ours.
    database_port: int | None
    database_pid: int | None
    tcp_url: str | None
    password_file: Path | None


def look_at(settings: Settings) -> Condition:
    """Find out what runs in this data directory."""
    instance = Instance(settings.data_dir)
    cluster = embedded_cluster(settings)
    database = cluster.status() if cluster is not None else None
    runs = database is not None and database.running
    state = instance.running()
    return Condition(
        state=state,
        log_file=instance.log_file,
        parts=(*_parts(state), *([_part("database", identity_of(database.pid))] if database and database.pid else ())),
        database_port=database.port if database is not None and runs else None,
        database_pid=database.pid if database is not None else None,
        tcp_url=cluster.tcp_url if cluster is not None and runs else None,
        password_file=database.password_file if database is not None and runs else None,
    )


def _parts(state: InstanceState | None) -> Iterator[Part]:
    if state is None:
        return
    yield _part("supervisor", state.supervisor)
    yield _part("fork server", state.forks)
    yield _part("web server", state.web)
    yield from (_part("web worker", one) for one in (state.web.children if state.web else ()))
    if state.events is not None:
        yield _part("events' server", state.events)
        yield from (_part("events' worker", one) for one in state.events.children)
    yield _part("worker", state.worker)


def _part(name: str, identity: ProcessIdentity | None) -> Part:
    if identity is None or not identity.is_alive():
        return Part(name, None, None)
    return Part(name, identity.pid, identity.started_at)
