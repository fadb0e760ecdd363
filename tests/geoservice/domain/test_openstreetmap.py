"""What tags mean: for the base map, for buildings, and what is not read at all."""

from __future__ import annotations

import pytest

from geoservice.domain import openstreetmap as tagging
from layers.basemap.layer import KINDS as BASEMAP_KINDS
from layers.buildings.layer import KINDS as BUILDING_KINDS


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"building": "apartments"}, "residential"),
        ({"building": "retail"}, "shop"),
        ({"building": "warehouse"}, "industrial"),
        ({"building": "clinic"}, "hospital"),
        ({"building": "temple"}, "public"),
        ({"building": "garages"}, "ancillary"),
        ({"building": "yes", "amenity": "kindergarten"}, "school"),
        ({"building": "yes", "office": "government"}, "public"),
        ({"building": "yes", "office": "lawyer"}, "office"),
        ({"building": "yes", "tourism": "hotel"}, "shop"),
        ({"building": "yes"}, "other"),
        ({"building": "no"}, "other"),
    ],
)
def test_kinds_of_buildings_are_those_of_the_layer(tags: dict[str, str], kind: str) -> None:
    assert tagging.building_kind(tags) == kind
    assert kind in BUILDING_KINDS


def test_what_stands_in_a_building_tells_its_kind_when_nothing_else_does() -> None:
    within = [{"amenity": "bench"}, {"shop": "bakery"}]

    assert tagging.building_kind({"building": "yes"}, within) == "shop"
    assert tagging.building_kind({"building": "apartments"}, within) == "residential"


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"building": "yes"}, True),
        ({"building": "no"}, False),
        ({"building": "entrance"}, False),
        ({"building": "ruins"}, False),
        ({"building": "yes", "location": "underground"}, False),
        ({"building:part": "yes"}, False),
        ({}, False),
    ],
)
def test_buildings_stand_above_the_ground(tags: dict[str, str], expected: bool) -> None:
    assert tagging.is_building(tags) is expected


@pytest.mark.parametrize(
    ("levels", "floors"),
    [("6", 6), ("2.5", 2), ("3;4", 3), (" 7 ", 7), ("0", None), ("201", None), ("1000", None), ("many", None)],
)
def test_floors_are_the_first_number_of_levels(levels: str, floors: int | None) -> None:
    assert tagging.floors_of({"building:levels": levels}) == floors


def test_an_address_is_written_as_its_script_writes_it() -> None:
    assert tagging.address_of({"addr:street": "Obere Landstraße", "addr:housenumber": "4a"}) == "Obere Landstraße 4a"
    assert tagging.address_of({"addr:street": "乃东路", "addr:housenumber": "12号"}) == "乃东路12号"
    assert tagging.address_of({"addr:street": "乃东路"}) is None


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"highway": "residential"}, "street"),
        ({"highway": "footway"}, "street"),
        ({"highway": "construction"}, None),
        ({"highway": "pedestrian", "area": "yes"}, None),
        ({"waterway": "river"}, "water"),
        ({"waterway": "stream", "tunnel": "culvert"}, None),
        ({"waterway": "dam"}, None),
    ],
)
def test_ways_are_streets_and_rivers(tags: dict[str, str], kind: str | None) -> None:
    assert tagging.kind_of_line(tags) == kind
    assert kind is None or kind in BASEMAP_KINDS


def test_nobody_ends_a_block_by_walking() -> None:
    assert tagging.bounds_blocks({"highway": "living_street"})
    assert not tagging.bounds_blocks({"highway": "footway"})


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"natural": "water", "leisure": "park"}, "water"),
        ({"landuse": "basin"}, "water"),
        ({"leisure": "park"}, "green"),
        ({"landuse": "cemetery"}, "green"),
        ({"natural": "wood"}, "green"),
        ({"landuse": "residential"}, None),
        ({"leisure": "park", "highway": "pedestrian"}, None),
        ({"leisure": "pitch", "building": "yes"}, None),
    ],
)
def test_areas_are_water_or_green(tags: dict[str, str], kind: str | None) -> None:
    assert tagging.kind_of_area(tags) == kind


def test_who_mapped_and_how_somebody_is_reached_is_not_read() -> None:
    assert not {key for key in tagging.KEYS if key.startswith("contact") or key in ("phone", "email", "operator")}


def test_names_are_shown_unless_they_hold_a_number_of_a_person() -> None:
    assert tagging.is_shown("萨热市场")
    assert not tagging.is_shown("茶馆 13912345678")
    assert not tagging.is_shown("a\u202eb")
    assert not tagging.is_shown("x" * 201)
