"""Topics: which events somebody asked for."""

from __future__ import annotations

from collections.abc import Mapping

from geoservice.records.outbox.model import Event

#: For each topic that was named the values that are meant.
Topics = Mapping[str, frozenset[str]]

#: Names, and where an event tells the same.
TOPICS = ("jurisdiction", "grid", "officer", "service", "type")
MAX_VALUES, MAX_VALUE = 100, 64


def fits(topics: Topics, event: Event) -> bool:
    """Return whether an event fits every topic that was named, in one of its values."""
    return all(_fits(topic, values, event) for topic, values in topics.items())


def _fits(topic: str, values: frozenset[str], event: Event) -> bool:
    if topic == "jurisdiction":
        return event.jurisdiction_code in values
    if topic == "type":
        return event.type in values or event.type.partition(".")[0] in values
    if topic == "grid":
        return event.data.get("grid") in values or event.data.get("from_grid") in values
    return event.data.get(topic) in values
