from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from geoservice.maps.builders import display_name, draw_map
from geoservice.maps.specs import layer_spec, panel_groups
from layers.catalogue import styles

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "`${alert(1)}`",
    "\"'><svg onload=alert(1)>",
    "</title><script>alert(1)</script>",
    "{{ 6 * 7 }}",
    "{% for x in (1, 2, 3) %}loop{% endfor %}",
    "{{ this.__class__.__mro__ }}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_the_scripts_are_told_is_data_in_the_script(jurisdiction, frame, text):
    told = replace(frame, layer_url=lambda layer: f"/{text}/{layer}", settings={"words": {"title": text}})

    drawing = draw_map(replace(jurisdiction, attribution=text), told)

    assert "</script" not in drawing.script
    assert "<" not in settings_in(drawing.script)
    settings = json.loads(settings_in(drawing.script))
    assert settings["words"]["title"] == settings["attribution"] == text
    assert settings["layers"][0]["url"] == f"/{text}/basemap"


def settings_in(script: str) -> str:
    """Return the JSON that the script hands over."""
    found = re.search(r"window\.geoservice = \{ map: map_\w+, settings: (.*) \};", script)
    assert found is not None
    return found[1]


def test_layers_are_told_in_drawing_order_and_what_each_is_drawn_from(jurisdiction, frame):
    layers = json.loads(settings_in(draw_map(jurisdiction, frame).script))["layers"]

    assert [one["key"] for one in layers] == [style.id for _, style in styles()]
    drawn = {one["key"]: one["drawn"] for one in layers}
    assert {key for key, of in drawn.items() if of == "tiles"} == {"basemap", "buildings", "incidents_closed"}
    assert {key for key, of in drawn.items() if of == "live"} == {"incidents_in_hand"}
    assert all(one["tiles"] for one in layers if one["drawn"] == "tiles")


def test_each_style_stands_once_in_the_panel():
    in_panel = [one["key"] for _, switches in panel_groups(styles(), "zh") for one in switches]

    assert sorted(in_panel) == sorted(style.id for _, style in styles())


def test_a_spec_tells_fields_and_coded_values_in_the_language_of_the_page():
    camera = next(pair for pair in styles() if pair[1].id == "cameras")

    spec = layer_spec(*camera, "en", url="/x", tiles="/y")

    assert [field["property"] for field in spec["fields"]][:3] == ["kind", "status", "bearing_deg"]
    assert {"property": "range_m", "format": "metres", "label": "Range"} in spec["fields"]
    assert spec["values"]["status"]["offline"] == "Offline"
    assert layer_spec(*camera, "zh", url="/x", tiles="/y")["values"]["status"]["offline"] == "离线"


def test_an_english_page_falls_back_to_the_chinese_name(jurisdiction):
    assert display_name(replace(jurisdiction, name_en=""), "en") == "萨热社区"
    assert display_name(jurisdiction, "en") == "Sare community"


@pytest.mark.parametrize(("bbox", "zoom"), [
    ((91.76, 29.23, 91.78, 29.25), 10),
    ((90.06, 26.86, 94.36, 29.83), 6),
    ((-180.0, -90.0, 180.0, 90.0), 0),
])  # fmt: skip
def test_the_whole_of_a_large_jurisdiction_can_be_seen(jurisdiction, frame, bbox, zoom):
    script = draw_map(replace(jurisdiction, bbox=bbox), frame).script

    assert re.search(rf'"minZoom": {zoom},', script)
