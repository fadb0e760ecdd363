"""Ground that one draft leaves to nobody, or takes back, while another draws there: never given away in silence."""

from __future__ import annotations

import pytest
from shapely import LineString, MultiPolygon

from geoservice.domain.editing import deciding, verbs
from geoservice.domain.editing.change import applied
from geoservice.domain.editing.merging import Merged, merged
from geoservice.domain.validating.topology import findings_of
from layers.crs import Position
from layers.grids.model import GridShape, has_errors
from tests.places import lonlat

Grids = list[GridShape]


def at(x: float, y: float) -> Position:
    return Position(*lonlat(x, y))


def bend(grids: Grids, from_: tuple[float, float], to: tuple[float, float]) -> Grids:
    return applied(grids, verbs.move_vertex(grids, at(*from_), at(*to)))


def halve(grids: Grids, code: str, *places: tuple[float, float]) -> Grids:
    line = LineString([lonlat(*place) for place in places])
    return applied(grids, verbs.split(grids, code, line, (code, f"{code}-2")))


def disown(grids: Grids, code: str, reason: str = "a lake") -> Grids:
    return applied(grids, deciding.disown(grids, code, reason))


def own(grids: Grids, code: str) -> Grids:
    return applied(grids, deciding.own(grids, code))


def reasons(result: Merged) -> dict[str, str]:
    return {grid.code: grid.unowned_reason for grid in result.grids if grid.unowned_reason is not None}


def both_ways(base: Grids, ours: Grids, theirs: Grids) -> tuple[Merged, Merged]:
    return merged(base, ours, theirs), merged(base, theirs, ours)


def test_what_one_draft_left_to_nobody_stays_so_beside_edits_elsewhere(squares: Grids, outline: MultiPolygon) -> None:
    for result in both_ways(squares, disown(squares, "11"), bend(squares, (8, 4), (9, 4))):
        assert result.conflicts == ()
        assert reasons(result) == {"11": "a lake"}
        assert not has_errors(findings_of(result.grids, outline))


def test_what_both_left_to_nobody_is_one_decision_and_for_two_reasons_a_conflict(squares: Grids) -> None:
    same = merged(squares, disown(squares, "11"), disown(squares, "11"))
    other = merged(squares, disown(squares, "11"), disown(squares, "11", "a wood"))
    settled = merged(squares, disown(squares, "11"), disown(squares, "11", "a wood"), {"11": "theirs"})

    assert (same.conflicts, reasons(same)) == ((), {"11": "a lake"})
    assert [one.kind for one in other.conflicts] == ["naming"]
    assert (settled.conflicts, reasons(settled)) == ((), {"11": "a wood"})


@pytest.mark.parametrize("settle", ["ours", "theirs"])
def test_a_grid_that_the_other_draft_merged_away_is_told(squares: Grids, settle: str) -> None:
    ours = applied(squares, verbs.merge(squares, ["10", "11"], "10"))

    (conflict,) = merged(squares, ours, disown(squares, "11")).conflicts
    result = merged(squares, ours, disown(squares, "11"), {"11": settle})  # type: ignore[dict-item]

    assert (conflict.kind, conflict.codes) == ("ground", ("10", "11"))
    assert conflict.message == (
        "Ground that belongs to nobody (a lake) would be that of 10. Settled for ours, it is so."
    )
    # What can not be had is told again.
    assert (result.conflicts == ()) is (settle == "ours")


def test_half_of_a_grid_that_the_other_draft_split_is_told(squares: Grids) -> None:
    one, other = both_ways(squares, disown(squares, "11"), halve(squares, "11", (8, 12), (16, 12)))

    assert [conflict.kind for conflict in one.conflicts + other.conflicts] == ["ground", "ground"]
    assert "would be that of 11-2. Settled for theirs" in one.conflicts[0].message
    assert "would be that of 11-2. Settled for ours" in other.conflicts[0].message
    settled = merged(squares, disown(squares, "11"), halve(squares, "11", (8, 12), (16, 12)), {"11-2": "theirs"})
    assert (settled.conflicts, reasons(settled)) == ((), {"11": "a lake"})


def test_a_strip_that_the_other_draft_took_from_it_is_told(squares: Grids) -> None:
    result = merged(squares, disown(squares, "11"), bend(squares, (16, 12), (15, 12)))

    (conflict,) = result.conflicts
    assert conflict.codes == ("11", "12")
    assert conflict.message.startswith("Ground that belongs to nobody (a lake) would be that of 12.")


def test_a_strip_that_neither_left_to_nobody_is_told_and_the_way_out_works(squares: Grids) -> None:
    wider = bend(squares, (16, 12), (17, 12))

    for result in both_ways(squares, disown(squares, "11"), wider):
        (conflict,) = result.conflicts
        assert "Ground of 11 would belong to nobody (a lake)" in conflict.message
        assert "take the ground back (own), merge, and leave it to nobody anew (disown)" in conflict.message
    back = merged(squares, own(disown(squares, "11"), "11"), wider)
    assert back.conflicts == ()
    assert reasons(Merged(tuple(disown(list(back.grids), "11")), ())) == {"11": "a lake"}


def test_ground_taken_back_does_not_stay_nobodys_in_half(squares: Grids) -> None:
    base = disown(squares, "11")
    split = [
        GridShape(one.code, one.name, None, None, one.geom, {}, "a lake" if one.code.startswith("11") else None)
        for one in halve(squares, "11", (8, 12), (16, 12))
    ]

    (conflict,) = merged(base, own(base, "11"), split).conflicts
    settled = merged(base, own(base, "11"), split, {"11-2": "theirs"})

    assert conflict.message.startswith("Ground of 11-2 would belong to nobody (a lake)")
    assert (settled.conflicts, reasons(settled)) == ((), {"11-2": "a lake"})


def test_ground_of_nobody_that_nobody_touched_is_no_news(squares: Grids, outline: MultiPolygon) -> None:
    base = disown(squares, "11")

    result = merged(base, bend(base, (16, 12), (15, 12)), bend(base, (8, 4), (9, 4)))

    assert result.conflicts == ()
    assert reasons(result) == {"11": "a lake"}
    assert not has_errors(findings_of(result.grids, outline))
