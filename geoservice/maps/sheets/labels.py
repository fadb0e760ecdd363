"""Names on a map, where they find room: the more important first, and none over another or over a mark."""

from __future__ import annotations

import html
import math
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from geoservice.maps.sheets.paper import Box

#: Of letters, in heights of theirs: of Chinese, and of others on average, rather too wide.
_WIDE, _NARROW = 1.0, 0.6
#: Where along a line its name is tried, the middle first.
_STEPS = (0.5, 0.35, 0.65, 0.2, 0.8)


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
    #: Whether it may lie over marks; over another name none does.
    covers: bool = False


def text_width(text: str, size: float) -> float:
    """Return about how wide a text is, mm."""
    return size * sum(_WIDE if unicodedata.east_asian_width(letter) in "WF" else _NARROW for letter in text)


def along(line: BaseGeometry, text: str, size: float) -> list[Label]:
    """Return labels along a line on paper, the best first; none where the line is too short for one."""
    longest = max(shapely.get_parts(line), key=lambda part: part.length, default=None)
    width = text_width(text, size)
    if not isinstance(longest, LineString) or longest.length < width * 1.2:
        return []
    middles = [longest.length * step for step in _STEPS]
    return [
        _at(longest, middle, width, text, size)
        for middle in middles
        if width / 2 <= middle <= longest.length - width / 2
    ]


def _at(line: LineString, middle: float, width: float, text: str, size: float) -> Label:
    (x1, y1), (x2, y2) = (line.interpolate(middle + step * width / 2).coords[0] for step in (-1, 1))
    angle = math.degrees(math.atan2(y2 - y1, x2 - x1))
    if not -90 < angle <= 90:
        angle += -180 if angle > 0 else 180
    return Label(text, (x1 + x2) / 2, (y1 + y2) / 2, size, angle)


def placed(names: Iterable[Sequence[Label]], frame: Box, marks: NDArray[np.object_]) -> Iterator[str]:
    """Yield the texts that find room within a frame, as SVG, in the order of their importance.

    Parameters
    ----------
    names
        Of each name the places where it may stand, the best first.
    marks
        What no name lies over that does not have to, (n,) shapes in millimetres of paper.
    """
    taken: list[Polygon] = []
    inside = shapely.box(frame.left, frame.top, frame.right, frame.bottom)
    tree = shapely.STRtree(marks)
    for name in names:
        for label in name:
            room = _room(label)
            covering = not label.covers and len(tree.query(room, predicate="intersects"))
            if inside.contains(room) and not covering and not any(room.intersects(one) for one in taken):
                taken.append(room)
                yield _written(label)
                break


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
