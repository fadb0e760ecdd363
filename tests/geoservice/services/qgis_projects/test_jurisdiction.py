"""The project that `geoservice layer qgis` writes: asked of the database as an analyst is, and opened by QGIS."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import psycopg
import pytest
from click.testing import CliRunner
from psycopg import sql
from sqlalchemy import make_url

from geoservice.cli.main import geoservice, main
from geoservice.errors import JurisdictionUnknown
from geoservice.services.layers.own import OwnLayerService
from geoservice.services.qgis_projects import DatabaseAddress, ProjectExists, QgisService, WrittenProject
from layers.catalogue import catalogue, hold
from layers.db.session import Database
from tests.analysts import OpenTown
from tests.factories import make_building, make_camera, make_household, make_organisation, select_one
from tests.own_layers import GEOMETRIES, create_layer, description, one_of_each
from tests.places import OUTLINE, lonlat

SOURCE = re.compile(
    r"service='geoservice' key='(\w+)' estimatedmetadata=true(?: srid=4326 type=\w+)? checkPrimaryKeyUnicity='0'"
    r' table="geoservice"\."(\w+)"(?: \((\w+)\))? sql=(.+)'
)
NULL = "{2839923C-8B7D-419E-B84B-CA2FE9B80EC7}"
EDITED = {"basemap", "buildings", "cameras", "organisations", *(one.lower() for one in GEOMETRIES)}


@pytest.fixture
def filled(town: OpenTown) -> Iterator[OpenTown]:
    """Return the town with something in its layers, and an own layer of each geometry."""
    with psycopg.connect(town.url) as connection:
        one_of_each(connection)
        make_building(connection, town.jurisdiction_id)
        make_household(connection, town.jurisdiction_id, building_code="b1", households=7)
        make_camera(connection, town.jurisdiction_id)
        make_organisation(connection, town.jurisdiction_id)
        connection.execute(
            "INSERT INTO geoservice.staff (jurisdiction_id, code, call_sign, role)"
            " VALUES (1, 'G1', 'One', 'grid_officer')"
        )
        connection.execute(
            "INSERT INTO geoservice.posting (jurisdiction_id, staff_code, grid_code, role, valid_from, valid_to)"
            " VALUES (1, 'G1', 'B', 'grid_officer', '2020-01-01', NULL),"
            " (1, 'G1', 'a', 'deputy', '2020-01-01', '2020-02-01')"
        )
    yield town
    hold(())


@pytest.fixture
def written(filled: OpenTown, tmp_path: Path) -> WrittenProject:
    return write(filled, tmp_path)


def write(town: OpenTown, folder: Path) -> WrittenProject:
    database = Database.connect(town.url, pool_size=1)
    try:
        OwnLayerService(database).renew()
        address = DatabaseAddress(town.address["host"], int(town.address["port"]), town.address["dbname"])
        return QgisService(database).write_jurisdiction("town", folder / "work", address=address, language="en")
    finally:
        database.close()


@pytest.fixture
def root(written: WrittenProject) -> ET.Element:
    return ET.parse(written.project).getroot()  # noqa: S314  ours


def names(layer: ET.Element, path: str, attribute: str = "field") -> list[str]:
    return [one.attrib[attribute] for one in layer.findall(path)]


def layer_of(layer: ET.Element) -> str:
    """Return the layer of the catalogue that a layer of the project shows, by id; of lines and areas once more each."""
    return re.sub("^(table_of_|((lines|areas)_of_)?geoservice_)", "", str(layer.findtext("id")))


def test_every_layer_is_there_but_those_that_a_login_may_not_read(written: WrittenProject, root: ET.Element) -> None:
    tables = {layer_of(one) for one in root.iter("maplayer") if one.get("geometry") == "No geometry"}
    shown = {layer_of(one) for one in root.iter("maplayer")} - tables

    assert tables == {"postings", "building_households"}
    assert (shown, set(written.layers), written.left_out) == (set(catalogue()) - {"households"}, shown, ("households",))
    assert set(written.edited) == EDITED
    assert {layer_of(one) for one in root.iter("maplayer") if one.get("readOnly") == "0"} == EDITED
    assert root.findtext("projectCrs/spatialrefsys/authid") == "EPSG:4540"
    listed = [(group.get("name"), [one.get("id") for one in group])
              for group in root.findall("layer-tree-group/layer-tree-group")]  # fmt: skip
    assert [name for name, _ in listed] == ["Incidents", "Community", "Facilities", "Tables", "Background"]
    assert listed[-1][1] == ["lines_of_geoservice_basemap", "areas_of_geoservice_basemap"]
    drawn = [one.text for one in root.findall("layer-tree-group/custom-order/item")]
    assert (drawn[0], drawn[-2:]) == ("geoservice_incidents", listed[-1][1])
    assert len(drawn) == len(set(drawn)) == len(list(root.iter("maplayer"))) - len(tables)


def test_no_own_layer_is_taken_for_a_table_or_for_a_part_of_another(town: OpenTown, tmp_path: Path) -> None:
    with psycopg.connect(town.url) as connection:
        for name in ("postings", "basemap_lines", "building_households"):
            create_layer(connection, name, description())
    try:
        root = ET.parse(write(town, tmp_path).project).getroot()  # noqa: S314  ours
    finally:
        hold(())

    ids = [layer.findtext("id") for layer in root.iter("maplayer")]
    assert len(ids) > len(catalogue())
    assert sorted(ids) == sorted(set(ids))


def test_an_analyst_reads_all_that_is_asked_and_writes_what_is_edited(root: ET.Element, filled: OpenTown) -> None:
    with filled.as_login(filled.analyst) as analyst:
        for layer in root.iter("maplayer"):
            found = SOURCE.fullmatch(str(layer.findtext("datasource")))
            assert found, layer.findtext("datasource")
            key, table, place, rows = found.groups()
            fields = names(layer, "aliases/alias")
            home, columns = sql.Identifier("geoservice", table), [key, *fields, *([place] if place else [])]
            reading = sql.SQL("SELECT {} FROM {} WHERE {}").format(
                sql.SQL(", ").join(map(sql.Identifier, columns)), home, sql.SQL(rows)  # type: ignore[arg-type]
            )  # fmt: skip
            keys = [row[0] for row in analyst.execute(reading).fetchall()]
            assert len(keys) == len(set(keys)), table
            if layer.get("readOnly") == "0":
                filled_in = [
                    one.attrib["name"] for one in layer.findall("editable/field") if one.get("editable") == "1"
                ]
                hidden = hidden_fields(layer)
                assert "grid_code" not in filled_in
                assert {"id", "jurisdiction_id", "recorded_at", "change_id", "geom_3857"} <= hidden
                for name in set(filled_in) - hidden:
                    writing = sql.SQL("UPDATE {0} SET {1} = {1} WHERE false")
                    analyst.execute(writing.format(home, sql.Identifier(name)))
                analyst.execute(sql.SQL("DELETE FROM {} WHERE false").format(home))


def hidden_fields(layer: ET.Element) -> set[str]:
    return {one.attrib["name"] for one in layer.findall("fieldConfiguration/field")
            if one.find("editWidget[@type='Hidden']") is not None}  # fmt: skip


def test_forms_speak_of_fields_that_there_are_in_words_of_the_catalogue(root: ET.Element) -> None:
    relations = {one.attrib["id"]: one.attrib for one in root.findall("relations/relation")}
    fields = {str(one.findtext("id")): names(one, "aliases/alias") for one in root.iter("maplayer")}
    for layer in root.iter("maplayer"):
        there, hidden = set(fields[str(layer.findtext("id"))]), hidden_fields(layer)
        for path, attribute in (("fieldConfiguration/field", "name"), ("defaults/default", "field"),
                                ("constraints/constraint", "field"), ("editable/field", "name")):  # fmt: skip
            assert set(names(layer, path, attribute)) <= there
        shown = {one.attrib["name"] for one in layer.iter("attributeEditorField")}
        assert shown == there - hidden
        for one in layer.iter("attributeEditorRelation"):
            assert relations[one.attrib["relation"]]["referencedLayer"] == layer.findtext("id")
        described = catalogue().get(layer_of(layer))
        if described is None:
            continue
        assert {one.attrib["field"]: one.attrib["name"] for one in layer.findall("aliases/alias")} == {
            **{name: name for name in hidden},
            **{one.name: f"{one.title.en} ({one.unit})" if one.unit else one.title.en
               for one in described.columns if one.name in there},
        }  # fmt: skip
        offered = {
            field.attrib["name"]: {one.attrib["value"]: one.attrib["name"] for one in field.iter("Option")
                                   if "value" in one.attrib and one.attrib["value"] != NULL}
            for field in layer.findall("fieldConfiguration/field")
            if field.find("editWidget[@type='ValueMap']") is not None
        }  # fmt: skip
        coded = {one.name: {code: title.in_both("en") for code, title in one.codes.items()}
                 for one in described.columns if one.codes and one.name in there}  # fmt: skip
        assert {name: values for name, values in offered.items() if name != "a_boolean"} == coded
    for relation in root.findall("relations/relation"):
        (link,) = relation
        assert link.attrib["referencingField"] in fields[relation.attrib["referencingLayer"]]
        assert link.attrib["referencedField"] in fields[relation.attrib["referencedLayer"]]
    belong = {(one["referencedLayer"], one["referencingLayer"]) for one in relations.values()}
    tables = ("table_of_postings", "table_of_building_households")
    assert {("geoservice_grids", one) for one in (*tables, "geoservice_buildings")} <= belong
    assert ("geoservice_buildings", "table_of_building_households") in belong


def test_limits_and_defaults_are_those_of_the_database(root: ET.Element) -> None:
    (cameras,) = (one for one in root.iter("maplayer") if layer_of(one) == "cameras")
    rules = {one.attrib["field"]: (one.attrib["exp"], one.attrib["desc"])
             for one in cameras.findall("constraintExpressions/constraint") if one.attrib["exp"]}  # fmt: skip

    assert rules["bearing_deg"] == (
        '"bearing_deg" IS NULL OR ("bearing_deg" >= 0 AND "bearing_deg" < 360)',
        "Bearing (deg): at least 0, less than 360",
    )
    assert set(rules) == {"bearing_deg", "fov_deg", "range_m"}
    assert {one.attrib["field"]: one.attrib["expression"] for one in cameras.findall("defaults/default")} == {
        "jurisdiction_id": "1", "kind": "'fixed'", "status": "'online'",
    }  # fmt: skip


def test_qgis_opens_it_and_what_is_saved_is_assigned_and_signed(
    at_qgis: Callable[..., list[Any]], written: WrittenProject, filled: OpenTown, signed_in: dict[str, str]
) -> None:
    buildings = "geoservice_buildings"
    ring = [list(lonlat(*corner)) for corner in ((2.5, 5), (2.6, 5), (2.6, 5.1), (2.5, 5.1))]

    there, _, doubts, _, drawn, saved = at_qgis(
        ("open_project", {"path": str(written.project), "edit": buildings}),
        ("change", {"name": buildings, "code": "b1", "field": "floors", "value": 400}),
        ("doubts", {"name": buildings, "code": "b1"}),
        ("change", {"name": buildings, "code": "b1", "field": "floors", "value": 7}),
        ("draw", {"name": buildings, "ring": ring, "code": "new"}),
        ("save", {"name": buildings}),
        env=signed_in,
    )

    layers, relations = there["layers"], there["relations"]
    assert (there["read"], there["crs"], there["topological"]) == (True, "EPSG:4540", False)
    assert {key for key, one in layers.items() if not one["valid"]} == set()
    assert set(relations.values()) == {True}
    found = {re.sub("^(geoservice|table_of)_", "", key): one["features"] for key, one in layers.items()}
    counts = {key: features for key, features in found.items() if features}
    ones = ("buildings", "cameras", "camera_sectors", "organisations", "postings", "building_households")
    assert counts == {"grids": 5, "figures": 5, **dict.fromkeys(ones, 1)}
    widgets = layers[buildings]["widgets"]
    assert [widgets[name] for name in ("id", "geom_3857", "kind", "floors", "in_use", "code")] == [
        "Hidden", "Hidden", "ValueMap", "Range", "CheckBox", "TextEdit",
    ]  # fmt: skip
    assert layers[buildings]["locked"] == ["grid_code"]
    assert layers["geoservice_grids"]["pages"][:3] == ["Attributes", "On duty today", "Households per building"]
    assert {key: one["labels"] for key, one in layers.items() if one["labels"]} == {
        "geoservice_grids": 'coalesce("name_en", "name")'
    }
    assert layers["geoservice_cameras"]["looks"] == 4
    assert "Floors: at least 1, at most 200" in " ".join(doubts)
    assert drawn
    assert saved["saved"], saved
    with psycopg.connect(filled.url) as connection:
        stored = connection.execute(
            "SELECT code, kind, floors, in_use, grid_code FROM geoservice.building ORDER BY code"
        )
        assert stored.fetchall() == [("b1", "other", 7, True, "B"), ("new", "other", None, True, "B")]
        assert select_one(connection, "SELECT actor FROM geoservice.change ORDER BY id DESC LIMIT 1") == filled.analyst
        entered = connection.execute(
            "SELECT what, who, purpose FROM geoservice.audit_entry WHERE who = %s", [filled.analyst]
        )
        assert {purpose for _, _, purpose in entered} == {"sql"}


def test_where_it_can_not_be_written_is_said_in_a_line_and_nothing_is_lost(
    town: OpenTown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", town.url)
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("mine")
    Path("folder/town.qgs").mkdir(parents=True)
    Path("mine").mkdir()
    Path("mine/pg_service.conf").write_text("[mine]\nuser=anna\n")

    for folder, sentence in (
        ("file/below", "A part of it is a file"), ("x" * 300, "Name a shorter one."), ("folder", "Name a file."),
        ("mine", "pg_service.conf already which says something else"),
    ):  # fmt: skip
        force = ["--force"] if folder == "folder" else []
        monkeypatch.setattr(sys, "argv", ["geoservice", "layer", "qgis", "town", "--to", folder, *force])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr().err
        assert (ended.value.code, sentence in told, len(told.splitlines())) == (1, True, 1), told

    assert Path("mine/pg_service.conf").read_text() == "[mine]\nuser=anna\n"
    assert (Path("file").read_text(), os.listdir("mine"), os.listdir("folder")) == (
        "mine", ["pg_service.conf"], ["town.qgs"])  # fmt: skip


def test_a_login_that_may_not_write_projects_is_told_where_to_look(
    town: OpenTown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    login = make_url(town.url).set(username=town.analyst, password=town.password)
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", login.render_as_string(hide_password=False))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["geoservice", "layer", "qgis", "town"])

    with pytest.raises(SystemExit):
        main()

    told = capsys.readouterr().err
    assert told.endswith("To see why, run: geoservice doctor\n"), told
    assert town.password not in told
    assert os.listdir(tmp_path) == []


def test_the_command_tells_what_is_in_it_and_what_is_not(
    town: OpenTown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", town.url)
    monkeypatch.chdir(tmp_path)

    done = CliRunner().invoke(geoservice, ["layer", "qgis", "town"])
    again = CliRunner().invoke(geoservice, ["layer", "qgis", "town", "--lang", "en"])
    anew = CliRunner().invoke(geoservice, ["layer", "qgis", "town", "--lang", "en", "--force", "--json"])
    unknown = CliRunner().invoke(geoservice, ["layer", "qgis", "../town", "--to", "elsewhere"])

    assert done.exit_code == 0, done.output
    assert "8 of 9 layers are in it; not households" in done.output
    assert "geoservice db login NAME --role analyst" in done.output
    assert isinstance(again.exception, ProjectExists)
    told = json.loads(anew.stdout)
    assert (told["jurisdiction"], told["left_out"]) == ("town", ["households"])
    assert b"Background" in (tmp_path / "qgis-town" / "town.qgs").read_bytes()
    assert "options=-c timezone=Asia/Shanghai" in (tmp_path / "qgis-town" / "pg_service.conf").read_text()
    assert isinstance(unknown.exception, JurisdictionUnknown)
    assert not (tmp_path / "elsewhere").exists()
    view = ET.parse(tmp_path / "qgis-town" / "town.qgs").find("ProjectViewSettings/DefaultViewExtent")  # noqa: S314
    assert view is not None
    assert [float(view.attrib[side]) for side in ("xmin", "ymin", "xmax", "ymax")] == pytest.approx(OUTLINE.bounds)
