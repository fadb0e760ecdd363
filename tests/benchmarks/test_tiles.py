"""What the benchmark of tiles makes of figures, and of the city that it draws; nothing is measured here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from tests.benchmarks import tile_rivals, tiles
from tests.benchmarks.cities import BOUNDS, MadeCity, footprints
from tests.benchmarks.measuring import LeftOut
from tests.benchmarks.tile_pyramids import NEAR, pyramid

CITY = MadeCity("postgresql://geoservice@/city?host=%2Fsome%20where%2Fsocket&port=5433", 1, 1, 100, 200)


def cold(*others: float, ours: str = "service") -> dict[str, Any]:
    names = ("SQL 3857", "SQL 4326", "Martin 4326")
    asked = {name: {"p50_ms": 1.0, "p95_ms": 2.0, "bytes": 1000} for name in (ours, *names)}
    ratios = {f"{name} / {ours}": times for name, times in zip(names, others, strict=True)}
    return {"tiles": 4, "asked": asked, "ratios": ratios}


def figures(ours: str = "service") -> dict[str, Any]:
    size = {"median": 1e3, "largest": 151e3, "sent_median": 1e3, "sent_largest": 1e3}
    answered = {"requests_s": 1e4, "p50_ms": 0.1, "p99_ms": 1.0}
    shown = {"seconds": 0.01, "requests": 1, "never": 0}
    return {
        "buildings": 100, "incidents": 200, "rounds": 2, "taken up": {"changes": 300, "seconds": 1.0},
        "absent": {} if ours == "service" else {"service": "the service has no tiles"},
        "sizes": {"buildings": [{"zoom": 12, **size}, {"zoom": 13, **size, "largest": 9e9}]},
        "cold": {"buildings": {"12": cold(20, 30, 9, ours=ours), "14": cold(0.9, 1.3, 1.24, ours=ours)}},
        "together": {"buildings": {"14": {ours: {"tiles_s": 50.0, "database_ms": 20.0, "server_ms": 1.0}}}},
        "warm": {"14": {"asked": {"bare WSGI": answered, "service": answered}, "ratios": {"service": 0.8},
                        "sent_median": 1e5}},
        "fresh": {"service": shown, "Martin 3857, cached": shown | {"seconds": 3.0, "never": 2}}, "unchanged": 65,
        "not modified": {"requests": 300, "idle": 2, "asked": 3},
        "pyramid": {
            "tiles": 148, "absent": {"martin-cp": "it is not here"},
            "seconds": {"service": 2.0, "martin-cp 3857": 4.0}, "ratios": {"service": 1.0, "martin-cp 3857": 0.5},
            "changed": {NEAR: {"take_up_s": 0.1, "cut_s": 0.1, "tiles": 20, "share": 0.1}},
        },
    }  # fmt: skip


def test_goals_of_tiles_are_judged_one_by_one() -> None:
    judged = {goal.what.removeprefix("tiles").lstrip(" ,:"): goal.met for goal in tiles.goals(figures())}

    assert judged == {
        "of buildings, cold, zoom 12: the fastest other, times service": False,
        "of buildings, cold, zoom 14: service, times SQL 3857": False,
        "of buildings, cold, zoom 14: Martin 4326, times service": False,
        "of buildings, zooms 8 to 12: the largest": False,
        "warm, zoom 14: share of bare WSGI": True,
        "an UPDATE is shown after": True,
        "statements of a 304": True,
        "full pyramid, times martin-cp 3857": True,
        "1 % changed, share of the full pyramid": False,
    }


def test_without_served_tiles_the_statement_is_judged() -> None:
    whats = [goal.what for goal in tiles.goals(figures("cut_tiles"))]

    assert "tiles of buildings, cold, zoom 14: cut_tiles, times SQL 3857" in whats


def test_the_page_tells_who_is_absent_and_how_to_have_them() -> None:
    text = "\n".join(tiles.table(figures("cut_tiles")))

    assert "Left out: service: the service has no tiles." in text
    assert "Left out: martin-cp: it is not here." in text
    assert "| Martin 4326 / cut_tiles | 9 | 1.24 |" in text
    assert tile_rivals.TIPG in text


def test_rivals_that_are_not_installed_say_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(tile_rivals.MARTIN, str(tmp_path))
    monkeypatch.delenv(tile_rivals.TIPG, raising=False)

    with pytest.raises(LeftOut, match=f"martin is not in the folder that {tile_rivals.MARTIN} names"):
        tile_rivals.program("martin")
    with pytest.raises(LeftOut, match=tile_rivals.TIPG), tile_rivals.tipg(CITY):
        pass


def test_every_driver_reads_the_address_of_a_socket() -> None:
    assert tile_rivals.plain_url(CITY.url) == "postgresql://geoservice@%2Fsome%20where%2Fsocket:5433/city"
    assert tile_rivals.plain_url("postgresql://me:secret@db:5432/city") == "postgresql://me:secret@db:5432/city"


def test_footprints_are_sound_and_lie_in_the_city() -> None:
    shapes = footprints(500, np.random.default_rng(1))

    assert len(shapes) == 500
    assert shapely.is_valid(shapes).all()
    assert len(set(shapely.get_num_coordinates(shapes).tolist())) > 3
    west, south, east, north = shapely.total_bounds(shapes)
    assert BOUNDS.west - 0.001 < west < BOUNDS.west + 0.01 and BOUNDS.east - 0.01 < east < BOUNDS.east + 0.001
    assert BOUNDS.south - 0.001 < south < BOUNDS.south + 0.01 and BOUNDS.north - 0.01 < north < BOUNDS.north + 0.001


def test_the_pyramid_has_every_tile_once() -> None:
    tiles_made = pyramid()

    assert len(tiles_made) == len(set(tiles_made)) == 148
