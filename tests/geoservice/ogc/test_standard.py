"""What the standard's own test suite asks of an interface, asked of every collection (OGC 17-069r4, annex A)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_30_VALIDATOR
from werkzeug.test import TestResponse

from geoservice.auth.model import Role
from geoservice.ogc.conformance import CONFORMS_TO
from geoservice.ogc.links import OPENAPI
from layers.catalogue import catalogue
from tests.geoservice.web.door import Door

ROOT = "/ogc/sare"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
every_collection = pytest.mark.parametrize("collection", catalogue())
BOXES = (
    "-1.5,50,1.5,53", "-80,-5,-70,5", "177,65,-177,70", "-180,85,180,90", "-180,-90,180,-85", "91.7,29.2,91.8,29.3",
    "91.7,29.2,0,91.8,29.3,9000", "91.77,29.24,91.77,29.24",
)  # fmt: skip
#: Parameters of items that can not be read.
UNREADABLE = (
    "limit=unlimited", "limit=0", "limit=-1", "limit=1.5", "limit=", "unknown=1", "bbox=1,2,3", "bbox=1,2,3,4,5",
    "bbox=nan,1,2,3", "bbox=91,29,9,92,30,0", "bbox=92,29,9,91,30,0", f"bbox=9,1,8,2&bbox-crs={EPSG}3857",
    "bbox=-1e99,1,1e99,2", f"bbox=-1e99,1,1e99,2&bbox-crs={EPSG}4540", f"bbox=29,91,28,92&bbox-crs={EPSG}4326",
    "bbox=inf,1,2,3", "bbox=91,30,92,29", "bbox=-181,0,0,1", "bbox=", "bbox=a,b,c,d",
    "datetime=now", "datetime=2026-02-30", "datetime=2026-01-31T08:00:00", "datetime=2026-01-02/2026-01-01",
    "datetime=", "datetime=1/2/3", f"crs={CRS84}x", "crs=http://www.opengis.net/def/crs/0/unsupported",
    "bbox-crs=http://www.opengis.net/def/crs/0/unsupported", "filter-crs=x", "filter-lang=cql-text", "filter=",
    "sortby=unknown", "sortby=", "properties=unknown", "after=x", "after=WyJhIiwiYiJd", "f=xml", "lang=fr",
)  # fmt: skip


def get(door: Door, path: str, *, role: Role = Role.PUBLIC, **headers: str) -> TestResponse:
    """Ask, and fail unless it is answered."""
    response = door.client.get(path, headers=door.headers(role) | {k.replace("_", "-"): v for k, v in headers.items()})
    assert response.status_code == 200, f"{path}: {response.get_data(as_text=True)[:300]}"
    return response


def links(document: dict[str, Any], rel: str) -> list[dict[str, Any]]:
    return [one for one in document["links"] if one["rel"] == rel]


def pages(door: Door, path: str) -> Iterator[dict[str, Any]]:
    """Yield a page and those that follow it."""
    while path:
        document = get(door, path).json
        assert document["numberReturned"] == len(document["features"])
        yield document
        path = next((one["href"].removeprefix("http://localhost") for one in links(document, "next")), "")


def positions(coordinates: list[Any]) -> Iterator[tuple[float, float]]:
    if isinstance(coordinates[0], int | float):
        yield coordinates[0], coordinates[1]
        return
    for one in coordinates:
        yield from positions(one)


def test_the_landing_page_leads_to_everything(door: Door) -> None:
    for path in (ROOT, f"{ROOT}/"):
        document = get(door, path, Accept="application/json").json

        assert all(one["href"].startswith("http://localhost/ogc/sare") for one in document["links"])
        (described,) = links(document, "service-desc")
        assert described["type"] == OPENAPI == "application/vnd.oai.openapi+json;version=3.0"
        for rel in ("self", "alternate", "service-doc", "conformance", "data"):
            assert links(document, rel)[0]["type"], rel
    assert {one["href"] for one in links(get(door, "/ogc").json, "child")} == {"http://localhost/ogc/sare"}


def test_links_follow_the_scheme_of_the_caller(door: Door) -> None:
    document = get(door, ROOT, X_Forwarded_Proto="https", Host="gis.example").json

    assert {one["href"].partition("/ogc")[0] for one in document["links"]} == {"https://gis.example"}


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.ANALYST])
def test_the_description_is_valid_openapi_3_0_with_every_collection_in_it(door: Door, role: Role) -> None:
    response = get(door, f"{ROOT}/api", role=role)
    document = response.json

    assert response.content_type == OPENAPI
    assert document["openapi"].startswith("3.0.")
    OPENAPI_30_VALIDATOR.validate(document)
    parameters = document["components"]["parameters"]
    assert parameters["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 100}
    assert (parameters["bbox"]["schema"]["minItems"], parameters["bbox"]["schema"]["maxItems"]) == (4, 6)
    for name in ("limit", "bbox", "datetime"):
        assert (parameters[name]["style"], parameters[name]["explode"]) == ("form", False)
    for collection, layer in catalogue().items():
        operations = document["paths"][f"/collections/{collection}/items"]
        assert "200" in operations["get"]["responses"]
        assert ("post" in operations) == (role is Role.ANALYST and layer.is_written and not layer.personal)


def test_it_declares_what_it_keeps(door: Door) -> None:
    declared = get(door, f"{ROOT}/conformance").json["conformsTo"]

    assert declared == list(CONFORMS_TO)
    assert len(set(declared)) == len(declared)
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in declared


def test_every_layer_is_a_collection_and_says_the_same_of_itself_alone(door: Door) -> None:
    document = get(door, f"{ROOT}/collections").json

    assert [one["id"] for one in document["collections"]] == list(catalogue())
    for told in document["collections"]:
        alone = get(door, f"{ROOT}/collections/{told['id']}").json
        assert alone == told
        assert told["itemType"] == "feature"
        assert told["storageCrs"] == told["crs"][0] == CRS84
        (items,) = (one for one in links(told, "items") if one["type"] == "application/geo+json")
        assert items["href"].endswith(f"/collections/{told['id']}/items")
        west, south, east, north = told["extent"]["spatial"]["bbox"][0]
        assert -180 <= west <= east <= 180
        assert -90 <= south <= north <= 90


@pytest.mark.slow
@every_collection
def test_every_json_answer_has_its_page(door: Door, collection: str) -> None:
    of_collection = f"{ROOT}/collections/{collection}"
    key = get(door, f"{of_collection}/items?limit=1").json["features"][0]["id"]
    paths = [f"{of_collection}{part}" for part in ("", "/queryables", "/schema", "/items", f"/items/{key}", "/styles")]
    if catalogue()[collection].tiling is not None:
        paths += [f"{of_collection}/tiles", f"{of_collection}/tiles/WebMercatorQuad"]
    paths += [f"{ROOT}/tileMatrixSets"]
    for path in ["/ogc", ROOT, f"{ROOT}/api", f"{ROOT}/conformance", f"{ROOT}/collections", *paths]:
        for asked in (get(door, f"{path}?f=html"), get(door, path, Accept="text/html")):
            assert asked.content_type == "text/html; charset=utf-8"
        for language in ("zh", "en"):
            page = get(door, f"{path}?f=html&lang={language}").get_data(as_text=True)
            assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in page
        document = get(door, path, Accept="application/json, text/html;q=0.1").json
        if not path.endswith(("queryables", "schema", "api")):
            assert [one["type"] for one in links(document, "alternate")] == ["text/html"], path
            assert len(links(document, "self")) == 1


@every_collection
def test_pages_hold_every_feature_once(door: Door, collection: str) -> None:
    path = f"{ROOT}/collections/{collection}/items"
    found = list(pages(door, f"{path}?limit=37&lang=en"))
    ids = [one["id"] for page in found for one in page["features"]]

    assert len(ids) == len(set(ids)) == found[0]["numberMatched"]
    assert ids == [one["id"] for page in pages(door, f"{path}?limit=10000") for one in page["features"]]
    assert get(door, path).json["numberReturned"] == min(100, len(ids))
    for more in ("999999", "9" * 10, "9" * 400):
        assert get(door, f"{path}?limit={more}").json["numberReturned"] == min(10_000, len(ids))


@every_collection
def test_a_page_is_as_the_standard_has_it(door: Door, collection: str) -> None:
    path = f"{ROOT}/collections/{collection}/items"
    response = get(door, f"{path}?limit=5", Accept="application/geo+json")
    document = response.json

    assert response.content_type == "application/geo+json"
    assert {"Accept", "Accept-Encoding", "Authorization"} <= set(response.vary.as_set(preserve_casing=True))
    assert response.headers["Content-Crs"] == f"<{CRS84}>"
    assert document["type"] == "FeatureCollection"
    assert datetime.fromisoformat(document["timeStamp"]).tzinfo is not None
    for feature in document["features"]:
        alone = get(door, f"{path}/{feature['id']}")
        assert {name: alone.json[name] for name in feature} == feature
        assert alone.headers["Content-Crs"] == f"<{CRS84}>"
        assert [one["type"] for one in links(alone.json, "collection")] == ["application/json"]
        assert list(feature["properties"]) == [column.name for column in catalogue()[collection].columns]
        if feature["geometry"]:
            assert all(-180 <= x <= 180 and -90 <= y <= 90 for x, y in positions(feature["geometry"]["coordinates"]))


@every_collection
def test_boxes_find_what_meets_them(door: Door, collection: str) -> None:
    path = f"{ROOT}/collections/{collection}/items"
    every = get(door, f"{path}?limit=10000").json
    extent = get(door, f"{ROOT}/collections/{collection}").json["extent"]["spatial"]["bbox"][0]

    assert get(door, f"{path}?bbox={','.join(map(str, extent))}").json["numberMatched"] == len(every["features"])
    for box in BOXES:
        found = get(door, f"{path}?bbox={box}&limit=10000").json["features"]
        assert [one["id"] for one in found if one["geometry"] and not box.startswith("91.7")] == [], box
    first = next(one for one in every["features"] if one["geometry"])
    x, y = next(positions(first["geometry"]["coordinates"]))
    near = get(door, f"{path}?bbox={x - 1e-5},{y - 1e-5},{x + 1e-5},{y + 1e-5}&limit=10000").json["features"]
    assert first["id"] in {one["id"] for one in near}


def test_a_box_may_go_across_180_degrees_and_have_heights(door: Door) -> None:
    path = f"{ROOT}/collections/buildings/items?limit=1&"
    count = get(door, path).json["numberMatched"]

    for box, crs in (("90,-90,-90,90", CRS84), ("90,-90,-9,-90,90,9", CRS84), ("-90,90,90,-90", f"{EPSG}4326")):
        assert get(door, f"{path}bbox={box}&bbox-crs={crs}").json["numberMatched"] == count
    assert get(door, f"{path}bbox=92,-90,91,90").json["numberMatched"] == 0


@every_collection
@pytest.mark.parametrize("query", UNREADABLE)
def test_what_can_not_be_read_is_refused_with_400(door: Door, collection: str, query: str) -> None:
    response = door.client.get(f"{ROOT}/collections/{collection}/items?{query}")

    assert response.status_code == 400, response.get_data(as_text=True)[:300]
    assert response.json["status"] == 400
    assert response.content_type == "application/problem+json"


@every_collection
def test_times_are_read_as_clients_write_them(door: Door, collection: str) -> None:
    path = f"{ROOT}/collections/{collection}/items?limit=1&datetime="
    now = get(door, f"{ROOT}/collections/{collection}/items?limit=1").json["numberMatched"]
    for said in ("2099-01-01T00:00:00Z", "2099-01-01T00:00:00+08:00", "2099-01-01", "2098-12-31/2099-01-01"):
        assert get(door, path + said).json["numberMatched"] == (0 if collection == "incidents" else now), said
    for said in ("../..", "..", "/", "2020-01-01T00:00:00Z/..", "0000-01-01T00:00:00Z%2F9999-12-31T00:00:00Z",
                 "2020-01-01T00:00:00Z%2F9999-12-31T00:00:00Z", "2020-01-01/"):  # fmt: skip
        if said == "..":
            assert door.client.get(path + said).status_code == 400
        else:
            assert get(door, path + said).json["numberMatched"] == now, said


@every_collection
def test_what_an_instant_chooses_is_said_where_it_chooses_nothing_too(door: Door, collection: str) -> None:
    path = f"{ROOT}/collections/{collection}"
    said, english = (get(door, f"{path}?lang={one}").json["description"] for one in ("zh", "en"))
    every, then = (get(door, f"{path}/items?lang=en&limit=1{more}").json for more in ("", "&datetime=1990-01-01"))

    if then["numberMatched"] == 0:
        assert "datetime: " in english
        assert "note" not in then
    else:
        assert then["numberMatched"] == every["numberMatched"]
        assert english.endswith(then["note"])
        assert "datetime chooses nothing" in then["note"]
    assert "datetime" in said
    assert "note" not in every
    assert (then["numberMatched"] > 0) == (collection in ("households", "camera_sectors", "figures"))


def test_grids_are_those_in_force_at_an_instant(door: Door) -> None:
    path = f"{ROOT}/collections/grids/items"
    grids = get(door, path).json["features"]

    assert {one["id"] for one in grids} == {one["code"] for one in door.services.grids.grids("sare")}
    assert get(door, f"{path}?datetime=1990-01-01T00:00:00Z").json["numberMatched"] == 0
    then = get(door, f"{path}?datetime={grids[0]['properties']['valid_from'].replace('+', '%2B')}").json
    assert [one["id"] for one in then["features"]] == [one["id"] for one in grids]
    assert "households" not in then["features"][0]["properties"]  # counted now
    response = door.client.get(f"{path}?datetime=2099-01-01T00:00:00Z&filter=households>1")
    assert (response.status_code, "counted now" in response.json["detail"]) == (400, True)


def test_a_page_ends_before_it_is_too_large(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door.services.items, "_page_bytes", 20_000)
    found = list(pages(door, f"{ROOT}/collections/buildings/items?limit=10000"))

    assert len(found) > 2
    assert sum(page["numberReturned"] for page in found) == found[0]["numberMatched"]


def test_what_is_not_there_is_not_found(door: Door) -> None:
    for path in ("/ogc/nowhere", "/ogc/nowhere/collections", f"{ROOT}/collections/none",
                 f"{ROOT}/collections/none/items", f"{ROOT}/collections/cameras/items/none",
                 f"{ROOT}/collections/incidents/items/none", f"{ROOT}/collections/draft-1"):  # fmt: skip
        assert door.client.get(path).status_code == 404, path


@every_collection
def test_schemas_say_what_may_be_asked_and_what_is_told(door: Door, collection: str) -> None:
    path = f"{ROOT}/collections/{collection}"
    names = [column.name for column in catalogue()[collection].columns]
    response = get(door, f"{path}/queryables?lang=en")
    asked = response.json

    assert response.content_type == "application/schema+json"
    assert asked["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert asked["$id"] == f"http://localhost{path}/queryables"
    assert asked["additionalProperties"] is False
    assert list(asked["properties"]) == [*names, "geom"]
    assert asked["properties"]["geom"].keys() == {"format"}
    told = get(door, f"{path}/schema").json["properties"]
    assert list(told) == ["geometry", *names]
    for document in (asked["properties"], told):
        assert all("type" in document[name] for name in names)


def test_properties_are_chosen_and_features_sorted(door: Door) -> None:
    path = f"{ROOT}/collections/buildings/items"
    found = [one for page in pages(door, f"{path}?sortby=-floors,%2Bkind&properties=floors,kind&limit=11")
             for one in page["features"]]  # fmt: skip

    assert len({one["id"] for one in found}) == len(found) == get(door, path).json["numberMatched"]
    assert all(list(one["properties"]) == ["kind", "floors"] for one in found)
    floors = [one["properties"]["floors"] for one in found]
    assert floors == sorted(floors, key=lambda n: (n is None, -(n or 0)))


def test_answers_are_compressed_for_who_reads_that(door: Door) -> None:
    response = get(door, f"{ROOT}/collections/buildings/items", Accept_Encoding="gzip")

    assert response.headers["Content-Encoding"] == "gzip"
