"""Whom a jurisdiction's data are of is told wherever they go, as text."""

from __future__ import annotations

import json
import re
from html import escape

import pytest
from flask.testing import FlaskClient

from geoservice.services.jurisdictions import JurisdictionService
from geoservice.wiring import Services
from layers.errors import RefusedByDatabase

HOSTILE = "<b>© Town & </script><script>alert(1)</script> survey"


@pytest.fixture
def named(services: Services) -> str:
    code = services.viewing.jurisdictions()[0].code
    JurisdictionService(services.database).set_up(code, attribution=f"  {HOSTILE} ")
    return code


def test_the_interface_tells_it_as_it_is(client: FlaskClient, named: str) -> None:
    one = client.get(f"/v1/jurisdictions/{named}").json
    assert one["attribution"] == HOSTILE
    assert client.get("/v1/jurisdictions").json["jurisdictions"] == [one]
    assert client.get("/v1/jurisdictions/nowhere").status_code == 404


def test_tilejson_tells_it_as_markup_without_tags(client: FlaskClient, named: str) -> None:
    assert client.get(f"/tiles/{named}/cameras.json").json["attribution"] == escape(HOSTILE)
    assert client.get(f"/tiles/{named}/grids.json").json["attribution"] == escape(HOSTILE)


@pytest.mark.parametrize("page", ["/maps/{}", "/report"])
def test_pages_hold_it_as_a_string_of_their_script(client: FlaskClient, named: str, page: str) -> None:
    text = client.get(page.format(named)).text

    assert "alert(1)</script>" not in text
    assert [json.loads(found) for found in re.findall(r'"attribution": ?("(?:[^"\\]|\\.)*")', text)] == [HOSTILE]


def test_nobody_is_named_unless_somebody_is(client: FlaskClient, services: Services) -> None:
    code = services.viewing.jurisdictions()[0].code
    assert "attribution" not in client.get(f"/tiles/{code}/cameras.json").json
    service = JurisdictionService(services.database)
    assert service.set_up(code, attribution="x").attribution == "x"
    assert service.set_up(code, reroute="move").attribution == "x"
    assert service.set_up(code, attribution="").attribution is None
    with pytest.raises(RefusedByDatabase, match="1 to 500 characters"):
        service.set_up(code, attribution="x" * 501)


def test_who_is_credited_is_named_once_by_the_whole_name(services: Services, named: str) -> None:
    service = JurisdictionService(services.database)
    service.set_up(named, attribution="Land Registry of Upper Mill")

    assert service.credit(named, "Land Registry") == "Land Registry of Upper Mill; Land Registry"
    assert service.credit(named, "Land Registry") == "Land Registry of Upper Mill; Land Registry"


@pytest.mark.parametrize(
    "part", ["", "/collections", "/collections/buildings", "/collections/buildings/items?limit=1",
             "/collections/buildings/items/{}"]
)  # fmt: skip
def test_every_document_and_page_with_its_data_tells_it(client: FlaskClient, named: str, part: str) -> None:
    first = client.get(f"/ogc/{named}/collections/buildings/items?limit=1").json["features"][0]["id"]
    path = f"/ogc/{named}{part.format(first)}"

    told = client.get(path, headers={"Accept": "application/geo+json"}).json
    page = client.get(path, headers={"Accept": "text/html"}).text

    assert told["attribution"] == HOSTILE
    assert page.count(escape(HOSTILE)) == 1
    assert "<script>alert(1)" not in page
