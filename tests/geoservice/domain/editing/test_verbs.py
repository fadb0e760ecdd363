"""Each verb leaves a partition a partition, puts every vertex into every neighbour, and says why it refuses."""

from __future__ import annotations

import pytest
import shapely
from shapely import LineString, MultiPolygon, Point

from geoservice.domain.editing import verbs
from geoservice.domain.editing.change import Change, applied
from geoservice.domain.editing.edit_refused import EditRefused
from geoservice.domain.validating.topology import findings_of
from layers.crs import Position
from layers.grids.model import GridShape, has_errors
from tests.places import area, lonlat, multi

Grids = list[GridShape]


def at(x: float, y: float) -> Position:
    return Position(*lonlat(x, y))


def line(*places: tuple[float, float]) -> LineString:
    return LineString([lonlat(*place) for place in places])


def shape(grids: Grids, code: str) -> MultiPolygon:
    [found] = [grid.geom for grid in grids if grid.code == code]
    assert found is not None
    return found


def after(grids: Grids, change: Change, outline: MultiPolygon) -> Grids:
    result = applied(grids, change)
    assert not has_errors(findings_of(result, outline))
    return result


def vertices(geom: shapely.Geometry) -> set[tuple[float, float]]:
    return {(lon, lat) for lon, lat in shapely.get_coordinates(geom).tolist()}


def test_split_gives_the_larger_part_the_code_and_the_neighbours_the_vertices(
    squares: Grids, outline: MultiPolygon
) -> None:
    change = verbs.split(squares, "11", line((7, 11), (17, 11)))

    result = after(squares, change, outline)
    assert change.removed == ()
    assert [grid.code for grid in change.put] == ["11", "11-2", "10", "12"]
    assert shape(result, "11").equals(area(8, 11, 16, 16))
    assert shape(result, "11-2").equals(area(8, 8, 16, 11))
    assert lonlat(8, 11) in vertices(shape(result, "10"))
    assert lonlat(16, 11) in vertices(shape(result, "12"))


def test_split_names_the_parts_as_told(squares: Grids, outline: MultiPolygon) -> None:
    change = verbs.split(squares, "00", line((3, 0), (3, 8)), ("large", "small"), ("Large", "Small"))

    result = after(squares, change, outline)
    assert change.removed == ("00",)
    assert {grid.code: grid.name for grid in change.put[:2]} == {"large": "Large", "small": "Small"}
    assert shape(result, "small").equals(area(0, 0, 3, 8))


def test_split_draws_an_end_that_stops_a_little_short_up_to_the_border(squares: Grids, outline: MultiPolygon) -> None:
    short = 0.5 / 95 / 1024 * 1024 / 1000  # half a metre is about 0.005 units

    after(squares, verbs.split(squares, "11", line((8 + short, 11), (16 - short, 12))), outline)


def test_split_from_corner_to_corner_puts_no_vertex(squares: Grids, outline: MultiPolygon) -> None:
    change = verbs.split(squares, "11", line((8, 8), (16, 16)))

    after(squares, change, outline)
    assert [grid.code for grid in change.put] == ["11", "11-2"]


def test_split_along_a_closed_line_cuts_out_an_island(squares: Grids, outline: MultiPolygon) -> None:
    result = after(squares, verbs.split(squares, "11", line((10, 10), (12, 10), (12, 12), (10, 10))), outline)

    assert shapely.get_num_interior_rings(shapely.get_geometry(shape(result, "11"), 0)) == 1


def test_split_through_an_island_of_another_grid(squares: Grids, outline: MultiPolygon) -> None:
    island = applied(squares, verbs.split(squares, "11", line((10, 10), (12, 10), (12, 12), (10, 12), (10, 10))))

    change = verbs.split(island, "11", line((8, 11.5), (16, 11.25)))

    after(island, change, outline)
    assert "11-2" in {grid.code for grid in change.put}


def test_split_leaves_separate_parts_with_the_larger(squares: Grids) -> None:
    both = multi(shapely.union_all([area(0, 0, 8, 8), area(20, 20, 24, 24)]))
    grids = [GridShape("A", "a", "an a", "P", both, {"k": 1})]

    change = verbs.split(grids, "A", line((3, -1), (3, 9)))

    large, small = change.put
    assert (shapely.get_num_geometries(large.geom), shapely.get_num_geometries(small.geom)) == (2, 1)
    assert (small.name, small.name_en, small.parent_code, small.properties) == ("A-2", None, "P", {"k": 1})


