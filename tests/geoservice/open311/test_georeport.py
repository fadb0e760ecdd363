"""The client `georeport` from the package index, against a real server: it reads everything, in both forms."""

from __future__ import annotations

import pytest
from georeport import GeoReport

from tests.conftest import LiveServer


@pytest.mark.parametrize("form", ["json", "xml"])
def test_georeport_reads_everything(live: LiveServer, form: str) -> None:
    client = GeoReport(f"{live.url}/open311/v2/", jurisdiction="sare", output_format=form)

    services = client.get_service_list()
    assert {one["service_code"] for one in services} >= {"light", "parking"}
    definition = client.get_service_definition("light")
    assert definition.get("service_definition", definition)["service_code"] == "light"
    listed = client.get_service_requests()
    assert len(listed) >= 286
    one = client.get_service_request(listed[0]["service_request_id"])
    assert one["service_request_id"] == listed[0]["service_request_id"]
    closed = client.get_service_requests(status="closed")
    assert {one["status"] for one in closed} == {"closed"}
