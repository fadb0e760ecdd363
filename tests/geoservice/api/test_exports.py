"""GET /v1/editions/{id}/export."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from geoservice.reading.reader import read_features
from geoservice.writing.format_names import MAP_FORMATS
from geoservice.writing.formats import FORMATS


@pytest.mark.parametrize("name", MAP_FORMATS)
def test_every_format_is_a_file_that_can_be_read(client: FlaskClient, tmp_path: Path, name: str) -> None:
    response = client.get("/v1/editions/1/export", query_string={"format": name, "crs": "epsg:4540"})

    assert response.status_code == 200
    assert response.content_type == FORMATS[name].media_type
    file = tmp_path / response.headers["Content-Disposition"].split('"')[1]
    file.write_bytes(response.data)
    features = read_features(str(file))
    assert (len(features.geoms), features.crs) == (8, "EPSG:4540")


def test_geojson_in_wgs84_is_what_is_sent_unless_asked(client: FlaskClient) -> None:
    answer = client.get("/v1/editions/1/export").json

    assert answer["features"][0]["properties"]["code"] == "540502001001001"
    assert len(answer["features"]) == 8


@pytest.mark.parametrize(("path", "status", "kind"), [
    ("/v1/editions/99/export", 404, "edition-unknown"),
    ("/v1/editions/1/export?format=kml", 422, "invalid-input"),
    ("/v1/editions/1/export?crs=gcj02", 422, "crs-not-exported"),
    ("/v1/editions/1/export?crs=epsg:27200", 422, "outside-crs"),
    ("/v1/editions/1/export?crs=epsg:2338", 422, "datum-not-sure"),
    ("/v1/editions/1/export?crs=mars", 422, "unknown-crs"),
])  # fmt: skip
def test_what_can_not_be_exported_is_told(client: FlaskClient, path: str, status: int, kind: str) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer.json["type"]) == (status, f"/docs#problem-{kind}")
