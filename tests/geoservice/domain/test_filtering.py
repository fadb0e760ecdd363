"""A filter is read as it was written, to the last digit: a place told with all its digits is found again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoservice.domain.filtering import read_filter

degrees = st.floats(-180, 180, allow_subnormal=False).filter(lambda number: number == 0 or abs(number) > 1e-9)


def of_point(lon: float, lat: float) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [lon, lat]}
    return {"op": "s_equals", "args": [{"property": "geom"}, point]}


@given(lon=degrees, lat=degrees)
def test_a_point_is_read_to_its_last_digit(lon: float, lat: float) -> None:
    as_json = read_filter(json.dumps(of_point(lon, lat)), "cql2-json")
    as_text = read_filter(f"S_EQUALS(geom, POINT({lon:.20f} {lat:.20f}))", "cql2-text")

    assert as_json["args"][1]["coordinates"] == [lon, lat]
    assert as_text["args"][1]["coordinates"] == [float(f"{lon:.20f}"), float(f"{lat:.20f}")]


@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_read_to_its_last_digit(number: float) -> None:
    said = {"op": "=", "args": [{"property": "floors"}, number]}

    assert read_filter(json.dumps(said), "cql2-json")["args"][1] == number


@pytest.mark.parametrize("lon", [91.76375678961217, 91.76375678961216])
def test_numbers_that_are_nearly_one_stay_two(lon: float) -> None:
    both = {"op": "or", "args": [of_point(lon, 29.5), of_point(91.75, 29.24182135681644)]}

    told = read_filter(json.dumps(both), "cql2-json")

    assert [one["args"][1]["coordinates"] for one in told["args"]] == [[lon, 29.5], [91.75, 29.24182135681644]]
