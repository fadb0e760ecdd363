"""Drafts edited straight in the database: what is let in, what is refused and how, what is kept of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import shapely
from psycopg import Connection
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from tests import places
from tests.analysts import OpenTown, open_town
from tests.factories import ewkb, select_one
from tests.places import area, lonlat, multi

PUT = "UPDATE geoservice.draft_grid SET geom = %s WHERE edition_id = %s AND code = %s"
#: As QGIS inserts: every column named, the key too.
DRAW = (
    "INSERT INTO geoservice.draft_grid (geom, id, edition_id, code, name, name_en, parent_code)"
    " VALUES (%s, NULL, %s, %s, %s, NULL, NULL) RETURNING id"
)
FREE = area(0, 12, 2, 14)  # ground that no grid of the town has


@pytest.fixture
def town(cluster_url: str, template: str) -> Iterator[OpenTown]:
    with open_town(cluster_url, template) as town:
        yield town


@pytest.fixture
def analyst(town: OpenTown) -> Iterator[Connection[Any]]:
    with town.as_login(town.analyst) as connection:
        yield connection


def put(connection: Connection[Any], town: OpenTown, code: str, geom: BaseGeometry) -> None:
    connection.execute(PUT, [ewkb(multi(geom)), town.draft, code])


def draw(connection: Connection[Any], edition: int | None, code: str | None, geom: BaseGeometry) -> int:
    return int(select_one(connection, DRAW, ewkb(multi(geom)), edition, code, None))


def border_at(x: float) -> tuple[MultiPolygon, MultiPolygon]:
    """Return grids 10 and 9 with their common border, at 7 in the drawing, somewhere else."""
    corners = [lonlat(4, 0), lonlat(x, 0), lonlat(7, 5), lonlat(4, 5)]
    rest = Polygon([lonlat(x, 0), lonlat(10, 0), lonlat(10, 5), lonlat(7, 5)])
    return multi(Polygon(corners)), MultiPolygon([rest, area(12, 0, 14, 2)])


def steps(town: OpenTown) -> list[tuple[str, str, str]]:
    query = "SELECT verb, state, actor FROM geoservice.draft_step WHERE edition_id = %s ORDER BY number"
    with psycopg.connect(town.url) as connection:
        return connection.execute(query, [town.draft]).fetchall()


def test_both_sides_of_a_border_saved_in_one_transaction_are_one_step(town: OpenTown, analyst: Connection[Any]) -> None:
    ten, nine = border_at(7.5)

    put(analyst, town, "10", ten)  # overlaps 9 until 9 follows
    put(analyst, town, "9", nine)
    analyst.commit()

    assert steps(town) == [("edit", "done", town.analyst)]
    with psycopg.connect(town.url) as connection:
        changes = connection.execute("SELECT before ->> 'code', st_asbinary(after_geom) FROM geoservice.draft_change"
                                     " ORDER BY id").fetchall()  # fmt: skip
    assert [(code, bytes(geom)) for code, geom in changes] == [("10", ten.wkb), ("9", nine.wkb)]


def test_one_side_alone_is_refused_at_commit_with_both_grids_size_and_place(
    town: OpenTown, analyst: Connection[Any]
) -> None:
    put(analyst, town, "10", border_at(7.5)[0])

    with pytest.raises(
        psycopg.errors.CheckViolation, match=r"Grid 10 would overlap grid 9 by \d+\.\d m2 near 91\.7\d+, 29\.2\d+"
    ) as refused:
        analyst.commit()

    size = float(str(refused.value).split(" by ")[1].split(" m2")[0])
    lost = area(7, 0, 7.5, 5).area / 2
    assert size == pytest.approx(lost * 97_276 * 110_858, rel=1e-2)
    assert steps(town) == []


def test_a_sliver_below_the_tolerance_is_let_in(town: OpenTown, analyst: Connection[Any]) -> None:
    put(analyst, town, "10", border_at(7.004)[0])  # 0.4 m at its widest

    analyst.commit()

    assert len(steps(town)) == 1


def test_an_overlap_that_was_there_may_stay_or_shrink_but_not_grow(town: OpenTown, analyst: Connection[Any]) -> None:
    with psycopg.connect(town.url) as service:
        put(service, town, "10", border_at(7.5)[0])

    put(analyst, town, "10", border_at(7.3)[0])
    analyst.commit()
    analyst.execute("UPDATE geoservice.draft_grid SET name = 'renamed' WHERE edition_id = %s", [town.draft])
    analyst.commit()
    put(analyst, town, "10", border_at(7.4)[0])

    with pytest.raises(psycopg.errors.CheckViolation, match="would overlap"):
        analyst.commit()


def test_a_drawn_grid_gets_its_id_and_is_called_by_its_code(town: OpenTown, analyst: Connection[Any]) -> None:
    number = draw(analyst, town.draft, "new", FREE)

    analyst.commit()

    with psycopg.connect(town.url) as connection:
        row = connection.execute("SELECT code, name FROM geoservice.grid WHERE id = %s", [number]).fetchone()
    assert row == ("new", "new")
    assert steps(town) == [("edit", "done", town.analyst)]


def test_nobody_chooses_the_id_of_a_grid(town: OpenTown, analyst: Connection[Any]) -> None:
    chosen = DRAW.replace("NULL, %s, %s, %s", "9000, %s, %s, %s", 1)

    given = select_one(analyst, chosen, ewkb(multi(FREE)), town.draft, "new", None)

    assert given < 9000
    with pytest.raises(psycopg.Error, match="keeps its id"):
        analyst.execute("UPDATE geoservice.draft_grid SET id = 9001 WHERE code = 'new'")


BOW_TIE = Polygon([lonlat(0, 12), lonlat(2, 14), lonlat(2, 12), lonlat(0, 14)])


@pytest.mark.parametrize(("code", "geom", "said"), [
    ("new", BOW_TIE, r"Grid new is not a valid geometry: Self-intersection\[91\."),
    ("new", area(1, 1, 2, 2), r"Grid new would overlap grid B by \d+"),
    ("new", MultiPolygon(), "Grid new has an empty geometry"),
    ("B", FREE, "There is a grid B in edition 2 already"),
    (None, FREE, "A grid has no code"),
    (" new", FREE, '" new" can not be the code of a grid'),
])  # fmt: skip
def test_a_grid_that_can_not_be_one_is_refused_where_it_is_drawn(
    town: OpenTown, analyst: Connection[Any], code: str | None, geom: BaseGeometry, said: str
) -> None:
    with pytest.raises(psycopg.Error, match=said):
        draw(analyst, town.draft, code, geom)


@pytest.mark.parametrize(("edition", "said"), [
    (1, "Grid new can not enter an edition that is published; only a draft can be edited"),
    (None, "Grid new does not say to which draft it belongs"),
    (77, "Grid new does not say to which draft it belongs"),
])  # fmt: skip
def test_a_grid_is_drawn_into_a_draft_only(
    town: OpenTown, analyst: Connection[Any], edition: int | None, said: str
) -> None:
    with pytest.raises(psycopg.Error, match=said):
        draw(analyst, edition, "new", FREE)


@pytest.mark.parametrize("statement", [
    "UPDATE geoservice.draft_grid SET name = 'x' WHERE edition_id = 1",
    "DELETE FROM geoservice.draft_grid WHERE edition_id = 1",
    "UPDATE geoservice.draft_grid SET name = 'x' WHERE id = -1",
])  # fmt: skip
def test_who_edits_what_is_no_draft_is_told_that_nothing_was_saved(analyst: Connection[Any], statement: str) -> None:
    with pytest.raises(
        psycopg.Error, match="Nothing was changed: the grid is gone, or its edition is no longer a draft"
    ):
        analyst.execute(statement.encode())


def test_an_empty_draft_can_be_removed(town: OpenTown, analyst: Connection[Any]) -> None:
    analyst.execute(
        "INSERT INTO geoservice.edition (jurisdiction_id, title) VALUES (%s, 'mine')", [town.jurisdiction_id]
    )

    removed = analyst.execute("DELETE FROM geoservice.edition WHERE title = 'mine'")

    assert removed.rowcount == 1


def test_a_reader_reads_drafts_and_writes_none(town: OpenTown) -> None:
    with town.as_login(town.reader) as reader:
        assert select_one(reader, "SELECT count(*) FROM geoservice.draft_grid") == len(places.GRIDS)
        for statement in (
            "UPDATE geoservice.draft_grid SET name = 'x'", "DELETE FROM geoservice.draft_grid",
            "INSERT INTO geoservice.draft_grid (edition_id, code) VALUES (2, 'x')",
        ):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(statement.encode())
            reader.rollback()


def test_the_steps_can_not_be_forged(analyst: Connection[Any]) -> None:
    for statement in (
        "INSERT INTO geoservice.draft_step (edition_id, number, verb, actor) VALUES (2, 9, 'edit', 'the mayor')",
        "UPDATE geoservice.draft_step SET actor = 'x'", "DELETE FROM geoservice.draft_change",
        "SELECT geoservice.begin_step(2)", "SELECT geoservice.shape_before(2, 'B')",
    ):  # fmt: skip
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            analyst.execute(statement.encode())
        analyst.rollback()


@pytest.mark.parametrize("isolation", [psycopg.IsolationLevel.READ_COMMITTED, psycopg.IsolationLevel.REPEATABLE_READ])
def test_two_at_once_get_no_overlap_through_the_gap_between_them(
    town: OpenTown, isolation: psycopg.IsolationLevel
) -> None:
    """Each takes half of a free piece of ground and sees none of the other's until he saves."""
    with town.as_login(town.analyst) as first, town.as_login(town.analyst) as second:
        second.isolation_level = isolation
        second.execute("SELECT count(*) FROM geoservice.draft_grid")
        draw(first, town.draft, "mine", FREE)
        said: list[str] = []

        def save() -> None:
            try:
                draw(second, town.draft, "yours", area(1, 13, 3, 15))
                second.commit()
            except psycopg.Error as error:
                said.append(str(error))

        other = threading.Thread(target=save)
        other.start()
        time.sleep(0.3)
        waiting = other.is_alive()
        first.commit()
        other.join(20)

    assert waiting
    assert "Grid yours would overlap grid mine" in said[0] or "could not serialize" in said[0]
    assert len(steps(town)) == 1


def test_two_borders_saved_at_once_both_count(town: OpenTown) -> None:
    with town.as_login(town.analyst) as first, town.as_login(town.analyst) as second:
        for code, geom in zip(("10", "9"), border_at(7.5), strict=True):
            put(first, town, code, geom)
        other = threading.Thread(target=lambda: (draw(second, town.draft, "new", FREE), second.commit()))
        other.start()
        time.sleep(0.2)
        first.commit()
        other.join(20)

    assert [verb for verb, _, _ in steps(town)] == ["edit", "edit"]


def test_every_digit_is_kept(town: OpenTown, analyst: Connection[Any]) -> None:
    shape = shapely.transform(multi(FREE), lambda xy: xy + 1 / 3e7)

    draw(analyst, town.draft, "new", shape)

    stored = select_one(analyst, "SELECT st_asbinary(geom) FROM geoservice.draft_grid WHERE code = 'new'")
    assert bytes(stored) == shape.wkb
