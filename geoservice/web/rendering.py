"""How answers leave: JSON with the instants in UTC, and never stored unless a view says so."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from pydantic import BaseModel

from geoservice.web.files import COMPRESS_FROM_BYTES, packed
from geoservice.web.json import dumps


def render(answer: BaseModel, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Write an answer."""
    return render_bytes(dumps(answer.model_dump()), status=status, headers=headers)


def render_bytes(body: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Write an answer that is JSON already."""
    said = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
    if headers:
        said = [pair for pair in said if pair[0] not in headers] + list(headers.items())
    answer = Response(body, status, said)
    # What is packed has a weak tag, which If-Match does not take (RFC 9110, 13.1.1).
    large = len(body) >= COMPRESS_FROM_BYTES and request.method == "GET" and "ETag" not in answer.headers
    return packed(answer) if large else answer


def shape(model: type[BaseModel], **extra: Any) -> dict[str, Any]:
    """Return a JSON-ready dict of a model's schema, for OpenAPI."""
    return model.model_json_schema(mode="serialization") | extra


def service_root() -> str:
    """Return where this service is for the caller; who says in vain that a proxy speaks TLS deceives himself alone."""
    said = request.headers.get("X-Forwarded-Proto", "").partition(",")[0].strip().lower()
    return request.url_root.replace("http:", "https:", 1) if said == "https" else request.url_root
