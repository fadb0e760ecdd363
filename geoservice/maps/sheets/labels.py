"""Names on a map, where they find room: the more important first, and none over another."""

from __future__ import annotations

import html
import math
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import shapely
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from geoservice.maps.sheets.paper import Box

#: Of letters, in heights of theirs: of Chinese, and of others on average, rather too wide.
_WIDE, _NARROW = 1.0, 0.6


@dataclass(frozen=True)
class Label:
    """A text that is to stand somewhere."""

    text: str
    x: float
    y: float
    #: Height of its letters, mm: 2.8 are 8 points.
    size: float
    #: Degrees clockwise.
    angle: float = 0.0
    bold: bool = False
    #: Shown whatever it lies over.
    sure: bool = False


def text_width(text: str, size: float) -> float:
    """Return about how wide a text is, mm."""
    return size * sum(_WIDE if unicodedata.east_asian_width(letter) in "WF" else _NARROW for letter in text)


def along(line: BaseGeometry, text: str, size: float) -> Label | None:
    """Return a label in the middle of a line on paper; None where the line is too short for it."""
    longest = max(shapely.get_parts(line), key=lambda part: part.length, default=None)
    width = text_width(text, size)
    if not isinstance(longest, LineString) or longest.length < width * 1.2:
        return None
    middle = longest.length / 2
    (x1, y1), (x2, y2) = (longest.interpolate(middle + step * width / 2).coords[0] for step in (-1, 1))
    angle = math.degrees(math.atan2(y2 - y1, x2 - x1))
    if not -90 < angle <= 90:
        angle += -180 if angle > 0 else 180
    return Label(text, (x1 + x2) / 2, (y1 + y2) / 2, size, angle)


def placed(labels: Iterable[Label], frame: Box) -> Iterator[str]:
    """Yield the texts that find room within a frame, as SVG, in the order of their importance."""
    taken: list[Polygon] = []
    inside = shapely.box(frame.left, frame.top, frame.right, frame.bottom)
    for label in labels:
        room = _room(label)
        if not label.sure and (not inside.contains(room) or any(room.intersects(one) for one in taken)):
            continue
        taken.append(room)
        yield _written(label)


def _room(label: Label) -> Polygon:
    half = text_width(label.text, label.size) / 2
    flat = shapely.box(label.x - half, label.y - label.size * 0.65, label.x + half, label.y + label.size * 0.65)
    turn = math.radians(label.angle)
    cos, sin = math.cos(turn), math.sin(turn)
    return shapely.transform(
        flat,
        lambda xy: [
            (label.x + (x - label.x) * cos - (y - label.y) * sin, label.y + (x - label.x) * sin + (y - label.y) * cos)
            for x, y in xy
        ],
    )


def _written(label: Label) -> str:
    turn = f' transform="rotate({label.angle:.1f} {label.x:.2f} {label.y:.2f})"' if label.angle else ""
    weight = ' font-weight="bold"' if label.bold else ""
    return (
        f'<text x="{label.x:.2f}" y="{label.y + label.size * 0.35:.2f}" font-size="{label.size}"{weight}{turn}'
        f' text-anchor="middle" class="name">{html.escape(label.text)}</text>'
    )