@pytest.mark.parametrize(("drawn", "sentence"), [
    (line((30, 30), (31, 31)), "The line does not pass through grid 11."),
    (line((8, 8), (8, 16)), "The line does not pass through grid 11."),
    (line((7, 12), (12, 12)), "The line ends inside grid 11, at 91."),
    (line((7, 10), (17, 10), (17, 12), (7, 12)), "The line cuts grid 11 in 3 pieces, not in two."),
    (line((7, 10), (17, 12), (17, 10), (7, 12)), "The line crosses or touches itself."),
    (line((8, 8), (8, 8)), "The line begins and ends at one place"),
    (Point(91, 29), "What was drawn is not one line."),
    (LineString([(200, 29), (91, 29)]), "The line has a vertex that is not longitude and latitude."),
    (LineString([(91 + i * 1e-6, 29) for i in range(10_001)]), "The line has 10001 vertices; 10000 is the most."),
])  # fmt: skip
def test_line_that_does_not_split_is_told(squares: Grids, drawn: shapely.Geometry, sentence: str) -> None:
    with pytest.raises(EditRefused) as refused:
        verbs.split(squares, "11", drawn)

    assert refused.value.message.startswith(sentence)
    assert refused.value.hint


@pytest.mark.parametrize(("codes", "sentence"), [
    (("11", "12"), "There is a grid 12 already."),
    (("11", "11"), "Both parts would have the code 11."),
    (("11", " x"), "Grid  x: its code begins or ends with a space."),
])  # fmt: skip
def test_split_into_codes_that_can_not_be_is_told(squares: Grids, codes: tuple[str, str], sentence: str) -> None:
    with pytest.raises(EditRefused, match=sentence):
        verbs.split(squares, "11", line((8, 11), (16, 11)), codes)


def test_next_code_is_free_and_not_too_long() -> None:
    assert verbs.next_code("A", {"A-2", "A-3"}) == "A-4"
    assert len(verbs.next_code("A" * 64, ())) == 64


def test_merge_takes_the_border_away(squares: Grids, outline: MultiPolygon) -> None:
    change = verbs.merge(squares, ["00", "01", "10"], "01", "corner")

    result = after(squares, change, outline)
    assert change.removed == ("00", "10")
    assert change.put[0].name == "corner"
    assert shape(result, "01").equals(shapely.union_all([area(0, 0, 16, 8), area(0, 8, 8, 16)]))


def test_merge_fills_a_ring(squares: Grids, outline: MultiPolygon) -> None:
    rim = [f"{row}{column}" for row in range(3) for column in range(3) if (row, column) != (1, 1)]

    result = after(squares, verbs.merge(squares, rim, "rim"), outline)
    whole = verbs.merge(result, ["rim", "11"], "all")

    assert whole.put[0].geom is not None
    assert whole.put[0].geom.equals(outline)


def test_split_then_merge_gives_the_ground_back(squares: Grids, outline: MultiPolygon) -> None:
    halves = applied(squares, verbs.split(squares, "11", line((7, 9), (17, 13.3))))

    result = after(halves, verbs.merge(halves, ["11", "11-2"], "11"), outline)

    assert shape(result, "11").symmetric_difference(shape(squares, "11")).area < 1e-15


@pytest.mark.parametrize(("codes", "into", "sentence"), [
    (["00", "22"], "00", "Grid 22 and grid 00 have no border in common."),
    (["00", "11"], "00", "Grid 11 and grid 00 have no border in common."),
    (["00", "00"], "00", "Merging takes two or more different grids."),
    (["00"], "00", "Merging takes two or more different grids."),
    (["00", "01"], "22", "There is a grid 22 already."),
    (["00", "99"], "00", "There is no grid 99 with a shape."),
])  # fmt: skip
def test_grids_that_can_not_be_merged_are_told(squares: Grids, codes: list[str], into: str, sentence: str) -> None:
    with pytest.raises(EditRefused, match=sentence):
        verbs.merge(squares, codes, into)


