"""The routes that write (Part 4): features are made, replaced, changed and removed one by one, with a history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import orjson
import shapely
from flask import Blueprint, Response, current_app, request
from shapely.geometry.base import BaseGeometry
from werkzeug.exceptions import MethodNotAllowed

from geoservice.auth.permissions import Permission, permitted
from geoservice.ogc.documents import feature_address
from geoservice.ogc.links import GEOJSON, JSON
from geoservice.ogc.openapi import MERGE_PATCH
from geoservice.ogc.parameters import crs_named, require_known
from geoservice.services.layers.errors import FeatureEditedMeanwhile
from geoservice.services.layers.features import FeatureEdit, FeatureService, Precondition, Written
from geoservice.services.layers.items import Collection, ItemService
from geoservice.web.guard import current_identity, guard
from geoservice.web.nesting import check_depth
from geoservice.web.parsing import InvalidInput, InvalidJson
from geoservice.web.preconditions import etag_of_feature, stated_changes
from geoservice.web.shapes import shape_of
from geoservice.web.streaming import incoming, streams
from layers.crs import OutsideCrs
from layers.published_crs import CRS84, PublishedCrs

DOOR = "ogc"
_ITEMS = "/<jurisdiction>/collections/<collection>/items"
#: A key may hold a stroke.
_ITEM = f"{_ITEMS}/<path:key>"
#: OWSLib names no kind for what it puts, and XML for JSON that it is given as text.
_BODIES = (GEOJSON, JSON, "", "text/xml")
_MULTIPLE = {"Polygon": shapely.MultiPolygon, "LineString": shapely.MultiLineString}
_FEATURE = "send one GeoJSON Feature, with an object as its properties"
#: What a Feature has, as it is told here.
_MEMBERS = ("type", "id", "geometry", "properties", "bbox", "links")
_WRITING = {True: ("POST",), False: ("PUT", "PATCH", "DELETE")}


def add_editing(blueprint: Blueprint, items: ItemService, features: FeatureService) -> None:
    """Add the routes to a blueprint."""
    _about_methods(blueprint, items)
    _about_new_features(blueprint, items, features)
    _about_stored_features(blueprint, items, features)


def _about_methods(blueprint: Blueprint, items: ItemService) -> None:
    @blueprint.route(_ITEMS, methods=["OPTIONS"], provide_automatic_options=False)
    @guard("view_map")
    def methods_of_items(jurisdiction: str, collection: str) -> Response:
        require_known()
        return _methods(items, jurisdiction, collection, many=True)

    @blueprint.route(_ITEM, methods=["OPTIONS"], provide_automatic_options=False)
    @guard("view_map")
    def methods_of_item(jurisdiction: str, collection: str, key: str) -> Response:
        """Tell what may be done with a feature, whether it is there or not: QGIS asks for one that is not."""
        require_known()
        return _methods(items, jurisdiction, collection, many=False)


def _about_new_features(blueprint: Blueprint, items: ItemService, features: FeatureService) -> None:
    @blueprint.post(_ITEMS, provide_automatic_options=False)
    @guard("edit_features")
    @streams(*_BODIES)
    def create(jurisdiction: str, collection: str) -> Response:
        found, sent, crs = _asked(items, jurisdiction, collection, many=True)
        _require_feature(sent)
        _require_no_state(stated_changes())
        values = _values(found, sent, key=None, keep_null=False)
        key = _new_key(found, sent)
        edit = FeatureEdit(values, _place(found, sent, crs), stored=False)
        written = features.put(jurisdiction, collection, key, edit, identity=current_identity(), door=DOOR)
        headers = {"Location": feature_address(found, key)} | etag_of_feature(written.state)
        return Response(status=201, headers=headers)


def _about_stored_features(blueprint: Blueprint, items: ItemService, features: FeatureService) -> None:
    @blueprint.put(_ITEM, provide_automatic_options=False)
    @guard("edit_features")
    @streams(*_BODIES)
    def replace(jurisdiction: str, collection: str, key: str) -> Response:
        """Replace a feature: what is not told has no value from then on."""
        found, sent, crs = _asked(items, jurisdiction, collection, many=False)
        _require_feature(sent)
        told = _values(found, sent, key=key, keep_null=True)
        values = {one.name: None for one in found.layer.written if one.nullable and one.name != found.layer.key} | told
        edit = FeatureEdit(values, _place(found, sent, crs), seen=stated_changes(), stored=True)
        return _written(features.put(jurisdiction, collection, key, edit, identity=current_identity(), door=DOOR))

    @blueprint.patch(_ITEM, provide_automatic_options=False)
    @guard("edit_features")
    @streams(*_BODIES, MERGE_PATCH)
    def update(jurisdiction: str, collection: str, key: str) -> Response:
        """Change what is told of a feature (RFC 7396): null takes a value away."""
        found, sent, crs = _asked(items, jurisdiction, collection, many=False)
        _require_patch(sent)
        values = _values(found, sent, key=key, keep_null=True)
        _require_change(found, sent, values)
        place = _place(found, sent, crs) if "geometry" in sent else None
        edit = FeatureEdit(values, place, seen=stated_changes(), stored=True)
        return _written(features.put(jurisdiction, collection, key, edit, identity=current_identity(), door=DOOR))

    @blueprint.delete(_ITEM, provide_automatic_options=False)
    @guard("edit_features")
    def remove(jurisdiction: str, collection: str, key: str) -> Response:
        require_known()
        _require_editable(items.collection(jurisdiction, collection, identity=current_identity()), many=False)
        features.remove(jurisdiction, collection, key, seen=stated_changes(), identity=current_identity(), door=DOOR)
        return Response(status=204)


def _methods(items: ItemService, jurisdiction: str, collection: str, *, many: bool) -> Response:
    found = items.collection(jurisdiction, collection, identity=current_identity())
    return Response(status=200, headers={"Allow": ", ".join(_allowed(found, many=many)), "Cache-Control": "no-store"})


def _allowed(collection: Collection, *, many: bool) -> tuple[str, ...]:
    writes = collection.is_editable and permitted(current_identity(), Permission.EDIT_FEATURES)
    return ("GET", "HEAD", "OPTIONS", *(_WRITING[many] if writes else ()))


def _require_editable(collection: Collection, *, many: bool) -> None:
    if not collection.is_editable:
        raise MethodNotAllowed(
            _allowed(collection, many=many), f"Features of {collection.id} are not written one by one here."
        )


def _asked(
    items: ItemService, jurisdiction: str, collection: str, *, many: bool
) -> tuple[Collection, Mapping[str, Any], PublishedCrs]:
    """Return the collection that is to be written to, the feature that was sent, and the CRS of its place."""
    require_known()
    found = items.collection(jurisdiction, collection, identity=current_identity())
    _require_editable(found, many=many)
    said = request.headers.get("Content-Crs", CRS84)
    crs = crs_named(found, said)
    if crs is None:
        raise _wrong("Content-Crs", "unknown_crs", f"write one of {', '.join(one.uri for one in found.crs)}")
    return found, _body(), crs


def _body() -> Mapping[str, Any]:
    with incoming(current_app.config["MAX_CONTENT_LENGTH"]) as body:
        sent = body.read()
    check_depth(sent)
    try:
        value = orjson.loads(sent)
    except orjson.JSONDecodeError as exc:
        raise InvalidJson from exc
    if not isinstance(value, dict) or not isinstance(value.get("properties", {}), dict | None):
        raise _wrong("#", "no_feature", _FEATURE)
    return value


def _require_feature(sent: Mapping[str, Any]) -> None:
    """Raise InvalidInput for a body that is no whole Feature (RFC 7946, 3.2): its replacing would take all away."""
    if sent.get("type") != "Feature" or "properties" not in sent:
        raise _wrong("#", "no_feature", _FEATURE)


def _require_no_state(stated: Precondition | None) -> None:
    """Raise FeatureEditedMeanwhile where a state is named of a feature that is yet to be made."""
    if stated is not None and stated.changes is not None:
        raise FeatureEditedMeanwhile


def _require_patch(sent: Mapping[str, Any]) -> None:
    """Raise InvalidInput for a body that is no change of a Feature, or changes what no Feature has."""
    unknown = [name for name in sent if name not in _MEMBERS]
    if unknown:
        raise _wrong(f"#/{unknown[0][:40]}", "unknown", "a Feature has no such member: properties go into properties")
    if sent.get("type", "Feature") != "Feature" or ("properties" in sent and sent["properties"] is None):
        raise _wrong("#", "no_feature", _FEATURE)


def _require_change(collection: Collection, sent: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Raise InvalidInput for a change of nothing that is written: of what is derived, or of nothing at all."""
    told = set(sent.get("properties") or ()) - {collection.layer.key}
    if "geometry" in sent or values or ("properties" in sent and not told):
        return
    detail = "name properties that are to change, or a geometry"
    if told:
        detail += f"; the service derives {', '.join(sorted(told))}"
    raise _wrong("#", "nothing_to_change", detail)


