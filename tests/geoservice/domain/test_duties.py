"""Who serves a grid on a day, from memory, is who the database says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import psycopg

from geoservice.domain.duties import Duties
from geoservice.wiring import Services
from layers.jurisdictions.queries import jurisdictions
from layers.staff.model import Officer, Posting
from layers.staff.queries import officers_on_duty, postings_since

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FIRST, SECOND = Officer("a", "一号", "grid_officer"), Officer("b", "二号", "grid_officer")


def test_a_posting_ends_where_the_next_begins() -> None:
    postings = [
        Posting(1, "g", FIRST, date(2026, 1, 1), date(2026, 3, 2)), Posting(1, "g", SECOND, date(2026, 3, 2), None),
    ]  # fmt: skip
    duties = Duties(postings, {1: "UTC"}, date(2026, 1, 1))

    assert duties.officers(1, "g", NOON - timedelta(days=1)) == (FIRST,)
    assert duties.officers(1, "g", NOON) == (SECOND,)
    assert duties.officers(1, "elsewhere", NOON) == ()


def test_a_day_begins_when_it_begins_there() -> None:
    duties = Duties([Posting(1, "g", FIRST, date(2026, 3, 3), None)], {1: "Asia/Shanghai"}, date(2026, 1, 1))

    assert duties.officers(1, "g", datetime(2026, 3, 2, 15, 59, tzinfo=UTC)) == ()
    assert duties.officers(1, "g", datetime(2026, 3, 2, 16, tzinfo=UTC)) == (FIRST,)


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    duties = Duties([], {1: "UTC"}, date(2026, 3, 1))

    assert duties.officers(1, "g", datetime(2026, 2, 28, tzinfo=UTC)) is None
    assert duties.officers(2, "g", NOON) is None


def test_the_demo_is_served_as_the_database_says(services: Services, community_url: str) -> None:
    with psycopg.connect(community_url) as connection:  # a grid gets a new officer, and one a deputy
        connection.execute(
            "UPDATE geoservice.posting SET valid_to = current_date WHERE id = 1 AND valid_from < current_date"
        )
        connection.execute("UPDATE geoservice.posting SET role = 'deputy' WHERE id = 2")
    now = datetime.now(UTC)
    with services.database.transaction() as connection:
        (jurisdiction,) = jurisdictions(connection)
        duties = Duties(postings_since(connection, date(2000, 1, 1)), {jurisdiction.id: jurisdiction.time_zone},
                        date(2000, 1, 1))  # fmt: skip
        for grid in services.grids.grids(jurisdiction.code):
            for at in (now, now - timedelta(days=1), now - timedelta(days=400), now + timedelta(days=400)):
                expected = officers_on_duty(connection, jurisdiction_id=jurisdiction.id, grid_code=grid["code"], at=at)
                assert duties.officers(jurisdiction.id, grid["code"], at) == expected