def test_vertex_of_four_grids_moves_in_all(squares: Grids, outline: MultiPolygon) -> None:
    change = verbs.move_vertex(squares, at(8, 8), at(9, 9.5), outline=outline)

    result = after(squares, change, outline)
    assert [grid.code for grid in change.put] == ["00", "01", "10", "11"]
    assert all(lonlat(9, 9.5) in vertices(shape(result, grid.code)) for grid in change.put)


def test_border_without_vertex_is_bent_in_both_grids(squares: Grids, outline: MultiPolygon) -> None:
    change = verbs.move_vertex(squares, at(8, 4), at(9, 4), outline=outline)

    result = after(squares, change, outline)
    assert [grid.code for grid in change.put] == ["00", "01"]
    assert lonlat(9, 4) in vertices(shape(result, "00")) & vertices(shape(result, "01"))


@pytest.mark.parametrize(("from_", "to", "sentence"), [
    ((0, 8), (1, 8), "lies on the outline, which stands still."),
    ((0, 4), (1, 4), "lies on the outline, which stands still."),
    ((12, 12), (13, 13), "There is no border within 1 m of 91."),
    ((8, 12), (17, 12), "Grid 11 would not be a valid area: self-intersection at"),
    ((8, 8), (20, 12), "would not be a valid area"),
    ((8, 8), (-1000, 8), "The place is not longitude and latitude."),
    ((8, 8), (30, 9), ""),
])  # fmt: skip
def test_vertex_that_can_not_move_is_told(
    squares: Grids, outline: MultiPolygon, from_: tuple[float, float], to: tuple[float, float], sentence: str
) -> None:
    goal = Position(-1000, 0) if to[0] == -1000 else at(*to)

    with pytest.raises(EditRefused) as refused:
        verbs.move_vertex(squares, at(*from_), goal, outline=outline)

    assert sentence in refused.value.message


def test_vertex_on_the_rim_stands_still_without_an_outline_as_well(squares: Grids) -> None:
    with pytest.raises(EditRefused, match="would"):
        verbs.move_vertex(squares, at(0, 8), at(1, 8))
    with pytest.raises(EditRefused, match="has no other grid behind it"):
        verbs.move_vertex(squares, at(0, 4), at(1, 4))


def test_a_vertex_taken_away_is_gone_from_both_grids_and_the_border_as_before(
    squares: Grids, outline: MultiPolygon
) -> None:
    bent = after(squares, verbs.move_vertex(squares, at(8, 4), at(9, 4), outline=outline), outline)

    change = verbs.remove_vertex(bent, at(9, 4), outline=outline)

    result = after(bent, change, outline)
    assert [grid.code for grid in change.put] == ["00", "01"]
    assert all(shape(result, grid.code).equals_exact(shape(squares, grid.code)) for grid in change.put)


@pytest.mark.parametrize(("place", "sentence"), [
    ((0, 8), "lies on the outline, which stands still."), ((8, 8), "Borders meet at 91."),
    ((8, 4), "There is no vertex within 1 m of 91."),
])  # fmt: skip
def test_a_vertex_that_is_needed_is_not_taken_away(
    squares: Grids, outline: MultiPolygon, place: tuple[float, float], sentence: str
) -> None:
    with pytest.raises(EditRefused) as refused:
        verbs.remove_vertex(squares, at(*place), outline=outline)

    assert sentence in refused.value.message


def test_border_is_redrawn_from_rim_to_rim(squares: Grids, outline: MultiPolygon) -> None:
    change = verbs.redraw_border(squares, ("10", "11"), line((10, 7), (5, 12), (11, 17)))

    result = after(squares, change, outline)
    assert {grid.code for grid in change.put} == {"10", "11", "00", "01", "20", "21"} - {"00", "20"}
    assert shape(result, "10").union(shape(result, "11")).equals(area(0, 8, 16, 16))
    assert lonlat(5, 12) in vertices(shape(result, "10")) & vertices(shape(result, "11"))


@pytest.mark.parametrize("drawn", [
    line((8, 10), (9, 11), (8, 12)), line((7.9, 10), (9, 11), (7.9, 12)), line((8.004, 10), (9, 11), (8.004, 12)),
])  # fmt: skip
def test_a_stretch_of_border_is_redrawn_and_the_rest_stays(
    squares: Grids, outline: MultiPolygon, drawn: LineString
) -> None:
    result = after(squares, verbs.redraw_border(squares, ("10", "11"), drawn), outline)

    assert shape(result, "10").intersection(shape(result, "11")).intersects(Point(lonlat(8, 9)))
    assert shape(result, "10").covers(Point(lonlat(8.5, 11)))
    assert shape(result, "11").covers(Point(lonlat(8.5, 15)))


