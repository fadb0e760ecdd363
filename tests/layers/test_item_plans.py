"""A page of features is found through the key's index: what came before it is not gone through again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
import shapely
from sqlalchemy import event, text

from geoservice.wiring import Services
from layers.catalogue import catalogue
from layers.db.scope import VISITOR, Scope, of_officer, within
from layers.items import Order, Page, Period, Selection, Shown, page
from layers.published_crs import CRS84, PublishedCrs

SHOWN = Shown(PublishedCrs(CRS84, 4326, north_first=False, decimals=9))
THEN = datetime(2099, 1, 1, tzinfo=UTC)
LIMIT = 3


def asked(
    services: Services, selection: Selection, layer: str = "buildings", scope: Scope | None = None
) -> tuple[Page, list[dict[str, Any]]]:
    """Return a page, and how the database went about its two statements: how many are meant, then which come first."""
    statements: list[tuple[str, Any]] = []
    with services.database.transaction(scope=scope) as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))  # of a small table it would be as quick

        def keep(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
            statements.append((statement, values))

        event.listen(connection, "before_cursor_execute", keep)
        found = page(connection, catalogue()[layer], selection, SHOWN, limit=LIMIT, most_bytes=10**9)
        event.remove(connection, "before_cursor_execute", keep)
        plans = []
        for statement, values in statements[-2:]:
            explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values)
            plans.append(explained.scalar_one()[0]["Plan"])
    return found, plans


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for one in plan.get("Plans", ()):
        yield from nodes(one)


def rows_of(plan: Mapping[str, Any], table: str) -> float:
    """Return how many rows of a table were read, those that were thrown away as well."""
    return sum(
        (one["Actual Rows"] + one.get("Rows Removed by Filter", 0)) * one["Actual Loops"]
        for one in nodes(plan) if one.get("Relation Name") == table
    )  # fmt: skip


def home(services: Services) -> dict[str, int]:
    with services.database.transaction() as connection:
        row = connection.execute(text("SELECT id FROM geoservice.jurisdiction WHERE code = 'sare'"))
        return {"jurisdiction_id": row.scalar_one()}


@pytest.mark.parametrize(
    ("layer", "period"),
    [("organisations", None), ("cameras", None), ("cameras", Period(None, THEN)), ("buildings", Period(None, THEN))],
)
def test_a_page_goes_on_from_the_key_of_the_one_before(services: Services, layer: str, period: Period | None) -> None:
    of, table = home(services), catalogue()[layer].table
    first, plans = asked(services, Selection(of, period=period), layer)
    assert first.end is not None
    assert first.matched > 4 * LIMIT
    assert rows_of(plans[0], table) <= 2 * (LIMIT + 1)

    middle = asked(services, Selection(of, period=period, after=first.end), layer)[0].end
    found, plans = asked(services, Selection(of, period=period, after=middle), layer)

    conditions = [str(one.get("Index Cond")) for one in nodes(plans[0]) if one.get("Relation Name") == table]
    assert any("code" in one and ">" in one for one in conditions), conditions
    assert rows_of(plans[0], table) <= 2 * (LIMIT + 1)
    assert len(found.features) == LIMIT


@pytest.mark.parametrize("who", ["dispatcher", "officer", "visitor"])
def test_incidents_in_a_box_are_found_by_the_index_whoever_asks(services: Services, who: str) -> None:
    of = home(services)
    here = of["jurisdiction_id"]
    scope = {"dispatcher": within(here), "officer": of_officer(here, "G03"), "visitor": VISITOR}[who]
    box = shapely.to_wkb(shapely.box(91.766, 29.237, 91.768, 29.239))

    found, plans = asked(services, Selection(of, area=box), "incidents", scope)

    assert 0 < found.matched < 100
    for plan in plans:
        ways = [str(one.get("Index Cond")) for one in nodes(plan) if one.get("Index Name") == "ix_incident_geom"]
        assert ways, plan
        assert all("geom &&" in way for way in ways), ways


@pytest.mark.parametrize("who", ["dispatcher", "officer", "visitor"])
def test_households_in_a_box_are_counted_once_whatever_the_planner_believes(
    services: Services, community_url: str, who: str
) -> None:
    of = home(services)
    here = of["jurisdiction_id"]
    scope = {"dispatcher": within(here), "officer": of_officer(here, "G03"), "visitor": VISITOR}[who]
    with psycopg.connect(community_url) as owner:  # as it is before autovacuum comes by
        owner.execute(
            "DELETE FROM pg_statistic"
            " WHERE starelid IN ('geoservice.household'::regclass, 'geoservice.building'::regclass)"
        )
    box = shapely.to_wkb(shapely.box(91.7, 29.2, 91.8, 29.3))

    found, plans = asked(services, Selection(of, area=box), "households", scope)

    assert found.matched > 100
    for plan in plans:
        counting = [one["Actual Loops"] for one in nodes(plan) if one["Node Type"] in ("WindowAgg", "Aggregate")]
        assert counting, plan
        assert {*counting} == {1}, counting


def test_a_history_is_gone_through_once_to_count_and_no_second_time_for_its_page(services: Services) -> None:
    _, (telling, counting) = asked(services, Selection(home(services), period=Period(None, THEN)))

    assert rows_of(telling, "building") * 10 < rows_of(counting, "building")


@pytest.mark.parametrize("period", [None, Period(None, THEN)])
@pytest.mark.parametrize("order", [(), (Order("floors", descending=True),), (Order("name"), Order("kind"))])
def test_pages_tell_each_feature_once_in_any_order(
    services: Services, order: tuple[Order, ...], period: Period | None
) -> None:
    of, found, after = home(services), [], None
    with services.database.transaction() as connection:
        while True:
            selection = Selection(of, period=period, order=order, after=after)
            told = page(connection, catalogue()["buildings"], selection, SHOWN, limit=83, most_bytes=10**9)
            found += told.features
            if (after := told.end) is None:
                break

    assert len({*found}) == len(found) == told.matched
