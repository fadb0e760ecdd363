"""What stands beside a map on paper so that it can be read: scale, north, degrees along the frame, a key map."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import shapely

from geoservice.maps.sheets.frame import MapFrame
from geoservice.maps.sheets.paper import Box
from geoservice.maps.sheets.symbols import INK, path_of

#: A bar is about so long.
_BAR_MM = 44
_NICE = (1, 2, 2.5, 5)
#: Degrees between ticks along the frame: of arc minutes and seconds.
_STEPS_DEG = tuple(n / 3600 for n in (1, 2, 5, 10, 15, 20, 30)) + tuple(n / 60 for n in (1, 2, 5, 10, 15, 20, 30)) + (
    1.0, 2.0, 5.0, 10.0,
)  # fmt: skip
_TICKS_APART_MM = 45


def bar_metres(scale: int) -> float:
    """Return the ground that a scale bar shows, metres: a round number that is near 44 mm long."""
    longest = _BAR_MM * scale / 1000
    power = 10.0 ** math.floor(math.log10(longest))
    return max(nice * power for nice in (*_NICE, 10) if nice * power <= longest * 1.0001)


def scale_bar(scale: int, x: float, y: float) -> str:
    """Return a bar of four parts with its figures above, from a place to the right."""
    metres = bar_metres(scale)
    length = metres * 1000 / scale
    unit, divisor = ("km", 1000) if metres >= 1000 else ("m", 1)
    parts = [
        f'<rect x="{x + length * n / 4:.3f}" y="{y:g}" width="{length / 4:.3f}" height="1.6"'
        f' fill="{INK if n % 2 == 0 else "#ffffff"}" stroke="{INK}" stroke-width="0.2"/>'
        for n in range(4)
    ]
    texts = [
        f'<text x="{x + length * share:.2f}" y="{y - 1.2:g}" font-size="2.6" text-anchor="middle">'
        f"{metres * share / divisor:g}{f' {unit}' if share == 1 else ''}</text>"
        for share in (0, 0.5, 1)
    ]
    return f'<g class="scale-bar" data-metres="{metres:g}" data-mm="{length:.3f}">{"".join(parts + texts)}</g>'


def north_arrow(frame: MapFrame, x: float, y: float) -> str:
    """Return an arrow to true north, 12 mm high, its middle at a place."""
    arrow = "M0,-6L2.2,3L0,1.6L-2.2,3Z"
    return (
        f'<g class="north" data-degrees="{frame.convergence_deg:.3f}" transform="translate({x:g} {y:g})'
        f' rotate({frame.convergence_deg:.3f})"><path d="{arrow}" fill="{INK}"/>'
        '<text y="6.5" font-size="3" text-anchor="middle">N</text></g>'
    )


def degrees_along(frame: MapFrame) -> Iterator[str]:
    """Yield ticks with degrees below and at the left of a frame; between corners degrees run even enough for a tick."""
    box, (left_low, right_low, left_high) = frame.box, frame.corners
    for x, lon in _ticks(box.left, box.right, left_low[0], right_low[0]):
        yield f'<path d="M{x:.2f},{box.bottom:g}v1.5" stroke="{INK}" stroke-width="0.2"/>'
        place = f'x="{x:.2f}" y="{box.bottom + 4:g}" font-size="2.3" text-anchor="middle"'
        yield f"<text {place}>{_written(lon, 'EW')}</text>"
    for y, lat in _ticks(box.bottom, box.top, left_low[1], left_high[1]):
        yield f'<path d="M{box.left:g},{y:.2f}h-1.5" stroke="{INK}" stroke-width="0.2"/>'
        turn = f'transform="rotate(-90 {box.left - 2.4:g} {y:.2f})"'
        yield (
            f'<text x="{box.left - 2.4:g}" y="{y:.2f}" font-size="2.3" text-anchor="middle" {turn}>'
            f"{_written(lat, 'NS')}</text>"
        )


def _ticks(begin_mm: float, end_mm: float, first: float, last: float) -> Iterator[tuple[float, float]]:
    apart = abs(last - first) * _TICKS_APART_MM / abs(end_mm - begin_mm)
    step = next((one for one in _STEPS_DEG if one >= apart), _STEPS_DEG[-1])
    for number in range(math.ceil(first / step), math.floor(last / step) + 1):
        value = number * step
        place = begin_mm + (end_mm - begin_mm) * (value - first) / (last - first)
        if min(abs(place - begin_mm), abs(place - end_mm)) > 6:
            yield place, value


def _written(degrees: float, sides: str) -> str:
    seconds = round(abs(degrees) * 3600)
    whole, rest = divmod(seconds, 3600)
    side = sides[0] if degrees >= 0 else sides[1]
    return f"{whole}°{rest // 60:02d}′{rest % 60:02d}″{side}"


def key_map(geoms: np.ndarray, chosen: int | None, srid: int, box: Box) -> str:
    """Return all grids small, the chosen one dark.

    Parameters
    ----------
    geoms
        (n,) EPSG:4326.
    """
    frame = MapFrame.around(box, srid, shapely.box(*shapely.total_bounds(geoms)))
    there = shapely.simplify(frame.on_paper(geoms), 0.15, preserve_topology=True)
    drawn = [f'<path d="{path_of(there)}" fill="#ffffff" stroke="{INK}" stroke-width="0.15"/>']
    if chosen is not None:
        drawn.append(f'<path d="{path_of(there[chosen : chosen + 1])}" fill="{INK}" fill-opacity="0.75"/>')
    return f'<g class="key-map">{"".join(drawn)}</g>'
