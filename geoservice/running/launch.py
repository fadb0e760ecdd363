"""Brings the service up: lock, database, schema, demo, processes. Says what it does through `report`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from geoservice.embedded.cluster import Cluster
from geoservice.embedded.stepping_down import server_account
from geoservice.running.addresses import check_addresses_free, check_hosts_named
from geoservice.running.database import database_urls, embedded_cluster
from geoservice.running.instance import Instance, Report
from geoservice.running.instance_errors import AnotherInstance, DatabaseUnreachable, NotAnswering
from geoservice.running.processes import adopt_orphans
from geoservice.running.supervisor import FIRST_ANSWER_S, Supervisor
from geoservice.services.demo import DemoSummary, load_demo
from geoservice.services.openings import find_openings
from geoservice.services.preparing import prepare_database
from geoservice.settings import Settings
from geoservice.wiring import anchor_file, erasure_list, tile_store

#: Another `up` may be in the middle of making its database.
OTHER_STARTS_S = 90.0
LOG_LIMIT_BYTES = 20_000_000


@dataclass(frozen=True)
class Started:
    """What `up` found or made."""

    host: str
    port: int
    already_ran: bool
    demo: DemoSummary | None


def bring_up(
    settings: Settings,
    *,
    demo: bool,
    background: bool,
    report: Report,
    on_ready: Callable[[Started], None],
) -> None:
    """Bring the service up; in the foreground this returns when it was stopped, else when it answers.

    Raises: errors of the embedded database, of the schema and of running.
    """
    instance = Instance(settings.data_dir)
    if not instance.acquire():
        on_ready(_join(settings, instance, demo=demo, report=report))
        return
    try:
        adopt_orphans()
        instance.end_leftovers()
        check_hosts_named(settings)
        check_addresses_free(settings)
        cluster = embedded_cluster(settings)
        summary, url = _prepare(settings, cluster, demo=demo, report=report)
        started = Started(settings.host, settings.port, already_ran=False, demo=summary)
        if background:
            _detach(settings, instance, report)
            on_ready(started)
        else:
            supervisor = Supervisor(settings, instance, database_url=url, cluster=cluster)
            supervisor.run(lambda: on_ready(started))
    finally:
        instance.release()


def _prepare(
    settings: Settings, cluster: Cluster | None, *, demo: bool, report: Report
) -> tuple[DemoSummary | None, str]:
    urls = database_urls(settings)
    try:
        if cluster is not None:
            report("starting the database" if cluster.status().made_by else "making the database")
            cluster.ensure()
        else:
            _check_reachable(urls.owner)
        report("bringing the schema up to date")
        prepare_database(urls)
        _check_reachable(urls.service)
        _tell_what_stands_open(settings, urls.service, report)
        tile_store(settings)  # while we may: all are handed over to whom the servers run as
        anchor_file(settings)
        erasure_list(settings)
        return (load_demo(urls.service, report, owner=urls.owner) if demo else None), urls.service
    except BaseException:  # Ctrl-C included; it is raised again
        # Nobody would look after a database that was started for a service that then did not come up.
        if cluster is not None:
            cluster.stop()
        raise


def _tell_what_stands_open(settings: Settings, service_url: str, report: Report) -> None:
    for opening in find_openings(service_url):
        report(opening.sentence())
    servers = server_account(settings.service_account)
    if servers.warning:
        report(f"warning: {servers.warning}")


def _check_reachable(url: str) -> None:
    """Raise DatabaseUnreachable when somebody else's database does not take a connection."""
    try:
        psycopg.connect(url, connect_timeout=10).close()
    except psycopg.Error as exc:
        # libpq names host, port and user, never the password.
        said = str(exc).strip().splitlines()[-1].strip()
        raise DatabaseUnreachable(said=said) from exc


def _join(settings: Settings, instance: Instance, *, demo: bool, report: Report) -> Started:
    """Wait until the instance that holds the lock serves; it may be starting at this moment."""
    deadline = time.monotonic() + OTHER_STARTS_S
    while (state := instance.running()) is None or state.phase != "serving":
        if time.monotonic() > deadline or (state is not None and state.phase == "stopping"):
            raise AnotherInstance(data_dir=instance.data_dir, phase=state.phase if state else "starting")
        time.sleep(0.1)
    summary = None
    if demo:
        urls = database_urls(settings)
        summary = load_demo(urls.service, report, owner=urls.owner)
    return Started(state.host, state.port, already_ran=True, demo=summary)


def _detach(settings: Settings, instance: Instance, report: Report) -> None:
    """Start the supervisor for good, hand it the lock, and wait until the service answers."""
    report("starting the web server")
    if instance.log_file.exists() and instance.log_file.stat().st_size > LOG_LIMIT_BYTES:
        os.replace(instance.log_file, instance.log_file.with_suffix(".log.1"))
    command = [sys.executable, "-m", "geoservice.running.supervisor", str(instance.descriptor)]
    descriptor = os.open(instance.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab") as log:
        keeper = subprocess.Popen(  # noqa: S603  our own interpreter and a number
            command,
            pass_fds=(instance.descriptor,),
            env=os.environ | {"GEOSERVICE_DATA_DIR": str(instance.data_dir)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + FIRST_ANSWER_S + 15
    while (state := instance.running()) is None or state.phase != "serving" or state.supervisor.pid != keeper.pid:
        if keeper.poll() is not None or time.monotonic() > deadline:
            said = _said_last(instance.log_file)
            raise NotAnswering(host=settings.host, port=settings.port, said=said, log=instance.log_file)
        time.sleep(0.05)
    keeper.returncode = 0  # it is meant to outlive us: no ResourceWarning about a child left behind


def _said_last(log: Path) -> str:
    """Return the words of the last line of a log, without its time and the like."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return "nothing"
    last = next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
    try:
        line = json.loads(last)
        return " ".join(line[name] for name in ("event", "advice") if name in line)
    except (ValueError, TypeError):  # what is no line of ours is told as it is
        return last
