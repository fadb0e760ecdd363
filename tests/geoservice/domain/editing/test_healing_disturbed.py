"""Whatever programs did to the borders of a real partition, after healing the gate finds nothing that is narrower."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, Polygon

from geoservice.demo.community import build_community
from geoservice.domain.editing.healing import Healing, healed
from geoservice.domain.validating.topology import findings_of
from geoservice.reading.grids import grids_of_file
from geoservice.reading.shapes import GridFields
from geoservice.services.healing.heal import heal_in_process
from layers.geometry import is_narrow, metres_per_degree
from layers.grids.model import Finding, GridShape
from tests.depth import depths
from tests.geoservice.domain.editing.disturbances import (
    KINDS,
    Kind,
    disturbed,
    neighbourhood,
    reach_m,
    with_spike,
)
from tests.places import multi

TOLERANCE_M = 0.5
#: Where three grids meet, one narrow triangle goes to one of them: metres long, and centimetres wide at most.
LAST_M2 = 1.0
STRIPS = {"gap", "overlap", "spill"}


def outline_of(grids: Sequence[GridShape]) -> MultiPolygon:
    return multi(shapely.coverage_union_all([grid.geom for grid in grids]))


def narrow_errors(findings: Sequence[Finding]) -> list[str]:
    """Return the errors that healing should have closed; beside a wide gap or overlap the sum of areas is off."""
    errors = [one for one in findings if one.severity == "error"]
    strips = [one for one in errors if one.rule in STRIPS]
    wide = [one for one in strips if not any(is_narrow(part, TOLERANCE_M) for part in parts(one))]
    left = [one for one in errors if one not in wide]
    return [one.message for one in left if not (wide and one.rule == "area-sum")]


def parts(finding: Finding) -> list[Polygon]:
    return list(shapely.get_parts(finding.geom))


def moved_too_far(before: Sequence[GridShape], result: Healing, reach: float) -> list[str]:
    """Return the grids with ground gained or lost that lies farther from their old border than that, in metres."""
    west, south, _, north = shapely.total_bounds([grid.geom for grid in before])
    scale = metres_per_degree(float(south + north) / 2)
    far = []
    for old, new in zip(before, result.grids, strict=True):
        # Not a projection: what is straight in degrees must stay so.
        was, now = (shapely.transform(one.geom, lambda xy: (xy - (west, south)) * scale) for one in (old, new))
        beyond = was.symmetric_difference(now).difference(was.boundary.buffer(reach))
        far += [f"{old.code}: {beyond.area:g} m2"] if beyond.area > LAST_M2 else []
    return far


def try_one(partition: Sequence[GridShape], seed: int) -> None:
    """Disturb a neighbourhood of a partition by one to three kinds, heal it, and look."""
    rng = np.random.default_rng(seed)
    grids = neighbourhood(partition, int(rng.choice([2, 3, 4, 6, 12], p=[0.2, 0.3, 0.2, 0.2, 0.1])), rng)
    kinds: list[Kind] = [KINDS[number] for number in rng.permutation(len(KINDS))[: rng.integers(1, 4)]]
    told = f"seed {seed}, {len(grids)} grids: {[kind.__name__ for kind in kinds]}"

    result = healed(disturbed(grids, kinds, rng), outline_of(grids), TOLERANCE_M)

    assert narrow_errors(findings_of(result.grids, outline_of(grids))) == [], told
    if with_spike not in kinds:
        assert moved_too_far(grids, result, 0.01 + reach_m(kinds)) == [], told


@depths(everyday=15, proof=3_000)
def test_demo(depth: int) -> None:
    community = build_community(now=datetime(2026, 3, 2, 9, tzinfo=UTC))
    grids = [GridShape(grid.code, grid.name, None, None, multi(grid.geom)) for grid in community.grids]

    for seed in range(depth):
        try_one(grids, seed)


@pytest.mark.data
@depths(everyday=6, proof=4_000)
def test_beats_of_chicago(test_data: Path, depth: int) -> None:
    found: dict[str, list[Polygon]] = {}
    text = (test_data / "chicago" / "beats_from_2012-12-19.geojson").read_text()
    for feature in json.loads(text)["features"]:
        polygons = shapely.get_parts(shapely.geometry.shape(feature["geometry"]))
        found.setdefault(feature["properties"]["beat"], []).extend(polygons)
    beats = [GridShape(code, code, None, None, MultiPolygon(polygons)) for code, polygons in found.items()]

    for seed in range(depth):
        try_one(beats, seed)


@pytest.mark.data
@pytest.mark.prove
def test_a_thousand_areas_of_a_country(test_data: Path) -> None:
    path = test_data / "scale" / "uk_lsoa_2011_england_wales.parquet"
    areas = grids_of_file(str(path), GridFields("LSOA11CD")).grids
    partition = heal_in_process(neighbourhood(areas, 1_000, np.random.default_rng(1)), None, TOLERANCE_M).grids

    for seed in range(3_000):
        try_one(partition, seed)
