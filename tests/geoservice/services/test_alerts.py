"""Alerts of cameras are reports of what they see; cameras and reports near an incident are found, and no others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pyproj
import pytest

from geoservice.auth.model import Identity, Role
from geoservice.domain.alerts import Alert, service_for
from geoservice.errors import AlertNotTaken, CameraUnknown
from geoservice.services.alerts import AlertService
from geoservice.services.incidents import IncidentService, NewReport
from layers.crs import declared_position
from layers.db.session import Database
from tests.factories import insert, make_service, make_town
from tests.places import CENTRE

GEOD = pyproj.Geod(ellps="WGS84")
SYSTEM = Identity(Role.REPORTER, "cameras")
NOW = datetime.now(UTC)


class Post:
    """A town with two cameras at the middle of B: one looks east, 60 m far, the other all around, 40 m."""

    def __init__(self, database: Database, url: str) -> None:
        self.url = url
        self.incidents = IncidentService(database)
        self.alerts = AlertService(database, self.incidents)
        with psycopg.connect(url) as connection:
            self.town = make_town(connection).jurisdiction_id
            make_service(connection, self.town, code="parking")
            for code, bearing, fov, range_m in (("C1", 90, 60, 60), ("C2", 0, 360, 40)):
                columns = {"jurisdiction_id": self.town, "code": code, "geom": CENTRE.wkt, "bearing_deg": bearing}
                insert(connection, "camera", columns | {"fov_deg": fov, "range_m": range_m})

    def report(self, *, east_m: float = 0.0, service: str = "light", before: timedelta = timedelta()) -> str:
        lon, lat, _ = GEOD.fwd(CENTRE.lon, CENTRE.lat, 90, east_m)
        report = NewReport(service, declared_position(lon, lat), "resident", reported_at=NOW - before)
        return str(self.incidents.report(report, identity=SYSTEM)[0].id)

    def alike(self, incident: str) -> list[str]:
        return [str(one.id) for one in self.alerts.nearby(UUID(incident)).alike]


@pytest.fixture
def post(database: Database, database_url: str) -> Post:
    return Post(database, database_url)


def test_an_alert_lies_in_the_middle_of_the_view(post: Post) -> None:
    incident = post.alerts.raise_alert("C1", Alert.VEHICLE_PARKED, identity=SYSTEM)
    azimuth, _, distance_m = GEOD.inv(CENTRE.lon, CENTRE.lat, incident.position.lon, incident.position.lat)

    assert (incident.source, incident.service_code, incident.grid_code) == ("camera", "parking", "B")
    assert azimuth == pytest.approx(90, abs=0.01)
    assert distance_m == pytest.approx(30, abs=0.001)
    assert incident.accuracy_m == pytest.approx(30)
    assert dict(incident.attributes) == {"camera": "C1", "alert": "vehicle_parked"}
    assert "C1" in [one.code for one in post.alerts.nearby(incident.id).cameras]


def test_a_camera_that_sees_all_around_stands_in_the_middle(post: Post) -> None:
    incident = post.alerts.raise_alert("C2", Alert.VEHICLE_PARKED, identity=SYSTEM)

    assert incident.position.lon == pytest.approx(CENTRE.lon, abs=1e-9)
    assert incident.accuracy_m == 40


def test_an_alert_that_is_sent_again_is_stored_once(post: Post) -> None:
    first, again = (
        post.alerts.raise_alert("C1", Alert.VEHICLE_PARKED, identity=SYSTEM, key="alert-0000000001") for _ in range(2)
    )

    assert first.id == again.id


def test_what_nobody_takes_and_what_nobody_knows_is_refused(post: Post) -> None:
    with pytest.raises(AlertNotTaken):
        post.alerts.raise_alert("C1", Alert.SMOKE, identity=SYSTEM)
    with pytest.raises(CameraUnknown):
        post.alerts.raise_alert("C9", Alert.SMOKE, identity=SYSTEM)


def test_a_service_is_found_by_its_code_or_a_keyword() -> None:
    services = (("road", ("pothole",)), ("water", ("flooding",)), ("light", ()))

    assert service_for(Alert.FLOODING, services) == "water"
    assert service_for(Alert.LIGHT_OUT, services) == "light"
    assert service_for(Alert.DAMAGE, services) == "road"
    assert service_for(Alert.SMOKE, services) is None


def test_cameras_are_listed_whose_view_covers_the_place(post: Post) -> None:
    seen = {}
    for east_m in (10, 50, 80):
        report = NewReport("light", declared_position(*GEOD.fwd(CENTRE.lon, CENTRE.lat, 90, east_m)[:2]), "resident")
        incident, _ = post.incidents.report(report, identity=SYSTEM)
        seen[east_m] = [(one.code, round(one.distance_m)) for one in post.alerts.nearby(incident.id).cameras]

    assert seen == {10: [("C1", 10), ("C2", 10)], 50: [("C1", 50)], 80: []}


def test_alike_is_what_is_near_in_place_and_time_of_one_service_and_in_hand(post: Post) -> None:
    this = post.report()
    near, same_place = post.report(east_m=29.9), post.report(before=timedelta(hours=23))
    post.report(east_m=30.5)
    post.report(service="parking")
    post.report(before=timedelta(hours=25))
    cancelled = post.report(east_m=5)
    with psycopg.connect(post.url) as connection:
        connection.execute(
            "UPDATE geoservice.incident SET status = 'cancelled', step_reason = 'x' WHERE id = %s", [cancelled]
        )

    assert post.alike(this) == [same_place, near]
    assert post.incidents.count_alike(UUID(this)) == 2
