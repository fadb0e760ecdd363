from __future__ import annotations

import re

import folium
import pytest
from branca.element import JavascriptLink
from folium.plugins import Fullscreen, MarkerCluster

from geoservice.maps import assets, elements
from geoservice.maps.builders import build_map_page
from geoservice.maps.figure import OfflineFigure, UnknownAsset, asset_of, content_security_policy

#: Every folium class that puts links into our pages.
USED = (elements.ShellMap, elements.PagePanels, Fullscreen)
OUTSIDE = re.compile(r"""(?:src|href|action|url\()\s*=?\s*["']?(?:https?:)?//""", re.IGNORECASE)


def figure() -> OfflineFigure:
    return OfflineFigure(title="t", lang="zh-CN", nonce="n0nce", asset_url=lambda file: f"/a/{file}")


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
        page.render()


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.example/npm/leaflet@1.9.4/dist/leaflet.js",
        "npm/leaflet@1.9.3/dist/leaflet.js",
        "own:../pages.py",
        "own:/etc/passwd",
        "",
    ],
)
def test_only_the_very_versions_listed_are_known(url):
    with pytest.raises(UnknownAsset):
        asset_of(url)


def test_foliums_own_classes_stay_as_they_are(jurisdiction, frame):
    before = list(folium.Map.default_js), list(folium.Map.default_css)

    build_map_page(jurisdiction, frame).render()

    assert (list(folium.Map.default_js), list(folium.Map.default_css)) == before
    assert len(elements.ShellMap.default_js) == 1


def test_every_script_carries_the_nonce_and_nothing_leads_outside(jurisdiction, frame):
    html = build_map_page(jurisdiction, frame).render()

    scripts = re.findall(r"<script\b[^>]*>", html)
    assert len(scripts) >= 8
    assert all('nonce="n0nce"' in script for script in scripts)
    assert OUTSIDE.findall(html) == []
    assert "://" not in html


def test_the_page_has_language_title_icon_and_one_of_each_link(jurisdiction, frame):
    html = build_map_page(jurisdiction, frame).render()

    assert '<html lang="zh-CN">' in html
    assert "<title>萨热社区 · 空间数据服务</title>" in html
    assert '<link rel="icon" type="image/svg+xml" href="/assets/v/static/icons/favicon.svg">' in html
    links = re.findall(r'(?:src|href)="(/assets/[^"]+\.(?:js|css))"', html)
    assert len(links) == len(set(links))


def test_a_link_of_another_kind_is_refused():
    class OddLink(JavascriptLink.__base__):
        pass

    page = figure()
    page.header.add_child(OddLink("own:scripts/dom.js"), name="odd")

    with pytest.raises(UnknownAsset):
        page.render()


def test_the_policy_allows_no_eval_and_no_inline_script():
    policy = dict(part.split(" ", 1) for part in content_security_policy("abc").split("; ") if " " in part)

    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self' 'nonce-abc'"
    assert "unsafe-eval" not in str(policy)


def test_an_element_in_another_figure_is_refused(jurisdiction, frame):
    shell = elements.ShellMap(centre=(29.0, 91.0))
    shell.add_child(elements.RemoteGeoJson(key="k", label="l", spec={}, show=True))

    with pytest.raises(TypeError, match="OfflineFigure"):
        shell.get_root().render()
