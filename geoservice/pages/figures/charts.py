"""Where the marks of the charts stand, in the units of their pictures; templates draw them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from geoservice.pages.figures.tables import Cell, Table

#: Of the bars: a line's height, where bars begin and how long the longest is.
BAR_LINE, BAR_LEFT, BAR_WIDTH = 30, 116, 360
#: Of the lines: the room that they have, and its edges.
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 640, 280, 44, 12, 26, 30
#: Names at the axis of time, so many at most.
_TICKS = 8


@dataclass(frozen=True)
class Bar:
    """A bar, of which a part is late."""

    name: str
    y: float
    #: Of all that is in hand, and of the late part.
    width: float
    late_width: float
    in_hand: Cell
    late: Cell


@dataclass(frozen=True)
class Bars:
    """A chart of bars."""

    bars: tuple[Bar, ...]
    height: float


@dataclass(frozen=True)
class Tick:
    """A place on an axis and what it is called."""

    at: float
    text: str


@dataclass(frozen=True)
class Line:
    """A line over time; it has a gap where nothing is known."""

    name: str
    #: Pieces without a gap, as the attribute `points` has them.
    pieces: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Lines:
    """A chart of lines."""

    lines: tuple[Line, ...]
    times: tuple[Tick, ...]
    numbers: tuple[Tick, ...]


def bars_of(grids: Table) -> Bars:
    """Return the bars of the table of grids, in its order."""
    most = max((_number(row[3]) for row in grids.rows), default=0) or 1
    bars = tuple(
        Bar(row[0].text, at * BAR_LINE + 4, BAR_WIDTH * _number(row[3]) / most, BAR_WIDTH * _number(row[4]) / most,
            row[3], row[4])
        for at, row in enumerate(grids.rows)
    )  # fmt: skip
    return Bars(bars, len(bars) * BAR_LINE + 4)


def lines_of(time: Table) -> Lines:
    """Return a line for each column of the table over time."""
    top = nice_top(max((_number(cell) for row in time.rows for cell in row[1:]), default=0))
    step = (WIDTH - LEFT - RIGHT) / max(1, len(time.rows) - 1)
    every = -(-len(time.rows) // _TICKS)

    def x(at: int) -> float:
        return round(LEFT + at * step, 1)

    def y(number: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - number / top), 1)

    lines = []
    for column, name in enumerate(("received", "closed", "became_late"), start=1):
        marks = [None if row[column].value is None else (x(at), y(_number(row[column])))
                 for at, row in enumerate(time.rows)]  # fmt: skip
        lines.append(Line(name, _pieces(marks), tuple(one for one in marks if one is not None)))
    times = tuple(Tick(x(at), row[0].text) for at, row in enumerate(time.rows) if at % every == 0)
    numbers = tuple(Tick(y(top * part / 4), f"{top * part // 4:,}") for part in range(5))
    return Lines(tuple(lines), times, numbers)


def nice_top(most: float) -> int:
    """Return a number from `most` on whose quarters are whole and easy to read."""
    size = 4
    while True:
        for factor in (1, 2, 5):
            if size * factor >= most:
                return size * factor
        size *= 10


def shades(hours: Table) -> list[list[int]]:
    """Return a shade from 0 (none) to 5 for each cell of the week: by fifths of the largest."""
    most = max((_number(cell) for row in hours.rows for cell in row[1:]), default=0) or 1
    return [[-(-int(_number(cell)) * 5 // int(most)) for cell in row[1:]] for row in hours.rows]


def _pieces(marks: Sequence[tuple[float, float] | None]) -> tuple[str, ...]:
    pieces: list[list[str]] = [[]]
    for mark in marks:
        if mark is None:
            pieces.append([])
        else:
            pieces[-1].append(f"{mark[0]},{mark[1]}")
    return tuple(" ".join(piece) for piece in pieces if piece)


def _number(cell: Cell) -> float:
    return cell.value if isinstance(cell.value, int | float) else 0
