"""QGIS, against a running server: it loads a collection page by page, filters it, and tells what lies under a click."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import shape

from tests.conftest import LiveServer
from tests.geoservice.ogc.test_standard import ROOT, get
from tests.geoservice.web.door import Door

SCRIPT = Path(__file__).with_name("visitor_in_qgis.py")
BOX = (91.768, 29.238, 91.773, 29.242)
#: Collections, what QGIS narrows them by, and the same as the standard says it.
NARROWED = {
    "buildings": ("\"kind\" = 'shop'", "kind=shop"),
    "grids": ("\"code\" > '540502001001004'", "filter=code > '540502001001004'"),
    "cameras": ("\"kind\" = 'dome'", "kind=dome"),
}


def items(door: Door, collection: str, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = get(door, f"{ROOT}/collections/{collection}/items?limit=10000&{query}").json[
        "features"
    ]
    return found


def codes(features: list[dict[str, Any]]) -> list[str]:
    return sorted(one["properties"]["code"] for one in features)


def test_qgis_loads_pages_filters_and_identifies(
    door: Door, live: LiveServer, qgis_python: str, tmp_path: Path
) -> None:
    every = {name: items(door, name) for name in NARROWED}
    places = {
        name: shapely.buffer(shapely.point_on_surface(shape(of[0]["geometry"])), 2e-6) for name, of in every.items()
    }
    asked = [
        {"collection": name, "page_size": 7, "bbox": BOX, "where": where, "click": places[name].bounds}
        for name, (where, _) in NARROWED.items()
    ]

    done = subprocess.run(
        [qgis_python, str(SCRIPT)], input=json.dumps([live.url + ROOT, *asked]), capture_output=True, text=True,
        timeout=300, check=False,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr

    for (name, (_, query)), told in zip(NARROWED.items(), json.loads(done.stdout.splitlines()[-1]), strict=True):
        here = every[name]
        assert (told["valid"], told["crs"]) == (True, "EPSG:4326")
        assert set(here[0]["properties"]) <= set(told["fields"])
        assert told["features"] == codes(here)
        assert told["shapes"] == len(here)
        box = ",".join(map(str, BOX))
        assert set(codes(items(door, name, f"bbox={box}"))) == set(told["in_box"])
        narrowed = codes(items(door, name, query))
        assert told["chosen"] == told["narrowed"] == narrowed
        assert 0 < len(narrowed) < len(here)
        assert told["hit"] == codes(
            [one for one in here if shape(one["geometry"]).intersects(shapely.envelope(places[name]))]
        )
