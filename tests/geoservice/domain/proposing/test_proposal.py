"""Proposed partitions pass the gate, hold what was asked for, and follow streets."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
import shapely

from geoservice.demo.community import build_community
from geoservice.domain.proposing.proposal import ProposalImpossible, propose
from geoservice.domain.validating.topology import findings_of
from layers.grids.model import GridShape, has_errors

SQUARE = shapely.MultiPolygon([shapely.box(91.76, 29.23, 91.78, 29.25)])
CROSSING = [
    shapely.LineString([(91.75, 29.245), (91.8, 29.2455)]),
    shapely.LineString([(91.765, 29.22), (91.7655, 29.26)]),
]
DEGREE_M = 111_320


def in_metres(geom: Any) -> Any:
    stretch = math.cos(math.radians(29.24))
    return shapely.transform(geom, lambda c: c * (DEGREE_M * stretch, DEGREE_M))


def scattered(count: int, *bounds: float) -> list[Any]:
    random = np.random.default_rng(3)
    west, south, east, north = bounds
    return list(shapely.points(random.uniform(west, east, count), random.uniform(south, north, count)))


def households(grids: tuple[GridShape, ...], points: list[Any]) -> list[int]:
    tree = shapely.STRtree(points)
    return [len(tree.query(grid.geom, predicate="intersects")) for grid in grids]


def test_the_demo_community_is_divided_along_its_streets() -> None:
    community = build_community(now=datetime.now(UTC))
    points = [one.position for one in community.households]
    streets = [one.geom for one in community.basemap if one.kind == "street"]

    grids = propose(community.outline, points, [1] * len(points), streets)

    assert findings_of(list(grids), community.outline) == []
    assert len(grids) == 8
    sizes = households(grids, points)
    assert sum(sizes) == len(points)
    assert all(300 <= size <= 500 for size in sizes)
    borders = in_metres(shapely.union_all([grid.geom.boundary for grid in grids]))
    inner = borders.difference(in_metres(community.outline).boundary.buffer(0.1))
    along = inner.intersection(in_metres(shapely.union_all(streets)).buffer(0.5))
    assert along.length / inner.length > 0.95
    for grid in grids:
        shape = in_metres(grid.geom)
        assert 4 * math.pi * shape.area / shape.length**2 > 0.4


def test_an_area_without_streets_is_cut_to_pieces_of_like_size() -> None:
    points = scattered(1500, *SQUARE.bounds)

    grids = propose(SQUARE, points, [1] * 1500, [])

    assert not has_errors(findings_of(list(grids), SQUARE))
    assert [len(grid.geom.geoms) for grid in grids] == [1, 1, 1, 1]
    assert max(households(grids, points)) - min(households(grids, points)) < 40


def test_holes_islands_and_people_outside_do_no_harm() -> None:
    island = shapely.box(91.79, 29.23, 91.795, 29.24)
    lake = shapely.Point(91.77, 29.24).buffer(0.004)
    outline = shapely.MultiPolygon([SQUARE.geoms[0].difference(lake), island])
    points = [*scattered(1500, *SQUARE.bounds), *scattered(200, *island.bounds), shapely.Point(0, 0)]

    grids = propose(outline, points, [1] * len(points), CROSSING)

    assert not has_errors(findings_of(list(grids), outline))
    assert all(300 <= size <= 500 for size in households(grids, points))


@pytest.mark.slow
def test_equal_questions_have_equal_answers_and_codes_go_from_north_to_south() -> None:
    points = scattered(1500, *SQUARE.bounds)

    one, other = (propose(SQUARE, points, [1] * 1500, CROSSING, seed=7) for _ in range(2))

    assert one == other
    assert [grid.code for grid in one] == ["01", "02", "03", "04"]
    assert one[0].geom.centroid.y > one[-1].geom.centroid.y


@pytest.mark.parametrize("grids", [1, 9, None])
def test_what_can_not_be_divided_is_told(grids: int | None) -> None:
    count = 1500 if grids else 100

    with pytest.raises(ProposalImpossible):
        propose(SQUARE, scattered(count, *SQUARE.bounds), [1] * count, CROSSING, grids=grids)


def test_all_households_of_one_house_stay_together() -> None:
    with pytest.raises(ProposalImpossible) as refused:
        propose(SQUARE, [shapely.Point(91.77, 29.24)], [800], [], grids=2)

    assert refused.value.fields["blocks"] == 1
