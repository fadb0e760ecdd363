"""A folium map that holds all that it needs: for notebooks, and for files that open without a network."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import shapely
from branca.element import CssLink, Element, Figure, JavascriptLink, Link
from folium.map import Layer as FoliumLayer
from jinja2.utils import htmlsafe_json_dumps

from geoservice.domain.languages import Language
from geoservice.maps.assets import STATIC, VENDOR, built_stamp
from geoservice.maps.elements import ShellMap
from geoservice.maps.figure import Verbatim, asset_of
from layers.catalogue import Drawn
from layers.style import Paint

#: Of a query that no catalogue describes.
PLAIN: Paint = {"color": "#a11d1d", "weight": 2, "fillColor": "#d55e00", "fillOpacity": 0.5, "radius": 6}
_FILE_OF_CSS = re.compile(r"url\(([^)]+)\)")


class StandaloneMap(ShellMap):
    """A folium map that holds Leaflet and its data; `save`, and showing it in a notebook, are folium's.

    Parameters
    ----------
    bbox
        West, south, east, north of what is seen first, EPSG:4326.
    attribution
        Whom the data name, plain text.
    """

    def __init__(self, bbox: tuple[float, float, float, float], *, attribution: str = "") -> None:
        built_stamp()  # raises AssetsMissing before anything is drawn
        west, south, east, north = bbox
        super().__init__(centre=((south + north) / 2, (west + east) / 2), prefer_canvas=True, attribution_control=False)
        self._parent: Figure = _StandaloneFigure()
        self._parent.add_child(self)
        self._features: list[tuple[str, Features]] = []
        self._attribution = attribution
        self.fit_bounds([(south, west), (north, east)])

    def add_features(
        self, features: Any, title: str, *, drawn: Drawn | None = None, paint: Paint = PLAIN, language: Language = "zh",
        show: bool = True,
    ) -> StandaloneMap:  # fmt: skip
        """Draw features above what is drawn already; return the map.

        Parameters
        ----------
        features
            GeoJSON, EPSG:4326 (a dict, or its text), or whatever has `__geo_interface__`.
        title
            Of its switch.
        drawn
            A layer of the catalogue and the style that it is drawn and told in; without one `paint` draws it.
        """
        element = Features(_geojson(features), _spec(title, drawn, paint, language), show=show)
        self.add_child(element)
        self._features.append((title, element))
        return self

    def render(self, **kwargs: Any) -> str:
        """Draw the map, then the switches of its layers."""
        script = _root(self).script
        own = (STATIC / "scripts" / "standalone.js").read_text(encoding="utf-8")
        script.add_child(Verbatim(own), name="geoservice_script")
        super().render(**kwargs)
        names = ", ".join(f"[{htmlsafe_json_dumps(title)}, {one.get_name()}]" for title, one in self._features)
        lines = f"geoserviceSwitches({self.get_name()}, [{names}]);"
        if self._attribution:
            told = htmlsafe_json_dumps(self._attribution)
            lines += (
                f"L.control.attribution({{prefix: false}}).addAttribution(geoserviceEscaped({told}))"
                f".addTo({self.get_name()});"
            )
        script.add_child(Verbatim(lines), name="geoservice_switches")
        return lines


class Features(FoliumLayer):
    """GeoJSON that stands in the page; folium's own would be read again as a template, with every name in it."""

    def __init__(self, data: Mapping[str, Any], spec: Mapping[str, Any], *, show: bool) -> None:
        super().__init__(name=spec["title"], overlay=True, control=False, show=show)
        self._name = "Features"
        self.data, self.spec = data, spec

    def render(self, **kwargs: Any) -> str:
        """Write the line that makes the layer, then that of folium that adds it to the map."""
        told = f"{htmlsafe_json_dumps(self.spec)}, {_script_json(self.data)}"
        line = f"const {self.get_name()} = geoserviceFeatures({told});"
        _root(self).script.add_child(Verbatim(line), name=self.get_name())
        super().render(**kwargs)
        return line


class _StandaloneFigure(Figure):
    """A figure whose scripts and styles stand in it, those that folium would fetch from elsewhere too."""

    def render(self, **kwargs: Any) -> str:
        """Return the page."""
        for child in self._children.values():
            child.render(**kwargs)
        for name, child in list(self.header._children.items()):
            if isinstance(child, Link):
                self.header._children[name] = Verbatim(_inline(child))
        return str(self._template.render(this=self, kwargs=kwargs))


def _root(element: Element) -> Figure:
    root = element.get_root()
    if not isinstance(root, _StandaloneFigure):
        raise TypeError("elements of a standalone map render in its own figure only")
    return root


def _geojson(features: Any) -> Mapping[str, Any]:
    found = getattr(features, "__geo_interface__", features)
    if isinstance(found, str | bytes):
        found = json.loads(found)
    if not isinstance(found, Mapping) or "type" not in found:
        raise TypeError("give GeoJSON, or something that has __geo_interface__")
    if found["type"] in ("Feature", "FeatureCollection"):
        return found
    geometry = json.loads(shapely.to_geojson(shapely.geometry.shape(found)))
    return {"type": "Feature", "geometry": geometry, "properties": {}}


def _spec(title: str, drawn: Drawn | None, paint: Paint, language: Language) -> dict[str, Any]:
    if drawn is None:
        return {"title": title, "paint": dict(paint), "by": "", "paints": {}, "only": [], "columns": [], "values": {},
                "interactive": True}  # fmt: skip
    layer, style = drawn
    told = [column for column in layer.columns if column.told]
    return {
        "title": layer.one.text(language),
        "paint": dict(style.plain_paint),
        "by": style.by,
        "paints": {value: dict(one) for value, one in style.paints.items()},
        "only": list(style.only),
        "columns": [[column.name, column.title.text(language)] for column in told],
        "values": {
            column.name: {value: one.text(language) for value, one in column.codes.items()}
            for column in told if column.codes
        },
        "interactive": style.interactive,
    }  # fmt: skip


def _script_json(data: Mapping[str, Any]) -> str:
    """Return JSON that can stand in a script: no text in it ends the script."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _inline(link: Link) -> str:
    """Return the file that a link names, as it stands in the page."""
    path = VENDOR / PurePosixPath(asset_of(link.url)).relative_to("vendor")
    text = path.read_text(encoding="utf-8")
    if isinstance(link, JavascriptLink):
        closed = text.replace("</script", "<\\/script")
        return f"<script>{closed}</script>"
    if isinstance(link, CssLink):
        whole = _FILE_OF_CSS.sub(lambda found: _data_url(path.parent / found[1].strip("\"'"), found[0]), text)
        return f"<style>{whole}</style>"
    raise TypeError(f"nothing is known of {type(link).__name__}")


def _data_url(path: Path, otherwise: str) -> str:
    if not path.is_file():
        return otherwise
    return f"url(data:image/{path.suffix[1:]};base64,{base64.b64encode(path.read_bytes()).decode('ascii')})"
