"""GCJ-02 and BD-09: published values, the way there and back, and where they are refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely

from layers.crs import OffTheEarth, OutsideMainland, declared_position, degrees_on_wgs84
from layers.mainland import is_mainland, mainland
from layers.shifted import FROM_WGS84, bd09_of_gcj02, gcj02_of_wgs84

#: Longitude, latitude and where it is in GCJ-02. The first: examples of github.com/wandergis/coordtransform
#: (test/app.js); the others: geocoordinates-rs 0.14.2 (PyPI), another implementation, in Rust.
PUBLISHED = [
    ((116.404, 39.915), (116.41024449916938, 39.91640428150164)),
    ((91.77, 29.24), (91.77121575829058, 29.23692081310705)),
    ((121.4737, 31.2304), (121.47822305927693, 31.22845773757727)),
    ((87.6168, 43.8256), (87.61964994946926, 43.82680539311119)),
]
#: Also from there: GCJ-02 to BD-09.
BAIDU = ((116.404, 39.915), (116.41036949371029, 39.92133699351021))
MAINLAND = {
    "Zedang": (91.77, 29.24), "Lhasa": (91.13, 29.65), "Cona": (91.96, 27.99), "Beijing": (116.4, 39.9),
    "Luohu": (114.12, 22.545), "Shekou": (113.91, 22.48), "Yantian": (114.27, 22.57), "Gongbei": (113.549, 22.222),
    "Hengqin": (113.53, 22.12), "Xiamen": (118.09, 24.48), "Dandong": (124.39, 40.12), "Heihe": (127.5, 50.25),
    "Kashgar": (75.99, 39.47), "Sanya": (109.5, 18.25), "Zhoushan": (122.2, 30.0), "Changhai": (122.6, 39.27),
    "Mohe": (122.5, 53.0), "Yadong": (88.9, 27.5), "Ruili": (97.85, 24.0), "Dongxing": (107.97, 21.54),
}  # fmt: skip
ELSEWHERE = {
    "Seoul": (126.978, 37.566), "Pyongyang": (125.75, 39.03), "Hanoi": (105.85, 21.03), "Haiphong": (106.68, 20.86),
    "Ulaanbaatar": (106.92, 47.92), "Vladivostok": (131.9, 43.12), "Hong Kong": (114.17, 22.30),
    "Sheung Shui": (114.128, 22.502), "Tuen Mun": (113.97, 22.39), "Macau": (113.545, 22.19), "Cotai": (113.56, 22.14),
    "Taipei": (121.56, 25.04), "Kinmen": (118.35, 24.44), "Matsu": (119.94, 26.15), "Kathmandu": (85.32, 27.7),
    "Thimphu": (89.64, 27.47), "Gangtok": (88.61, 27.33), "Almaty": (76.9, 43.25), "Vientiane": (102.6, 17.97),
    "Tokyo": (139.7, 35.7), "London": (-0.1, 51.5),
}  # fmt: skip


def random_places(count: int) -> tuple[np.ndarray, np.ndarray]:
    west, south, east, north = mainland().bounds
    random = np.random.default_rng(2)
    lon, lat = random.uniform(west, east, 4 * count), random.uniform(south, north, 4 * count)
    inside = is_mainland(lon, lat)
    return lon[inside][:count], lat[inside][:count]


def metres_apart(lon: np.ndarray, lat: np.ndarray, other_lon: np.ndarray, other_lat: np.ndarray) -> np.ndarray:
    degree_m = 111_320
    return np.hypot((lon - other_lon) * degree_m * np.cos(np.radians(lat)), (lat - other_lat) * degree_m)


@pytest.mark.parametrize(("place", "shifted"), PUBLISHED)
def test_published_values_are_met(place: tuple[float, float], shifted: tuple[float, float]) -> None:
    lon, lat = gcj02_of_wgs84(np.array([place[0]]), np.array([place[1]]))

    assert (lon[0], lat[0]) == pytest.approx(shifted, abs=1e-12)
    assert declared_position(*shifted, crs="gcj02").position == pytest.approx(place, abs=1e-12)


def test_published_value_of_baidu_is_met() -> None:
    lon, lat = bd09_of_gcj02(np.array([BAIDU[0][0]]), np.array([BAIDU[0][1]]))

    assert (lon[0], lat[0]) == pytest.approx(BAIDU[1], abs=1e-12)


@pytest.mark.parametrize("crs", FROM_WGS84)
def test_ten_thousand_places_come_back_within_a_micrometre(crs: str) -> None:
    lon, lat = random_places(10_000)
    shifted = FROM_WGS84[crs](lon, lat)

    found = degrees_on_wgs84(*shifted, crs=crs)

    assert metres_apart(lon, lat, *found).max() < 1e-6
    assert metres_apart(lon, lat, *shifted).max() > 300


@pytest.mark.parametrize("crs", FROM_WGS84)
def test_one_place_and_many_are_told_alike_to_the_last_digit(crs: str) -> None:
    lon, lat = random_places(300)
    shifted = np.column_stack(FROM_WGS84[crs](lon, lat))

    many = np.column_stack(degrees_on_wgs84(shifted[:, 0], shifted[:, 1], crs=crs))

    assert many.tolist() == [list(declared_position(x, y, crs=crs).position) for x, y in shifted.tolist()]


@pytest.mark.parametrize("crs", FROM_WGS84)
@pytest.mark.parametrize("place", MAINLAND.values(), ids=MAINLAND)
def test_places_of_the_mainland_are_taken(place: tuple[float, float], crs: str) -> None:
    x, y = (float(one[0]) for one in FROM_WGS84[crs](np.array([place[0]]), np.array([place[1]])))

    told = declared_position(x, y, crs=crs)

    assert told.position == pytest.approx(place, abs=1e-9)
    assert (told.x, told.y, told.crs) == (x, y, crs)


@pytest.mark.parametrize("crs", FROM_WGS84)
@pytest.mark.parametrize("place", ELSEWHERE.values(), ids=ELSEWHERE)
def test_places_elsewhere_are_refused(place: tuple[float, float], crs: str) -> None:
    shifted = FROM_WGS84[crs](np.array([place[0]]), np.array([place[1]]))

    lon, lat = degrees_on_wgs84(*shifted, crs=crs)

    assert np.isnan(lon).all()
    assert np.isnan(lat).all()
    with pytest.raises(OutsideMainland):
        declared_position(float(shifted[0][0]), float(shifted[1][0]), crs=crs)


@pytest.mark.parametrize("x", [math.nan, math.inf, 181.0, 0.0, 180.0])
def test_what_is_no_place_at_all_is_refused(x: float) -> None:
    with pytest.raises((OffTheEarth, OutsideMainland)):
        declared_position(x, 90.0, crs="bd09")


def test_swapped_coordinates_are_told() -> None:
    with pytest.raises(OffTheEarth) as refused:
        declared_position(29.24, 91.77, crs="gcj02")

    assert refused.value.fields["swapped"] is True


def test_the_outline_is_one_valid_area_with_its_cuts() -> None:
    assert shapely.is_valid(mainland())
    # The mainland is 9.6 million km2; this is coarse, wider, and has its sea.
    assert 9.6e6 < mainland().area * 111.32**2 * math.cos(math.radians(35)) < 10.5e6
