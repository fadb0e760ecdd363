"""Base maps of pictures over HTTP and at the command line: who gets them, what is refused, what is warned of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from geoservice.errors import BasemapUnknown, JurisdictionUnknown
from geoservice.services.jurisdictions import JurisdictionService
from geoservice.services.rasters import RasterService
from geoservice.wiring import Services
from tests.tilegen.test_raster_files import TILES, write_folder, write_mbtiles
from tilegen.raster_files import RasterRefused
from tilegen.raster_store import RasterStore

LIST = "/maps/sare/basemaps.json"


@pytest.fixture
def store(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RasterStore]:
    store = RasterStore(tmp_path / "basemaps")
    monkeypatch.setattr(services.rasters, "_store", store)
    yield store


@pytest.fixture
def rasters(services: Services, store: RasterStore, monkeypatch: pytest.MonkeyPatch) -> RasterService:
    class Shared:
        """The services' own database, which goes on."""

        transaction = services.database.transaction

        def close(self) -> None:
            pass

    monkeypatch.setattr(services.rasters, "_connect", Shared)
    return services.rasters


def test_whoever_sees_the_map_gets_the_pictures_of_its_jurisdiction(
    services: Services, rasters: RasterService, client: FlaskClient, tmp_path: Path
) -> None:
    assert client.get(LIST).json == []
    said = {"jurisdiction": "sare", "title": "<b>Ortho</b>", "attribution": "Survey"}
    made, _, shifted = rasters.add(write_folder(tmp_path / "f"), crs="epsg:3857", **said)
    assert not shifted
    (one,) = client.get(LIST).json
    assert (one["title"], one["crs"], one["max_zoom"]) == ("<b>Ortho</b>", "epsg:3857", 15)
    z, x, y, data = TILES[0]
    answer = client.get(f"{one['tiles']}/{z}/{x}/{y}")
    assert (answer.data, answer.content_type) == (data, "image/png")
    assert (answer.headers["X-Content-Type-Options"], answer.headers["Cache-Control"]) == (
        "nosniff",
        "private, no-cache",
    )
    assert (
        client.get(f"{one['tiles']}/{z}/{x}/{y}", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    )
    assert client.get(f"{one['tiles']}/{z}/{x + 1}/{y}").status_code == 204
    assert client.get(f"{one['tiles']}/99/1/1").status_code == 204
    for path in (f"/maps/nowhere/basemaps/{made.id}/{z}/{x}/{y}", f"/maps/sare/basemaps/7/{z}/{x}/{y}",
                 f"/maps/sare/basemaps/{10**30}/{z}/{x}/{y}", f"/maps/sare/basemaps/-1/{z}/{x}/{y}",
                 f"/maps/sare/basemaps/1/{z}/../{y}", f"/maps/sare/basemaps/1/{z}/{x}/{y}.png"):  # fmt: skip
        assert client.get(path).status_code == 404, path
    for place in ((10**20,) * 3, (z, 10**20, y), (z, 2**63, y), (z, x, 10**20), (z, 2**z, y), (24, 2**64, 0)):
        assert client.get("/".join(map(str, (one["tiles"], *place)))).status_code == 204, place

    JurisdictionService(services.database).set_up("sare", visitors="closed")
    services.visiting._read = None  # a second is over
    for path in (LIST, f"{one['tiles']}/{z}/{x}/{y}"):
        assert client.get(path).status_code in (401, 403, 404), path


@pytest.mark.parametrize(("said", "why"), [
    ({"title": ""}, "its title is empty"), ({"title": "a\nb"}, "its title holds"),
    ({"title": "长" * 201}, "its title has 201"),
    ({"attribution": "a\u202eb"}, "its attribution holds"), ({"attribution": "x" * 999}, "its attribution has 999"),
])  # fmt: skip
def test_what_it_is_called_can_be_shown(rasters: RasterService, tmp_path: Path, said: dict[str, str], why: str) -> None:
    named = {"jurisdiction": "sare", "title": "x", "attribution": "", "crs": "epsg:3857"}
    path = write_mbtiles(tmp_path / "a.mbtiles")
    with pytest.raises(RasterRefused, match=why):
        rasters.add(path, **(named | said))
    assert rasters.every() == []
    rasters.add(path, **named)


def test_pictures_of_another_place_are_refused(rasters: RasterService, tmp_path: Path) -> None:
    path = write_mbtiles(tmp_path / "a.mbtiles", [(z, x, y, data) for z, x, y, data in TILES])
    with pytest.raises(RasterRefused, match="nothing of sare is on it"):
        rasters.add(path, jurisdiction="sare", title="x", attribution="", crs="epsg:3857")


def test_what_is_shifted_is_declared_or_looks_it(rasters: RasterService, tmp_path: Path) -> None:
    said = {"jurisdiction": "sare", "title": "x", "attribution": "x"}
    path = write_mbtiles(tmp_path / "高德.mbtiles")
    assert rasters.add(path, crs="epsg:3857", **said)[2]
    assert not rasters.add(path, crs="gcj02", **said)[2]
    with pytest.raises(RasterRefused, match="epsg:3857"):
        rasters.add(path, crs="epsg:4326", **said)
    with pytest.raises(JurisdictionUnknown):
        rasters.add(path, crs="epsg:3857", **(said | {"jurisdiction": "nowhere"}))
    assert [(one.id, one.crs) for one in rasters.every("sare")] == [(1, "epsg:3857"), (2, "gcj02")]
    assert rasters.every("other") == []
    rasters.remove(1)
    with pytest.raises(BasemapUnknown):
        rasters.remove(1)
