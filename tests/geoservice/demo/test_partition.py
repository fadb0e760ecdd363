"""Eight grids partition the outline, vertex for vertex."""

from __future__ import annotations

from itertools import combinations

import pyproj
import pytest
import shapely
from shapely import Point

from geoservice.demo.incident_places import tripoints
from geoservice.demo.model import Community
from geoservice.demo.plane import to_lonlat, to_plane

# A vertex rounded to 1e-7 degrees lies within this of the line it was on.
ROUNDING_DEG = 1e-7


def vertices_of(geom: shapely.Geometry) -> set[tuple[float, float]]:
    return {tuple(vertex) for vertex in shapely.get_coordinates(geom).tolist()}


def test_grids_form_a_valid_coverage(community: Community) -> None:
    assert shapely.coverage_is_valid([grid.geom for grid in community.grids])


def test_grids_together_are_the_outline_exactly(community: Community) -> None:
    geoms = [grid.geom for grid in community.grids]

    together = shapely.union_all(geoms)

    assert together.symmetric_difference(community.outline).area == 0
    assert together.equals(community.outline)
    assert sum(geom.area for geom in geoms) == pytest.approx(community.outline.area, rel=1e-12)


def test_grids_share_only_lines_and_points(community: Community) -> None:
    for first, second in combinations(community.grids, 2):
        common = first.geom.intersection(second.geom)

        assert common.area == 0
        assert not first.geom.overlaps(second.geom)


def test_every_vertex_on_a_shared_border_belongs_to_both(community: Community) -> None:
    for first, second in combinations(community.grids, 2):
        for one, other in ((first, second), (second, first)):
            near = {v for v in vertices_of(one.geom) if Point(v).distance(other.geom) < 2 * ROUNDING_DEG}

            assert near <= vertices_of(other.geom)


def test_every_grid_vertex_on_the_rim_belongs_to_the_outline(community: Community) -> None:
    rim = community.outline.boundary
    outline_vertices = vertices_of(community.outline)

    on_rim = {v for grid in community.grids for v in vertices_of(grid.geom) if Point(v).distance(rim) < ROUNDING_DEG}

    assert on_rim == outline_vertices


def test_three_grids_meet_at_t_junctions(community: Community) -> None:
    corners = tripoints(community.grids)

    assert len(corners) >= 5
    for corner in corners:
        assert sum(grid.geom.covers(corner) for grid in community.grids) >= 3


def test_codes_and_names_are_distinct_and_ordered(community: Community) -> None:
    codes = [grid.code for grid in community.grids]

    assert codes == [f"540502001001{number:03d}" for number in range(1, 9)]
    assert [grid.name for grid in community.grids][:2] == ["第一网格", "第二网格"]
    assert len({grid.name_en for grid in community.grids}) == 8


def test_grids_are_single_pieces_without_holes(community: Community) -> None:
    for grid in community.grids:
        assert grid.geom.is_valid
        assert len(grid.geom.geoms) == 1
        assert not grid.geom.geoms[0].interiors


def test_grids_are_compact_and_all_different(community: Community) -> None:
    faces = [to_plane(grid.geom) for grid in community.grids]

    # Polsby-Popper: 1 for a circle, 0.785 for a square, below 0.3 for a sliver.
    compactness = [4 * 3.14159 * face.area / face.length**2 for face in faces]

    assert min(compactness) > 0.5
    assert min(face.area for face in faces) > 80_000
    assert len({round(face.area, -3) for face in faces}) == 8


def test_outline_has_the_size_of_a_town_quarter(community: Community) -> None:
    west, south, east, north = to_plane(community.outline).bounds

    assert 1100 < east - west < 1300
    assert 850 < north - south < 1000
    assert community.outline.covers(Point(91.77, 29.24))


def test_metric_crs_is_the_zone_of_the_community(community: Community) -> None:
    crs = pyproj.CRS.from_epsg(community.metric_srid)

    area = crs.area_of_use
    operation = crs.coordinate_operation
    central_meridian = next(p.value for p in operation.params if p.name == "Longitude of natural origin")

    assert "CGCS2000" in crs.name
    assert central_meridian == 93
    assert area is not None
    assert area.west < 91.77 < area.east


def test_metric_crs_and_the_plane_agree_on_area(community: Community) -> None:
    transformer = pyproj.Transformer.from_crs(4326, community.metric_srid, always_xy=True)
    projected = shapely.transform(
        community.outline, lambda lon, lat: transformer.transform(lon, lat), interleaved=False
    )

    # 1.23 degrees off the central meridian and 3,560 m up, the scale differs by 2e-4 at most.
    assert projected.area == pytest.approx(to_plane(community.outline).area, rel=5e-4)


def test_plane_and_lonlat_are_inverse_within_rounding() -> None:
    place = Point(512.34, -287.65)

    assert to_plane(to_lonlat(place)).distance(place) < 0.01


def test_coordinates_are_rounded_to_seven_decimals(community: Community) -> None:
    coordinates = shapely.get_coordinates([grid.geom for grid in community.grids])

    assert (coordinates == coordinates.round(7)).all()
