"""GET /v1/owner and POST /v1/owner/batch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

from geoservice.app import create_app
from geoservice.settings import Settings
from geoservice.wiring import Services, build_services
from tests.conftest import DatabaseMaker
from tests.loading import stop, wait_until_loaded

INSIDE = {"lon": 91.77, "lat": 29.24}


@pytest.fixture(scope="module")
def asked(cluster_url: str, community_template: str) -> Iterator[dict[bool, Services]]:
    """Return services on the demo community that are only asked, by whether they hold it in memory."""
    maker = DatabaseMaker(cluster_url)
    url = SecretStr(maker.clone(community_template))
    made = {held: build_services(Settings(database_url=url, pool_size=4, hold_editions=held)) for held in (False, True)}
    wait_until_loaded(made[True])
    yield made
    for services in made.values():
        stop(services)
    maker.drop_all()


@pytest.fixture(params=["from the database", "from memory", "on the fast path"])
def client(request: pytest.FixtureRequest, asked: dict[bool, Services]) -> FlaskClient:
    """Return a client of each way in which a look-up can be answered."""
    services = asked[request.param != "from the database"]
    settings = Settings(database_url=SecretStr("postgresql://unused"), fast_path=request.param == "on the fast path")
    return create_app(settings, services=services).test_client()


def test_a_place_has_one_owner_with_its_officers(client: FlaskClient) -> None:
    answer = client.get("/v1/owner", query_string=INSIDE).json

    assert answer["grid"]["code"] == "540502001001002"
    assert answer["method"] == "covers"
    assert answer["officers"][0]["role"] == "grid_officer"
    assert answer["position"] == [91.77, 29.24]


def test_a_place_near_a_border_names_the_candidates(client: FlaskClient) -> None:
    answer = client.get("/v1/owner", query_string=INSIDE | {"accuracy_m": 100}).json

    assert answer["near_border"] is True
    assert answer["candidates"][0] == {"grid_code": "540502001001002", "distance_m": 0}
    assert len(answer["candidates"]) > 1


def test_swapped_coordinates_are_refused_with_a_hint(client: FlaskClient) -> None:
    response = client.get("/v1/owner", query_string={"lon": 29.24, "lat": 91.77})

    assert response.status_code == 422
    assert response.content_type == "application/problem+json"
    assert "swapped" in response.json["detail"]


def test_a_projected_place_is_the_same_place(client: FlaskClient) -> None:
    # PostGIS: ST_Transform('SRID=4326;POINT(91.77 29.24)', 4540)
    projected = {"x": 380423.206, "y": 3236497.4, "crs": "epsg:4540"}

    answer = client.get("/v1/owner", query_string=projected).json

    assert answer["grid"]["code"] == "540502001001002"
    assert answer["position"] == pytest.approx([91.77, 29.24], abs=1e-7)


def test_far_away_nobody_owns(client: FlaskClient) -> None:
    answer = client.get("/v1/owner", query_string={"lon": 2, "lat": 48}).json

    assert answer["grid"] is None
    assert answer["method"] == "none"


def test_before_the_first_edition_nobody_owns(client: FlaskClient) -> None:
    answer = client.get("/v1/owner", query_string=INSIDE | {"at": "2001-01-01T00:00:00Z"}).json

    assert answer["method"] == "none"


def test_a_batch_is_answered_in_order_and_bad_rows_in_place(client: FlaskClient) -> None:
    body = {"positions": [[91.77, 29.24], ["91.77", 29.24], [29.24, 91.77], [2, 48], [91.77, 29.24, 0], [True, 1]]}

    results = client.post("/v1/owner/batch", json=body).json["results"]

    assert [r["grid_code"] for r in results] == ["540502001001002", None, None, None, None, None]
    assert ["problem" in r for r in results] == [False, True, True, False, True, True]


def test_a_batch_beyond_the_limit_is_refused(client: FlaskClient) -> None:
    response = client.post("/v1/owner/batch", json={"positions": [[91.77, 29.24]] * 10_001})

    assert response.status_code == 413
    assert response.json["type"] == "/docs#problem-too-many-rows"
    assert "10000" in response.json["detail"]


@pytest.mark.parametrize("crs", ["epsg:4978", "epsg:5773", "epsg:4979", "epsg:99999", "wgs 84", "EPSG:4326"])
def test_a_system_that_names_no_place_on_a_map_is_refused(client: FlaskClient, crs: str) -> None:
    response = client.get("/v1/owner", query_string={"x": 1, "y": 1, "crs": crs})

    assert response.status_code == 422
    assert response.json["type"] == "/docs#problem-unknown-crs"


def test_a_place_far_outside_its_system_is_refused(client: FlaskClient) -> None:
    response = client.get("/v1/owner", query_string={"x": "1e9", "y": "1e9", "crs": "epsg:3857"})

    assert response.json["type"] == "/docs#problem-outside-crs"


def test_a_place_a_hair_off_the_equator_is_a_place(client: FlaskClient) -> None:
    response = client.post("/v1/owner/batch", json={"positions": [[5e-324, 1e-320], [1e-200, 1e-200]]})

    assert [result["method"] for result in response.json["results"]] == ["none", "none"]
