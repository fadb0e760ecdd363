"""Gaps and overlaps given away by a person leave a partition; ground of nobody is a face of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, Polygon, box

from geoservice.domain.editing import deciding
from geoservice.domain.editing.change import applied
from geoservice.domain.editing.edit_refused import EditRefused
from geoservice.domain.validating.topology import findings_of
from layers.crs import Position
from layers.geometry import as_multipolygon, place_in
from layers.grids.model import GridShape, has_errors
from tests import places

METRE = 9e-6
OUTLINE = as_multipolygon(box(91, 29, 91.03, 29.01))


def grid(code: str, shape: Polygon | MultiPolygon) -> GridShape:
    return GridShape(code, code, None, None, as_multipolygon(shape))


def slanted(gap_deg: float) -> list[GridShape]:
    """Return three grids with slanted borders: a gap, or a negative one, an overlap, between a and b."""
    a = Polygon([(91, 29), (91.01, 29), (91.0117, 29.01), (91, 29.01)])
    b = Polygon([(91.01 + gap_deg, 29), (91.02, 29), (91.0213, 29.01), (91.0117 + gap_deg, 29.01)])
    c = Polygon([(91.02, 29), (91.03, 29), (91.03, 29.01), (91.0213, 29.01)])
    return [grid("a", a), grid("b", b), grid("c", c)]


def crossing() -> list[GridShape]:
    """Return two grids whose borders cross three times, at places that no double holds: overlaps beside gaps."""
    a = Polygon([(91, 29), (91.01, 29), (91.0117, 29.0033), (91.0097, 29.0071), (91.0109, 29.01), (91, 29.01)])
    b = Polygon([(91.0103, 29), (91.03, 29), (91.03, 29.01), (91.0101, 29.01), (91.0108, 29.0066), (91.0099, 29.0031)])
    return [grid("a", a), grid("b", b)]


def errors(grids: Sequence[GridShape]) -> list[str]:
    return [one.rule for one in findings_of(grids, OUTLINE) if one.severity == "error"]


@pytest.mark.parametrize("metres", [3, 12, 80])
@pytest.mark.parametrize("to", ["a", "b"])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_gap_or_an_overlap_goes_to_whoever_is_named(metres: float, to: str, sign: int) -> None:
    grids = slanted(sign * metres * METRE)
    found = deciding.open_ground(findings_of(grids, OUTLINE), Position(91.011 + sign * metres * METRE / 2, 29.006))

    after = applied(grids, deciding.give(grids, OUTLINE, found.geom, to))

    assert found.rule == ("gap" if sign > 0 else "overlap")
    assert errors(after) == []
    winner = next(one.geom for one in after if one.code == to)
    assert winner.contains(place_in_point(found.geom))


def place_in_point(geom: shapely.Geometry) -> shapely.Point:
    place = place_in(geom)
    assert place is not None
    return shapely.Point(place)


@pytest.mark.parametrize("sign", [1, -1])
def test_what_is_left_to_nobody_is_a_face_of_the_partition(sign: int) -> None:
    grids = slanted(sign * 20 * METRE)
    (found,) = (one for one in findings_of(grids, OUTLINE) if one.rule in ("gap", "overlap"))

    after = applied(grids, deciding.leave(grids, OUTLINE, found.geom, "park", "the city's"))

    assert errors(after) == []
    (park,) = (one for one in after if one.unowned_reason)
    assert (park.code, park.unowned_reason) == ("park", "the city's")
    assert park.geom.symmetric_difference(found.geom).area < 1e-15
    (remark,) = deciding.unowned_findings(after)
    assert remark.message.endswith("belongs to nobody: the city's")


def test_borders_that_cross_are_decided_one_piece_after_the_other() -> None:
    grids = crossing()
    turn = iter("ab" * 10)

    while open_ := [one for one in findings_of(grids, OUTLINE) if one.rule in ("gap", "overlap")]:
        grids = applied(grids, deciding.give(grids, OUTLINE, open_[0].geom, next(turn)))

    assert errors(grids) == []


def test_any_gap_in_a_partition_can_be_given_to_any_neighbour() -> None:
    whole = [GridShape(code, code, None, None, geom) for code, geom in places.GRIDS.items()]
    for gone in places.GRIDS:
        rest = [one for one in whole if one.code != gone]
        for found in (one for one in findings_of(rest, places.OUTLINE) if one.rule == "gap"):
            for to in found.grid_codes:
                change = deciding.give(rest, places.OUTLINE, found.geom, to)
                after = findings_of(applied(rest, change), places.OUTLINE)
                left = [one for one in after if one.severity == "error" and one.rule != "area-sum"]
                assert all(one.rule == "gap" for one in left), (gone, to)
                assert not any(one.geom.intersects(place_in_point(found.geom)) for one in left), (gone, to)


def test_one_piece_is_decided_and_the_others_stay() -> None:
    hole = box(91.004, 29.004, 91.005, 29.005)
    other = box(91.007, 29.004, 91.008, 29.005)
    grids = [grid("a", OUTLINE.geoms[0].difference(shapely.union_all([hole, other])))]

    found = deciding.open_ground(findings_of(grids, OUTLINE), Position(91.0045, 29.0045))
    after = applied(grids, deciding.give(grids, OUTLINE, found.geom, "a"))

    (left,) = findings_of(after, OUTLINE)[:1]
    assert left.rule == "gap"
    assert left.geom.equals(other)


def test_a_place_beside_everything_names_the_nearest() -> None:
    with pytest.raises(EditRefused) as refused:
        deciding.open_ground(findings_of(slanted(20 * METRE), OUTLINE), Position(91.002, 29.005))

    assert "The nearest is the gap near 91.0" in str(refused.value.hint)


def test_a_whole_partition_has_nothing_to_decide() -> None:
    with pytest.raises(EditRefused, match="no gap and no overlap in this draft"):
        deciding.open_ground(findings_of(slanted(0), OUTLINE), Position(91.002, 29.005))


def test_who_does_not_touch_it_does_not_get_it() -> None:
    grids = slanted(20 * METRE)
    (found,) = (one for one in findings_of(grids, OUTLINE) if one.rule == "gap")

    with pytest.raises(EditRefused) as refused:
        deciding.give(grids, OUTLINE, found.geom, "c")

    assert refused.value.hint == "Those that touch it: a, b."


def test_a_taken_code_is_refused_for_what_is_left_to_nobody() -> None:
    grids = slanted(20 * METRE)
    (found,) = (one for one in findings_of(grids, OUTLINE) if one.rule == "gap")

    with pytest.raises(EditRefused, match="There is a grid c already"):
        deciding.leave(grids, OUTLINE, found.geom, "c", "why")


@pytest.mark.slow
def test_noisy_borders_of_metres_are_decided_whatever_their_vertices() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        line = np.column_stack([91.012 + rng.uniform(-4e-4, 4e-4, 12), np.linspace(29, 29.01, 12)])
        other = line + np.column_stack([rng.uniform(-2e-4, 2e-4, 12), np.zeros(12)])
        a = Polygon([(91, 29), *line.tolist(), (91, 29.01)])
        b = Polygon([*other.tolist(), (91.03, 29.01), (91.03, 29)])
        grids = [grid("a", a), grid("b", b)]
        assert has_errors(findings_of(grids, OUTLINE))
        while open_ := [one for one in findings_of(grids, OUTLINE) if one.rule in ("gap", "overlap")]:
            grids = applied(grids, deciding.give(grids, OUTLINE, open_[0].geom, str(rng.choice(["a", "b"]))))
        assert errors(grids) == []
