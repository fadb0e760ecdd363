"""What is due is done, by one clock of several, whatever the web server holds and whether or not webhooks are sent."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import Connection

from geoservice.app import create_app
from geoservice.records.schedule.queries import NextDue, add_jobs, claim_job, job_ages, next_due
from geoservice.running.commands import web_environment, worker_command
from geoservice.services.clock import JOBS, Job, Scheduler
from geoservice.settings import Settings
from geoservice.wiring import Services, build_services
from layers.db.session import Database
from tests import places
from tests.depth import sampled
from tests.factories import Town, make_edition, make_incident, make_organisation, make_town, select_one
from tests.loading import stop, wait_until_loaded
from tests.run import Run
from tests.waiting import PATIENCE_S, wait_until

ALL_WEEK = """
    INSERT INTO geoservice.working_hours (jurisdiction_id, weekday, opens, closes)
    SELECT %s, weekday, '00:00', '24:00' FROM generate_series(1, 7) AS weekday
"""
TOLD = """
    SELECT e.incident_id, e.rule, count(DISTINCT e.id), count(o.id) FROM geoservice.incident_event AS e
      LEFT JOIN geoservice.outbox AS o ON o.incident_event_id = e.id
     WHERE e.rule IN ('overdue', 'lapsed', 'moved by edition') GROUP BY 1, 2