def _values(collection: Collection, sent: Mapping[str, Any], *, key: str | None, keep_null: bool) -> dict[str, Any]:
    """Return what is to be written: what the service derives comes back from clients as they read it, and is left out.

    Parameters
    ----------
    key
        Of the stored feature; None: it is new.
    keep_null
        Whether null is a value, or says that none was given.
    """
    layer, properties = collection.layer, sent.get("properties") or {}
    if key is not None and properties.get(layer.key, key) != key:
        raise _wrong(f"#/properties/{layer.key}", "key", "a feature keeps its key: make a new one, remove this one")
    derived = {one.name for one in layer.columns} - {one.name for one in layer.written} | {layer.key}
    return {name: value for name, value in properties.items()
            if name not in derived and (keep_null or value is not None)}  # fmt: skip


def _new_key(collection: Collection, sent: Mapping[str, Any]) -> str:
    said = (sent.get("properties") or {}).get(collection.layer.key)
    if said is None or said == "":
        return str(uuid4())
    if not isinstance(said, str) or "\x00" in said:
        raise _wrong(f"#/properties/{collection.layer.key}", "key", "write it as text, or leave it out")
    return said


def _place(collection: Collection, sent: Mapping[str, Any], crs: PublishedCrs) -> BaseGeometry:
    """Return where a feature is, EPSG:4326; a single shape is one of several where those are kept."""
    geom = shape_of(sent.get("geometry"))
    if collection.layer.geometry == f"Multi{geom.geom_type}":
        geom = _MULTIPLE[geom.geom_type]([geom])
    try:
        return crs.to_storage(geom)
    except OutsideCrs:
        detail = f"it lies outside {crs.uri}, or its axes are in the other order; Content-Crs names another"
        raise _wrong("#/geometry", "outside_crs", detail) from None


def _written(written: Written) -> Response:
    return Response(status=204, headers=etag_of_feature(written.state))


def _wrong(pointer: str, code: str, detail: str) -> InvalidInput:
    return InvalidInput([{"pointer": pointer, "code": code, "detail": detail}])
