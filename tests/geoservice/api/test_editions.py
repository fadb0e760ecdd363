"""GET /v1/editions and what hangs below it."""

from __future__ import annotations

from flask.testing import FlaskClient


def test_the_demo_has_one_edition_in_force(client: FlaskClient) -> None:
    (edition,) = client.get("/v1/editions?jurisdiction=sare").json["editions"]

    assert edition["status"] == "published"
    assert edition["valid_to"] is None
    assert (edition["grids"], edition["validated"], edition["errors"]) == (8, True, 0)
    assert client.get(f"/v1/editions/{edition['id']}").json == edition


def test_findings_are_geojson(client: FlaskClient) -> None:
    (edition,) = client.get("/v1/editions?jurisdiction=sare").json["editions"]

    findings = client.get(f"/v1/editions/{edition['id']}/findings").json

    assert findings == {"type": "FeatureCollection", "features": []}


def test_an_unknown_edition_is_said_to_be_unknown(client: FlaskClient) -> None:
    response = client.get("/v1/editions/999999999")

    assert response.status_code == 404
    assert response.json["type"] == "/docs#problem-edition-unknown"
