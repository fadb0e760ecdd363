"""Buildings stand in blocks: apart from each other, from streets and from the river, each in one grid."""

from __future__ import annotations

import shapely
from shapely import STRtree

from geoservice.demo.model import BasemapFeature, BasemapKind, Community
from geoservice.demo.plane import to_plane


def features(community: Community, kind: BasemapKind) -> list[BasemapFeature]:
    return [feature for feature in community.basemap if feature.kind == kind]


def test_there_are_about_nine_hundred(community: Community) -> None:
    assert 880 <= len(community.buildings) <= 920
    assert len({building.code for building in community.buildings}) == len(community.buildings)


def test_footprints_are_valid_and_of_plausible_size(community: Community) -> None:
    for building in community.buildings:
        assert building.geom.is_valid
        assert 30 < to_plane(building.geom).area < 1800
        assert 1 <= building.floors <= 6


def test_no_two_overlap_or_touch(community: Community) -> None:
    shapes = [building.geom for building in community.buildings]

    first, second = STRtree(shapes).query(shapes, predicate="intersects")

    assert (first == second).all()


def test_each_lies_in_exactly_one_grid(community: Community) -> None:
    for building in community.buildings:
        touched = [grid for grid in community.grids if grid.geom.intersects(building.geom)]

        assert len(touched) == 1
        assert touched[0].geom.contains_properly(building.geom)


def test_none_stands_on_a_street_or_in_the_river(community: Community) -> None:
    shapes = [to_plane(building.geom) for building in community.buildings]
    streets = [to_plane(street.geom) for street in features(community, "street")]
    # The narrowest alley is seven metres wide; a blind alley ends at somebody's wall, hence the flat ends.
    carriageways = STRtree(shapely.buffer(streets, 3.5, cap_style="flat"))
    water = to_plane(shapely.union_all([feature.geom for feature in features(community, "water")]))

    assert not len(carriageways.query(shapes, predicate="intersects")[0])
    assert not shapely.intersects(shapes, water).any()


def test_none_stands_in_a_park(community: Community) -> None:
    greens = shapely.union_all([feature.geom for feature in features(community, "green")])

    assert not shapely.intersects([building.geom for building in community.buildings], greens).any()


def test_some_are_not_plain_boxes(community: Community) -> None:
    corners = [len(building.geom.exterior.coords) - 1 for building in community.buildings]

    assert corners.count(4) > 400
    assert corners.count(6) > 60
    assert corners.count(8) > 30


def test_names_and_addresses_are_complete(community: Community) -> None:
    streets = {feature.name for feature in features(community, "street")}

    for building in community.buildings:
        assert building.name
        assert building.address.endswith("号")
        assert building.address.rstrip("0123456789号") in streets
    assert "安居苑1栋" in {building.name for building in community.buildings}


def test_names_are_unique(community: Community) -> None:
    names = [building.name for building in community.buildings]

    assert len(set(names)) == len(names)


def test_blocks_and_greens_do_not_overlap(community: Community) -> None:
    land = [feature.geom for feature in community.basemap if feature.kind in ("block", "green")]

    first, second = STRtree(land).query(land, predicate="intersects")

    assert (first == second).all()


def test_basemap_is_valid_and_streets_are_named_in_both_languages(community: Community) -> None:
    for feature in community.basemap:
        assert feature.geom.is_valid
        assert not feature.geom.is_empty
    streets = features(community, "street")
    assert len(streets) > 50
    assert all(street.name and street.name_en for street in streets)
    assert len({street.name for street in streets}) == len(streets)
    assert len({street.name_en for street in streets}) == len(streets)


def test_streets_are_no_chessboard(community: Community) -> None:
    bearings = set()
    for street in features(community, "street"):
        coordinates = shapely.get_coordinates(to_plane(street.geom))
        east, north = coordinates[-1] - coordinates[0]
        bearings.add(round(float(shapely.get_x(shapely.Point(east, north)) / (abs(east) + abs(north))), 1))

    # Two bearings would be a chessboard.
    assert len(bearings) >= 6
