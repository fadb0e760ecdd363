"""OpenStreetMap data as text, made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

Place = tuple[float, float]


class Drawing:
    """Nodes, ways and relations; a place that is met again is the same node."""

    def __init__(self) -> None:
        self._nodes: dict[Place, int] = {}
        self._tagged: list[str] = []
        self._lines: list[str] = []
        self._next = 1000

    def _node(self, place: Place) -> int:
        return self._nodes.setdefault(place, len(self._nodes) + 1)

    def point(self, place: Place, **tags: str) -> None:
        self._next += 1
        self._tagged.append(
            f'<node id="{self._next}" version="1" lon="{place[0]:.7f}" lat="{place[1]:.7f}">{_tags(tags)}</node>'
        )

    def way(self, number: int, places: Sequence[Place | int], **tags: str) -> None:
        """Add a way; a place that is a number is a node that is not in the file."""
        refs = (place if isinstance(place, int) else self._node(place) for place in places)
        nodes = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        about = 'version="3" user="QZMAPPER" uid="77" changeset="5" timestamp="2026-01-01T00:00:00Z"'
        self._lines.append(f'<way id="{number}" {about}>{nodes}{_tags(tags)}</way>')

    def square(self, number: int, west: float, south: float, side: float, **tags: str) -> None:
        east, north = west + side, south + side
        self.way(number, [(west, south), (east, south), (east, north), (west, north), (west, south)], **tags)

    def relation(self, number: int, members: Sequence[tuple[int, str]], **tags: str) -> None:
        listed = "".join(f'<member type="way" ref="{ref}" role="{role}"/>' for ref, role in members)
        self._lines.append(f'<relation id="{number}" version="1">{listed}{_tags(tags)}</relation>')

    def text(self) -> str:
        nodes = "".join(
            f'<node id="{number}" version="1" lon="{lon:.7f}" lat="{lat:.7f}"/>'
            for (lon, lat), number in self._nodes.items()
        )
        content = f"{nodes}{''.join(sorted(self._tagged))}{''.join(self._lines)}"
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6" generator="hand">{content}</osm>'


def _tags(tags: dict[str, str]) -> str:
    # Keys with colons are no names of Python: two underscores stand for one.
    return "".join(f"<tag k={quoteattr(key.replace('__', ':'))} v={quoteattr(value)}/>" for key, value in tags.items())
