"""Real incidents of a large city, loaded straight through the triggers: every owner is right, none is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.proofs import chicago


@pytest.mark.slow
@pytest.mark.data
def test_twenty_thousand_incidents_of_chicago_are_routed_as_brute_force_says(
    database_url: str, test_data: Path
) -> None:
    shown = chicago.prove(database_url, test_data, count=20_000)

    assert shown.differences == ()
    assert shown.history_rows == shown.rows == 20_000


@pytest.mark.data
@pytest.mark.prove
def test_all_incidents_of_chicago_are_routed_as_brute_force_says(cluster_url: str, test_data: Path) -> None:
    chicago.run(cluster_url, test_data, runs=3)
