"""Borders of one position: what is kept between questions changes no answer and does not grow without end."""

from __future__ import annotations

import numpy as np
import pytest

from geoservice.engine import borders
from geoservice.engine.index import OwnershipIndex
from tests.geoservice.engine.partitions import TRAPS, Grids, trying_lonlats, voronoi

pytestmark = pytest.mark.usefixtures("each_engine")
ACCURACIES_M = (0.0, 3.0, 25.0, 60.0, 100.0, 100.001, 400.0)


def answers(grids: Grids) -> list[object]:
    index = OwnershipIndex.build(list(grids), list(grids.values()))
    lonlats = trying_lonlats(grids, 60, seed=5)
    lonlats = lonlats[(np.abs(lonlats) <= (180, 90)).all(axis=1)][::3][:200]
    return [index.at(*place, accuracy_m=metres) for metres in ACCURACIES_M for place in lonlats.tolist()]


@pytest.mark.parametrize("trap", ["named places", "overlapping", "nested", "at the edge of the earth", "unmatched"])
def test_kept_edges_give_the_candidates_of_all_edges(trap: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = answers(TRAPS[trap]())
    monkeypatch.setattr(borders, "_KEPT_REACH_M", 0.0)
    monkeypatch.setattr(borders, "_FEW_EDGES", 0)

    anew = answers(TRAPS[trap]())

    assert [one[:1] + one[3:4] for one in kept] == [one[:1] + one[3:4] for one in anew]
    for one, other in zip(kept, anew, strict=True):
        assert one.distance_to_border_m == pytest.approx(other.distance_to_border_m, abs=1e-9)
        assert dict(one.candidates) == pytest.approx(dict(other.candidates), abs=1e-9)


def test_what_is_kept_is_forgotten_when_it_is_much(monkeypatch: pytest.MonkeyPatch) -> None:
    grids = voronoi(60)
    whole = answers(grids)
    monkeypatch.setattr(borders, "_KEPT_ROWS", 40)

    assert answers(grids) == whole

    index = OwnershipIndex.build(list(grids), list(grids.values()))
    for place in trying_lonlats(grids, 300).tolist():
        index.at(*place)
    tables = index._scalar[1]  # type: ignore[index]
    assert sum(map(len, tables._of_leaf.values())) <= 40 + 60
    assert sum(map(len, tables._of_spot.values())) <= 40 + 60
    assert sum(map(len, tables._of_block.values())) <= 40 + 200
