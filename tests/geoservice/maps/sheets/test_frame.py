"""A map on paper is to its scale: measured against geodesics, which the frame does not use."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from geoservice.maps.sheets.frame import SCALES, MapFrame, scale_from, scale_of_zoom
from geoservice.maps.sheets.marginalia import bar_metres, degrees_along, north_arrow, scale_bar
from geoservice.maps.sheets.paper import MARGIN_MM, ORIENTATIONS, SIZES, Box, layout

GEOD = Geod(ellps="WGS84")
BOX = Box(20, 30, 180, 150)
#: A zone of the north, one of the south, one of UTM; a place near the middle of each, and one at its edge.
PLACES = pytest.mark.parametrize(
    ("srid", "lon", "lat"),
    [(4540, 91.77, 29.24), (4540, 94.3, 29.24), (32633, 15.1, 60.2), (32733, 14.0, -33.5), (4549, 121.4, 50.1)],
)


def paper_place(frame: MapFrame, lon: float, lat: float) -> tuple[float, float]:
    (point,) = frame.on_paper(np.array([shapely.Point(lon, lat)], dtype=object))
    return point.x, point.y


@PLACES
@pytest.mark.parametrize("scale", [500, 2_500, 25_000])
@pytest.mark.parametrize("azimuth", range(0, 360, 45))
def test_ground_is_as_long_on_paper_as_the_scale_says(
    srid: int, lon: float, lat: float, scale: int, azimuth: int
) -> None:
    frame = MapFrame(BOX, srid, (lon, lat), scale)
    metres = 50 * scale / 1000
    far_lon, far_lat, _ = GEOD.fwd(lon, lat, azimuth, metres)
    (x1, y1), (x2, y2) = paper_place(frame, lon, lat), paper_place(frame, far_lon, far_lat)

    assert (x1, y1) == pytest.approx((BOX.left + BOX.width / 2, BOX.top + BOX.height / 2), abs=1e-6)
    # A zone's edge is longer than its middle by what every map of the zone has, a thousandth.
    assert math.hypot(x2 - x1, y2 - y1) == pytest.approx(50, rel=0.0012)
    turned = math.degrees(math.atan2(x2 - x1, y1 - y2)) - azimuth
    assert (turned - frame.convergence_deg + 180) % 360 - 180 == pytest.approx(0, abs=0.05)


@PLACES
def test_the_arrow_shows_true_north(srid: int, lon: float, lat: float) -> None:
    frame = MapFrame(BOX, srid, (lon, lat), 5_000)
    (x1, y1), (x2, y2) = paper_place(frame, lon, lat), paper_place(frame, lon, lat + 0.001)

    assert frame.convergence_deg == pytest.approx(math.degrees(math.atan2(x2 - x1, y1 - y2)), abs=1e-6)
    assert f'data-degrees="{frame.convergence_deg:.3f}"' in north_arrow(frame, 0, 0)


@PLACES
@pytest.mark.parametrize("size_m", [3, 180, 2_600, 41_000])
@pytest.mark.parametrize("box", [BOX, Box(0, 0, 60, 200)], ids=["wide", "high"])
def test_what_is_to_be_seen_whole_is_and_no_larger_scale_would_show_it(
    srid: int, lon: float, lat: float, size_m: float, box: Box
) -> None:
    ring = [GEOD.fwd(lon, lat, azimuth, size_m / 2)[:2] for azimuth in range(0, 360, 10)]
    area = shapely.Polygon(ring)
    frame = MapFrame.around(box, srid, area)
    west, south, east, north = frame.bbox

    assert shapely.box(box.left, box.top, box.right, box.bottom).contains(on_paper(frame, area))
    assert frame.scale in SCALES
    assert west < min(x for x, _ in ring) and east > max(x for x, _ in ring)
    assert south < min(y for _, y in ring) and north > max(y for _, y in ring)
    larger = [scale for scale in SCALES if scale < frame.scale]
    if larger:
        cut = MapFrame.around(box, srid, area, scale=larger[-1])
        room = shapely.box(box.left + box.width * 0.02, box.top + box.height * 0.02,
                           box.right - box.width * 0.02, box.bottom - box.height * 0.02)  # fmt: skip
        assert not room.contains(on_paper(cut, area))


def on_paper(frame: MapFrame, geom: BaseGeometry) -> BaseGeometry:
    (there,) = frame.on_paper(np.array([geom], dtype=object))
    return there


@pytest.mark.parametrize("scale", SCALES)
def test_a_scale_bar_is_as_long_as_its_ground(scale: int) -> None:
    metres = bar_metres(scale)
    bar = scale_bar(scale, 0, 0)

    assert 15 < metres * 1000 / scale <= 44.01
    assert f'data-metres="{metres:g}" data-mm="{metres * 1000 / scale:.3f}"' in bar
    assert f'x="{metres * 1000 / scale * 3 / 4:.3f}" y="0" width="{metres * 1000 / scale / 4:.3f}"' in bar


def test_100_m_are_40_mm_at_1_to_2500() -> None:
    assert 'data-metres="100" data-mm="40.000"' in scale_bar(2_500, 0, 0)


def test_scales_are_round_and_never_too_large() -> None:
    assert [scale_from(needed) for needed in (0, 200, 201, 2_499.9, 9e9)] == [200, 200, 250, 2_500, SCALES[-1]]
    # OGC 17-083r4: zoom 15 of WebMercatorQuad is 1:17,061.8 at the equator.
    assert [scale_of_zoom(15, 0), scale_of_zoom(15, 60)] == [20_000, 10_000]


def test_degrees_stand_where_they_are() -> None:
    frame = MapFrame(BOX, 4540, (91.77, 29.24), 5_000)
    ticks = [tick for tick in degrees_along(frame) if tick.startswith("<path")]
    texts = [tick for tick in degrees_along(frame) if tick.startswith("<text")]

    assert len(ticks) == len(texts) >= 5
    for tick, text in zip(ticks, texts, strict=True):
        degrees, sixtieths, thirds = (int(n) for n in text.split(">")[1].split("<")[0][:-1].translate(
            str.maketrans("°′″", "   ")).split())  # fmt: skip
        value = degrees + sixtieths / 60 + thirds / 3600
        x, y = (float(n) for n in tick.split('d="M')[1].split("v" if "v1.5" in tick else "h")[0].split(","))
        left_low, right_low, left_high = frame.corners
        if "v1.5" in tick:
            low = left_low[1] + (right_low[1] - left_low[1]) * (x - BOX.left) / BOX.width
            assert paper_place(frame, value, low)[0] == pytest.approx(x, abs=0.05)
        else:
            side = left_low[0] + (left_high[0] - left_low[0]) * (BOX.bottom - y) / BOX.height
            assert paper_place(frame, side, value)[1] == pytest.approx(y, abs=0.05)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_nothing_of_a_sheet_is_in_its_margin_or_over_something_else(size, orientation) -> None:
    page = layout(size, orientation)
    boxes = [shapely.box(box.left, box.top, box.right, box.bottom) for box in (page.title, page.map, page.key)]
    inner = shapely.box(MARGIN_MM, MARGIN_MM, page.width - MARGIN_MM, page.height - MARGIN_MM)

    assert all(inner.buffer(1e-9).contains(box) for box in boxes)
    assert all(one.intersection(other).area == 0 for one in boxes for other in boxes if one is not other)
    assert (page.width > page.height) == (orientation == "landscape")
    assert page.map.width * page.map.height > 0.45 * page.width * page.height
