"""What every picture holds to: grids told apart, words within the sheet, a sheet that can be looked at."""

from __future__ import annotations

import re

import pytest
from shapely import MultiPolygon, box

from geoservice.maps.pictures.sheet import MAP_HEIGHT_PX, WIDTH_PX, Sheet, colours_of, fitted, legend
from layers.grids.model import GridShape


def square(code: str, west: float, south: float, size: float = 0.01) -> GridShape:
    return GridShape(code, code, None, None, MultiPolygon([box(west, south, west + size, south + size)]))


def test_neighbours_have_colours_of_their_own_after_colours_come_again() -> None:
    # Nine in a row and one above: by turns alone, A0 and the ninth, which lies on it, would be alike.
    row = [square(f"A{number}", 91 + number / 100, 29) for number in range(8)]
    grids = [*row, square("A8", 91, 29.01)]

    colours = colours_of([grid.code for grid in grids], grids)

    assert colours["A8"] not in (colours["A0"], colours["A1"])
    assert len({colours[grid.code] for grid in row}) == 8


def test_a_grid_that_is_not_among_the_shapes_has_a_colour() -> None:
    assert set(colours_of(["gone", "A"], [square("A", 91, 29)])) == {"A", "gone"}


def test_a_long_narrow_community_is_drawn_on_a_sheet_that_can_be_looked_at() -> None:
    sheet = Sheet([box(91.0, 29.0, 91.001, 29.5)])

    x, y = sheet.at(91.001, 29.0)

    assert sheet.height_px <= MAP_HEIGHT_PX + 1
    assert 0 < x < WIDTH_PX
    assert 0 < y < sheet.height_px


@pytest.mark.parametrize(("words", "shown"), [
    ("short", "short"), ("网格" * 200, "网格网格 …"), ("540502001001001, " * 20, "5405020 …"),
])  # fmt: skip
def test_words_are_cut_where_the_sheet_ends(words: str, shown: str) -> None:
    assert fitted(words, 10, 60) == shown


def test_a_long_title_stays_on_the_sheet() -> None:
    drawn = legend(Sheet([box(91, 29, 91.01, 29.01)]), "标题" * 100, ["x" * 400], [("#000000", "y" * 200)])

    assert max(len(words) for words in re.findall(r">([^<]+)</text>", drawn)) < 150
    assert drawn.count(" …") == 3