"""


@pytest.fixture
def superuser(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def town(superuser: psycopg.Connection[Any]) -> Town:
    """Return a town that never sleeps and mends its lights within four hours."""
    town = make_town(superuser)
    superuser.execute("DELETE FROM geoservice.working_hours")
    superuser.execute(ALL_WEEK, [town.jurisdiction_id])
    superuser.execute("UPDATE geoservice.service SET limit_working_hours = 4")
    make_organisation(superuser, town.jurisdiction_id)
    return town


@pytest.fixture
def services_of_town(database_url: str) -> Iterator[Services]:
    services = build_services(Settings(database_url=SecretStr(database_url), pool_size=2, compare_every_s=0.05))
    yield services
    stop(services)


@contextmanager
def clock_process(url: str, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the worker as the service does."""
    environment = web_environment(url) | {f"GEOSERVICE_{name}": text for name, text in settings.items()}
    environment["GEOSERVICE_DATA_DIR"] = str(Run.current().directory / "worker")  # anchors are told there
    with subprocess.Popen(worker_command(), env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def clock(database: Database, **settings: Any) -> Iterator[Scheduler]:
    """Run a clock in this process."""
    scheduler = Scheduler(database, **settings)
    thread = threading.Thread(target=scheduler.run)
    thread.start()
    try:
        yield scheduler
    finally:
        scheduler.stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def report_late(superuser: psycopg.Connection[Any], count: int = 1) -> list[Any]:
    """Hand in reports of five hours ago, which are late when they arrive."""
    ago = datetime.now(UTC) - timedelta(hours=5)
    return [make_incident(superuser, reported_at=ago)["id"] for _ in range(count)]


def resolve_long_ago(superuser: psycopg.Connection[Any], count: int = 1) -> list[Any]:
    """Have incidents that were resolved more than a week ago."""
    found = [make_incident(superuser, status="resolved")["id"] for _ in range(count)]
    superuser.execute("ALTER TABLE geoservice.incident DISABLE TRIGGER USER")
    superuser.execute(
        "UPDATE geoservice.incident SET status_since = now() - interval '8 days' WHERE id = ANY(%s)", [found]
    )
    superuser.execute("ALTER TABLE geoservice.incident ENABLE TRIGGER USER")
    superuser.execute("NOTIFY geoservice_due")  # nobody resolves into the past, so nothing announces it
    return found


def publish_for_a_moment_to_come(superuser: psycopg.Connection[Any], town: Town) -> int:
    starts = datetime.now(UTC) + timedelta(seconds=1)
    return make_edition(superuser, town.jurisdiction_id, {"soon": places.OUTLINE}, starts=starts)


def all_late(superuser: psycopg.Connection[Any], incidents: list[Any]) -> bool:
    query = "SELECT bool_and(overdue_at IS NOT NULL) FROM geoservice.incident WHERE id = ANY(%s)"
    return bool(select_one(superuser, query, incidents))


def all_closed(superuser: psycopg.Connection[Any], incidents: list[Any]) -> bool:
    query = "SELECT bool_and(status = 'closed') FROM geoservice.incident WHERE id = ANY(%s)"
    return bool(select_one(superuser, query, incidents))


def grid_of_organisation(superuser: psycopg.Connection[Any]) -> Any:
    return select_one(superuser, "SELECT grid_code FROM geoservice.organisation")


def test_which_jobs_there_are() -> None:
    assert [job.name for job in JOBS] == [
        "editions", "overdue", "lapses", "ended_rights", "working_time", "tiles", "event_numbers", "old_events",
        "audit_seals", "retention",
    ]  # fmt: skip


@pytest.mark.parametrize("webhooks", sampled(["false", "true"], 2))
def test_what_is_due_is_done_though_nothing_is_held_in_memory(
    database_url: str, superuser: psycopg.Connection[Any], town: Town, webhooks: str
) -> None:
    assert grid_of_organisation(superuser) == "B"
    with clock_process(database_url, HOLD_EDITIONS="false", WEBHOOKS=webhooks):
        wait_until(
            lambda: (
                select_one(superuser, "SELECT count(done_at) FROM geoservice.scheduled_job") == len(JOBS) + 2
            ),  # anchors, uploads
            "every job is done once",
        )
        late, old = report_late(superuser), resolve_long_ago(superuser)
        edition = publish_for_a_moment_to_come(superuser, town)

        wait_until(lambda: all_late(superuser, late), "the late one is marked")
        wait_until(lambda: all_closed(superuser, old), "the old one is closed")
        wait_until(lambda: grid_of_organisation(superuser) == "soon", "the edition comes into force")

    assert select_one(superuser, "SELECT edition_id FROM geoservice.applied_edition") == edition
    assert {(incident, rule) for incident, rule, *_ in superuser.execute(TOLD)} >= {
        (late[0], "overdue"), (old[0], "lapsed"),
    }  # fmt: skip


@pytest.mark.slow
def test_of_two_clocks_one_does_each_thing(database_url: str, superuser: psycopg.Connection[Any], town: Town) -> None:
    late, old = report_late(superuser, 250), resolve_long_ago(superuser, 250)
    publish_for_a_moment_to_come(superuser, town)
    with clock_process(database_url), clock_process(database_url):
        wait_until(
            lambda: all_late(superuser, late) and all_closed(superuser, old), "the late are marked and the old closed"
        )
        wait_until(lambda: grid_of_organisation(superuser) == "soon", "the edition comes into force")
        more = report_late(superuser, 50)
        wait_until(lambda: all_late(superuser, more), "those that came later are marked")

    told = superuser.execute(TOLD).fetchall()
    assert {(incident, rule) for incident, rule, *_ in told} >= {
        *((incident, "overdue") for incident in late + more), *((incident, "lapsed") for incident in old),
    }  # fmt: skip
    assert {(lines, events) for *_, lines, events in told} == {(1, 1)}


@pytest.mark.slow
def test_when_a_clock_is_killed_the_other_goes_on(
    database_url: str, superuser: psycopg.Connection[Any], town: Town
) -> None:
    with ExitStack() as running:
        first, second = (running.enter_context(clock_process(database_url)) for _ in range(2))
        for killed in (first, None):
            late = report_late(superuser, 3)
            wait_until(lambda late=late: all_late(superuser, late), "the late are marked")  # type: ignore[misc]
            if killed is not None:
                killed.kill()
                killed.wait(PATIENCE_S)
        assert second.poll() is None


def test_a_job_is_nobody_elses_until_whoever_does_it_dies(
    database_url: str, database: Database, superuser: psycopg.Connection[Any], town: Town
) -> None:
    other = Database.connect(database_url, pool_size=1)
    with database.transaction() as connection:
        add_jobs(connection, [job.name for job in JOBS])
    try:
        with clock(database), pytest.raises(Exception, match="away"), other.transaction() as connection:
            wait_until(lambda: claim_job(connection, "overdue"), "the clock is not at it")
            late, old = report_late(superuser), resolve_long_ago(superuser)
            wait_until(lambda: all_closed(superuser, old), "the old one is closed")  # the others are done meanwhile
            assert not all_late(superuser, late)
            raise RuntimeError("away")  # as a process that is killed lets go
    finally:
        other.close()
    with clock(database):
        wait_until(lambda: all_late(superuser, late), "the late one is marked")


def test_a_job_that_fails_stops_no_other(database: Database, superuser: psycopg.Connection[Any], town: Town) -> None:
    def fails(connection: Connection) -> int:
        connection.exec_driver_sql("SELECT 1 / 0")
        return 0

    late = report_late(superuser)
    with clock(database, jobs=(Job("fails", fails), *JOBS)):
        wait_until(lambda: all_late(superuser, late), "the late one is marked")
        wait_until(lambda: ages(database).get("retention") is not None, "the other jobs are done")

    assert ages(database)["fails"] is None
    assert all(age_s is not None for name, age_s in ages(database).items() if name != "fails")


def ages(database: Database) -> dict[str, float | None]:
    with database.transaction() as connection:
        return job_ages(connection)


def test_a_full_piece_is_followed_by_the_next_at_once(database: Database) -> None:
    pieces = [5, 5, 4]

    def some(_connection: Connection) -> int:
        return pieces.pop(0) if pieces else 0

    # Without that it would be an hour.
    with clock(database, jobs=[Job("some", some, period_s=3600, piece=5)], look_every_s=3600):
        wait_until(lambda: not pieces, "all pieces are done")


@pytest.mark.slow
def test_nothing_is_asked_while_nothing_is_due(
    database: Database, superuser: psycopg.Connection[Any], town: Town
) -> None:
    looks: list[int] = []
    scheduler = Scheduler(database, look_every_s=3600)
    scheduler.on_look = lambda: looks.append(1)
    thread = threading.Thread(target=scheduler.run)
    thread.start()
    try:
        wait_until(
            lambda: len([age for age in ages(database).values() if age is not None]) == len(JOBS),
            "every job is done once",
        )
        time.sleep(3)  # what was just done rests for a second, and is looked at once more
        before = len(looks)
        time.sleep(3)
        assert len(looks) == before
        late = report_late(superuser)
        wait_until(lambda: all_late(superuser, late), "the late one is marked")
        assert len(looks) > before
    finally:
        scheduler.stop()
        thread.join(PATIENCE_S)


def test_it_is_foreseen_when_something_is_due(
    database: Database, superuser: psycopg.Connection[Any], town: Town
) -> None:
    def foreseen() -> NextDue:
        with database.transaction() as connection:
            return next_due(connection)

    assert foreseen() == (None, None, None, None)
    starts = datetime.now(UTC) + timedelta(days=1)
    make_edition(superuser, town.jurisdiction_id, {"soon": places.OUTLINE}, starts=starts)
    late_at = make_incident(superuser)["expected_at"]
    closed_at = make_incident(superuser, status="resolved")["status_since"] + timedelta(days=7)
    before = datetime.now(UTC)
    told = foreseen()[:3]
    after = datetime.now(UTC)

    for due_s, at in zip(told, (starts, late_at, closed_at), strict=True):
        assert due_s is not None
        assert before <= at - timedelta(seconds=due_s) <= after


def test_a_job_is_due_when_something_is_foreseen_and_in_any_case_now_and_then() -> None:
    job = Job("job", lambda connection: 0, period_s=60, foreseen_s=lambda due: due.overdue_s)

    assert job.due_s(NextDue(None, None, None, None), None) == 0
    assert job.due_s(NextDue(None, None, None, None), 20) == 40
    assert job.due_s(NextDue(None, 7, None, None), 20) == 7
    assert job.due_s(NextDue(None, 70, None, None), 20) == 40


def test_figures_tell_how_long_ago_each_job_was_done(
    database_url: str, database: Database, services_of_town: Services
) -> None:
    client = create_app(Settings(database_url=SecretStr(database_url)), services=services_of_town).test_client()
    with database.transaction() as connection:
        add_jobs(connection, [job.name for job in JOBS])
    assert 'geoservice_job_age_seconds{job="overdue"} NaN' in client.get("/metrics").text

    with clock(database):
        wait_until(lambda: all(age is not None for age in ages(database).values()), "every job is done once")

    at_least = ages(database)
    told = dict(line.rsplit(" ", 1) for line in client.get("/metrics").text.splitlines() if "job_age" in line)
    at_most = ages(database)
    for job in JOBS:
        age_s = float(told[f'geoservice_job_age_seconds{{job="{job.name}"}}'])
        assert (at_least[job.name] or 0) <= age_s <= (at_most[job.name] or 0)


def test_no_clock_runs_in_a_web_server(
    superuser: psycopg.Connection[Any], town: Town, services_of_town: Services
) -> None:
    """What is due would be done by as many as there are web workers, and by none where nothing is held."""
    late = report_late(superuser)
    wait_until_loaded(services_of_town)
    time.sleep(1)  # compared some twenty times
    assert not all_late(superuser, late)
