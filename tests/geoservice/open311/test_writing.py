"""XML as the standard library's ElementTree writes it, byte for byte, whatever stands in the records."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import numpy as np
import pytest

from geoservice.open311.writing import MEMBERS, body_of
from geoservice.writing.xml_text import fit_for_xml

TEXTS = (
    "", " ", "words", "a & b", "<script>", "]]>", "&amp;", "\"quoted\" 'so'", "山", "\U0001f333", "\x00\x0b", "\ud800",
    "\r\n\t", "\ufffe", "\u2028", None, True, False, 0, -1, 29.25, 1e-7, float(91), [], {},
)  # fmt: skip
LISTS = tuple(MEMBERS)


def by_element_tree(root: str, value: Any) -> bytes:
    element = Element(root)
    _fill(element, root, value)
    return tostring(element, encoding="utf-8", xml_declaration=True)


def _fill(element: Element, name: str, value: Any) -> None:
    if isinstance(value, dict):
        for part, inner in value.items():
            _fill(SubElement(element, part), part, inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _fill(SubElement(element, MEMBERS[name]), MEMBERS[name], inner)
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    elif value is not None:
        element.text = fit_for_xml(str(value))


def _by_chance(chance: np.random.Generator, depth: int) -> dict[str, Any]:
    """Return a record with texts, lists and records in it."""
    record: dict[str, Any] = {}
    for number in range(int(chance.integers(0, 6))):
        if depth and chance.random() < 0.3:
            members = [_by_chance(chance, depth - 1) for _ in range(int(chance.integers(0, 3)))]
            record[LISTS[int(chance.integers(len(LISTS)))]] = tuple(members) if chance.random() < 0.5 else members
        elif not isinstance(text := TEXTS[int(chance.integers(len(TEXTS)))], list):
            record[f"field_{number}"] = text
    return record


@pytest.mark.parametrize("seed", range(40))
def test_xml_is_what_element_tree_writes(seed: int) -> None:
    chance = np.random.default_rng(seed)
    records = [_by_chance(chance, 3) for _ in range(40)]

    assert body_of("xml", "service_requests", records)[0] == by_element_tree("service_requests", records)


@pytest.mark.parametrize("text", TEXTS)
def test_every_text_is_written_as_it_was(text: Any) -> None:
    record = {"notes": [], "description": text} if not isinstance(text, list) else {"notes": text}

    for value in (record, [record], []):
        assert body_of("xml", "services", value)[0] == by_element_tree("services", value)
