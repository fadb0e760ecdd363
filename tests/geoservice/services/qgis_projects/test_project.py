"""The project that `geoservice edition qgis` writes, opened by QGIS itself with a login in a file beside it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import make_url

from geoservice.cli.main import geoservice
from geoservice.errors import EditionNotEditable
from geoservice.services.qgis_projects import DatabaseAddress, ProjectExists, QgisService, WrittenProject
from layers.db.session import Database
from tests.analysts import OpenTown
from tests.places import OUTLINE, lonlat

ADDRESS = DatabaseAddress("db.example", 5433, "town")


@pytest.fixture
def written(town: OpenTown, tmp_path: Path) -> WrittenProject:
    address = town.address
    return write(town, tmp_path, DatabaseAddress(address["host"], int(address["port"]), address["dbname"]))


#: Layers of the project beside the draft and the grids in force.
BESIDE = (
    "geoservice_incidents", "geoservice_organisations", "geoservice_cameras", "geoservice_camera_sectors",
    "geoservice_buildings", "geoservice_figures",
    "lines_of_geoservice_basemap", "areas_of_geoservice_basemap", "table_of_postings", "table_of_building_households",
)  # fmt: skip
#: What has no place.
TABLES = ("table_of_postings", "table_of_building_households")


def write(town: OpenTown, folder: Path, address: DatabaseAddress = ADDRESS, **options: Any) -> WrittenProject:
    database = Database.connect(town.url, pool_size=1)
    try:
        return QgisService(database).write_draft(
            options.pop("edition", town.draft), folder / "work", address=address, language="en", **options
        )
    finally:
        database.close()


def test_qgis_opens_the_project_and_edits_the_draft(
    at_qgis: Callable[..., list[Any]], written: WrittenProject, town: OpenTown, signed_in: dict[str, str]
) -> None:
    draft = f"grids_of_draft_{town.draft}"
    ring = [list(lonlat(*corner)) for corner in ((0, 12), (2, 12), (2, 14), (0, 14))]

    there, drawn, saved, moved, moved_saved = at_qgis(
        ("open_project", {"path": str(written.project), "edit": draft}),
        ("draw", {"name": draft, "ring": ring, "code": "new"}),
        ("save", {"name": draft}),
        ("move", {"name": draft, "at": list(lonlat(7, 0)), "to": list(lonlat(7.25, 0))}),
        ("save", {"name": draft}),
        env=signed_in,
    )

    layers = there.pop("layers")
    west, south, east, north = OUTLINE.bounds
    view = [float(number) for number in re.findall(r"[-\d.]+", there.pop("view"))]
    assert (min(view[::2]), min(view[1::2]), max(view[::2]), max(view[1::2])) == pytest.approx(
        (west, south, east, north)
    )
    assert set(there.pop("relations").values()) == {True}
    assert there.pop("drawn")[0] == draft
    assert there == {
        "read": True, "crs": "EPSG:4326", "topological": True, "snapping": True, "snapped": [draft],
        "transaction": False, "editing": True,
    }  # fmt: skip
    assert {key: (one["valid"], one["read_only"], one["features"]) for key, one in layers.items()} == {
        draft: (True, False, 5), "geoservice_grids": (True, True, 5),
        **{one: (True, True, 5 * (one == "geoservice_figures")) for one in BESIDE},
    }  # fmt: skip
    assert {one["crs"] for key, one in layers.items() if key not in TABLES} == {"EPSG:4326"}
    assert {key: one["labels"] for key, one in layers.items() if one["labels"]} == {draft: '"code"'}
    assert layers[draft]["colour"] == "#ffc457"
    assert layers[draft]["widgets"]["edition_id"] == "Hidden"
    assert layers["geoservice_buildings"]["widgets"]["kind"] == "ValueMap"
    assert "On duty today" in layers["geoservice_grids"]["pages"]
    assert (layers[draft]["checks"], layers[draft]["precision"]) == (["QgsIsValidCheck", "QgsGeometryOverlapCheck"], 0)
    assert drawn
    assert saved["saved"], saved
    assert (moved, moved_saved["saved"]) == (["10", "9"], True)


def test_nothing_that_is_written_has_a_password_or_a_login(written: WrittenProject, town: OpenTown) -> None:
    for path in written.project.parent.iterdir():
        text = path.read_text(encoding="utf-8")
        assert town.password not in text
        assert town.analyst not in text
        assert "password=" not in text
    sources = re.findall(r"<datasource>(.*?) estimated", written.project.read_text(encoding="utf-8"))
    assert len(sources) == 2 + len(BESIDE)
    assert {re.sub("key='[a-z_]+'", "key", source) for source in sources} == {"service='geoservice' key"}


def test_whatever_a_draft_is_called_the_project_is_xml(town: OpenTown, tmp_path: Path) -> None:
    with psycopg.connect(town.url) as connection:
        connection.execute(
            "UPDATE geoservice.edition SET title = %s WHERE id = %s", ["\"><&'\ufffe]]> 草案", town.draft]
        )

    root = ET.parse(write(town, tmp_path).project).getroot()  # noqa: S314  ours

    assert root.attrib["projectname"] == root.findtext("title")
    assert root.attrib["projectname"].endswith(f"draft {town.draft}, \"><&']]> 草案")


def test_a_project_that_is_there_is_written_over_only_when_said(town: OpenTown, tmp_path: Path) -> None:
    project = write(town, tmp_path).project
    project.write_text("mine")

    with pytest.raises(ProjectExists, match="There is a project"):
        write(town, tmp_path)
    assert project.read_text() == "mine"
    write(town, tmp_path, force=True)
    assert project.read_bytes().startswith(b"<!DOCTYPE qgis")


def test_a_published_edition_gets_no_project(town: OpenTown, tmp_path: Path) -> None:
    with pytest.raises(EditionNotEditable):
        write(town, tmp_path, edition=town.published)

    assert list(tmp_path.iterdir()) == []


def test_the_command_says_how_to_go_on(town: OpenTown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", town.url)
    monkeypatch.chdir(tmp_path)

    done = CliRunner().invoke(geoservice, ["edition", "qgis", str(town.draft)])

    assert done.exit_code == 0, done.output
    assert "geoservice db login NAME --role analyst" in done.output
    assert f"dbname={make_url(town.url).database}" in (tmp_path / "draft-2" / "pg_service.conf").read_text()
    assert (tmp_path / "draft-2" / "draft-2.qgs").exists()
