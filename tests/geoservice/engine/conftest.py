"""Real and made-up sets of grids for the engine."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import shapely

from geoservice.demo.community import build_community
from geoservice.engine import engines
from tests.geoservice.engine.partitions import Grids


def need_kernel() -> None:
    """Skip where the compiled kernel can not be asked."""
    engine = engines.engine_for()
    if engine.name != "compiled":
        pytest.skip(f"{engine.reason}. {engines.REMEDY}")


@pytest.fixture(scope="module", params=["compiled", "numpy"])
def each_engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run everything once with each engine, whatever a test's own index asks for."""
    if request.param == "compiled":
        need_kernel()
        yield request.param
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "_kernel", lambda: engines._Kernel(None, "the test asks for numpy"))
        yield request.param


@pytest.fixture(scope="session")
def community_grids() -> Grids:
    """Return the grids of the demo community."""
    community = build_community(now=datetime(2026, 3, 2, 9, tzinfo=UTC))
    return {grid.code: grid.geom for grid in community.grids}


@pytest.fixture(scope="session")
def chicago_grids(test_data: Path) -> Grids:
    """Return 275 police beats with 72,386 edges."""
    beats = json.loads((test_data / "chicago" / "beats_from_2012-12-19.geojson").read_text())
    parts = defaultdict(list)
    for feature in beats["features"]:
        parts[feature["properties"]["beat"]].extend(shapely.get_parts(shapely.geometry.shape(feature["geometry"])))
    return {code: shapely.MultiPolygon(polygons) for code, polygons in parts.items()}
