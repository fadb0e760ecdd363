"""A layer is one file and one revision: nothing else knows that there are trees, and they are everywhere."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

import psycopg
import pyogrio
import pytest

import layers
from geoservice.app import create_app
from geoservice.services.qgis_projects import DatabaseAddress, QgisService
from geoservice.settings import Settings
from geoservice.wiring import Services
from layers import catalogue
from tests.geoservice.services.test_along_with_the_border import draft_without
from tests.tilegen.decoding import features_of

DOCUMENT = (Path(__file__).parents[2] / "docs" / "layers.md").read_text(encoding="utf-8")
#: As the document writes them.
(LAYER,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
(REVISION,) = re.findall(r"```sql\n(.*?)```", DOCUMENT, re.DOTALL)
PLANTED = """
    INSERT INTO geoservice.tree (jurisdiction_id, code, species, height_m, geom)
    SELECT t.jurisdiction_id, 'T-' || t.code, 'willow', 12.5, st_pointonsurface(t.geom)
      FROM geoservice.territory AS t WHERE t.valid @> now() AND upper_inf(t.known)
"""


@pytest.fixture
def trees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, community_url: str) -> Iterator[None]:
    """Write the file, run the revision, and plant a tree in each grid."""
    package = tmp_path / "trees"
    package.mkdir()
    (package / "__init__.py").write_text('"""Trees."""\n')
    (package / "layer.py").write_text(LAYER)
    monkeypatch.setattr(layers, "__path__", [*layers.__path__, str(tmp_path)])
    catalogue.built_in.cache_clear()
    with psycopg.connect(community_url) as connection:
        connection.execute(REVISION)
        connection.execute(PLANTED)
    yield
    catalogue.built_in.cache_clear()
    for name in ("layers.trees", "layers.trees.layer"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("trees")
def test_it_is_on_the_map_and_described_to_machines(services: Services) -> None:
    client = create_app(Settings(), services=services).test_client()

    page = client.get("/maps/sare?lang=en").get_data(as_text=True)
    shown = client.get("/maps/sare/layers/trees.geojson").get_json()
    described = client.get("/v1/layers/trees").get_json()

    assert '"key": "trees"' in page
    assert "Old trees" in page
    assert '"Willow"' in page
    assert shown["numberMatched"] == len(shown["features"]) == 8
    assert {one["properties"]["grid_code"] for one in shown["features"]} == {
        one["properties"]["code"].removeprefix("T-") for one in shown["features"]
    }
    assert [column["name"] for column in described["columns"]] == ["code", "species", "height_m", "grid_code"]


@pytest.mark.usefixtures("trees")
def test_it_is_in_tiles_that_follow_it(services: Services, community_url: str) -> None:
    client = create_app(Settings(), services=services).test_client()

    def told() -> list[Mapping[str, object]]:
        (address,) = client.get("/tiles/sare/trees.json").get_json()["tiles"]
        tile = client.get(address.replace("{z}/{x}/{y}", "14/12368/6799"), follow_redirects=True)
        return sorted((one.properties for one in features_of(tile.data, "trees")), key=lambda one: str(one["code"]))

    planted = told()
    assert len(planted) == 8
    assert {tuple(one) for one in planted} == {("code",)}
    with psycopg.connect(community_url) as connection:
        connection.execute("DELETE FROM geoservice.tree WHERE code = %s", [planted[0]["code"]])
    assert told() == planted[1:]


@pytest.mark.usefixtures("trees")
def test_it_is_exported(services: Services, tmp_path: Path) -> None:
    written = services.exports.export_layer("sare", "trees", tmp_path / "trees.gpkg")

    table = pyogrio.read_arrow(tmp_path / "trees.gpkg")[1]
    assert written.features == table.num_rows == 8
    assert table["species"].to_pylist() == ["willow"] * 8
    assert table["height_m"].to_pylist() == [12.5] * 8


@pytest.mark.usefixtures("trees")
def test_qgis_shows_it(services: Services, tmp_path: Path) -> None:
    draft = services.drafts.create("sare", title="next").id

    projects, address = QgisService(services.database), DatabaseAddress("127.0.0.1", 5432, "geoservice")

    of_draft = projects.write_draft(draft, tmp_path, address=address, language="en")
    whole = projects.write_jurisdiction("sare", tmp_path, address=address, language="en")

    for written, read_only in ((of_draft, "1"), (whole, "0")):
        root = ElementTree.parse(written.project).getroot()  # noqa: S314
        (trees,) = (one for one in root.iter("maplayer") if one.findtext("layername") == "Old trees")
        assert trees.get("readOnly") == read_only
        assert {one.get("value"): one.get("name") for one in trees.iter("Option") if one.get("value") == "willow"} == {
            "willow": "Willow / 柳树"
        }
        relations = [one.get("referencedLayer") for one in root.findall("relations/relation")
                     if one.get("referencingLayer") == "geoservice_trees"]  # fmt: skip
        assert relations == ["geoservice_grids"]
    assert "trees" in whole.edited
    (rule,) = (one.get("exp") for one in trees.findall("constraintExpressions/constraint") if one.get("exp"))
    assert rule == '"height_m" IS NULL OR ("height_m" >= 0 AND "height_m" <= 120)'


@pytest.mark.usefixtures("trees")
def test_a_publication_tells_that_it_moves_and_moves_it(services: Services, community_url: str) -> None:
    gone = services.grids.grids("sare")[0]["code"]
    draft, neighbour = draft_without(services, gone)

    impact = services.editions.preview(draft)
    moved = [(move.code, move.from_grid, move.to_grid) for move in impact.preview.moves if move.kind == "tree"]
    assert moved == [(f"T-{gone}", gone, neighbour)]
    assert ("tree", next(move.id for move in impact.preview.moves if move.kind == "tree")) in impact.places

    services.editions.publish(draft, preview_id=impact.preview.id)

    with psycopg.connect(community_url) as connection:
        rows = connection.execute("SELECT grid_code FROM geoservice.tree WHERE code = %s", [f"T-{gone}"]).fetchall()
    assert rows == [(neighbour,)]
