"""A grid that has grown too large is split by itself: the others keep every vertex, and the gate finds no error."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
import shapely

from geoservice.demo.community import build_community
from geoservice.domain.editing import verbs
from geoservice.domain.editing.change import applied
from geoservice.domain.editing.edit_refused import EditRefused
from geoservice.domain.proposing.proposal import ProposalImpossible
from geoservice.domain.proposing.splitting import propose_split
from geoservice.domain.validating.norms import households_in
from geoservice.domain.validating.topology import findings_of
from layers.grids.model import GridShape, has_errors

#: Two squares that share an edge without a vertex in its middle.
WEST, EAST = shapely.box(91.76, 29.23, 91.78, 29.25), shapely.box(91.78, 29.23, 91.80, 29.25)
SQUARES = [GridShape(code, f"grid {code}", f"Grid {code}", "P", shapely.MultiPolygon([geom]), {"since": 2020})
           for code, geom in (("A", WEST), ("B", EAST))]  # fmt: skip
BOTH = shapely.MultiPolygon([shapely.box(91.76, 29.23, 91.80, 29.25)])
#: Grids of the demo that are neighbours.
PAIRS = [(0, 1), (1, 2), (6, 7)]
STREET = [shapely.LineString([(91.75, 29.2401), (91.81, 29.2399)])]


def scattered(count: int, area: Any) -> tuple[Any, Any]:
    random = np.random.default_rng(3)
    west, south, east, north = area.bounds
    return shapely.points(random.uniform((west, south), (east, north), (count, 2))), np.ones(count, np.int64)


def split(count: int = 800, *, grids: Sequence[GridShape] = SQUARES, streets: Any = STREET, **wanted: Any) -> Any:
    points, counts = scattered(count, WEST)
    asked = {"minimum": 300, "maximum": 500} | wanted
    change = propose_split(grids, "A", points, counts, streets, **asked)
    after = applied(grids, change)
    return after, dict(zip([grid.code for grid in after], households_in(after, points, counts).tolist(), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("pair", [(3, 7), *(pytest.param(pair, marks=pytest.mark.prove) for pair in PAIRS)])
def test_of_two_grids_of_the_demo_made_one_two_are_proposed_and_the_rest_keep_every_vertex(
    pair: tuple[int, int],
) -> None:
    community = build_community(now=datetime.now(UTC))
    grids = [GridShape(grid.code, grid.name, grid.name_en, None, grid.geom) for grid in community.grids]
    large, gone = (grids[number].code for number in pair)
    grids = applied(grids, verbs.merge(grids, [large, gone], large))
    points = np.array([one.position for one in community.households], dtype=object)
    counts = np.ones(len(points), np.int64)
    streets = [one.geom for one in community.basemap if one.kind == "street"]

    change = propose_split(grids, large, points, counts, streets, minimum=300, maximum=500)

    after = applied(grids, change)
    assert {grid.code for grid in change.put} == {large, f"{large}-2"}
    assert change.removed == ()
    assert findings_of(after, community.outline) == []
    kept = {grid.code: grid for grid in after}
    assert all(kept[grid.code] is grid for grid in grids if grid.code != large)
    assert all(300 <= size <= 500 for size in households_in(list(change.put), points, counts))


def test_where_the_outline_has_no_vertex_a_neighbour_gets_one_on_its_straight_edge() -> None:
    after, sizes = split()

    assert set(sizes) == {"A", "A-2", "B"}
    assert all(300 <= sizes[code] <= 500 for code in ("A", "A-2"))
    assert not has_errors(findings_of(after, BOTH))
    before, now = SQUARES[1].geom, {grid.code: grid.geom for grid in after}["B"]
    corners = {tuple(pair) for pair in shapely.get_coordinates(now).tolist()}
    assert {tuple(pair) for pair in shapely.get_coordinates(before).tolist()} < corners
    assert len(corners) == 5
    assert shapely.hausdorff_distance(before, now) < 1e-12


def test_a_street_that_meets_the_outline_near_a_vertex_is_drawn_to_it() -> None:
    middle = [(91.76, 29.2401), (91.78, 29.23995)]
    area = shapely.Polygon([(91.76, 29.23), (91.78, 29.23), middle[1], (91.78, 29.25), (91.76, 29.25), middle[0]])
    east = shapely.Polygon([(91.78, 29.23), (91.80, 29.23), (91.80, 29.25), (91.78, 29.25), middle[1]])
    grids = [
        GridShape(code, code, None, None, shapely.MultiPolygon([geom])) for code, geom in (("A", area), ("B", east))
    ]

    after, sizes = split(grids=grids)

    assert next(grid for grid in after if grid.code == "B") is grids[1]
    assert all(300 <= sizes[code] <= 500 for code in ("A", "A-2"))
    assert not has_errors(findings_of(after, shapely.MultiPolygon([shapely.union_all([area, east])])))


def test_the_part_with_the_most_households_keeps_code_names_and_all_else() -> None:
    after, sizes = split(1250, parts=3, taken={"A-2"})

    named = {grid.code: grid for grid in after}
    assert set(named) == {"A", "A-3", "A-4", "B"}
    assert sizes["A"] >= sizes["A-3"] >= sizes["A-4"]
    assert (named["A"].name, named["A"].name_en) == ("grid A", "Grid A")
    assert (named["A-3"].name, named["A-3"].name_en) == ("A-3", None)
    assert all((named[code].parent_code, named[code].properties) == ("P", {"since": 2020}) for code in ("A", "A-3"))
    assert not has_errors(findings_of(after, BOTH))


def test_equal_questions_have_equal_answers_in_whatever_order_people_are_told() -> None:
    points, counts = scattered(800, WEST)
    asked = {"minimum": 300, "maximum": 500, "seed": 5}

    one = propose_split(SQUARES, "A", points, counts, STREET, **asked)
    other = propose_split(SQUARES, "A", points[::-1], counts, STREET, **asked)

    assert one == other


@pytest.mark.parametrize(("count", "parts"), [(599, None), (0, None), (1600, 2)])
def test_what_can_not_be_split_is_told_with_its_numbers(count: int, parts: int | None) -> None:
    with pytest.raises(ProposalImpossible) as refused:
        split(count, parts=parts)

    assert f"households: {count}, grids: 2, minimum: 300, maximum: 500" in str(refused.value)


def test_a_grid_that_is_not_there_is_told() -> None:
    points, counts = scattered(10, WEST)

    with pytest.raises(EditRefused, match="no grid C"):
        propose_split(SQUARES, "C", points, counts, STREET, minimum=1, maximum=5)
