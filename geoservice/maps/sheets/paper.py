"""Paper, and where on it what stands; millimetres from the left and from the top."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

Size = Literal["a4", "a3", "a2"]
Orientation = Literal["landscape", "portrait"]
SIZES: tuple[Size, ...] = get_args(Size)
ORIENTATIONS: tuple[Orientation, ...] = get_args(Orientation)
#: ISO 216, upright.
_UPRIGHT_MM: dict[Size, tuple[float, float]] = {"a4": (210, 297), "a3": (297, 420), "a2": (420, 594)}
#: What no printer can reach, and room to hold a sheet.
MARGIN_MM = 10
_TITLE_MM = 17
#: Between the frame of the map and what stands beside it; also for the degrees along the frame.
_GAP_MM = 5
_ASIDE_MM, _BELOW_MM = 66, 86


class Box(NamedTuple):
    """A rectangle on paper."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Return where it ends at the right."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Return where it ends below."""
        return self.top + self.height


class Layout(NamedTuple):
    """A sheet of paper, and what stands where."""

    size: Size
    orientation: Orientation
    width: float
    height: float
    title: Box
    map: Box
    #: Legend, scale and whatever else explains the map.
    key: Box


def layout(size: Size, orientation: Orientation) -> Layout:
    """Return how a sheet is divided: the key stands beside the map where paper is wide, else below it."""
    short, long = _UPRIGHT_MM[size]
    width, height = (long, short) if orientation == "landscape" else (short, long)
    inner = Box(MARGIN_MM, MARGIN_MM, width - 2 * MARGIN_MM, height - 2 * MARGIN_MM)
    title = Box(inner.left, inner.top, inner.width, _TITLE_MM)
    top = title.bottom
    if orientation == "landscape":
        drawn = Box(inner.left, top, inner.width - _ASIDE_MM - _GAP_MM, inner.bottom - top - _GAP_MM)
        key = Box(drawn.right + _GAP_MM, top, _ASIDE_MM, inner.bottom - top)
    else:
        drawn = Box(inner.left, top, inner.width, inner.height - _TITLE_MM - _BELOW_MM - _GAP_MM)
        key = Box(inner.left, drawn.bottom + _GAP_MM, inner.width, _BELOW_MM)
    return Layout(size, orientation, width, height, title, drawn, key)
