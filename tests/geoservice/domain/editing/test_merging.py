"""Two drafts of one base: clean where they touch different borders, told where they touch the same."""

from __future__ import annotations

from dataclasses import replace as with_fields

import pytest
import shapely
from shapely import LineString, MultiPolygon

from geoservice.domain.editing import verbs
from geoservice.domain.editing.change import applied
from geoservice.domain.editing.merging import Merged, merged
from geoservice.domain.validating.topology import findings_of
from layers.crs import Position
from layers.grids.model import GridShape, has_errors
from tests.places import lonlat

Grids = list[GridShape]


def at(x: float, y: float) -> Position:
    return Position(*lonlat(x, y))


def line(*places: tuple[float, float]) -> LineString:
    return LineString([lonlat(*place) for place in places])


def bend(grids: Grids, from_: tuple[float, float], to: tuple[float, float]) -> Grids:
    return applied(grids, verbs.move_vertex(grids, at(*from_), at(*to)))


def halve(grids: Grids, code: str, *places: tuple[float, float], codes: tuple[str, str] | None = None) -> Grids:
    return applied(grids, verbs.split(grids, code, line(*places), codes))


def shapes(grids: Grids | tuple[GridShape, ...]) -> dict[str, shapely.Geometry]:
    return {grid.code: shapely.normalize(grid.geom) for grid in grids}


def clean(result: Merged, outline: MultiPolygon) -> dict[str, shapely.Geometry]:
    assert result.conflicts == ()
    assert not has_errors(findings_of(result.grids, outline))
    return shapes(result.grids)


def test_what_one_draft_changed_is_taken(squares: Grids, outline: MultiPolygon) -> None:
    ours = bend(squares, (8, 4), (9, 4))

    assert clean(merged(squares, ours, squares), outline) == shapes(ours)
    assert clean(merged(squares, squares, ours), outline) == shapes(ours)


def test_drafts_that_touch_different_grids_are_both_taken(squares: Grids, outline: MultiPolygon) -> None:
    result = clean(merged(squares, bend(squares, (8, 4), (9, 4)), bend(squares, (16, 20), (15, 20))), outline)

    assert result == shapes(bend(bend(squares, (8, 4), (9, 4)), (16, 20), (15, 20)))


def test_drafts_that_touch_different_borders_of_one_grid_are_both_taken(squares: Grids, outline: MultiPolygon) -> None:
    result = clean(merged(squares, bend(squares, (8, 4), (9, 4)), bend(squares, (16, 4), (14, 4))), outline)

    assert result == shapes(bend(bend(squares, (8, 4), (9, 4)), (16, 4), (14, 4)))


def test_the_same_edit_made_in_both_is_one_edit(squares: Grids, outline: MultiPolygon) -> None:
    ours = bend(squares, (8, 4), (9, 4))

    assert clean(merged(squares, ours, ours), outline) == shapes(ours)


def test_a_split_beside_a_moved_border_is_clean(squares: Grids, outline: MultiPolygon) -> None:
    ours, theirs = halve(squares, "11", (8, 12), (16, 12)), bend(squares, (12, 8), (12, 9))

    result = clean(merged(squares, ours, theirs), outline)

    assert result == shapes(bend(halve(squares, "11", (8, 12), (16, 12)), (12, 8), (12, 9)))


def test_two_splits_that_put_vertices_on_one_border_are_clean(squares: Grids, outline: MultiPolygon) -> None:
    ours, theirs = halve(squares, "10", (0, 11), (8, 11)), halve(squares, "11", (8, 13), (16, 13))

    result = clean(merged(squares, ours, theirs), outline)

    assert result == shapes(halve(ours, "11", (8, 13), (16, 13)))


def test_one_grid_split_by_both_at_two_places_is_in_three(squares: Grids, outline: MultiPolygon) -> None:
    ours = halve(squares, "11", (8, 10), (16, 10), codes=("11", "south"))
    theirs = halve(squares, "11", (8, 14), (16, 14), codes=("11", "north"))

    assert clean(merged(squares, ours, theirs), outline).keys() >= {"11", "south", "north"}


def test_grids_merged_in_one_draft_and_a_border_of_theirs_moved_in_the_other(
    squares: Grids, outline: MultiPolygon
) -> None:
    ours = applied(squares, verbs.merge(squares, ["00", "01"], "00"))

    result = clean(merged(squares, ours, bend(squares, (16, 4), (17, 4))), outline)

    assert "01" not in result
    bent = bend(squares, (16, 4), (17, 4))
    assert result == shapes(applied(bent, verbs.merge(bent, ["00", "01"], "00")))


def test_a_grid_recoded_in_one_draft_and_moved_in_the_other_has_both(squares: Grids, outline: MultiPolygon) -> None:
    ours = applied(squares, verbs.recode(squares, "00", "A", "corner"))

    result = merged(squares, ours, bend(squares, (8, 4), (9, 4)))

    assert clean(result, outline)["A"].equals(shapes(bend(squares, (8, 4), (9, 4)))["00"])
    assert {grid.code: grid.name for grid in result.grids}["A"] == "corner"


