"""Geometries that must never be stored: what a broken tool or a hostile client sends, and the sentence that refuses."""

from __future__ import annotations

import itertools
import math
import struct

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from tests.factories import ewkb


def star(vertices: int) -> Polygon:
    """Return a star that crosses itself all over: each edge crosses nearly every other."""
    step = 2 * math.pi * (vertices // 2 - 1) / vertices
    angles = np.arange(vertices) * step
    return Polygon(np.column_stack([91.77 + 0.01 * np.cos(angles), 29.24 + 0.01 * np.sin(angles)]))


def circle(vertices: int) -> Polygon:
    """Return a valid polygon with a given number of vertices."""
    angles = np.linspace(0, 2 * math.pi, vertices - 1, endpoint=False)
    return Polygon(np.column_stack([91.77 + 0.01 * np.cos(angles), 29.24 + 0.01 * np.sin(angles)]))


def ring_wkb(*rings: list[tuple[float, float]]) -> str:
    """Return a multipolygon of one polygon as EWKB, byte by byte: libraries would close its rings."""
    body = [struct.pack("<BIII", 1, 0x20000006, 4326, 1), struct.pack("<BII", 1, 3, len(rings))]
    body += [struct.pack(f"<I{2 * len(ring)}d", len(ring), *itertools.chain(*ring)) for ring in rings]
    return b"".join(body).hex()


def wkt(shape: str) -> str:
    return f"SRID=4326;MULTIPOLYGON({shape})"


#: A square in the town, for shapes that are wrong elsewhere.
SQUARE = "(91.76 29.25,91.77 29.25,91.77 29.26,91.76 29.26,91.76 29.25)"
SHELL = [(91.0, 29.0), (92.0, 29.0), (92.0, 30.0), (91.0, 30.0), (91.0, 29.0)]
INVALID = "is not a valid geometry: "
OFF_THE_EARTH = "has coordinates that are not longitude and latitude"
WRONG_TYPE = r"Geometry type \(\w+\) does not match column type \(MultiPolygon\)"

#: Areas: what is sent, and what the refusal says.
AREAS: dict[str, tuple[str | None, str]] = {
    "nothing": (None, "has no geometry"),
    "empty": ("SRID=4326;MULTIPOLYGON EMPTY", "has an empty geometry"),
    "not a number": (
        ring_wkb([(91.76, 29.25), (math.nan, 29.25), (91.77, 29.26), (91.76, 29.25)]), f"{INVALID}|{OFF_THE_EARTH}",
    ),
    "nothing but not a number": (ring_wkb([(math.nan, math.nan)] * 4), f"{INVALID}|{OFF_THE_EARTH}"),
    "infinite": (
        ring_wkb([(91.76, 29.25), (math.inf, 29.25), (91.77, 29.26), (91.76, 29.25)]), f"{INVALID}|{OFF_THE_EARTH}",
    ),
    "out of range": (wkt("((179 10,181 10,181 11,179 10))"), OFF_THE_EARTH),
    "beyond the pole": (wkt("((10 89,11 89,11 90.1,10 89))"), OFF_THE_EARTH),
    "longitude and latitude swapped": (wkt("((29 91.76,29 91.77,29.1 91.77,29 91.76))"), OFF_THE_EARTH),
    "metres": (wkt("((10215700 3406000,10215800 3406000,10215800 3406100,10215700 3406000))"), OFF_THE_EARTH),
    "metres without a reference system": (
        "MULTIPOLYGON(((10215700 3406000,10215800 3406000,10215800 3406100,10215700 3406000)))", OFF_THE_EARTH,
    ),
    "bow-tie": (wkt("((91.76 29.25,91.77 29.26,91.77 29.25,91.76 29.26,91.76 29.25))"), f"{INVALID}Self-intersection"),
    "no area": (wkt("((91.76 29.25,91.77 29.26,91.76 29.25,91.76 29.25))"), INVALID),
    "all points equal": (wkt("((91.76 29.25,91.76 29.25,91.76 29.25,91.76 29.25))"), INVALID),
    "spike": (
        wkt("((91.76 29.25,91.77 29.25,91.77 29.26,91.765 29.26,91.765 29.27,91.765 29.26,91.76 29.26,91.76 29.25))"),
        INVALID,
    ),
    "hole outside": (
        wkt(f"({SQUARE},(91.78 29.25,91.79 29.25,91.79 29.26,91.78 29.25))"), f"{INVALID}Hole lies outside",
    ),
    "hole equal to its shell": (wkt(f"({SQUARE},{SQUARE})"), INVALID),
    "holes that cross": (
        wkt(f"({SQUARE},(91.761 29.251,91.765 29.251,91.765 29.255,91.761 29.255,91.761 29.251),"
            "(91.763 29.253,91.768 29.253,91.768 29.258,91.763 29.258,91.763 29.253))"), INVALID,
    ),
    "parts that overlap": (wkt(f"({SQUARE}),({SQUARE})"), INVALID),
    "unclosed ring": (
        ring_wkb([(91.76, 29.25), (91.77, 29.25), (91.77, 29.26), (91.76, 29.26)]),
        f"{INVALID}.*not form a closed linestring",
    ),
    "ring of three points": (ring_wkb([(91.76, 29.25), (91.77, 29.25), (91.76, 29.25)]), f"{INVALID}Too few points"),
    "ring of nothing": (ring_wkb([]), "has an empty geometry"),
    "star of 4,000 vertices": (ewkb(MultiPolygon([star(4000)])), f"{INVALID}Self-intersection"),
    "star of 99,000 vertices": (ewkb(MultiPolygon([star(99_000)])), f"{INVALID}Self-intersection"),
    "100,001 vertices": (ewkb(MultiPolygon([circle(100_001)])), "has 100001 vertices; 100000 is the most"),
    "1,000,000 vertices": (ewkb(MultiPolygon([circle(1_000_000)])), "has 1000000 vertices; 100000 is the most"),
    "a million rings": (
        ring_wkb(SHELL, *[[(91.5, 29.5)] * 4] * 250_000), "has 1000005 vertices; 100000 is the most",
    ),
    "three dimensions": (
        "SRID=4326;MULTIPOLYGON Z(((0 0 1,1 0 1,1 1 1,0 0 1)))", "Geometry has Z dimension but column does not",
    ),
    "measures": (
        "SRID=4326;MULTIPOLYGON M(((0 0 1,1 0 1,1 1 1,0 0 1)))", "Geometry has M dimension but column does not",
    ),
    "curves": ("SRID=4326;CURVEPOLYGON(CIRCULARSTRING(0 0,4 0,4 4,0 4,0 0))", WRONG_TYPE),
    "surface of curves": ("SRID=4326;MULTISURFACE(CURVEPOLYGON(CIRCULARSTRING(0 0,4 0,4 4,0 4,0 0)))", WRONG_TYPE),
    "triangles": ("SRID=4326;TIN(((0 0,1 0,1 1,0 0)))", WRONG_TYPE),
    "a line": ("SRID=4326;LINESTRING(0 0,1 1)", WRONG_TYPE),
    "a collection": (f"SRID=4326;GEOMETRYCOLLECTION(POLYGON({SQUARE}))", WRONG_TYPE),
    "another reference system": (
        f"SRID=3857;MULTIPOLYGON(({SQUARE}))", r"Geometry SRID \(3857\) does not match column SRID \(4326\)",
    ),
}  # fmt: skip

NOT_ON_THE_EARTH = "has a position that is not on the earth: POINT"

#: Points: what is sent, and what the refusal says.
POINTS: dict[str, tuple[str | None, str]] = {
    "nothing": (None, "has no position"),
    "empty": ("SRID=4326;POINT EMPTY", NOT_ON_THE_EARTH),
    "not a number": (ewkb(shapely.Point(math.nan, 29)), NOT_ON_THE_EARTH),
    "infinite": (ewkb(shapely.Point(91, math.inf)), NOT_ON_THE_EARTH),
    "minus infinite": (ewkb(shapely.Point(-math.inf, 29)), NOT_ON_THE_EARTH),
    "out of range": ("SRID=4326;POINT(180.0000001 29)", NOT_ON_THE_EARTH),
    "beyond the pole": ("SRID=4326;POINT(91 -90.1)", NOT_ON_THE_EARTH),
    "longitude and latitude swapped": ("SRID=4326;POINT(29.25 91.75)", NOT_ON_THE_EARTH),
    "metres": ("SRID=4326;POINT(10215700 3406000)", NOT_ON_THE_EARTH),
    "metres without a reference system": ("POINT(10215700 3406000)", NOT_ON_THE_EARTH),
    "three dimensions": ("SRID=4326;POINT Z(91.76 29.25 3)", "Geometry has Z dimension but column does not"),
    "measures": ("SRID=4326;POINT M(91.76 29.25 3)", "Geometry has M dimension but column does not"),
    "several points": ("SRID=4326;MULTIPOINT(91.76 29.25,91.77 29.25)", r"type \(MultiPoint\) does not match column"),
    "an area": ("SRID=4326;POLYGON((0 0,1 0,1 1,0 0))", r"type \(Polygon\) does not match column type \(Point\)"),
    "another reference system": ("SRID=3857;POINT(91.76 29.25)", r"Geometry SRID \(3857\) does not match column SRID"),
}
