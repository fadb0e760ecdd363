"""Grids on the coordinates of tiles: neither gap nor overlap comes of rounding, however coarse it is."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from tilegen.drawing import on_coordinates
from tilegen.matrix import EXTENT

ZOOM = 14
#: Metres of EPSG:3857 that a coordinate of that zoom is wide.
COORDINATE = 2 * 20037508.342789244 / (1 << ZOOM) / EXTENT


def grids_of(seed: int, *, cells: int, width: int) -> np.ndarray:
    """Return a coverage of so many cells, in a square of so many coordinates somewhere on the Earth."""
    chance = np.random.default_rng(seed)
    places = shapely.multipoints(chance.uniform(0, width, (cells, 2)))
    square = shapely.box(0, 0, width, width)
    parts = shapely.get_parts(shapely.voronoi_polygons(places, extend_to=square))
    pieces = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.node(_borders(parts, square)))))
    return shapely.transform(pieces, lambda at: (at + 20_000_000) * COORDINATE / 2)


def _borders(parts: np.ndarray, square: shapely.Polygon) -> shapely.Geometry:
    inner = shapely.intersection(shapely.union_all(shapely.boundary(parts)), square)
    return shapely.union_all([inner, square.boundary])


def in_coordinates(geoms: object) -> np.ndarray:
    return np.asarray(shapely.transform(geoms, lambda at: at / COORDINATE))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("width", [30, 100, 1000])
def test_neighbours_have_one_border_though_many_corners_are_nearer_than_a_rounding(seed: int, width: int) -> None:
    grids = grids_of(seed, cells=200, width=width)

    drawn = on_coordinates(grids, ZOOM)

    seen = in_coordinates([one for one in drawn if not one.is_empty])
    vertices = shapely.get_coordinates(seen)
    assert len(drawn) == len(grids)
    assert np.abs(vertices - np.round(vertices)).max() < 1e-6
    rounded = shapely.transform(seen, np.round)
    assert shapely.is_valid(rounded).all()
    whole = shapely.union_all(rounded)
    assert shapely.area(rounded).sum() == whole.area
    assert whole.area == pytest.approx(shapely.union_all(in_coordinates(grids)).area, abs=4 * width)
    assert len(shapely.get_parts(whole)) == 1
    assert len(shapely.get_rings(whole)) == 1  # no gap


def test_each_grid_is_where_it_was() -> None:
    grids = grids_of(7, cells=50, width=1000)

    for grid, drawn in zip(in_coordinates(grids), in_coordinates(on_coordinates(grids, ZOOM)), strict=True):
        assert shapely.hausdorff_distance(grid, drawn) < 1.5


def test_a_grid_without_room_is_empty_and_the_others_are_drawn() -> None:
    large = shapely.box(0, 0, 100 * COORDINATE, 100 * COORDINATE)
    small = shapely.box(0, 0, COORDINATE / 10, COORDINATE / 10)

    drawn = on_coordinates([shapely.difference(large, small), small], ZOOM)

    assert [one.is_empty for one in drawn] == [False, True]
    assert on_coordinates([], ZOOM) == []


def test_a_part_looks_the_same_beside_others() -> None:
    """What is not touched must be seen to be the same in the next edition, whatever else is drawn there."""
    grids = grids_of(3, cells=60, width=500)
    middle, near = grids[0], shapely.intersects(grids, grids[0])

    alone = on_coordinates(grids[near], ZOOM)[list(grids[near]).index(middle)]
    among = on_coordinates(grids, ZOOM)[0]

    assert shapely.equals_identical(alone, among)
