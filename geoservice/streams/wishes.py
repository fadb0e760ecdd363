"""What a listener asks for: topics, and from where on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from layers.outbox.model import Event

#: Names in the address, and where an event tells the same.
TOPICS = ("jurisdiction", "grid", "officer", "service", "type")
_MOST_VALUES, _LONGEST_VALUE, _LONGEST_QUERY = 100, 64, 10_000
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


class WishRefused(Exception):
    """What was asked for can not be understood; says why and how to ask."""


@dataclass(frozen=True)
class Wish:
    """What a listener asks for."""

    #: For each topic asked for, the values that are meant; every topic must fit.
    topics: Mapping[str, frozenset[str]] = field(default_factory=dict)
    #: Tell what follows this number; None: what happens from now on.
    after: int | None = None

    def means(self, event: Event) -> bool:
        """Return whether an event was asked for."""
        return all(self._fits(topic, values, event) for topic, values in self.topics.items())

    @staticmethod
    def _fits(topic: str, values: frozenset[str], event: Event) -> bool:
        if topic == "jurisdiction":
            return event.jurisdiction_code in values
        if topic == "type":
            return event.type in values or event.type.partition(".")[0] in values
        if topic == "grid":
            return event.data.get("grid") in values or event.data.get("from_grid") in values
        return event.data.get(topic) in values


def read_wish(query: str, last_event_id: str | None) -> Wish:
    """Return what an address and the header Last-Event-ID ask for; raise WishRefused."""
    if len(query) > _LONGEST_QUERY:
        raise WishRefused(f"The query is longer than {_LONGEST_QUERY} characters; ask for fewer topics.")
    try:
        asked = parse_qs(query, keep_blank_values=True, strict_parsing=bool(query), max_num_fields=_MOST_VALUES)
    except ValueError as exc:
        raise WishRefused(
            f"The query can not be read. Write it as grid=02&service=light, with at most {_MOST_VALUES} values."
        ) from exc
    after = asked.pop("after", [None])[-1]
    for topic, values in asked.items():
        if topic not in TOPICS:
            raise WishRefused(
                f"There is no topic {topic[:_LONGEST_VALUE]!r}; there are {', '.join(TOPICS)}, and after."
            )
        if any(not value or len(value) > _LONGEST_VALUE for value in values):
            raise WishRefused(f"A value of {topic} is empty or longer than {_LONGEST_VALUE} characters.")
    # A browser that comes back says in the header where it was; the address is still the one it began with.
    where = last_event_id or after
    if where is not None and _NUMBER.fullmatch(where) is None:
        raise WishRefused("Last-Event-ID and after take the id of an event, a whole number.")
    return Wish({topic: frozenset(values) for topic, values in asked.items()}, None if where is None else int(where))