def test_a_border_moved_by_both_is_a_conflict_with_both_lines(squares: Grids, outline: MultiPolygon) -> None:
    result = merged(squares, bend(squares, (8, 4), (9, 4)), bend(squares, (8, 4), (7, 4)))

    [conflict] = result.conflicts
    assert (conflict.kind, conflict.codes) == ("border", ("00", "01"))
    assert conflict.ours.equals(line((8, 0), (9, 4), (8, 8)))
    assert conflict.theirs.equals(line((8, 0), (7, 4), (8, 8)))
    assert conflict.base.equals(line((8, 0), (8, 8)))
    assert shapes(result.grids) == shapes(squares)
    assert not has_errors(findings_of(result.grids, outline))


@pytest.mark.parametrize(("side", "x"), [("ours", 9), ("theirs", 7)])
def test_a_settled_conflict_takes_one_side_and_keeps_the_rest(
    squares: Grids, outline: MultiPolygon, side: str, x: float
) -> None:
    ours = bend(bend(squares, (8, 4), (9, 4)), (8, 20), (9, 20))
    theirs = bend(bend(squares, (8, 4), (7, 4)), (16, 20), (15, 20))

    result = clean(merged(squares, ours, theirs, {"00": side}), outline)

    assert result == shapes(bend(bend(bend(squares, (8, 4), (x, 4)), (8, 20), (9, 20)), (16, 20), (15, 20)))


def test_a_conflict_settled_two_ways_stays_one(squares: Grids) -> None:
    result = merged(
        squares, bend(squares, (8, 4), (9, 4)), bend(squares, (8, 4), (7, 4)), {"00": "ours", "01": "theirs"}
    )

    assert len(result.conflicts) == 1


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_a_split_against_a_merge_can_be_settled_either_way(squares: Grids, outline: MultiPolygon, side: str) -> None:
    ours = halve(squares, "00", (3, 0), (3, 8), codes=("00", "new"))
    bent = bend(squares, (3, 8), (3, 7))
    theirs = applied(bent, verbs.merge(bent, ["00", "01"], "01"))

    assert merged(squares, ours, theirs).conflicts
    result = clean(merged(squares, ours, theirs, {"00": side}), outline)
    settled = shapes({"ours": ours, "theirs": theirs}[side])
    assert result.keys() == settled.keys()
    assert all(shape.equals(settled[code]) for code, shape in result.items())


def test_a_corner_of_four_moved_by_both_is_one_conflict(squares: Grids) -> None:
    result = merged(squares, bend(squares, (8, 8), (9, 9)), bend(squares, (8, 8), (7, 7)))

    assert [conflict.codes for conflict in result.conflicts] == [("00", "01", "10", "11")]


def test_borders_that_would_cross_are_a_conflict(squares: Grids) -> None:
    result = merged(squares, bend(squares, (8, 12), (15, 12)), bend(squares, (16, 12), (9, 13)))

    assert result.conflicts
    assert shapes(result.grids) == shapes(squares)


def test_one_code_given_to_two_new_grids_is_a_conflict(squares: Grids) -> None:
    ours = halve(squares, "00", (3, 0), (3, 8), codes=("00", "X"))
    theirs = halve(squares, "22", (19, 16), (19, 24), codes=("22", "X"))

    [conflict] = merged(squares, ours, theirs).conflicts

    assert (conflict.kind, conflict.codes) == ("code", ("X",))


def test_a_gap_in_one_draft_is_a_conflict_and_never_silent(squares: Grids, outline: MultiPolygon) -> None:
    result = merged(squares, applied(squares, verbs.retire(squares, "11")), bend(squares, (8, 4), (9, 4)))

    assert [conflict.kind for conflict in result.conflicts] == ["ground"]
    assert not has_errors(findings_of(result.grids, outline))


def test_names_and_properties_are_merged_each_by_itself(squares: Grids) -> None:
    ours = [with_fields(squares[0], name="a", properties={"x": 1}), *squares[1:]]
    theirs = [with_fields(squares[0], name_en="b", properties={"y": 2}), *squares[1:]]

    result = merged(squares, ours, theirs)

    assert result.conflicts == ()
    assert (result.grids[0].name, result.grids[0].name_en) == ("a", "b")
    assert result.grids[0].properties == {"x": 1, "y": 2}


def test_a_name_given_by_both_is_a_conflict_that_can_be_settled(squares: Grids) -> None:
    ours = [with_fields(squares[0], name="a"), *squares[1:]]
    theirs = [with_fields(squares[0], name="b"), *squares[1:]]

    [conflict] = merged(squares, ours, theirs).conflicts

    assert conflict.message == "Grid 00 has the name a in ours and b in theirs."
    assert merged(squares, ours, theirs, {"00": "theirs"}).grids[0].name == "b"


def test_a_code_changed_by_both_is_a_conflict_that_can_be_settled(squares: Grids) -> None:
    ours = applied(squares, verbs.recode(squares, "00", "A"))
    theirs = applied(squares, verbs.recode(squares, "00", "B"))

    assert [conflict.kind for conflict in merged(squares, ours, theirs).conflicts] == ["code"]
    assert "B" in shapes(merged(squares, ours, theirs, {"00": "theirs"}).grids)
