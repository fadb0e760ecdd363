"""What may become a published edition, and that two publishers never leave two in force."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from tests import places
from tests.factories import (
    LONG_AGO,
    Town,
    insert,
    make_draft,
    make_edition,
    make_jurisdiction,
    make_town,
    publish,
    select_one,
    validate,
)
from tests.publishing import wait_for_locks

LATER = datetime(2024, 1, 1, tzinfo=UTC)
STATUSES = "SELECT status, count(*) FROM geoservice.edition GROUP BY status"
IN_FORCE = "SELECT edition_id FROM geoservice.edition_period WHERE valid @> now() AND upper_inf(known)"


def statuses(connection: Connection[Any]) -> dict[str, int]:
    return dict(connection.execute(STATUSES).fetchall())


@contextmanager
def refused(connection: Connection[Any], sentence: str) -> Iterator[None]:
    """Expect the database to refuse with a sentence, and keep the transaction usable."""
    with pytest.raises(psycopg.Error, match=sentence), connection.transaction():
        yield


def test_an_edition_that_nobody_validated_is_refused(connection: Connection[Any]) -> None:
    draft = make_draft(connection, make_jurisdiction(connection))

    with refused(connection, f"Edition {draft} was not validated as it stands now"):
        publish(connection, draft)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE geoservice.grid SET geom = st_multi(st_reverse(geom)) WHERE code = 'B'",
        "UPDATE geoservice.grid SET code = 'b' WHERE code = 'B'",
        "DELETE FROM geoservice.grid WHERE code = '网'",
    ],
)
def test_an_edition_changed_after_validation_is_refused(connection: Connection[Any], change: str) -> None:
    draft = make_draft(connection, make_jurisdiction(connection))
    validate(connection, draft)
    connection.execute(change.encode())

    with refused(connection, "was not validated as it stands now"):
        publish(connection, draft)


def test_an_edition_with_an_error_found_is_refused(connection: Connection[Any]) -> None:
    draft = make_draft(connection, make_jurisdiction(connection))
    validate(connection, draft)
    finding = {"edition_id": draft, "rule": "gap", "severity": "error", "grid_codes": ["a"], "message": "A gap."}
    insert(connection, "finding", finding)

    with refused(connection, r"has 1 finding\(s\) of severity error"):
        publish(connection, draft)


def test_an_edition_without_grids_is_refused(connection: Connection[Any]) -> None:
    draft = make_draft(connection, make_jurisdiction(connection), {})
    validate(connection, draft)

    with refused(connection, "do not partition the outline"):
        publish(connection, draft)


def test_an_edition_with_a_gap_is_refused(connection: Connection[Any]) -> None:
    draft = make_draft(connection, make_jurisdiction(connection), {k: v for k, v in places.GRIDS.items() if k != "网"})
    validate(connection, draft)

    with refused(connection, "do not partition the outline"):
        publish(connection, draft)


def test_an_edition_whose_gap_and_overlap_are_equally_large_is_refused(connection: Connection[Any]) -> None:
    halves = {"left": places.area(0, 0, 5, 10), "left too": places.area(0, 0, 5, 10)}
    draft = make_draft(
        connection, make_jurisdiction(connection, outline=places.multi(places.area(0, 0, 10, 10))), halves
    )
    validate(connection, draft)

    with refused(connection, "do not partition"):
        publish(connection, draft)


def test_an_edition_that_lies_beside_its_outline_is_refused(connection: Connection[Any]) -> None:
    draft = make_draft(
        connection,
        make_jurisdiction(connection, outline=places.multi(places.area(0, 0, 10, 10))),
        {"elsewhere": places.area(100, 0, 110, 10)},
    )
    validate(connection, draft)

    with refused(connection, "outline"):
        publish(connection, draft)


def test_an_edition_can_not_be_born_published(connection: Connection[Any]) -> None:
    columns = {"jurisdiction_id": make_jurisdiction(connection), "title": "born", "status": "published",
               "valid_from": LONG_AGO, "published_at": LONG_AGO}  # fmt: skip

    with refused(connection, "A new edition begins as a draft"):
        insert(connection, "edition", columns)


def test_a_published_edition_is_published_once(connection: Connection[Any], town: Town) -> None:
    with refused(connection, f"Edition {town.edition_id} is published; only a draft can be published"):
        publish(connection, town.edition_id, LATER)


CHANGES = {
    "title": "UPDATE geoservice.edition SET title = 'other' WHERE id = %s",
    "beginning": "UPDATE geoservice.edition SET valid_from = valid_from - interval '1 day' WHERE id = %s",
    "end": "UPDATE geoservice.edition SET valid_to = now() WHERE id = %s",
    "back to draft": "UPDATE geoservice.edition SET status = 'draft' WHERE id = %s",
    "withdrawal": "UPDATE geoservice.edition SET status = 'withdrawn' WHERE id = %s",
    "removal": "DELETE FROM geoservice.edition WHERE id = %s",
    "grid's shape": "UPDATE geoservice.grid SET geom = st_multi(st_reverse(geom)) WHERE edition_id = %s",
    "grid's name": "UPDATE geoservice.grid SET name = 'x' WHERE edition_id = %s",
    "grid's code": "UPDATE geoservice.grid SET code = 'x' WHERE edition_id = %s AND code = 'a'",
    "grid's properties": "UPDATE geoservice.grid SET properties = '{\"a\": 1}' WHERE edition_id = %s",
    "grid's removal": "DELETE FROM geoservice.grid WHERE edition_id = %s",
    "grid's arrival": "INSERT INTO geoservice.grid (edition_id, code, name, geom)"
                      " SELECT edition_id, 'x', 'x', geom FROM geoservice.grid WHERE edition_id = %s LIMIT 1",
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("superseded", [False, True])
def test_an_edition_that_was_published_never_changes_even_for_the_owner(
    connection: Connection[Any], town: Town, change: str, superseded: bool
) -> None:
    if superseded:
        make_edition(connection, town.jurisdiction_id, {"whole": places.OUTLINE}, starts=LATER)

    with refused(connection, "can not be changed|can not be removed|only a draft can be edited"):
        connection.execute(CHANGES[change].encode(), [town.edition_id])


@pytest.mark.parametrize("table", ["grid", "edition", "jurisdiction", "incident_event"])
def test_not_even_the_owner_truncates_what_was_in_force(connection: Connection[Any], town: Town, table: str) -> None:
    with refused(connection, "Rows of .* are only ever added, never changed or removed"):
        connection.execute(f"TRUNCATE geoservice.{table} CASCADE".encode())


def test_a_grid_can_not_move_from_a_draft_into_a_published_edition(connection: Connection[Any], town: Town) -> None:
    draft = make_draft(connection, town.jurisdiction_id, {"x": places.area(0, 0, 1, 1)})

    with refused(connection, "Grid x can not enter an edition that is published"):
        connection.execute("UPDATE geoservice.grid SET edition_id = %s WHERE edition_id = %s", [town.edition_id, draft])


def test_the_outline_stands_still_once_it_is_partitioned(connection: Connection[Any], town: Town) -> None:
    with refused(connection, "The outline of jurisdiction town is partitioned by a published edition"):
        connection.execute("UPDATE geoservice.jurisdiction SET outline = st_multi(st_buffer(outline, 0.001))")


def test_an_outline_that_is_partitioned_keeps_its_vertices_as_they_are(connection: Connection[Any], town: Town) -> None:
    with refused(connection, "The outline of jurisdiction town is partitioned by a published edition"):
        connection.execute("UPDATE geoservice.jurisdiction SET outline = st_multi(st_reverse(outline))")

    connection.execute("UPDATE geoservice.jurisdiction SET outline = outline, name = 'Town'")


def test_a_draft_can_be_withdrawn_and_then_stays_so(connection: Connection[Any], town: Town) -> None:
    draft = make_draft(connection, town.jurisdiction_id)
    connection.execute("UPDATE geoservice.edition SET status = 'withdrawn' WHERE id = %s", [draft])

    with refused(connection, f"Edition {draft} is withdrawn and can not be changed"):
        connection.execute("UPDATE geoservice.edition SET status = 'draft' WHERE id = %s", [draft])


def test_a_draft_can_be_removed_with_its_grids(connection: Connection[Any], town: Town) -> None:
    draft = make_draft(connection, town.jurisdiction_id)

    connection.execute("DELETE FROM geoservice.edition WHERE id = %s", [draft])

    assert select_one(connection, "SELECT count(*) FROM geoservice.grid WHERE edition_id = %s", draft) == 0


def test_a_draft_with_lineage_can_be_removed(connection: Connection[Any], town: Town) -> None:
    draft = make_draft(connection, town.jurisdiction_id)
    insert(connection, "grid_lineage",
           {"edition_id": draft, "predecessor_code": "a", "successor_code": "a1", "kind": "split"})  # fmt: skip

    connection.execute("DELETE FROM geoservice.edition WHERE id = %s", [draft])

    assert select_one(connection, "SELECT count(*) FROM geoservice.grid_lineage WHERE edition_id = %s", draft) == 0


def test_a_published_edition_is_what_look_ups_read(connection: Connection[Any], town: Town) -> None:
    equal = select_one(connection, """
        SELECT bool_and(t.geom IS NOT DISTINCT FROM g.geom AND (t.code, t.name) = (g.code, g.name)) AND count(*) = 5
          FROM geoservice.territory AS t FULL JOIN geoservice.grid AS g ON g.code = t.code
    """)  # fmt: skip

    assert equal is True


# Several connections: these commit, so each takes a database of its own.


def run_both(work: Callable[[int], object]) -> list[object]:
    """Run work(0) and work(1) at once; return what each returned or raised."""
    results: list[object] = [None, None]
    barrier = threading.Barrier(2)

    def run(number: int) -> None:
        barrier.wait()
        try:
            results[number] = work(number)
        except psycopg.Error as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.fixture
def two_drafts(database_url: str) -> list[int]:
    with psycopg.connect(database_url) as connection:
        town = make_town(connection)
        drafts = [make_draft(connection, town.jurisdiction_id, {f"v{n}": places.OUTLINE}) for n in (0, 1)]
        for draft in drafts:
            validate(connection, draft)
        return drafts


def publish_alone(url: str, edition_id: int, starts: datetime | None = None) -> int:
    with psycopg.connect(url) as connection:
        if starts is not None:
            return publish(connection, edition_id, starts)
        return int(select_one(connection, "SELECT geoservice.publish_edition(%s)", edition_id))


def test_of_two_publishers_of_one_instant_one_wins_and_one_is_told_why(
    database_url: str, two_drafts: list[int]
) -> None:
    results = run_both(lambda n: publish_alone(database_url, two_drafts[n], LATER))

    [loser] = [result for result in results if isinstance(result, psycopg.Error)]
    assert "was published since edition" in str(loser)
    with psycopg.connect(database_url) as connection:
        assert statuses(connection) == {"superseded": 1, "published": 1, "draft": 1}
        assert len(connection.execute(IN_FORCE).fetchall()) == 1


def test_of_two_publishers_of_one_edition_one_wins_and_one_is_told_why(
    database_url: str, two_drafts: list[int]
) -> None:
    results = run_both(lambda n: publish_alone(database_url, two_drafts[0]))

    [loser] = [result for result in results if isinstance(result, psycopg.Error)]
    assert "is published; only a draft can be published" in str(loser)


def test_two_publishers_of_now_leave_one_edition_in_force_and_no_overlap(
    database_url: str, two_drafts: list[int]
) -> None:
    for _ in range(3):
        run_both(lambda n: publish_alone(database_url, two_drafts[n]))

    with psycopg.connect(database_url) as connection:
        assert statuses(connection)["published"] == 1
        assert len(connection.execute(IN_FORCE).fetchall()) == 1


def test_a_publisher_who_waited_for_another_is_told_that_the_edition_in_force_changed(
    database_url: str, two_drafts: list[int]
) -> None:
    with psycopg.connect(database_url) as first, ThreadPoolExecutor(1) as pool:
        publish(first, two_drafts[0], LATER)
        second = pool.submit(publish_alone, database_url, two_drafts[1])
        wait_for_locks(database_url, 1)
        first.commit()

        with pytest.raises(psycopg.Error, match="was published since edition"):
            second.result(timeout=10)


def test_a_publisher_that_began_before_another_ended_is_told_that_the_edition_in_force_changed(
    database_url: str, two_drafts: list[int]
) -> None:
    with psycopg.connect(database_url) as first, psycopg.connect(database_url) as second:
        publish(first, two_drafts[0], LATER)
        second.execute("SELECT now()")  # the second transaction begins before the first one ends
        first.commit()

        with pytest.raises(psycopg.Error, match="was published since edition"):
            second.execute("SELECT geoservice.publish_edition(%s)", [two_drafts[1]])


def test_an_edit_that_races_with_publishing_is_either_published_or_refused(
    database_url: str, two_drafts: list[int]
) -> None:
    with psycopg.connect(database_url) as editor, psycopg.connect(database_url) as publisher:
        editor.execute("UPDATE geoservice.grid SET geom = st_multi(st_reverse(geom)) WHERE code = 'v0'")
        waiting: list[object] = []
        thread = threading.Thread(target=lambda: waiting.append(attempt(publisher, two_drafts[0])))
        thread.start()
        thread.join(0.5)
        waited = thread.is_alive()
        editor.commit()
        thread.join()

    assert waited
    assert "was not validated as it stands now" in str(waiting[0])


def attempt(connection: Connection[Any], edition_id: int) -> object:
    try:
        return publish(connection, edition_id, LATER)
    except psycopg.Error as error:
        return error


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_an_old_snapshot_can_not_edit_what_was_published_since(
    database_url: str, two_drafts: list[int], level: str
) -> None:
    with psycopg.connect(database_url) as editor:
        editor.execute(f"SET TRANSACTION ISOLATION LEVEL {level}".encode())
        editor.execute("SELECT 1")
        editor.execute("SELECT count(*) FROM geoservice.grid")
        publish_alone(database_url, two_drafts[0], LATER)

        with pytest.raises(psycopg.Error, match="could not serialize"):
            editor.execute("UPDATE geoservice.grid SET name = 'late' WHERE code = 'v0'")
