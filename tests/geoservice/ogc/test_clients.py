"""Programs that speak the standard, against a running server: OWSLib writes, GDAL reads."""

from __future__ import annotations

import numpy as np
import pyogrio
import pyproj
import pytest
import shapely
from owslib.ogcapi.features import Features

from geoservice.auth.model import Role
from layers.catalogue import catalogue
from tests.conftest import LiveServer
from tests.geoservice.ogc.test_standard import ROOT, get
from tests.geoservice.web.door import Door

POINT = {"type": "Point", "coordinates": [91.7712, 29.2391]}


def feature(**properties: object) -> dict[str, object]:
    return {"type": "Feature", "geometry": POINT, "properties": properties}


def test_owslib_makes_reads_changes_and_removes_a_feature(door: Door, live: LiveServer) -> None:
    client = Features(f"{live.url}{ROOT}", headers=door.headers(Role.ANALYST))
    # Drafts of other tests are collections, too.
    assert [one for one in client.feature_collections() if not one.startswith("draft-")] == list(catalogue())
    assert client.api()["openapi"].startswith("3.0")
    assert "kind" in client.collection_queryables("cameras")["properties"]

    client.collection_item_create("cameras", feature(code="owslib-1", kind="dome"))
    key = client.response_headers["Location"].rpartition("/")[2]
    assert key == "owslib-1"
    client.collection_item_update("cameras", key, feature(kind="ptz"))
    assert client.collection_item("cameras", key)["properties"]["kind"] == "ptz"
    found = client.collection_items("cameras", filter="kind = 'ptz' AND code = 'owslib-1'", limit=5)
    assert [one["id"] for one in found["features"]] == [key]
    client.collection_item_delete("cameras", key)
    assert door.client.get(f"{ROOT}/collections/cameras/items/{key}").status_code == 404


@pytest.mark.parametrize("collection", catalogue())
def test_gdal_reads_every_feature_page_by_page(door: Door, live: LiveServer, collection: str) -> None:
    wanted = get(door, f"{ROOT}/collections/{collection}/items?limit=10000").json
    source = f"OAPIF:{live.url}{ROOT}"

    assert collection in {name for name, _ in pyogrio.list_layers(source)}
    meta, _, geoms, fields = pyogrio.raw.read(source, layer=collection, PAGE_SIZE="7")
    assert len(geoms) == wanted["numberMatched"]
    assert set(wanted["features"][0]["properties"]) <= set(meta["fields"])
    assert len(fields) == len(meta["fields"])


@pytest.mark.parametrize("srid", [4326, 3857, 4540])
def test_gdal_gets_the_reference_system_that_it_asks_for(door: Door, live: LiveServer, srid: int) -> None:
    told = get(door, f"{ROOT}/collections/organisations/items").json["features"]
    lon, lat = np.array([one["geometry"]["coordinates"] for one in told]).T
    x, y = pyproj.Transformer.from_crs(4326, srid, always_xy=True).transform(lon, lat)
    meta, _, geoms, _ = pyogrio.raw.read(
        f"OAPIF:{live.url}{ROOT}", layer="organisations", CRS=f"EPSG:{srid}", PAGE_SIZE="11"
    )

    assert pyproj.CRS(meta["crs"]).equals(pyproj.CRS(srid), ignore_axis_order=True)
    found = shapely.get_coordinates(shapely.from_wkb(geoms))
    # Told are 9 decimals of a degree and 4 of a metre.
    last = 4e-9 if srid == 4326 else 4e-4
    assert found[np.lexsort(found.T)] == pytest.approx(np.column_stack((x, y))[np.lexsort((x, y))], rel=0, abs=last)


def test_gdal_asks_by_box_and_by_property(door: Door, live: LiveServer) -> None:
    source, box = f"OAPIF:{live.url}{ROOT}", (91.768, 29.238, 91.773, 29.242)
    wanted = get(door, f"{ROOT}/collections/buildings/items?limit=10000&bbox={','.join(map(str, box))}").json
    _, _, geoms, _ = pyogrio.raw.read(source, layer="buildings", bbox=box)
    assert len(geoms) == wanted["numberMatched"]

    shops = get(door, f"{ROOT}/collections/buildings/items?limit=10000&kind=shop").json
    _, _, geoms, _ = pyogrio.raw.read(source, layer="buildings", where="kind = 'shop'")
    assert len(geoms) == shops["numberMatched"] > 0
