"""The same seed gives the same community, on any machine and in any process; another seed gives another town."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import datetime, timedelta

import pytest
import shapely

from geoservice.demo.community import build_community
from geoservice.demo.model import Community

FINGERPRINT = """
import hashlib, sys
from datetime import datetime
from geoservice.demo.community import build_community
community = build_community(now=datetime.fromisoformat(sys.argv[1]))
print(hashlib.sha256(repr(community).encode()).hexdigest())
"""


@pytest.mark.slow
def test_building_twice_gives_equal_communities(community: Community, now: datetime) -> None:
    assert build_community(now=now) == community


def test_hash_seed_and_time_zone_of_the_machine_change_nothing(community: Community, now: datetime) -> None:
    env = os.environ | {"PYTHONHASHSEED": "4711", "TZ": "America/Lima"}

    run = subprocess.run(
        [sys.executable, "-c", FINGERPRINT, now.isoformat()], env=env, capture_output=True, text=True, check=True
    )

    assert run.stdout.strip() == hashlib.sha256(repr(community).encode()).hexdigest()


@pytest.mark.slow
def test_another_day_changes_only_what_has_a_date(community: Community, now: datetime) -> None:
    later = build_community(now=now + timedelta(days=100))

    assert later.outline == community.outline
    assert later.buildings == community.buildings
    assert later.households == community.households
    assert later.postings != community.postings
    assert later.incidents != community.incidents


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_figures_hold_for_any_seed(seed: int, community: Community, now: datetime) -> None:
    other = build_community(now=now, seed=seed)

    assert other.outline != community.outline
    assert shapely.coverage_is_valid([grid.geom for grid in other.grids])
    assert len(other.buildings) == len(community.buildings)
    assert len(other.households) == 3200
    assert sum(household.residents for household in other.households) == 8987
    assert sum(household.floating for household in other.households) == 6001
    assert len(other.incidents) == 286


def test_now_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        build_community(now=datetime(2026, 5, 20, 16, 30))
