"""What a listener asks for: topics, and from where on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from geoservice.domain.topics import MAX_VALUE, MAX_VALUES, TOPICS, Topics, fits
from geoservice.records.outbox.model import Event

_MAX_QUERY = 10_000
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


class InvalidSubscription(Exception):
    """What was asked for can not be understood; says why and how to ask."""


@dataclass(frozen=True)
class Subscription:
    """What a listener asks for."""

    #: For each topic asked for, the values that are meant; every topic must fit.
    topics: Topics = field(default_factory=dict)
    #: Tell what follows this number; None: what happens from now on.
    after: int | None = None

    def means(self, event: Event) -> bool:
        """Return whether an event was asked for."""
        return fits(self.topics, event)


def parse_subscription(query: str, last_event_id: str | None) -> Subscription:
    """Return what an address and the header Last-Event-ID ask for; raise InvalidSubscription."""
    if len(query) > _MAX_QUERY:
        raise InvalidSubscription(f"The query is longer than {_MAX_QUERY} characters; ask for fewer topics.")
    try:
        asked = parse_qs(query, keep_blank_values=True, strict_parsing=bool(query), max_num_fields=MAX_VALUES)
    except ValueError as exc:
        raise InvalidSubscription(
            f"The query can not be read. Write it as grid=02&service=light, with at most {MAX_VALUES} values."
        ) from exc
    after = asked.pop("after", [None])[-1]
    for topic, values in asked.items():
        if topic not in TOPICS:
            raise InvalidSubscription(
                f"There is no topic {topic[:MAX_VALUE]!r}; there are {', '.join(TOPICS)}, and after."
            )
        if any(not value or len(value) > MAX_VALUE for value in values):
            raise InvalidSubscription(f"A value of {topic} is empty or longer than {MAX_VALUE} characters.")
    # A browser that comes back says in the header where it was; the address is still the one it began with.
    where = last_event_id or after
    if where is not None and _NUMBER.fullmatch(where) is None:
        raise InvalidSubscription("Last-Event-ID and after take the id of an event, a whole number.")
    return Subscription(
        {topic: frozenset(values) for topic, values in asked.items()}, None if where is None else int(where)
    )
