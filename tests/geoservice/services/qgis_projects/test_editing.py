"""QGIS itself on the view draft_grid, with an analyst's login: what it saves, what is refused, what can be undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from geoservice.services.drafting.service import DraftService
from layers.db.session import Database
from tests.analysts import OpenTown
from tests.factories import publish, select_one, validate
from tests.places import lonlat

AtQgis = Callable[..., list[Any]]
#: Where the border of 10 and 9 meets the rim, and somewhere near that no short decimal says.
CORNER = list(lonlat(7, 0))
BESIDE = list(lonlat(7 + 1 / 3, 0))
FREE = [list(lonlat(*corner)) for corner in ((0, 12), (2 + 1 / 7, 12), (2, 14), (0, 14))]
BOW_TIE = [list(lonlat(*corner)) for corner in ((0, 12), (2, 14), (2, 12), (0, 14))]
ON_B = [list(lonlat(*corner)) for corner in ((1, 1), (2, 1), (2, 2), (1, 2))]


def source(town: OpenTown, rows: str | None = None) -> str:
    """Return the data source that an analyst would fill in by hand."""
    at = town.address
    return (
        f"dbname='{at['dbname']}' host={at['host']} port={at['port']} user='{town.analyst}' password='{town.password}'"
        " key='id' estimatedmetadata=true srid=4326 type=MultiPolygon"
        f' table="geoservice"."draft_grid" (geom) sql={rows or f"edition_id = {town.draft}"}'
    )


def opened(town: OpenTown, name: str = "draft") -> tuple[str, dict[str, Any]]:
    return ("open", {"name": name, "source": source(town)})


def on(name: str, verb: str, **given: Any) -> tuple[str, dict[str, Any]]:
    return (verb, {"name": name, **given})


def stored(town: OpenTown) -> dict[str, str]:
    with psycopg.connect(town.url) as connection:
        rows = connection.execute(
            "SELECT code, encode(st_asbinary(geom), 'hex') FROM geoservice.grid WHERE edition_id = %s", [town.draft]
        )
        return dict(rows.fetchall())


def steps_undone(town: OpenTown, count: int) -> list[tuple[str, tuple[str, ...]]]:
    """Return actor and grids of each step of the draft, then take some back."""
    database = Database.connect(town.url, pool_size=2)
    try:
        drafts = DraftService(database)
        steps = [(step.actor, step.codes) for step in drafts.steps(town.draft)]
        for _ in range(count):
            drafts.undo(town.draft, revision=None, actor="tester")
        return steps
    finally:
        database.close()


def test_a_border_is_moved_in_both_neighbours_saved_and_undone(at_qgis: AtQgis, town: OpenTown) -> None:
    before = stored(town)

    there, moved, shapes, saved = at_qgis(
        opened(town), on("draft", "move", at=CORNER, to=BESIDE), on("draft", "shapes"), on("draft", "save")
    )

    assert (there["valid"], there["editing"], len(there["grids"])) == (True, True, 5)
    assert moved == ["10", "9"]
    assert saved["saved"], saved
    assert stored(town) == shapes != before
    assert steps_undone(town, 1) == [(town.analyst, ("10", "9"))]
    assert stored(town) == before


def test_a_polygon_is_drawn_and_saved_to_the_last_bit(at_qgis: AtQgis, town: OpenTown) -> None:
    before = stored(town)

    _, _, shapes, saved = at_qgis(
        opened(town), on("draft", "draw", ring=FREE, code="new", edition_id=town.draft), on("draft", "shapes"),
        on("draft", "save"),
    )  # fmt: skip

    assert saved["saved"], saved
    assert stored(town) == shapes
    assert set(shapes) - set(before) == {"new"}
    assert steps_undone(town, 1) == [(town.analyst, ("new",))]
    assert stored(town) == before


@pytest.mark.parametrize(("ring", "code", "edition", "said"), [
    (BOW_TIE, "new", 2, "Grid new is not a valid geometry: Self-intersection[91.7"),
    (ON_B, "new", 2, "Grid new would overlap grid B by "),
    (FREE, "B", 2, "There is a grid B in edition 2 already."),
    (FREE, "new", 1, "Grid new can not enter an edition that is published; only a draft can be edited."),
    (FREE, "new", None, "Grid new does not say to which draft it belongs."),
])  # fmt: skip
def test_what_is_refused_is_shown_in_qgis(
    at_qgis: AtQgis, town: OpenTown, ring: list[list[float]], code: str, edition: int | None, said: str
) -> None:
    before = stored(town)

    *_, saved = at_qgis(
        opened(town), on("draft", "draw", ring=ring, code=code, edition_id=edition), on("draft", "save")
    )

    assert not saved["saved"]
    assert said in saved["errors"]
    assert stored(town) == before


def test_a_border_moved_on_one_side_only_is_refused_and_the_log_names_both_size_and_place(
    at_qgis: AtQgis, town: OpenTown
) -> None:
    """Both sides come in one transaction, so it is asked at commit: QGIS shows why in its log, not in the message."""
    before = stored(town)

    *_, saved = at_qgis(opened(town), on("draft", "move", at=CORNER, to=BESIDE, only=["10"]), on("draft", "save"))

    assert not saved["saved"]
    assert "1 geometries not changed" in saved["errors"]
    assert "Grid 10 would overlap grid 9 by" in saved["log"]
    assert "m2 near 91.7" in saved["log"]
    assert stored(town) == before


def test_a_published_edition_is_not_there_to_be_edited(at_qgis: AtQgis, town: OpenTown) -> None:
    (there,) = at_qgis(("open", {"name": "old", "source": source(town, f"edition_id = {town.published}")}))

    assert there["grids"] == []


def test_who_edits_a_grid_that_is_gone_is_told_that_nothing_was_saved(at_qgis: AtQgis, town: OpenTown) -> None:
    other = source(town)
    first, second = {"name": "a", "source": other}, {"name": "b", "source": other}
    *_, removed, late = at_qgis(
        ("open", first), ("open", second), on("a", "delete", code="B"),
        on("b", "change", code="B", field="name", value="x"), on("a", "save"), on("b", "save"),
    )  # fmt: skip

    assert removed["saved"]
    assert not late["saved"]
    assert "Nothing was changed: the grid is gone, or its edition is no longer a draft." in late["errors"]


def test_two_who_edit_one_draft_get_no_overlap_and_both_can_be_undone(at_qgis: AtQgis, town: OpenTown) -> None:
    before = stored(town)
    near_free = [list(lonlat(*corner)) for corner in ((1, 13), (3, 13), (3, 15), (1, 15))]

    answers = at_qgis(
        opened(town, "a"), opened(town, "b"),
        on("a", "draw", ring=FREE, code="mine", edition_id=town.draft),
        on("b", "draw", ring=near_free, code="yours", edition_id=town.draft),
        on("a", "save"), on("b", "save"),
        on("b", "move", at=CORNER, to=BESIDE), on("b", "save"),
    )  # fmt: skip
    first, refused, last = answers[4], answers[5], answers[7]

    assert first["saved"]
    assert not refused["saved"]
    assert "Grid yours would overlap grid mine by" in refused["errors"]
    assert last["saved"]
    assert steps_undone(town, 2) == [(town.analyst, ("mine",)), (town.analyst, ("10", "9"))]
    assert stored(town) == before


def test_an_old_view_of_a_grid_does_not_bring_an_overlap_back(at_qgis: AtQgis, town: OpenTown) -> None:
    """The second has grid 9 as it was before the first moved its border, and saves another vertex of it."""
    other_corner, other_to = list(lonlat(10, 0)), list(lonlat(10 - 1 / 3, 0))

    *_, late = at_qgis(
        opened(town, "a"), opened(town, "b"),
        on("b", "move", at=other_corner, to=other_to, only=["9"]),
        on("a", "move", at=CORNER, to=BESIDE), on("a", "save"), on("b", "save"),
    )  # fmt: skip

    assert not late["saved"]
    assert "Grid 9 would overlap grid 10 by" in late["log"]


def test_merging_features_needs_one_transaction(at_qgis: AtQgis, town: OpenTown) -> None:
    """QGIS 3.22 saves the shape that grows in one transaction and the removal in the next."""
    _, _, apart, on_, _, together = at_qgis(
        opened(town), on("draft", "merge", codes=["10", "9"]), on("draft", "save"),
        ("transaction_groups", {"on": True}), on("draft", "merge", codes=["10", "9"]), on("draft", "save"),
    )  # fmt: skip

    assert not apart["saved"]
    assert on_
    assert together["saved"], together
    assert set(stored(town)) == {"10", "B", "a", "网"}


def test_a_draft_published_meanwhile_takes_no_edit(at_qgis: AtQgis, town: OpenTown) -> None:
    with psycopg.connect(town.url) as service:
        validate(service, town.draft)
        publish(service, town.draft)
        state = "SELECT status FROM geoservice.edition WHERE id = %s"
        assert select_one(service, state, town.draft) == "published"

    (there,) = at_qgis(opened(town))

    assert there["grids"] == []
