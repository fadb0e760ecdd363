"""What scripts draw of a status is what the catalogue of layers, the tokens of the pages and the legend say of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from geoservice.pages.maps.rendering import OPEN
from layers.incidents.layer import INCIDENTS, STATUSES
from layers.incidents.queries import OPEN_STATUSES

SHELL = Path(__file__).parents[4] / "geoservice/pages/shell"


def test_colours_of_statuses_are_those_of_the_catalogue() -> None:
    script = (SHELL / "static/scripts/symbols.js").read_text(encoding="utf-8")
    found = re.search(r"FILLS = (\{.*?\});", script, re.DOTALL)
    assert found is not None
    fills = json.loads(re.sub(r"(\w+): '(#\w+)',?", r'"\1": "\2",', found[1]).replace(",\n}", "\n}"))
    style = next(one for one in INCIDENTS.styles if one.id == "incidents_in_hand")
    light = (SHELL / "static/styles/tokens.css").read_text(encoding="utf-8").partition("@media")[0]

    assert fills == {status: paint["fillColor"] for status, paint in style.paints.items()}
    for status, colour in fills.items():
        assert f"--{status}: {colour};" in light


def test_the_legend_has_a_shape_for_every_status_in_hand() -> None:
    shapes = (SHELL / "templates/symbols.html").read_text(encoding="utf-8")

    assert set(OPEN) == OPEN_STATUSES <= set(STATUSES)
    for status in OPEN:
        assert f'status == "{status}"' in shapes
