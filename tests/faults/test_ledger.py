"""kill -9 of every part while eight writers report: every report is there once, routed, told of once, and sent out."""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.faults.follower import Follower
from tests.faults.ledger import Ledger, faults_in
from tests.faults.serving import Service, bounds_of
from tests.geoservice.services.webhooks.inbox import Inbox
from tests.waiting import wait_until

pytestmark = pytest.mark.faults

WRITERS = 8
ROUNDS = 1


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with tempfile.TemporaryDirectory(prefix="gs-") as name:
        Path(name).chmod(0o755)  # the service account must be able to walk through
        service = Service(Path(name))
        try:
            yield service
        finally:
            service.end()


def _a_web_worker(service: Service) -> int | None:
    web = service.web()
    try:
        workers = psutil.Process(web.pid).children() if web is not None else []
    except psutil.NoSuchProcess:
        return None
    return random.choice(workers).pid if workers else None


def _the_web_server(service: Service) -> int | None:
    web = service.web()
    return web.pid if web is not None and web.is_alive() else None


def _the_events_server(service: Service) -> int | None:
    state = service.instance.read()
    events = state.events if state is not None else None
    return events.pid if events is not None and events.is_alive() else None


def _the_worker(service: Service) -> int | None:
    state = service.instance.read()
    worker = state.worker if state is not None else None
    return worker.pid if worker is not None and worker.is_alive() else None


def _a_backend(service: Service) -> int | None:
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'geoservice' ORDER BY random() LIMIT 1"
    with psycopg.connect(service.cluster.url) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row is not None else None


def _the_postmaster(service: Service) -> int | None:
    postmaster = service.cluster.postmaster()
    return postmaster.pid if postmaster is not None else None


VICTIMS: dict[str, Callable[[Service], int | None]] = {
    "a web worker": _a_web_worker,
    "the web server": _the_web_server,
    "the events' server": _the_events_server,
    "the worker": _the_worker,
    "a backend": _a_backend,
    "the postmaster": _the_postmaster,
}


@pytest.mark.slow
def test_no_acknowledged_report_is_lost_whatever_is_killed(
    service: Service, record_property: Callable[[str, object], None]
) -> None:
    for victim, silences in _report_through_kills(service, reports=100, rounds=ROUNDS).items():
        record_property(f"longest silence after the kill of {victim}, s", max(silences))


@pytest.mark.prove
def test_of_twenty_thousand_reports_none_is_lost_or_doubled(
    service: Service, record_property: Callable[[str, object], None]
) -> None:
    for victim, silences in _report_through_kills(service, reports=20_000, rounds=5).items():
        record_property(f"longest silence after the kill of {victim}, s", max(silences))


def _report_through_kills(service: Service, *, reports: int, rounds: int) -> dict[str, list[float]]:
    """Report, kill, and look at everything; return for each victim how long no report was taken, seconds."""
    key = service.wait_for_key()
    with psycopg.connect(service.cluster.url) as connection:
        bounds = bounds_of(connection)
        (service_code,) = connection.execute("SELECT min(code) FROM geoservice.service").fetchone() or ("",)
    ledger = Ledger(service.port, key, service_code, bounds)
    follower = Follower(service.events_port, key)
    follower.start()
    with Inbox() as inbox:
        service.add_webhook(inbox.url)
        before = _last_number(service)
        ledger.start(WRITERS)
        kills = _kill_while_they_report(service, ledger, reports=reports, rounds=rounds)
        silences = _check_reports(service, ledger, kills, reports=reports)
        last = _last_number(service)
        follower.wait_for(last)
        print(f"{len(follower.heard)} events heard through {follower.breaks} breaks")
        assert follower.faults() == []
        assert [message.id for message in follower.heard] == list(range(1, last + 1))
        assert follower.breaks > 0
        _check_sent(inbox, before + 1, last)
    return silences


def _kill_while_they_report(
    service: Service, ledger: Ledger, *, reports: int, rounds: int
) -> list[tuple[str, float, float]]:
    try:
        ledger.wait_for_the_next()
        kills = _kill_everything(service, ledger, random.Random(20260101), rounds=rounds)
        while len(ledger.entries) < reports:
            ledger.wait_for_the_next()
            time.sleep(0.2)
    finally:
        ledger.stop()
    return kills


def _check_reports(
    service: Service, ledger: Ledger, kills: list[tuple[str, float, float]], *, reports: int
) -> dict[str, list[float]]:
    print(f"\n{len(ledger.entries)} acknowledged, {ledger.tally}")
    silences = {
        victim: [ledger.longest_silence_s(at, end) for name, at, end in kills if name == victim] for victim in VICTIMS
    }
    for victim, seconds in silences.items():
        each = ", ".join(f"{s:.2f}" for s in seconds)
        print(f"kill -9 of {victim}: no report taken for {max(seconds):.2f} s at the longest ({each})")
    assert ledger.tally.unexpected == []
    assert len(ledger.entries) >= reports
    with psycopg.connect(service.cluster.url) as connection:
        assert faults_in(ledger.entries, connection) == []
    return silences


def _last_number(service: Service) -> int:
    with psycopg.connect(service.cluster.url) as connection:
        row = connection.execute("SELECT number FROM geoservice.outbox_head").fetchone()
    assert row is not None
    return int(row[0])


def _check_sent(inbox: Inbox, first: int, last: int) -> None:
    """Fail unless all these events were sent, in the order of each incident, and what came twice had one id."""
    count = last - first + 1
    inbox.wait_for(count)
    ids = defaultdict(set)
    for one in inbox.taken:
        ids[one.number].add(one.id)
    print(f"{len(ids)} messages taken, {len(inbox.taken) - len(ids)} of them twice")
    assert {number: each for number, each in ids.items() if len(each) > 1} == {}
    assert ids.keys() == set(range(first, last + 1))
    inbox.assert_in_order()


def _find(service: Service, victim: str) -> int:
    """Return the number of a victim, which may be on its way back from the kill before."""

    def number() -> int | None:
        with suppress(psycopg.Error):
            return VICTIMS[victim](service)
        return None

    found = wait_until(number, f"{victim} is there")
    assert found is not None
    return found


def _kill_everything(
    service: Service, ledger: Ledger, chance: random.Random, *, rounds: int
) -> list[tuple[str, float, float]]:
    """Kill each part in each round, in any order, at any moment.

    Return who was killed, when, and when the next was about to be; at that instant reports were taken again.
    """
    kills = []
    for _ in range(rounds):
        for victim in chance.sample(list(VICTIMS), len(VICTIMS)):
            pid, at = _find(service, victim), time.monotonic()
            os.kill(pid, signal.SIGKILL)
            # What is killed can still answer for a moment: a server's last words must not count as its return.
            time.sleep(chance.uniform(1, 2))
            ledger.wait_for_the_next()
            kills.append((victim, at, time.monotonic()))
    return kills
