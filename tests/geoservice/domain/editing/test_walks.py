"""Any legal edits, one after the other, leave a partition a partition."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon

from geoservice.domain.editing import verbs
from geoservice.domain.editing.change import applied
from geoservice.domain.editing.edges import edge_of, vertex_on
from geoservice.domain.editing.edit_refused import EditRefused
from geoservice.domain.editing.merging import merged
from geoservice.domain.validating.topology import findings_of
from layers.crs import Position
from layers.grids.model import GridShape, has_errors
from tests.geoservice.domain.editing.walks import one_edit, walk
from tests.places import multi


@pytest.fixture(scope="module")
def beats(test_data: Path) -> list[GridShape]:
    parts: dict[str, list[Polygon]] = {}
    text = (test_data / "chicago" / "beats_from_2012-12-19.geojson").read_text()
    for feature in json.loads(text)["features"]:
        polygons = shapely.get_parts(shapely.geometry.shape(feature["geometry"]))
        parts.setdefault(feature["properties"]["beat"], []).extend(polygons)
    return [GridShape(code, code, None, None, MultiPolygon(polygons)) for code, polygons in parts.items()]


def outline_of(grids: list[GridShape]) -> MultiPolygon:
    return multi(shapely.coverage_union_all([grid.geom for grid in grids]))


@pytest.mark.slow
@pytest.mark.data
def test_sixty_edits_of_chicago_keep_the_gate_green(beats: list[GridShape]) -> None:
    done = walk(beats, outline_of(beats), steps=60, seed=1, look_every=20)

    assert min(done.values()) >= 5


@pytest.mark.data
@pytest.mark.prove
def test_a_thousand_edits_of_chicago_keep_the_gate_green(beats: list[GridShape]) -> None:
    walk(beats, outline_of(beats), steps=1000, seed=2, look_every=1)


@pytest.mark.slow
@given(st.integers(0, 100_000))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_edits_of_squares_keep_the_gate_green(squares: list[GridShape], seed: int) -> None:
    walk(squares, outline_of(squares), steps=8, seed=seed, look_every=1)


@given(st.integers(0, 100_000))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_two_random_drafts_merge_to_a_partition_or_tell_why_not(squares: list[GridShape], seed: int) -> None:
    rng = np.random.default_rng(seed)
    outline = outline_of(squares)
    drafts = []
    for _ in range(2):
        draft = squares
        for verb in rng.choice(["move_vertex", "split", "merge"], size=2):
            try:
                draft = applied(draft, one_edit(draft, outline, str(verb), rng))
            except EditRefused:
                continue
        drafts.append(draft)

    result = merged(squares, *drafts)
    swapped = merged(squares, *drafts[::-1])

    assert not has_errors(findings_of(result.grids, outline))
    assert bool(result.conflicts) == bool(swapped.conflicts)
    if not result.conflicts:
        ours, theirs = ({grid.code: shapely.normalize(grid.geom) for grid in one.grids} for one in (result, swapped))
        assert ours.keys() == theirs.keys()
        assert all(shape.equals(theirs[code]) for code, shape in ours.items())


@given(st.integers(0, 100_000))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_vertex_moved_there_and_back_leaves_the_ground_as_it_was(squares: list[GridShape], seed: int) -> None:
    rng = np.random.default_rng(seed)
    inner = Position(*max(shapely.get_coordinates(squares[0].geom).tolist()))
    there = Position(*(np.array(inner) + rng.normal(0, STEP, 2)))
    try:
        moved = applied(squares, verbs.move_vertex(squares, inner, there, 0.1))
    except EditRefused:
        return

    back = applied(moved, verbs.move_vertex(moved, there, inner, 0.1))

    assert all(one.geom.equals_exact(other.geom) for one, other in zip(squares, back, strict=True))


STEP = 1e-3


@given(st.floats(-179, 179), st.floats(-80, 80), st.floats(-0.01, 0.01), st.floats(-0.01, 0.01), st.floats(0.05, 0.95))
@settings(max_examples=200, deadline=None)
def test_vertex_put_on_an_edge_lies_on_it_to_a_nanometre(
    lon: float, lat: float, east: float, north: float, share: float
) -> None:
    start, end = (lon, lat), (lon + east, lat + north)
    length = float(np.hypot(end[0] - start[0], end[1] - start[1]))
    if length < 1e-6:
        return
    near = (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))

    lon_on, lat_on = vertex_on(edge_of(start, end), near)

    assert shapely.LineString([start, end]).distance(shapely.Point(lon_on, lat_on)) < 3e-14
    assert abs(lon_on - near[0]) + abs(lat_on - near[1]) < 1e-10
