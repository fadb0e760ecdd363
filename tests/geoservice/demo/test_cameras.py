"""Cameras stand at streets, in every grid, and look somewhere sensible."""

from __future__ import annotations

import shapely

from geoservice.demo.model import Community
from geoservice.demo.plane import to_plane


def test_there_are_about_120_with_their_own_codes(community: Community) -> None:
    assert 115 <= len(community.cameras) <= 125
    assert len({camera.code for camera in community.cameras}) == len(community.cameras)


def test_view_sectors_are_plausible(community: Community) -> None:
    for camera in community.cameras:
        assert camera.kind in ("dome", "bullet", "ptz")
        assert camera.status in ("online", "offline", "maintenance")
        assert 0 <= camera.bearing_deg < 360
        assert 40 <= camera.fov_deg <= 120
        assert 20 <= camera.range_m <= 100


def test_every_status_and_kind_occurs(community: Community) -> None:
    assert len({camera.status for camera in community.cameras}) == 3
    assert len({camera.kind for camera in community.cameras}) == 3


def test_every_grid_has_cameras_and_none_stands_outside(community: Community) -> None:
    places = [camera.position for camera in community.cameras]

    per_grid = [shapely.contains(grid.geom, places).sum() for grid in community.grids]

    assert min(per_grid) >= 4
    assert sum(per_grid) == len(places)


def test_masts_stand_beside_streets_and_not_in_buildings(community: Community) -> None:
    streets = to_plane(shapely.union_all([f.geom for f in community.basemap if f.kind == "street"]))
    buildings = shapely.union_all([building.geom for building in community.buildings])

    for camera in community.cameras:
        assert 3.5 < to_plane(camera.position).distance(streets) < 25
        assert not buildings.intersects(camera.position)
