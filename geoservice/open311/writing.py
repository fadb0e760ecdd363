"""Answers as XML and as JSON. JSON is the standard's Spark mapping: the wrappers of lists disappear."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import orjson

JSON = "application/json; charset=utf-8"
XML = "text/xml; charset=utf-8"
#: How the members of a list are called in XML, by the name of the list.
MEMBERS = {
    "services": "service", "service_requests": "request", "attributes": "attribute", "values": "value",
    "errors": "error", "endpoints": "endpoint", "formats": "format", "notes": "note",
    "service_request_updates": "request_update", "extended_attributes": "attribute",
}  # fmt: skip
#: What XML 1.0 can not hold.
_UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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
    element = Element(root)
    _fill(element, root, value)
    return tostring(element, encoding="utf-8", xml_declaration=True), XML


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


def _fill(element: Element, name: str, value: Any) -> None:
    if isinstance(value, Mapping):
        for part, inner in value.items():
            _fill(SubElement(element, part), part, inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _fill(SubElement(element, MEMBERS[name]), MEMBERS[name], inner)
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    elif value is not None:
        element.text = _UNFIT.sub("", str(value))
