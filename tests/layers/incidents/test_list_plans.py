"""Lists of incidents are found through the index that has their order, and counted without looking at the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from geoservice.pages.desk.address import COUNTED, VIEWS, search_of_view
from geoservice.wiring import Services
from layers.db.scope import of_officer, within
from layers.incidents.model import Search
from layers.incidents.queries import alike, count_each, incidents

LIMIT = 3
URGENCY = "ix_incident_urgency"


def plan_of(connection: Connection, ask: Callable[[], Any]) -> Mapping[str, Any]:
    """Return how the database goes about the statement of a question, the last if there are several."""
    statements: list[tuple[str, Any]] = []

    def keep(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        statements.append((statement, values))

    event.listen(connection, "before_cursor_execute", keep)
    ask()
    event.remove(connection, "before_cursor_execute", keep)
    statement, values = statements[-1]
    explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values)
    return dict(explained.scalar_one()[0]["Plan"])


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for one in plan.get("Plans", ()):
        yield from nodes(one)


@pytest.fixture
def connection(services: Services) -> Iterator[Connection]:
    with services.database.transaction() as connection:
        # Of a small table other ways would be as quick.
        for other in ("seqscan", "bitmapscan", "sort"):
            connection.execute(text(f"SET LOCAL enable_{other} = off"))
        yield connection


def home(connection: Connection) -> int:
    return int(connection.execute(text("SELECT id FROM geoservice.jurisdiction WHERE code = 'sare'")).scalar_one())


def view_of(connection: Connection, name: str) -> Search:
    return replace(search_of_view(name), jurisdiction_id=home(connection))


@pytest.mark.parametrize("view", ["hand", "verify", "returned", "border"])
def test_a_page_by_urgency_goes_on_in_the_index(connection: Connection, view: str) -> None:
    search = view_of(connection, view)
    last = incidents(connection, search, limit=LIMIT, order="due")[-1]

    for asked in (search, replace(search, after=(last.urgency, last.id))):
        plan = plan_of(connection, lambda asked=asked: incidents(connection, asked, limit=LIMIT, order="due"))

        [scan] = [one for one in nodes(plan) if one.get("Index Name") == URGENCY]
        assert "urgency" in scan["Index Cond"]
        assert [one for one in nodes(plan) if one["Node Type"] == "Sort"] == []
    assert "ROW(" in scan["Index Cond"]


def test_a_page_of_what_is_in_hand_reads_no_more_than_it_shows(connection: Connection) -> None:
    search = view_of(connection, "hand")
    middle = incidents(connection, search, limit=100, order="due")[-1]
    search = replace(search, after=(middle.urgency, middle.id))

    plan = plan_of(connection, lambda: incidents(connection, search, limit=LIMIT, order="due"))

    [scan] = [one for one in nodes(plan) if one.get("Index Name") == URGENCY]
    assert scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0) <= LIMIT + 1


def test_views_are_counted_in_one_pass_by_the_index_alone(connection: Connection) -> None:
    views, jurisdiction = {name: search_of_view(name) for name in COUNTED}, home(connection)

    plan = plan_of(connection, lambda: count_each(connection, views, jurisdiction_id=jurisdiction))

    [scan] = [one for one in nodes(plan) if one.get("Relation Name") == "incident"]
    assert (scan["Node Type"], scan["Index Name"]) == ("Index Only Scan", URGENCY)


def test_each_view_has_as_many_as_its_list(services: Services) -> None:
    with services.database.transaction() as connection:
        views = {name: search_of_view(name) for name in COUNTED}
        counted = count_each(connection, views, jurisdiction_id=home(connection))
        for name in COUNTED:
            assert counted[name] == len(incidents(connection, view_of(connection, name), limit=1000)), name

    assert set(VIEWS) - set(COUNTED) == {"all"}
    assert counted["hand"] > counted["verify"] > 0


@pytest.mark.parametrize("who", ["dispatcher", "officer"])
def test_what_is_alike_is_found_by_its_time_whatever_row_policies_hide(services: Services, who: str) -> None:
    with services.database.transaction() as connection:
        here = home(connection)
        [one] = incidents(connection, view_of(connection, "hand"), limit=1, order="due")
    scope = within(here) if who == "dispatcher" else of_officer(here, str(one.officer_code))
    with services.database.transaction(scope=scope) as connection:
        for other in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):
            connection.execute(text(f"SET LOCAL enable_{other} = off"))
        plan = plan_of(connection, lambda: alike(connection, one.id))

    conditions = [str(each.get("Index Cond")) for each in nodes(plan)]
    assert any("reported_at >=" in one for one in conditions), conditions