def test_a_border_redrawn_from_its_middle_to_the_rim_moves_the_lesser_part(
    squares: Grids, outline: MultiPolygon
) -> None:
    result = after(squares, verbs.redraw_border(squares, ("10", "11"), line((8, 10), (9, 8))), outline)

    assert shape(result, "10").area > shape(squares, "10").area
    assert shape(result, "10").covers(Point(lonlat(8.2, 8.5)))


def test_the_border_around_an_island_is_redrawn(squares: Grids, outline: MultiPolygon) -> None:
    island = applied(squares, verbs.split(squares, "11", line((10, 10), (12, 10), (12, 12), (10, 12), (10, 10))))

    result = after(island, verbs.redraw_border(island, ("11", "11-2"), line((12, 10), (13, 11), (12, 12))), outline)

    assert shape(result, "11-2").equals(
        shapely.Polygon([lonlat(*p) for p in ((10, 10), (12, 10), (13, 11), (12, 12), (10, 12))])
    )


@pytest.mark.parametrize(("codes", "drawn", "sentence"), [
    (("10", "12"), line((8, 8), (8, 16)), "Grids 10 and 12 have no border in common."),
    (("10", "10"), line((8, 8), (8, 16)), "Grids 10 and 10 have no border in common."),
    (("10", "11"), line((30, 30), (31, 31)), "The line does not pass through grids 10 and 11."),
    (("10", "11"), line((10, 7), (12, 12)), "The line ends inside grids 10 and 11, at"),
    (("10", "11"), line((10, 7), (10, 17), (12, 17), (12, 7)), "The line cuts grids 10 and 11 in 3 pieces"),
])  # fmt: skip
def test_border_that_can_not_be_redrawn_is_told(
    squares: Grids, codes: tuple[str, str], drawn: LineString, sentence: str
) -> None:
    with pytest.raises(EditRefused) as refused:
        verbs.redraw_border(squares, codes, drawn)

    assert refused.value.message.startswith(sentence)


def test_recode_changes_code_and_name_and_nothing_else(squares: Grids) -> None:
    change = verbs.recode(squares, "00", "A", "corner")

    assert change.removed == ("00",)
    assert (change.put[0].code, change.put[0].name) == ("A", "corner")
    assert change.put[0].geom is squares[0].geom


@pytest.mark.parametrize(("old", "new", "sentence"), [
    ("00", "01", "There is a grid 01 already."),
    ("99", "A", "There is no grid 99."),
    ("00", "", "A grid: its code is empty."),
])  # fmt: skip
def test_recode_that_can_not_be_is_told(squares: Grids, old: str, new: str, sentence: str) -> None:
    with pytest.raises(EditRefused, match=sentence):
        verbs.recode(squares, old, new)


def test_add_replace_and_retire_look_at_one_grid_only(squares: Grids) -> None:
    new = GridShape("N", "new", None, None, multi(area(1, 1, 2, 2)))

    assert verbs.add(squares, new) == Change((), (new,))
    assert verbs.replace([*squares, new], new) == Change((), (new,))
    assert verbs.retire(squares, "00") == Change(("00",), ())


def test_add_replace_and_retire_refuse_what_is_no_grid(squares: Grids) -> None:
    bowtie = shapely.Polygon([lonlat(*p) for p in ((0, 0), (2, 2), (2, 0), (0, 2))])

    with pytest.raises(EditRefused, match="Grid 00 is not a valid area: self-intersection"):
        verbs.replace(squares, GridShape("00", "x", None, None, multi(bowtie)))
    with pytest.raises(EditRefused, match="There is a grid 00 already"):
        verbs.add(squares, squares[0])
    with pytest.raises(EditRefused, match="There is no grid 99"):
        verbs.retire(squares, "99")


def test_edit_far_from_a_defect_is_not_refused_for_it(squares: Grids) -> None:
    gaping = applied(squares, verbs.retire(squares, "22"))

    assert verbs.move_vertex(gaping, at(8, 8), at(9, 9)).put
