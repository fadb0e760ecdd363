from __future__ import annotations

import html as html_module
import re
from dataclasses import replace

import pytest

from geoservice.maps.builders import build_map_page
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
def test_a_jurisdictions_name_is_text_in_the_page(jurisdiction, frame, text):
    page = build_map_page(replace(jurisdiction, name=text, name_en=text), frame).render()

    heading = re.search(r"<h1>(.*?)</h1>", page, re.DOTALL).group(1)
    assert html_module.unescape(heading) == text
    assert "<" not in heading
    assert page.count("</title>") == 1
    assert len(re.findall(r"<script(?! nonce=\"n0nce\")", page)) == 0


@pytest.mark.parametrize("text", HOSTILE)
def test_an_address_is_a_string_in_the_script(jurisdiction, frame, text):
    page = build_map_page(jurisdiction, replace(frame, layer_url=lambda layer: f"/{text}/{layer}")).render()

    assert "alert(1)</script>" not in page
    assert "42" not in re.findall(r'"url": "(.*?)"', page)[0]
    assert len(re.findall(r"<script(?! nonce=\"n0nce\")", page)) == 0


def test_layers_are_created_in_drawing_order_and_only_the_shown_are_added(jurisdiction, frame):
    page = build_map_page(jurisdiction, frame).render()

    keys = re.findall(r'geoservice\.remoteLayer\({.*?"key": "(\w+)"', page)
    assert keys == [style.id for _, style in styles()]
    added = len(re.findall(r"remote_geo_json_\w+\.addTo\(", page))
    assert added == sum(style.shown for _, style in styles())


def test_each_style_stands_once_in_the_panel():
    in_panel = [one["key"] for group in panel_groups(styles(), "zh", str) for one in group["layers"]]

    assert sorted(in_panel) == sorted(style.id for _, style in styles())


def test_a_spec_tells_fields_and_coded_values_in_the_language_of_the_page():
    camera = next(pair for pair in styles() if pair[1].id == "cameras")

    spec = layer_spec(*camera, "en", url="/x")

    assert [field["property"] for field in spec["fields"]][:3] == ["kind", "status", "bearing_deg"]
    assert {"property": "range_m", "format": "metres", "label": "Range"} in spec["fields"]
    assert spec["values"]["status"]["offline"] == "Offline"
    assert layer_spec(*camera, "zh", url="/x")["values"]["status"]["offline"] == "离线"


def test_an_english_page_falls_back_to_the_chinese_name(jurisdiction, frame):
    page = build_map_page(replace(jurisdiction, name_en=""), replace(frame, language="en")).render()

    assert "<h1>萨热社区</h1>" in page
    assert "In hand" in page


@pytest.mark.parametrize(("bbox", "zoom"), [
    ((91.76, 29.23, 91.78, 29.25), 10),
    ((90.06, 26.86, 94.36, 29.83), 6),
    ((-180.0, -90.0, 180.0, 90.0), 0),
])  # fmt: skip
def test_the_whole_of_a_large_jurisdiction_can_be_seen(jurisdiction, frame, bbox, zoom):
    page = build_map_page(replace(jurisdiction, bbox=bbox), frame).render()

    assert re.search(rf'"minZoom": {zoom},', page)
