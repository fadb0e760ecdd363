"""The map page in a browser over a hand-made sample: it needs no database."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

COUNTS = {
    "basemap": 3,
    "grids": 2,
    "buildings": 1,
    "households": 1,
    "cameras": 1,
    "camera_sectors": 1,
    "organisations": 3,
    "incidents_in_hand": 2,
    "incidents_closed": 1,
}

#: Each would run, or would be evaluated, at one of the doors it passes: HTML, attribute, script,
#: JavaScript template literal, server template.
HOSTILE = [
    "<img src=x onerror=\"document.body.dataset.broken='img'\">",
    "</script><script>document.body.dataset.broken='script'</script>",
    "${document.body.dataset.broken='literal'}`${document.body.dataset.broken='tick'}`",
    '"><svg onload="document.body.dataset.broken=\'svg\'"><"\'',
    "{{ 6 * 7 }}{% raw %}{# #}{{ this.__class__ }}",
    "';document.body.dataset.broken='quote'//\u2028\\",
    "</title></style></textarea><iframe srcdoc='<script>parent.x()</script>'>",
]


def show_all(page) -> None:
    for box in page.locator(".gs-layer input").all():
        box.check()


def test_every_layer_is_drawn_and_nothing_goes_wrong(serve_sample, visit):
    seen = visit(serve_sample())

    show_all(seen.page)

    for key, count in COUNTS.items():
        row = seen.page.locator(f".gs-layer[data-layer={key}]")
        expect(row).to_have_attribute("data-state", "drawn")
        expect(row).to_have_attribute("data-count", str(count))
    expect(seen.page.locator("body")).to_have_attribute("data-ready", "true")
    seen.assert_quiet()


@pytest.mark.slow
def test_names_that_would_lie_on_each_other_give_way_until_there_is_room(serve_viewing, sample_viewing, visit):
    (_, fields), *_ = sample_viewing.layers["grids"]
    souths = [29.0046 + number * 0.0001 for number in range(8)]
    rings = [[[91, y], [91.01, y], [91.01, y + 0.0001], [91, y + 0.0001], [91, y]] for y in souths]
    sample_viewing.layers["grids"] = [
        ({"type": "Polygon", "coordinates": [ring]}, fields | {"code": str(number)})
        for number, ring in enumerate(rings)
    ]
    seen = visit(serve_viewing(sample_viewing))
    expect(seen.page.locator(".gs-grid-label")).to_have_count(8)
    visible = seen.page.locator(".gs-grid-label").filter(visible=True)
    assert 1 <= visible.count() < 8

    for _ in range(3):
        seen.page.locator(".leaflet-control-zoom-in").click()
        seen.page.wait_for_timeout(400)  # the map glides

    expect(visible).to_have_count(8)
    seen.assert_quiet()


@pytest.mark.slow
def test_the_only_jurisdiction_opens_at_once(serve_sample, visit):
    seen = visit(serve_sample() + "/?lang=en")

    assert seen.page.url.endswith("/maps/sample?lang=en")
    expect(seen.page.locator("html")).to_have_attribute("lang", "en")
    expect(seen.page.locator("h2").first).to_have_text("Layers")


def test_figures_stand_in_the_header(serve_sample, visit):
    seen = visit(serve_sample())

    expect(seen.page.locator("[data-figure=residents] dd")).to_have_text("8,987")
    expect(seen.page.locator("[data-figure=in_hand] dd")).to_have_text("2")


@pytest.mark.slow
def test_a_click_on_the_map_tells_about_the_grid_and_another_leads_back(serve_sample, visit):
    seen = visit(serve_sample())
    expect(seen.page.locator("body")).to_have_attribute("data-ready", "true")

    seen.page.locator(".gs-grid-line").first.click()

    expect(seen.page.locator("#gs-details h3")).to_have_text("样例社区")
    seen.page.locator(".gs-back").click()
    expect(seen.page.locator("#gs-overview")).to_be_visible()
    seen.assert_quiet()


@pytest.mark.slow
def test_reports_at_one_place_are_told_together(serve_sample, visit):
    seen = visit(serve_sample())
    expect(seen.page.locator("body")).to_have_attribute("data-ready", "true")

    seen.page.evaluate(
        "() => { const layer = window.geoservice.layers.get('incidents_in_hand'); layer.getLayers()[0].fire('click'); }"
    )

    expect(seen.page.locator("#gs-details .gs-card")).to_have_count(2)


def test_a_layer_that_fails_says_so_and_can_be_tried_again(serve_sample, visit):
    seen = visit(serve_sample())
    expect(seen.page.locator("body")).to_have_attribute("data-ready", "true")
    row = seen.page.locator(".gs-layer[data-layer=households]")
    seen.page.route("**/households.geojson", lambda route: route.fulfill(status=503))

    row.locator("input").click()
    expect(row).to_have_attribute("data-state", "failed")
    expect(row.locator("input")).not_to_be_checked()
    seen.page.unroute("**/households.geojson")
    row.locator("input").check()

    expect(row).to_have_attribute("data-state", "drawn")


REFRESH = (
    "() => window.geoservice.refreshPage({figures_url: '/maps/sample/figures.json',"
    " changing_urls: ['/maps/sample/layers/incidents.geojson', '/maps/sample/layers/grids.geojson']})"
)


@pytest.mark.slow
def test_an_open_page_takes_up_what_has_changed(serve_viewing, sample_viewing, visit):
    seen = visit(serve_viewing(sample_viewing))
    row = seen.page.locator(".gs-layer[data-layer=incidents_in_hand]")
    expect(row).to_have_attribute("data-count", "2")

    sample_viewing.layers["incidents"].pop(0)
    seen.page.evaluate(REFRESH)

    expect(row).to_have_attribute("data-count", "1")
    expect(seen.page.locator("#gs-updated")).to_contain_text("更新于")
    seen.assert_quiet()


@pytest.mark.slow
def test_an_open_page_says_when_it_cannot_ask(serve_sample, visit):
    seen = visit(serve_sample())
    expect(seen.page.locator("body")).to_have_attribute("data-ready", "true")
    seen.page.route("**/figures.json", lambda route: route.fulfill(status=503))

    seen.page.evaluate(REFRESH)

    expect(seen.page.locator("#gs-updated")).to_have_text("连接中断，显示的是旧数据")


@pytest.mark.slow
def test_a_phone_shows_one_panel_at_a_time(serve_sample, visit):
    seen = visit(serve_sample(), width=390, height=844)
    expect(seen.page.locator("#gs-layers")).to_be_hidden()

    seen.page.locator(".gs-tabs button").first.click()

    expect(seen.page.locator("#gs-layers")).to_be_visible()
    expect(seen.page.locator("#gs-side")).to_be_hidden()
    width = seen.page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= 390


@pytest.mark.parametrize("text", [HOSTILE[0], *(pytest.param(text, marks=pytest.mark.slow) for text in HOSTILE[1:])])
def test_a_name_is_text_wherever_it_appears(serve_sample, visit, text):
    seen = visit(serve_sample(text))
    page = seen.page

    show_all(page)
    expect(page.locator("body")).to_have_attribute("data-ready", "true")
    page.evaluate(
        "() => window.geoservice.layers.forEach((layer) => layer.spec.interactive &&"
        " layer.getLayers().forEach((path) => path.fire('click')))"
    )

    expect(page.locator("h1")).to_have_text(re.sub(r"\s+", " ", text))
    assert page.evaluate("() => document.body.dataset.broken || ''") == ""
    assert page.locator("img[src=x], iframe, svg[onload]").count() == 0
    expect(page.locator("#gs-details h3").first).to_be_visible()
    seen.assert_quiet()
