"""Incidents show the figures of the command centre, by day, in every grid, and one in six on a border."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

import shapely

from geoservice.demo.incident_places import tripoints
from geoservice.demo.model import Community
from geoservice.demo.plane import to_plane

ZONE = ZoneInfo("Asia/Shanghai")


def test_286_received_153_closed_133_in_hand(community: Community) -> None:
    statuses = Counter(incident.status for incident in community.incidents)

    assert statuses.total() == 286
    assert statuses["closed"] == 153
    assert set(statuses) == {"dispatched", "accepted", "resolved", "closed", "returned"}


def test_all_lie_inside_the_outline(community: Community) -> None:
    assert shapely.covers(community.outline, [incident.position for incident in community.incidents]).all()


def test_every_grid_has_its_share(community: Community) -> None:
    places = [incident.position for incident in community.incidents]

    assert min(shapely.covers(grid.geom, places).sum() for grid in community.grids) >= 10


def test_one_in_six_lies_within_a_metre_of_a_border(community: Community) -> None:
    shared = [first.geom.intersection(second.geom) for first, second in combinations(community.grids, 2)]
    borders = to_plane(shapely.union_all([geom for geom in shared if not geom.is_empty]))

    distances_m = [to_plane(incident.position).distance(borders) for incident in community.incidents]

    assert sum(distance_m < 1 for distance_m in distances_m) == 48
    assert not any(1 < distance_m < 2.4 for distance_m in distances_m)


def test_one_lies_exactly_where_three_grids_meet(community: Community) -> None:
    corners = {corner.coords[0] for corner in tripoints(community.grids)}

    assert any(incident.position.coords[0] in corners for incident in community.incidents)


def test_reports_are_of_the_last_thirty_days_in_order(community: Community, now: datetime) -> None:
    times = [incident.reported_at for incident in community.incidents]

    assert times == sorted(times)
    assert all(time.tzinfo is not None for time in times)
    assert now - timedelta(days=30) <= times[0]
    assert times[-1] < now


def test_most_reports_come_by_day(community: Community) -> None:
    hours = [incident.reported_at.astimezone(ZONE).hour for incident in community.incidents]

    assert sum(8 <= hour < 21 for hour in hours) > 0.85 * len(hours)


def test_only_closed_incidents_have_a_closing_between_report_and_now(community: Community, now: datetime) -> None:
    for incident in community.incidents:
        if incident.status == "closed":
            assert incident.closed_at is not None
            assert incident.reported_at < incident.closed_at < now
        else:
            assert incident.closed_at is None


def test_some_closed_incidents_are_rated_one_to_five(community: Community) -> None:
    ratings = [incident.rating for incident in community.incidents if incident.status == "closed"]

    assert all(incident.rating is None for incident in community.incidents if incident.status != "closed")
    assert {rating for rating in ratings if rating is not None} <= {1, 2, 3, 4, 5}
    assert 30 < ratings.count(None) < 70


def test_services_are_known_and_all_used(community: Community) -> None:
    codes = [service.code for service in community.services]

    assert 12 <= len(set(codes)) == len(codes) <= 16
    assert {incident.service_code for incident in community.incidents} == set(codes)
    assert all(service.name and service.name_en and service.hours > 0 for service in community.services)


def test_sources_are_the_five_doors(community: Community) -> None:
    sources = {incident.source for incident in community.incidents}

    assert sources == {"resident", "patrol", "camera", "hotline", "system"}


def test_descriptions_are_short_and_accuracy_positive(community: Community) -> None:
    for incident in community.incidents:
        assert 5 <= len(incident.description) <= 40
        assert 1 <= incident.accuracy_m <= 60
