"""Curves of WKB made lines, as GDAL makes them: a point every four degrees of an arc, its own points kept.

Read in the guarded process; it imports nothing of the service. Source: ISO 13249-3 (SQL/MM spatial), 5.1.67: codes 8 to
12, one thousand more with Z, two with M, three with both.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

_CIRCULAR, _COMPOUND, _CURVE_POLYGON, _MULTI_CURVE, _MULTI_SURFACE = range(8, 13)
_POINT, _LINE, _POLYGON = 1, 2, 3
#: What its parts become.
_STRAIGHT = {_CIRCULAR: 2, _COMPOUND: 2, _CURVE_POLYGON: 3, _MULTI_CURVE: 5, _MULTI_SURFACE: 6}
_STEP_RAD = math.radians(4)
#: No curve has parts nested deeper.
_DEPTH_MAX = 4

Places = list[tuple[float, ...]]


class NotACurve(ValueError):
    """The bytes are not as the standard has them."""


def is_curved(wkb: bytes) -> bool:
    """Return whether a geometry is a curve, a surface of curves, or several of them."""
    if len(wkb) < 5:
        return False
    return _kind(wkb, 0)[0] in _STRAIGHT


def straightened(wkbs: Sequence[bytes | None]) -> tuple[list[bytes | None], int]:
    """Return geometries with lines for curves, and how many there were; of one that is broken, the first five bytes."""
    made: list[bytes | None] = []
    count = 0
    for wkb in wkbs:
        if wkb is None or not is_curved(wkb):
            made.append(wkb)
            continue
        count += 1
        try:
            made.append(_Curve(wkb).straight())
        except (NotACurve, struct.error):
            made.append(b"\x01" + struct.pack("<I", _STRAIGHT[_kind(wkb, 0)[0]]))
    return made, count


def _kind(wkb: bytes, at: int) -> tuple[int, int, str]:
    """Return the code of a geometry, how many numbers its places have, and its byte order."""
    order = "<" if wkb[at] == 1 else ">"
    [code] = struct.unpack_from(f"{order}I", wkb, at + 1)
    has_z, has_m = bool(code & 0x80000000), bool(code & 0x40000000)
    code &= 0x0FFFFFFF
    more = code // 1000
    return code % 1000, 2 + (has_z or more in (1, 3)) + (has_m or more in (2, 3)), order


class _Curve:
    """One geometry, read from its first byte to its last."""

    def __init__(self, wkb: bytes) -> None:
        self._wkb, self._at = wkb, 0
        more = struct.unpack_from("<I" if wkb[0] == 1 else ">I", wkb, 1)[0]
        self._has_z = bool(more & 0x80000000) or (more & 0x0FFFFFFF) // 1000 in (1, 3)

    def straight(self) -> bytes:
        kind, parts = self._geometry(0)
        return self._written(kind, parts)

    def _geometry(self, depth: int) -> tuple[int, list[Places]]:
        """Return the code of a geometry without curves, and its lines or rings; of several polygons, one after another.

        A list that is empty parts two polygons.
        """
        if depth > _DEPTH_MAX or self._at + 9 > len(self._wkb):
            raise NotACurve
        kind, size, order = _kind(self._wkb, self._at)
        [count] = struct.unpack_from(f"{order}I", self._wkb, self._at + 5)
        self._at += 9
        if count * 4 > len(self._wkb):
            raise NotACurve
        if kind in (_LINE, _CIRCULAR):
            places = self._places(count, size, order)
            return _LINE, [_of_arcs(places) if kind == _CIRCULAR else places]
        if kind == _POLYGON:
            return _POLYGON, [self._places(self._count(order), size, order) for _ in range(count)]
        if kind == _COMPOUND:
            return _LINE, [_joined([self._geometry(depth + 1)[1][0] for _ in range(count)])]
        if kind == _CURVE_POLYGON:
            return _POLYGON, [self._geometry(depth + 1)[1][0] for _ in range(count)]
        if kind == _MULTI_CURVE:
            return 5, [self._geometry(depth + 1)[1][0] for _ in range(count)]
        if kind == _MULTI_SURFACE:
            polygons = [self._geometry(depth + 1)[1] for _ in range(count)]
            return 6, [ring for polygon in polygons for ring in (*polygon, [])]
        raise NotACurve

    def _count(self, order: str) -> int:
        [count] = struct.unpack_from(f"{order}I", self._wkb, self._at)
        self._at += 4
        return int(count)

    def _places(self, count: int, size: int, order: str) -> Places:
        numbers = struct.unpack_from(f"{order}{count * size}d", self._wkb, self._at)
        self._at += 8 * count * size
        kept = 3 if self._has_z else 2
        return [numbers[at : at + kept] for at in range(0, count * size, size)]

    def _written(self, kind: int, parts: list[Places]) -> bytes:
        if kind == _LINE:
            return self._head(_LINE) + self._line(parts[0])
        if kind == _POLYGON:
            return self._head(_POLYGON, len(parts)) + b"".join(map(self._line, parts))
        if kind == 5:
            return self._head(5, len(parts)) + b"".join(self._head(_LINE) + self._line(part) for part in parts)
        polygons: list[list[Places]] = [[]]
        for part in parts:
            if part:
                polygons[-1].append(part)
            else:
                polygons.append([])
        return self._head(6, len(polygons) - 1) + b"".join(self._written(_POLYGON, one) for one in polygons[:-1])

    def _head(self, kind: int, count: int | None = None) -> bytes:
        code = kind + 1000 * self._has_z
        return b"\x01" + struct.pack("<I", code) + (b"" if count is None else struct.pack("<I", count))

    def _line(self, places: Places) -> bytes:
        return struct.pack("<I", len(places)) + b"".join(struct.pack(f"<{len(one)}d", *one) for one in places)


def _joined(lines: Sequence[Places]) -> Places:
    """Return lines of which each begins where the one before ends, as one."""
    joined: Places = []
    for line in lines:
        joined += line[1:] if joined and line and joined[-1][:2] == line[0][:2] else line
    return joined


def _of_arcs(places: Places) -> Places:
    """Return the line of arcs, each through three places, the last of which begins the next."""
    if len(places) < 3 or len(places) % 2 == 0:
        if places:
            raise NotACurve
        return []
    line = [places[0]]
    for at in range(0, len(places) - 2, 2):
        line += _arc(*places[at : at + 3])
    return line


def _arc(start: tuple[float, ...], middle: tuple[float, ...], end: tuple[float, ...]) -> Places:
    """Return the places of an arc behind its first."""
    (x0, y0), (x1, y1), (x2, y2) = start[:2], middle[:2], end[:2]
    if (x0, y0) == (x2, y2):
        centre_x, centre_y, whole = (x0 + x1) / 2, (y0 + y1) / 2, True
    else:
        # The centre of the circle through three places, from the first one, so that no digits are lost.
        ax, ay, bx, by = x1 - x0, y1 - y0, x2 - x0, y2 - y0
        area = 2 * (ax * by - ay * bx)
        if area == 0:
            return [middle, end]
        a, b = ax * ax + ay * ay, bx * bx + by * by
        centre_x, centre_y, whole = x0 + (by * a - ay * b) / area, y0 + (ax * b - bx * a) / area, False
    radius = math.hypot(x0 - centre_x, y0 - centre_y)
    angles = [math.atan2(y - centre_y, x - centre_x) for x, y in ((x0, y0), (x1, y1), (x2, y2))]
    if not all(map(math.isfinite, (radius, *angles))):
        raise NotACurve
    turns_left = whole or (x1 - x0) * (y2 - y0) - (y1 - y0) * (x2 - x0) > 0
    line: Places = []
    for begin, stop, last in ((angles[0], angles[1], middle), (angles[1], angles[2], end)):
        turn = (stop - begin) % math.tau if turns_left else -((begin - stop) % math.tau)
        steps = max(1, math.ceil(abs(turn) / _STEP_RAD))
        line += [
            (centre_x + radius * math.cos(begin + turn * step / steps),
             centre_y + radius * math.sin(begin + turn * step / steps), *start[2:])
            for step in range(1, steps)
        ]  # fmt: skip
        line.append(last)
    return line
