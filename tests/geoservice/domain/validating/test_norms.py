"""What a jurisdiction wants of its grids: the edges of its range of households, whose a household on a border is."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, box

from geoservice.domain.validating.norms import LISTED_MAX, household_findings, households_in, pattern_findings
from layers.grids.model import Finding, GridShape

WEST, EAST = MultiPolygon([box(91.000, 29.000, 91.001, 29.001)]), MultiPolygon([box(91.001, 29.000, 91.002, 29.001)])
IN_WEST, IN_EAST, BETWEEN, OUTSIDE = (shapely.Point(lon, 29.0005) for lon in (91.0005, 91.0015, 91.001, 92))


def grid(code: str, geom: MultiPolygon) -> GridShape:
    return GridShape(code, code, None, None, geom)


def found(west: int, east: int, *, minimum: int = 300, maximum: int = 500) -> list[Finding]:
    points, counts = np.array([IN_WEST, IN_EAST]), np.array([west, east])
    return household_findings([grid("A", WEST), grid("B", EAST)], points, counts, minimum=minimum, maximum=maximum)


@pytest.mark.parametrize(
    ("count", "rule"),
    [(299, "few-households"), (300, None), (500, None), (501, "many-households"), (0, "few-households")],
)
def test_the_edges_of_the_range_are_wanted_still(count: int, rule: str | None) -> None:
    findings = found(count, 400)

    assert [one.rule for one in findings] == [rule] * (rule is not None)
    for one in findings:
        assert (one.severity, one.grid_codes, one.size, one.unit) == ("warning", ("A",), count, "households")
        assert f"Grid A has {count} households" in one.message
        assert one.geom == WEST


def test_the_range_is_the_jurisdictions() -> None:
    assert found(299, 501, minimum=299, maximum=501) == []
    assert [one.rule for one in found(300, 500, minimum=301, maximum=499)] == ["few-households", "many-households"]
    assert "fewer than the 301" in found(300, 500, minimum=301, maximum=499)[0].message


def test_where_nobody_entered_households_nothing_is_small() -> None:
    assert found(0, 0) == []
    nothing = np.array([], dtype=object), np.array([], dtype=np.int64)
    assert household_findings([grid("A", WEST)], *nothing, minimum=300, maximum=500) == []


def test_a_household_on_a_border_is_counted_once_for_the_smallest_code_in_byte_order() -> None:
    points, counts = np.array([IN_WEST, IN_EAST, BETWEEN, OUTSIDE]), np.array([1, 10, 100, 1000])

    assert households_in([grid("B", EAST), grid("A", WEST)], points, counts).tolist() == [10, 101]
    assert households_in([grid("a", WEST), grid("B", EAST)], points, counts).tolist() == [1, 110]


def test_codes_unlike_the_pattern_are_named() -> None:
    [one] = pattern_findings([grid("A", WEST), grid("B-1", EAST)], {"B-1"}, pattern="[A-Z]")

    assert (one.rule, one.severity, one.grid_codes) == ("code-pattern", "warning", ("B-1",))
    assert one.message == "Grid B-1: its code is not of the form [A-Z]."


def test_more_findings_than_anyone_reads_are_counted() -> None:
    grids = [grid(f"{number:03}", WEST) for number in range(LISTED_MAX + 1)]

    findings = pattern_findings(grids, {one.code for one in grids}, pattern="x")

    assert len(findings) == LISTED_MAX + 1
    assert f"There are {LISTED_MAX + 1} findings" in findings[-1].message
