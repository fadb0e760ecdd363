"""Every event is in the outbox once, and gets a number after its commit that nothing committed later undercuts."""

from __future__ import annotations

import threading
from typing import Any

import psycopg

from geoservice.records.outbox.queries import events_after, forget_told, kept_events, number_outbox
from layers.db.session import Database
from tests.factories import make_incident, make_town, select_one


def test_each_line_of_a_history_is_told_once_whatever_writes_it(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        make_town(connection)
        for _ in range(5):
            make_incident(connection)
        connection.execute("UPDATE geoservice.incident SET status = 'cancelled', step_reason = 'tried'")

        told = connection.execute(
            "SELECT o.incident_event_id FROM geoservice.outbox AS o WHERE o.topic = 'incident' ORDER BY o.id"
        ).fetchall()
        lines = connection.execute("SELECT e.id FROM geoservice.incident_event AS e ORDER BY e.id").fetchall()

    assert len(lines) == 10
    assert told == lines


def test_whoever_commits_later_gets_the_later_number(database_url: str, database: Database) -> None:
    with psycopg.connect(database_url) as early, psycopg.connect(database_url) as late:
        make_town(early)
        early.commit()
        first = make_incident(early)["id"]  # written first, committed last
        second = make_incident(late)["id"]
        late.commit()
        with database.transaction() as connection:
            number_outbox(connection)
        with database.transaction() as connection:
            heard = events_after(connection, 0, limit=10)
            assert [event.data["incident"] for event in heard if event.type.startswith("incident")] == [str(second)]
        early.commit()
    with database.transaction() as connection:
        number_outbox(connection)
    with database.transaction() as connection:
        then = events_after(connection, heard[-1].number, limit=10)

    assert [event.data["incident"] for event in then] == [str(first)]
    assert then[0].number == heard[-1].number + 1


def test_many_who_number_and_write_at_once_leave_no_gap_and_no_double(database_url: str, database: Database) -> None:
    with psycopg.connect(database_url) as connection:
        make_town(connection)
    heard: list[int] = []

    def write() -> None:
        with psycopg.connect(database_url) as connection:
            for _ in range(40):
                make_incident(connection)
                connection.commit()

    def follow() -> None:
        last = 0
        for _ in range(400):
            with database.transaction() as connection:
                number_outbox(connection)
            with database.transaction() as connection:
                for event in events_after(connection, last, limit=7):
                    heard.append(event.number)
                    last = event.number

    threads: list[threading.Thread] = [threading.Thread(target=write) for _ in range(3)]
    other = threading.Thread(target=lambda: [_number(database) for _ in range(200)])
    for thread in (*threads, other):
        thread.start()
    follow_thread = threading.Thread(target=follow)
    follow_thread.start()
    for thread in (*threads, other, follow_thread):
        thread.join(60)
    _number(database)
    with database.transaction() as connection:
        kept = kept_events(connection)
        every = [event.number for event in events_after(connection, 0, limit=1000)]

    assert every == list(range(1, kept.last + 1))
    assert len(every) >= 120
    assert heard == every[: len(heard)], "somebody who followed was overtaken"
    assert heard


def _number(database: Database) -> None:
    with database.transaction() as connection:
        number_outbox(connection)


def test_what_is_told_holds_codes_and_nobodys_words(database_url: str, database: Database) -> None:
    with psycopg.connect(database_url) as connection:
        make_town(connection)
        incident = make_incident(connection)["id"]
        connection.execute(
            "UPDATE geoservice.incident SET status = 'cancelled', step_reason = 'words', description = 'words'"
        )
    _number(database)
    with database.transaction() as connection:
        last = events_after(connection, 0, limit=100)[-1]

    assert last.type == "incident.cancelled"
    assert last.data == {
        "incident": str(incident), "service": "light", "status": "cancelled", "from_status": "reported", "grid": "B",
        "from_grid": "B", "officer": None, "edition": 1, "method": "covers", "rating": None,
        "original_status": None,
    }  # fmt: skip


def test_what_was_told_long_ago_is_forgotten_and_its_history_is_not(database_url: str, database: Database) -> None:
    with psycopg.connect(database_url) as connection:
        make_town(connection)
        make_incident(connection)
        make_incident(connection)
    _number(database)
    with psycopg.connect(database_url) as connection:
        first: Any = select_one(connection, "SELECT min(id) FROM geoservice.outbox WHERE topic = 'incident'")
        connection.execute("UPDATE geoservice.outbox SET at = now() - interval '31 days' WHERE id = %s", [first])
    with database.transaction() as connection:
        gone = forget_told(connection)
        kept = kept_events(connection)
        left = events_after(connection, 0, limit=100)

    assert gone == 1
    assert len(left) == kept.last - 1
    with psycopg.connect(database_url) as connection:
        assert select_one(connection, "SELECT count(*) FROM geoservice.incident_event") == 2
