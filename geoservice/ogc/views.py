"""The routes that read: /ogc lists the jurisdictions, /ogc/{jurisdiction} is an interface of its own."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response, request

from geoservice.auth.permissions import Permission, permitted
from geoservice.ogc import documents, schemas
from geoservice.ogc.answers import answer
from geoservice.ogc.conformance import CONFORMS_TO
from geoservice.ogc.editing import add_editing
from geoservice.ogc.links import GEOJSON, OPENAPI, SCHEMA, Link, address, language, link, own_links
from geoservice.ogc.openapi import document
from geoservice.ogc.parameters import (
    OF_ITEM,
    OF_ITEMS,
    cursor_of,
    filtered_by_name,
    limit_of,
    require_known,
    selection_of,
    shown_of,
)
from geoservice.ogc.refusing import PREFIX
from geoservice.ogc.styles import add_styles
from geoservice.ogc.tiles import add_tiles
from geoservice.ogc.wording import word
from geoservice.services.layers.features import FeatureService
from geoservice.services.layers.items import Collection, ItemService, PageQuestion
from geoservice.services.tiles.service import TileService
from geoservice.web.guard import current_identity, guard, shown_here
from geoservice.web.json import dumps
from geoservice.web.parsing import takes_long_list
from geoservice.web.preconditions import etag_of_feature
from layers.items import Page, timing_of


def ogc_blueprint(items: ItemService, features: FeatureService, tiles: TileService, *, most: int) -> Blueprint:
    """Return the routes.

    Parameters
    ----------
    most
        Features of a page.
    """
    blueprint = Blueprint("ogc", __name__, url_prefix=PREFIX, template_folder="templates")
    _about_interfaces(blueprint, items, most)
    _about_collections(blueprint, items)
    _about_features(blueprint, items, most)
    add_tiles(blueprint, items, tiles)
    add_styles(blueprint, items)
    add_editing(blueprint, items, features)
    return blueprint


def _about_interfaces(blueprint: Blueprint, items: ItemService, most: int) -> None:
    @blueprint.get("")
    @guard("view_map")
    def interfaces() -> Response:
        require_known()
        return answer(documents.interfaces(tuple(shown_here(items.jurisdictions()))), title=word("service", language()))

    @blueprint.get("/<jurisdiction>")
    @blueprint.get("/<jurisdiction>/")
    @guard("view_map")
    def landing(jurisdiction: str) -> Response:
        require_known()
        told = documents.landing(items.jurisdiction(jurisdiction))
        return answer(told, title=told["title"])

    @blueprint.get("/<jurisdiction>/api")
    @guard("view_map")
    def api(jurisdiction: str) -> Response:
        require_known()
        identity = current_identity()
        told = document(
            items.jurisdiction(jurisdiction), items.collections(jurisdiction, identity=identity).collections, most=most,
            editor=permitted(identity, Permission.EDIT_FEATURES),
        )  # fmt: skip
        return answer(told, OPENAPI, title=word("interface", language()))

    @blueprint.get("/<jurisdiction>/conformance")
    @guard("view_map")
    def conformance(jurisdiction: str) -> Response:
        require_known()
        items.jurisdiction(jurisdiction)
        told = {"conformsTo": CONFORMS_TO, "links": own_links("application/json")}
        return answer(told, title=word("conformance", language()))


def _about_collections(blueprint: Blueprint, items: ItemService) -> None:
    def found(jurisdiction: str, collection: str, *, with_extent: bool = False) -> Collection:
        return items.collection(jurisdiction, collection, identity=current_identity(), with_extent=with_extent)

    @blueprint.get("/<jurisdiction>/collections")
    @guard("view_map")
    def collections(jurisdiction: str) -> Response:
        require_known()
        listing = items.collections(jurisdiction, identity=current_identity())
        told = documents.collections(items.jurisdiction(jurisdiction), listing)
        return answer(told, title=told["title"])

    @blueprint.get("/<jurisdiction>/collections/<collection>")
    @guard("view_map")
    def collection(jurisdiction: str, collection: str) -> Response:
        require_known()
        told = documents.collection(found(jurisdiction, collection, with_extent=True))
        return answer(told, title=told["title"])

    @blueprint.get("/<jurisdiction>/collections/<collection>/queryables")
    @guard("view_map")
    def queryables(jurisdiction: str, collection: str) -> Response:
        require_known()
        id_ = address(jurisdiction, "collections", collection, "queryables").partition("?")[0]
        told = schemas.queryables(found(jurisdiction, collection), id_, language())
        return answer(told, SCHEMA, title=f"{told['title']}: {word('queryables', language())}")

    @blueprint.get("/<jurisdiction>/collections/<collection>/schema")
    @guard("view_map")
    def schema(jurisdiction: str, collection: str) -> Response:
        require_known()
        id_ = address(jurisdiction, "collections", collection, "schema").partition("?")[0]
        told = schemas.schema(found(jurisdiction, collection), id_, language())
        return answer(told, SCHEMA, title=f"{told['title']}: {word('schema', language())}")


def _about_features(blueprint: Blueprint, items: ItemService, most: int) -> None:
    @blueprint.get("/<jurisdiction>/collections/<collection>/items", provide_automatic_options=False)
    @guard("view_map")
    @takes_long_list("filter")
    def page(jurisdiction: str, collection: str) -> Response:
        def ask(of: Collection) -> PageQuestion:
            require_known(*OF_ITEMS, *(one.name for one in filtered_by_name(of)))
            selection = selection_of(of)
            return PageQuestion(selection, shown_of(of, selection.period), limit_of(most))

        found, asked, told = items.page(jurisdiction, collection, ask, identity=current_identity())
        body = _collection_body(found, told)
        headers = {"Content-Crs": f"<{asked.shown.crs.uri}>"}
        return answer(body, GEOJSON, title=found.layer.title.text(language()), headers=headers)

    @blueprint.get("/<jurisdiction>/collections/<collection>/items/<path:key>", provide_automatic_options=False)
    @guard("view_map")
    def feature(jurisdiction: str, collection: str, key: str) -> Response:
        found = items.collection(jurisdiction, collection, identity=current_identity())
        require_known(*OF_ITEM)
        shown = shown_of(found)
        item = items.item(found, key, shown)
        more = {"links": documents.feature_links(found), **documents.credit(found.jurisdiction)}
        body = item.feature[:-1] + b"," + dumps(more)[1:]
        headers = {"Content-Crs": f"<{shown.crs.uri}>"}
        if item.has_history:
            headers |= etag_of_feature(item.change_id)
        return answer(body, GEOJSON, title=f"{found.layer.one.text(language())} {key}", headers=headers)


def _collection_body(collection: Collection, page: Page) -> bytes:
    """Return a FeatureCollection; its features are as the database wrote them."""
    links: list[Link] = [
        *own_links(GEOJSON),
        link("collection", "application/json", collection.layer.title.text(language()),
             collection.jurisdiction.code, "collections", collection.id),
    ]  # fmt: skip
    if page.end is not None:
        asked = {name: value for name, value in request.args.items() if name not in ("f", "lang")}
        links.append(
            link("next", GEOJSON, word("next", language()), collection.jurisdiction.code, "collections", collection.id,
                 "items", query=asked | {"after": cursor_of(page.end)})
        )  # fmt: skip
    head = {
        "type": "FeatureCollection", "timeStamp": datetime.now(UTC), "numberMatched": page.matched,
        "numberReturned": len(page.features), "links": links, **documents.credit(collection.jurisdiction),
    }  # fmt: skip
    if "datetime" in request.args and timing_of(collection.layer, collection.home) == "now":
        head["note"] = documents.timing(collection)
    return dumps(head)[:-1] + b',"features":[' + b",".join(page.features) + b"]}"
