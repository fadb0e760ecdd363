from __future__ import annotations

import re

import folium
import pytest
from branca.element import JavascriptLink
from folium.plugins import Fullscreen, MarkerCluster

from geoservice.maps import assets, elements
from geoservice.maps.builders import draw_map
from geoservice.maps.figure import OfflineFigure, UnknownAsset, asset_of

#: Every folium class that puts links into our pages.
USED = (elements.ShellMap, elements.MapSettings, Fullscreen)
OUTSIDE = re.compile(r"""(?:src|href|action|url\()\s*=?\s*["']?(?:https?:)?//""", re.IGNORECASE)


def figure() -> OfflineFigure:
    return OfflineFigure(nonce="n0nce", asset_url=lambda file: f"/a/{file}")


@pytest.mark.parametrize("cls", USED, ids=lambda cls: cls.__name__)
def test_every_link_of_every_class_used_is_a_file_here(cls):
    assets.build()

    files = [asset_of(url) for _, url in [*cls.default_js, *cls.default_css]]

    assert files
    for file in files:
        assert (assets.HERE / file).is_file(), file


def test_a_link_that_is_not_listed_stops_the_page():
    page = figure()
    shell = elements.ShellMap(centre=(29.0, 91.0))
    shell.add_child(MarkerCluster())
    page.add_child(shell)

    with pytest.raises(UnknownAsset, match="markercluster"):
        page.drawn()


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.example/npm/leaflet@1.9.4/dist/leaflet.js",
        "npm/leaflet@1.9.3/dist/leaflet.js",
        "own:scripts/dom.js",
        "",
    ],
)
def test_only_the_very_versions_listed_are_known(url):
    with pytest.raises(UnknownAsset):
        asset_of(url)


def test_foliums_own_classes_stay_as_they_are(jurisdiction, frame):
    before = list(folium.Map.default_js), list(folium.Map.default_css)

    draw_map(jurisdiction, frame)

    assert (list(folium.Map.default_js), list(folium.Map.default_css)) == before
    assert len(elements.ShellMap.default_js) == 1


def test_scripts_are_files_from_here_and_nothing_leads_outside(jurisdiction, frame):
    drawing = draw_map(jurisdiction, frame)

    scripts = re.findall(r"<script\b[^>]*>", drawing.head)
    assert len(scripts) == 3
    assert all(' src="/assets/' in script for script in scripts)
    assert drawing.nonce == "n0nce"
    for part in (drawing.head, drawing.markup, drawing.script):
        assert OUTSIDE.findall(part) == []
        assert "://" not in part
        assert "<style" not in part


def test_each_link_stands_once(jurisdiction, frame):
    links = re.findall(r'(?:src|href)="(/assets/[^"]+\.(?:js|css))"', draw_map(jurisdiction, frame).head)

    assert len(links) == len(set(links)) >= 4


def test_a_link_of_another_kind_is_refused():
    class OddLink(JavascriptLink.__base__):
        pass

    page = figure()
    page.header.add_child(OddLink("own:scripts/dom.js"), name="odd")

    with pytest.raises(UnknownAsset):
        page.drawn()


def test_an_element_in_another_figure_is_refused(jurisdiction, frame):
    shell = elements.ShellMap(centre=(29.0, 91.0))
    shell.add_child(elements.MapSettings(shell, settings={}))

    with pytest.raises(TypeError, match="OfflineFigure"):
        shell.get_root().render()
