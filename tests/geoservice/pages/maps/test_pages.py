from __future__ import annotations

import gzip
import html
import re
from dataclasses import replace

import pytest

from geoservice.maps import assets
from geoservice.web.parsing import InvalidInput
from tests.geoservice.maps.test_builders import HOSTILE


def test_the_only_jurisdiction_is_opened_in_the_language_asked_for(client_of, jurisdiction):
    answer = client_of(jurisdiction).get("/?lang=en")

    assert answer.status_code == 303
    assert answer.location == "/maps/sare?lang=en"


def test_several_jurisdictions_are_listed(client_of, jurisdiction):
    second = replace(jurisdiction, code="b&b", name="<b>乙</b>", name_en="")

    page = client_of(jurisdiction, second).get("/").text

    assert '<a class="button" href="/maps/sare">' in page
    assert "&lt;b&gt;乙&lt;/b&gt;" in page
    assert '<a class="button" href="/maps/b%26b">' in page


def test_no_jurisdiction_is_said(client_of):
    assert "尚无辖区" in client_of().get("/").text


def test_a_page_has_its_policy_a_fresh_nonce_and_is_not_stored(client_of, jurisdiction):
    client = client_of(jurisdiction)

    first, second = client.get("/maps/sare"), client.get("/maps/sare")

    policy = first.headers["Content-Security-Policy"]
    nonce = policy.split("'nonce-")[1].split("'")[0]
    assert f'nonce="{nonce}"' in first.text
    assert nonce not in second.text
    assert first.headers["Cache-Control"] == "no-store"
    assert "unsafe" not in policy


@pytest.mark.parametrize("text", HOSTILE)
def test_a_jurisdictions_name_is_text_in_the_page(client_of, jurisdiction, text):
    page = client_of(replace(jurisdiction, name=text, name_en=text)).get("/maps/sare").text

    home = re.search(r'<a class="home"[^>]*>.*?<span>(.*?)</span></a>', page, re.DOTALL).group(1)
    assert html.unescape(home) == text
    assert "<" not in home
    assert page.count("</title>") == 1
    assert len(re.findall(r"<script(?! (?:nonce=|src=\"/|type=\"module\" src=\"/))", page)) == 0


@pytest.mark.parametrize(("asked", "lead"), [
    ("", "/maps/sare"), ("?lang=en&map=15/91.77/29.24", "/maps/sare?lang=en&map=15%2F91.77%2F29.24"),
])  # fmt: skip
def test_the_address_of_the_map_of_tiles_leads_to_the_one_map(client_of, jurisdiction, asked, lead):
    answer = client_of(jurisdiction).get(f"/maps/sare/tiles{asked}")

    assert (answer.status_code, answer.location) == (303, lead)


@pytest.mark.parametrize("query", ["after=none", "ids=1,2", "ids=" + ",".join(["0" * 32] * 101)])
def test_what_is_no_id_is_refused(client_of, jurisdiction, query):
    with pytest.raises(InvalidInput):
        client_of(jurisdiction).get(f"/maps/sare/incidents.json?{query}")


def test_figures_are_those_of_the_header_and_never_stored(client_of, jurisdiction):
    answer = client_of(jurisdiction).get("/maps/sare/figures.json")

    assert answer.json["residents"] == 8987
    assert answer.json["in_hand"] == 133
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_layer_is_compressed_revalidated_and_typed(client_of, jurisdiction):
    client = client_of(jurisdiction)

    plain = client.get("/maps/sare/layers/grids.geojson")
    packed = client.get("/maps/sare/layers/grids.geojson", headers={"Accept-Encoding": "gzip"})
    again = client.get("/maps/sare/layers/grids.geojson", headers={"If-None-Match": packed.headers["ETag"]})

    assert plain.content_type == "application/geo+json"
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.data) == plain.data
    assert plain.headers["Cache-Control"] == "private, no-cache"
    assert again.status_code == 304


@pytest.mark.parametrize("layer", ["staff", "incidents_closed", "..%2fgrids"])
def test_a_layer_that_is_not_on_the_map_is_not_found(client_of, jurisdiction, layer):
    assert client_of(jurisdiction).get(f"/maps/sare/layers/{layer}.geojson").status_code == 404


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("vendor/leaflet/leaflet.js", "text/javascript; charset=utf-8"),
        ("vendor/leaflet/leaflet.css", "text/css; charset=utf-8"),
        ("vendor/leaflet/images/layers.png", "image/png"),
        ("static/icons/favicon.svg", "image/svg+xml"),
    ],
)
def test_a_file_is_typed_and_kept_for_ever_under_its_version(client_of, jurisdiction, file, kind):
    answer = client_of(jurisdiction).get(f"/assets/{assets.assets_version()}/{file}", buffered=True)

    assert answer.status_code == 200
    assert answer.content_type == kind
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in answer.headers["Cache-Control"]
    assert "max-age=31536000" in answer.headers["Cache-Control"]


def test_a_file_under_an_older_version_is_revalidated(client_of, jurisdiction):
    answer = client_of(jurisdiction).get("/assets/older/vendor/leaflet/leaflet.js", buffered=True)

    assert answer.status_code == 200
    assert "immutable" not in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "file",
    [
        "vendor/../pages.py",
        "static/../assets.json",
        "static/%2e%2e/%2e%2e/settings.py",
        "vendor//etc/passwd",
        "vendor/STAMP",
        "vendor/NOTICE",
        "templates/header.html",
        "pages.py",
        "static/scripts",
        "static/none.js",
        "static/..%5c..%5csettings.js",
        "static/a%00.js",
    ],
)
def test_nothing_but_the_pages_files_is_served(client_of, jurisdiction, file):
    answer = client_of(jurisdiction).get(f"/assets/v/{file}", buffered=True)

    assert answer.status_code == 404


def test_a_favicon_is_there(client_of, jurisdiction):
    answer = client_of(jurisdiction).get("/favicon.ico", buffered=True)

    assert answer.status_code == 200
    assert answer.content_type == "image/svg+xml"


def test_missing_assets_are_told_in_one_line(client_of, jurisdiction, tmp_path, monkeypatch):
    client = client_of(jurisdiction)
    monkeypatch.setattr(assets, "VENDOR", tmp_path)

    answer = client.get("/maps/sare")

    assert answer.status_code == 503
    assert "python -m geoservice.maps.assets build" in answer.text
    assert "Traceback" not in answer.text


def test_every_view_is_behind_the_guard(client_of, jurisdiction):
    client = client_of(jurisdiction)

    assert set(client.application.config["ASKED"]) == {"view_map", "sign_in"}
