"""How collections look, by the draft of OGC API Styles (20-009): for MapLibre and for QGIS, from the catalogue."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from geoservice.errors import LayerUnknown
from geoservice.ogc.answers import answer, wants_page
from geoservice.ogc.documents import STYLE, style_forms, style_links
from geoservice.ogc.links import JSON, MAPBOX_STYLE, QML, address, language, own_links
from geoservice.ogc.parameters import require_known
from geoservice.ogc.tile_sets import tilejson_address
from geoservice.ogc.wording import word
from geoservice.services.layers.items import Collection, ItemService
from geoservice.web.files import packed
from geoservice.web.guard import current_identity, guard
from geoservice.writing.maplibre import maplibre_style
from geoservice.writing.qgis.qml import qml

#: A style for MapLibre of what has no tiles reads so many features at most.
_FEATURES = "10000"


def add_styles(blueprint: Blueprint, items: ItemService) -> None:
    """Add the routes."""

    def styled(jurisdiction: str, collection: str) -> Collection:
        found = items.collection(jurisdiction, collection, identity=current_identity())
        if not found.layer.styles:
            raise LayerUnknown(layer=collection)
        return found

    @blueprint.get("/<jurisdiction>/collections/<collection>/styles")
    @guard("view_map")
    def styles(jurisdiction: str, collection: str) -> Response:
        require_known()
        found = styled(jurisdiction, collection)
        title = f"{found.layer.title.text(language())}: {word('styles', language())}"
        one = {
            "id": STYLE,
            "title": title,
            "links": [each for each in style_links(found) if each["rel"] == "stylesheet"],
        }
        return answer({"links": own_links(JSON), "default": STYLE, "styles": [one]}, title=title)

    @blueprint.get(f"/<jurisdiction>/collections/<collection>/styles/{STYLE}")
    @guard("view_map")
    def style(jurisdiction: str, collection: str) -> Response:
        found = styled(jurisdiction, collection)
        require_known(forms=style_forms(found))
        asked = request.args.get("f", "")
        if asked.startswith("qml") or (not asked and request.accept_mimetypes.best == QML):
            return _qml_response(found, lines=asked == "qml-lines")
        title = f"{found.layer.title.text(language())}: {word('styles', language())}"
        return answer(_for_maplibre(found), JSON if wants_page() else MAPBOX_STYLE, title=title)


def _for_maplibre(collection: Collection) -> dict[str, Any]:
    source: dict[str, Any] = {"type": "vector", "url": tilejson_address(collection)}
    if collection.layer.tiling is None:
        where = (collection.jurisdiction.code, "collections", collection.id, "items")
        source = {"type": "geojson", "data": address(*where, query={"limit": _FEATURES})}
    return maplibre_style(collection.layer, source, collection.jurisdiction.bbox, language())


def _qml_response(collection: Collection, *, lines: bool) -> Response:
    response = Response(qml(collection.layer, language(), lines=lines), content_type=QML)
    name = f"{collection.id}{'-lines' if lines else ''}.qml"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept")
    response.vary.add("Authorization")
    return packed(response)
