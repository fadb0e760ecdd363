"""What a file of QGIS is built of: elements, and values as Qt writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias
from xml.etree.ElementTree import Element, indent, tostring

from geoservice.writing.xml_text import fit_for_xml

#: What QGIS keeps in an <Option>.
Value: TypeAlias = "str | bool | int | float | Mapping[str, Value] | Sequence[Value]"

_DOCTYPE = b"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_SCALARS = {bool: "bool", int: "int", float: "double", str: "QString"}


def element(tag: str, *children: Element, text: str | None = None, **attributes: str) -> Element:
    """Return an element with its attributes and all that is in it."""
    made = Element(tag, {name: fit_for_xml(value) for name, value in attributes.items()})
    made.text = None if text is None else fit_for_xml(text)
    made.extend(children)
    return made


def option(value: Value, **attributes: str) -> Element:
    """Return a value as Qt writes it, with what it is inside.

    Parameters
    ----------
    value
        A text, truth value or number, or a mapping or sequence of these.
    """
    if isinstance(value, Mapping):
        return element("Option", *(option(one, name=name) for name, one in value.items()), type="Map", **attributes)
    if isinstance(value, str | bool | int | float):
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return element("Option", type=_SCALARS[type(value)], value=text, **attributes)
    return element("Option", *(option(one) for one in value), type="List", **attributes)


def flag(value: bool) -> str:
    """Return a truth value as attributes have it."""
    return "1" if value else "0"


def written(root: Element) -> bytes:
    """Return the whole file."""
    indent(root)
    return _DOCTYPE + tostring(root, encoding="utf-8")
