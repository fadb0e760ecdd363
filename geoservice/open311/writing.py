"""Answers as XML and as JSON. JSON is the standard's Spark mapping: the wrappers of lists disappear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from geoservice.writing.xml_text import fit_for_xml

JSON = "application/json; charset=utf-8"
XML = "text/xml; charset=utf-8"
#: How the members of a list are called in XML, by the name of the list.
MEMBERS = {
    "services": "service", "service_requests": "request", "attributes": "attribute", "values": "value",
    "errors": "error", "endpoints": "endpoint", "formats": "format", "notes": "note",
    "service_request_updates": "request_update", "extended_attributes": "attribute",
}  # fmt: skip
_DECLARATION = "<?xml version='1.0' encoding='utf-8'?>\n"


def body_of(form: str, root: str, value: Mapping[str, Any] | Sequence[Any]) -> tuple[bytes, str]:
    """Return a body and its content type.

    Parameters
    ----------
    form
        xml or json.
    root
        Name of the XML document's element; JSON does not have it.
    """
    if form == "json":
        return orjson.dumps(_plain(value)), JSON
    return (_DECLARATION + _element(root, value)).encode(), XML


def errors_body(form: str, status: int, descriptions: Sequence[str]) -> tuple[bytes, str]:
    """Return the body of an error: in both forms a list."""
    return body_of(form, "errors", [{"code": status, "description": one} for one in descriptions])


def instant(value: datetime | None) -> str | None:
    """Return an instant as W3C writes it, with its zone, to the second."""
    return None if value is None else value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value


def _element(name: str, value: Any) -> str:
    """Return an element as ElementTree writes it, at a third of the time: a stranger may ask for a thousand records."""
    inside = _inside(name, value)
    return f"<{name}>{inside}</{name}>" if inside else f"<{name} />"


def _inside(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str | int | float):
        text = ("true" if value else "false") if isinstance(value, bool) else str(value)
        return fit_for_xml(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if isinstance(value, Mapping):
        return "".join([_element(part, inner) for part, inner in value.items()])
    member = MEMBERS[name]
    return "".join([_element(member, inner) for inner in value])
