"""What is told to be different is what was edited, and nothing else."""

from __future__ import annotations

from dataclasses import replace as with_fields

import pyproj
import pytest
import shapely
from shapely import LineString, box

from geoservice.domain.editing import verbs
from geoservice.domain.editing.change import applied
from geoservice.domain.editing.diff import Recoded, difference
from layers.crs import Position
from layers.grids.model import GridShape
from tests.overlays import Overlays
from tests.places import lonlat, multi

Grids = list[GridShape]


def line(*places: tuple[float, float]) -> LineString:
    return LineString([lonlat(*place) for place in places])


def geodesic_m2(*places: tuple[float, float]) -> float:
    ring = shapely.Polygon([lonlat(*place) for place in places]).segmentize(1e-5)
    return abs(float(pyproj.Geod(ellps="WGS84").geometry_area_perimeter(ring)[0]))


def test_nothing_differs_from_itself(squares: Grids) -> None:
    turned = [with_fields(grid, geom=multi(shapely.reverse(grid.geom.geoms[0]))) for grid in squares]

    assert difference(squares, squares).is_empty
    assert difference(squares, turned) == difference(squares, squares)


def test_moved_border_is_gained_by_one_and_lost_by_the_other(squares: Grids) -> None:
    moved = applied(squares, verbs.move_vertex(squares, Position(*lonlat(8, 4)), Position(*lonlat(9, 4))))

    told = difference(squares, moved)

    gain, loss = told.redrawn
    assert (gain.code, loss.code) == ("00", "01")
    assert gain.gained_m2 == pytest.approx(geodesic_m2((8, 0), (9, 4), (8, 8)), rel=1e-5)
    assert loss.lost_m2 == pytest.approx(gain.gained_m2, rel=1e-9)
    assert (gain.lost_m2, loss.gained_m2) == (0, 0)
    assert told.borders_gone.equals(line((8, 0), (8, 8)))
    assert told.borders_new.equals(line((8, 0), (9, 4), (8, 8)))


def test_split_tells_the_new_grid_and_only_the_new_border(squares: Grids) -> None:
    told = difference(squares, applied(squares, verbs.split(squares, "11", line((8, 11), (16, 11)))))

    assert (told.added, told.retired) == (("11-2",), ())
    assert [grid.code for grid in told.redrawn] == ["11"]
    assert told.redressed == ("10", "12")
    assert told.borders_gone.is_empty
    assert told.borders_new.equals(line((8, 11), (16, 11)))


def test_merge_tells_the_retired_grid_and_the_border_that_is_gone(squares: Grids) -> None:
    told = difference(squares, applied(squares, verbs.merge(squares, ["00", "01"], "00")))

    assert (told.added, told.retired) == ((), ("01",))
    assert told.borders_gone.equals(line((8, 0), (8, 8)))
    assert told.borders_new.is_empty


def test_recoded_grid_is_neither_added_nor_retired(squares: Grids) -> None:
    told = difference(squares, applied(squares, verbs.recode(squares, "00", "A", "corner")))

    assert told.recoded == (Recoded("00", "A"),)
    assert told.renamed == ("A",)
    assert (told.added, told.retired, told.redrawn) == ((), (), ())


def test_name_and_properties_alone_are_a_renaming(squares: Grids) -> None:
    told = difference(squares, [with_fields(squares[0], properties={"x": 1}), *squares[1:]])

    assert told.renamed == ("00",)
    assert not told.is_empty


def test_one_change_among_ten_thousand_grids_costs_a_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    grids = [
        GridShape(f"{i}-{j}", "g", None, None, multi(box(i / 1024, j / 1024, (i + 1) / 1024, (j + 1) / 1024)))
        for i in range(100) for j in range(100)
    ]  # fmt: skip
    changed = applied(grids, verbs.move_vertex(grids, Position(5 / 1024, 5 / 1024), Position(5.1 / 1024, 5.2 / 1024)))
    copies = [with_fields(grid, geom=shapely.from_wkb(shapely.to_wkb(grid.geom))) for grid in changed]
    overlays = Overlays(monkeypatch)

    told = difference(grids, copies)

    assert len(told.redrawn) == 4
    assert overlays.calls == {"difference": 8, "normalize": 2}
    assert overlays.compared["normalize"] == 8
