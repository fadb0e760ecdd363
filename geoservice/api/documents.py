"""The interface's own description: /openapi.json for programs, /docs for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, current_app, render_template, request
from flask_openapi3 import OpenAPI

from geoservice.web.guard import guard
from geoservice.web.json import dumps
from geoservice.web.problems import HTTP_KINDS, INTERNAL, KINDS
from geoservice.web.rendering import render_bytes


def documents_blueprint() -> Blueprint:
    """Return the routes."""
    blueprint = Blueprint("documents", __name__, template_folder="templates")

    @blueprint.get("/openapi.json")
    @guard("see_health")
    def openapi() -> Response:
        return render_bytes(dumps(_document()))

    @blueprint.get("/docs")
    @guard("see_health")
    def docs() -> Response:
        page = render_template(
            "docs.html",
            document=_document(),
            operations=list(_operations(_document())),
            kinds=sorted({*KINDS.values(), *HTTP_KINDS.values(), INTERNAL}, key=lambda kind: (kind.status, kind.slug)),
            base=request.host_url.rstrip("/"),
        )
        response = Response(page, mimetype="text/html")
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
        )
        return response

    return blueprint


def _document() -> dict[str, Any]:
    app = current_app
    assert isinstance(app, OpenAPI)  # noqa: S101 - create_app makes nothing else
    return app.api_doc


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every operation with its path, its method and the fields of its body."""
    for path, methods in sorted(document["paths"].items()):
        for method, operation in methods.items():
            yield {"path": path, "method": method.upper(), "body": _body_fields(document, operation), **operation}


def _body_fields(document: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return []
    schema = document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    required = schema.get("required", [])
    return [{"name": name, "required": name in required, **field} for name, field in schema["properties"].items()]
