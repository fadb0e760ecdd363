"""An edition from a file to its publication, and everything that must stop it on the way."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely import Polygon, box
from sqlalchemy import text

from geoservice.errors import (
    EditionNotDraft,
    EditionUnknown,
    InstantWithoutZone,
    JurisdictionCodeRefused,
    JurisdictionCodeTaken,
    JurisdictionUnknown,
    MetricCrsRefused,
)
from geoservice.reading import file_errors
from geoservice.reading.shapes import GridFields
from geoservice.services.editions import EditionService
from geoservice.services.jurisdictions import JurisdictionService
from geoservice.services.metric import fitting_srid
from layers.crs import Position
from layers.db.session import Database
from layers.errors import RefusedByDatabase
from layers.grids.model import Finding

WEST, EAST = box(91.000, 29.000, 91.001, 29.001), box(91.001, 29.000, 91.002, 29.001)
NARROW = box(91.0010001, 29.000, 91.002, 29.001)
BOWTIE = Polygon([(91.001, 29), (91.002, 29.001), (91.002, 29), (91.001, 29.001)])
FIELDS = GridFields("code", "name")
#: What a GIS does when an analyst moves a border.
REDRAW_B = """
    UPDATE geoservice.grid SET geom = st_multi(st_setsrid(st_geomfromtext(:wkt), 4326))
     WHERE edition_id = :id AND code = 'B'
"""
ADD_HOUSEHOLDS = """
    INSERT INTO geoservice.household (jurisdiction_id, geom, age_18_59)
    SELECT j.id, st_setsrid(st_geomfromtext(:wkt), 4326), 2
      FROM geoservice.jurisdiction AS j, generate_series(1, :count)
"""
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def geojson(path: Path, geoms: dict[str, Any]) -> str:
    features = [
        {"type": "Feature", "properties": {"code": code, "name": f"网格{code}", "since": 2020},
         "geometry": shapely.geometry.mapping(geom)}
        for code, geom in geoms.items()
    ]  # fmt: skip
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return str(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    geojson(tmp_path / "outline.geojson", {"1": WEST, "2": EAST})
    geojson(tmp_path / "whole.geojson", {"A": WEST, "B": EAST})
    geojson(tmp_path / "gap.geojson", {"A": WEST, "B": NARROW})
    geojson(tmp_path / "bowtie.geojson", {"A": WEST, "B": BOWTIE})
    geojson(tmp_path / "moved.geojson", {"A": box(91, 29, 91.0015, 29.001), "B": box(91.0015, 29, 91.002, 29.001)})
    return tmp_path


@pytest.fixture
def editions(database: Database, folder: Path) -> EditionService:
    JurisdictionService(database).add("town", name="镇", outline_path=str(folder / "outline.geojson"), crs="wgs84")
    return EditionService(database)


def imported(editions: EditionService, path: Path) -> int:
    return editions.import_file(str(path), jurisdiction_code="town", fields=FIELDS, actor="analyst").edition_id


def run_sql(database: Database, statement: str, **values: object) -> Any:
    with database.transaction() as connection:
        result = connection.execute(text(statement), values)
        return result.scalar_one_or_none() if result.returns_rows else None


def rules(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.rule for finding in findings}


def test_whole_partition_is_imported_published_and_owns_its_places(
    editions: EditionService, database: Database, folder: Path
) -> None:
    result = editions.import_file(str(folder / "whole.geojson"), jurisdiction_code="town", fields=FIELDS)
    published = editions.publish(result.edition_id, valid_from=LONG_AGO, actor="analyst")

    assert (result.grids, result.findings, result.crs) == (2, (), "OGC:CRS84")
    assert published.edition.status == "published"
    assert (published.edition.valid_from, published.edition.published_by) == (LONG_AGO, "analyst")
    owner = "SELECT (geoservice.owner_of(st_setsrid(st_makepoint(91.0015, 29.0005), 4326))).grid_code"
    assert run_sql(database, owner) == "B"


@pytest.mark.parametrize(("keep", "kept"), [((), {}), (("since",), {"since": 2020})])
def test_only_the_fields_that_are_named_are_kept(
    editions: EditionService, database: Database, folder: Path, keep: tuple[str, ...], kept: dict[str, object]
) -> None:
    fields = GridFields("code", "name", keep=keep)

    editions.import_file(str(folder / "whole.geojson"), jurisdiction_code="town", fields=fields)

    assert run_sql(database, "SELECT properties FROM geoservice.grid WHERE code = 'A'") == kept
    assert run_sql(database, "SELECT name FROM geoservice.grid WHERE code = 'A'") == "网格A"


def test_gap_of_a_centimetre_is_stored_and_forbids_publishing(editions: EditionService, folder: Path) -> None:
    edition_id = imported(editions, folder / "gap.geojson")

    [gap] = [finding for finding in editions.findings(edition_id) if finding.rule == "gap"]
    assert gap.size == pytest.approx(1.08, abs=0.01)
    assert gap.geom is not None
    assert gap.geom.geom_type == "Polygon"
    with pytest.raises(RefusedByDatabase, match="severity error"):
        editions.publish(edition_id)
    assert editions.edition(edition_id).status == "draft"


def test_grid_that_can_not_be_stored_is_a_finding_and_not_a_row(editions: EditionService, folder: Path) -> None:
    result = editions.import_file(str(folder / "bowtie.geojson"), jurisdiction_code="town", fields=FIELDS)

    assert result.grids == 1
    assert rules(editions.findings(result.edition_id)) == {"invalid-ring", "gap"}
    assert editions.edition(result.edition_id).error_count == 2


def test_draft_edited_in_the_database_must_be_validated_again(
    editions: EditionService, database: Database, folder: Path
) -> None:
    edition_id = imported(editions, folder / "gap.geojson")
    run_sql(database, REDRAW_B, wkt=EAST.wkt, id=edition_id)

    assert not editions.edition(edition_id).validated
    with pytest.raises(RefusedByDatabase, match="not validated as it stands"):
        editions.publish(edition_id)
    assert editions.validate(edition_id) == ()
    assert editions.publish(edition_id).edition.status == "published"


def test_validation_finds_what_an_edit_broke(editions: EditionService, database: Database, folder: Path) -> None:
    edition_id = imported(editions, folder / "whole.geojson")
    run_sql(database, "DELETE FROM geoservice.grid WHERE edition_id = :id AND code = 'A'", id=edition_id)

    assert rules(editions.validate(edition_id)) == {"gap", "area-sum"}
    with pytest.raises(RefusedByDatabase, match="severity error"):
        editions.publish(edition_id)


def test_draft_without_grids_is_told(editions: EditionService, database: Database, folder: Path) -> None:
    edition_id = imported(editions, folder / "whole.geojson")
    run_sql(database, "DELETE FROM geoservice.grid WHERE edition_id = :id", id=edition_id)

    assert rules(editions.validate(edition_id)) == {"no-grids"}


def test_new_edition_supersedes_the_one_in_force(editions: EditionService, folder: Path) -> None:
    first = imported(editions, folder / "whole.geojson")
    editions.publish(first, valid_from=LONG_AGO)
    second = imported(editions, folder / "moved.geojson")

    turn = LONG_AGO + timedelta(days=365)
    editions.publish(second, valid_from=turn)

    old, new = editions.editions("town")
    assert (old.id, old.status, old.valid_to) == (first, "superseded", turn)
    assert (new.id, new.status, new.valid_from, new.valid_to) == (second, "published", turn, None)


def test_published_edition_is_neither_published_nor_validated_again(editions: EditionService, folder: Path) -> None:
    edition_id = imported(editions, folder / "whole.geojson")
    editions.publish(edition_id)

    with pytest.raises(RefusedByDatabase, match="only a draft can be published"):
        editions.publish(edition_id)
    with pytest.raises(EditionNotDraft):
        editions.validate(edition_id)


def test_an_instant_without_zone_is_refused_and_one_to_come_is_taken(editions: EditionService, folder: Path) -> None:
    edition_id = imported(editions, folder / "whole.geojson")
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    with pytest.raises(InstantWithoutZone):
        editions.publish(edition_id, valid_from=datetime(2026, 3, 1))
    assert editions.publish(edition_id, valid_from=tomorrow).edition.valid_from == tomorrow


def test_unknown_edition_and_jurisdiction_are_named(editions: EditionService, folder: Path) -> None:
    for ask in (editions.edition, editions.findings, editions.validate, editions.publish):
        with pytest.raises(EditionUnknown, match="4711"):
            ask(4711)
    with pytest.raises(JurisdictionUnknown):
        editions.editions("nowhere")
    with pytest.raises(JurisdictionUnknown):
        editions.import_file(str(folder / "whole.geojson"), jurisdiction_code="nowhere", fields=FIELDS)


def test_refused_file_leaves_no_edition(editions: EditionService, folder: Path) -> None:
    with pytest.raises(file_errors.FieldMissing):
        editions.import_file(str(folder / "whole.geojson"), jurisdiction_code="town", fields=GridFields("kode"))

    assert editions.editions() == ()


def test_edit_waits_for_a_running_validation(editions: EditionService, database: Database, folder: Path) -> None:
    edition_id = imported(editions, folder / "whole.geojson")

    with ThreadPoolExecutor(8) as pool:
        looks = [pool.submit(editions.validate, edition_id) for _ in range(3)]
        edits = [
            pool.submit(run_sql, database, REDRAW_B, wkt=geom.wkt, id=edition_id)
            for geom in (NARROW, EAST, NARROW)
        ]  # fmt: skip
        for future in [*looks, *edits]:
            future.result(timeout=20)

    # Whatever came last: a draft counts as validated only with the findings of what it holds.
    now = editions.edition(edition_id)
    told = {finding.rule for finding in editions.findings(edition_id)}
    assert not now.validated or told == rules(editions.validate(edition_id))


def test_jurisdiction_takes_the_union_of_its_file_and_a_fitting_metric_crs(
    editions: EditionService, database: Database
) -> None:
    [town] = JurisdictionService(database).jurisdictions()

    assert (town.code, town.name, town.metric_srid, town.time_zone) == ("town", "镇", 4539, "Asia/Shanghai")
    assert run_sql(database, "SELECT st_nrings(outline) FROM geoservice.jurisdiction") == 1
    assert town.bbox == (91.0, 29.0, 91.002, 29.001)


def test_jurisdiction_of_a_code_that_is_taken_is_refused(
    editions: EditionService, database: Database, folder: Path
) -> None:
    with pytest.raises(JurisdictionCodeTaken):
        JurisdictionService(database).add("town", name="镇", outline_path=str(folder / "outline.geojson"), crs="wgs84")


@pytest.mark.parametrize("code", ["", "a b", "a/b", "a?b", "..", "a.", "-a", " a", "a" * 65, "a\u200bb"])
def test_jurisdiction_of_a_code_that_no_address_can_hold_is_refused(
    database: Database, folder: Path, code: str
) -> None:
    with pytest.raises(JurisdictionCodeRefused):
        JurisdictionService(database).add(code, name="镇", outline_path=str(folder / "outline.geojson"), crs="wgs84")


def test_a_name_that_is_empty_is_told_by_its_rule(database: Database, folder: Path) -> None:
    with pytest.raises(RefusedByDatabase, match="The name of a jurisdiction is 1 to 200 characters"):
        JurisdictionService(database).add("镇-2", name="", outline_path=str(folder / "outline.geojson"), crs="wgs84")


@pytest.mark.parametrize(("metric_srid", "said"), [
    (4326, "WGS 84"), (3435, "foot"), (32616, "made_for"), (999999, "999999"),
])  # fmt: skip
def test_metric_crs_that_does_not_fit_is_refused(database: Database, folder: Path, metric_srid: int, said: str) -> None:
    service = JurisdictionService(database)

    with pytest.raises(MetricCrsRefused, match=said):
        service.add(
            "town", name="镇", outline_path=str(folder / "outline.geojson"), crs="wgs84", metric_srid=metric_srid
        )


def test_jurisdiction_with_an_invalid_outline_or_unknown_zone_is_refused(database: Database, folder: Path) -> None:
    service = JurisdictionService(database)

    with pytest.raises(file_errors.OutlineNotValid, match="feature: 2"):
        service.add("town", name="镇", outline_path=str(folder / "bowtie.geojson"), crs="wgs84")
    with pytest.raises(RefusedByDatabase, match="Mars"):
        service.add(
            "town", name="镇", outline_path=str(folder / "outline.geojson"), crs="wgs84", time_zone="Mars/Olympus"
        )
    assert service.jurisdictions() == ()


@pytest.mark.parametrize(("place", "zone", "srid"), [
    (Position(91.77, 29.24), "Asia/Shanghai", 4540), (Position(116.4, 39.9), "Asia/Shanghai", 4548),
    (Position(-87.7, 41.9), "America/Chicago", 32616), (Position(151.2, -33.9), "Australia/Sydney", 32756),
    (Position(85.3, 27.7), "Asia/Kathmandu", 32645), (Position(180.0, 0.0), "Pacific/Fiji", 32660),
])  # fmt: skip
def test_metric_crs_is_chosen_by_place(place: Position, zone: str, srid: int) -> None:
    assert fitting_srid(place, time_zone=zone) == srid


@pytest.mark.data
def test_beats_of_chicago_go_from_file_to_publication(database: Database, test_data: Path) -> None:
    path = str(test_data / "chicago" / "beats_from_2012-12-19.geojson")
    JurisdictionService(database).add("chicago", name="Chicago", outline_path=path, time_zone="America/Chicago")
    editions = EditionService(database)

    result = editions.import_file(path, jurisdiction_code="chicago", fields=GridFields("beat"))

    assert result.grids == 275
    assert {(one.rule, one.severity, one.grid_codes) for one in result.findings} == {
        ("code-in-several-features", "warning", ("3100",)), ("multipart", "warning", ("3100",)),
    }  # fmt: skip
    assert editions.publish(result.edition_id).edition.status == "published"


SHANNAN = "shannan/shannan_540500_{}_GCJ02.geojson"
COUNTIES = GridFields("adcode", "name")


@pytest.mark.slow
@pytest.mark.data
def test_outlines_of_a_chinese_map_service_are_asked_about_and_then_published(
    database: Database, test_data: Path
) -> None:
    jurisdictions, editions = JurisdictionService(database), EditionService(database)
    path = str(test_data / SHANNAN.format("counties"))
    with pytest.raises(file_errors.CrsNotSure, match="AMap, Tencent, DataV"):
        jurisdictions.add("shannan", name="山南", outline_path=path)
    jurisdictions.add("shannan", name="山南", outline_path=path, crs="gcj02")

    with pytest.raises(file_errors.CrsNotSure):
        editions.import_file(path, jurisdiction_code="shannan", fields=COUNTIES)
    astray = editions.import_file(path, jurisdiction_code="shannan", fields=COUNTIES, crs="wgs84")
    right = editions.import_file(path, jurisdiction_code="shannan", fields=COUNTIES, crs="gcj02")

    # What was taken for WGS 84 does not fill the outline: the gate holds it.
    assert {"gap", "spill"} <= rules(astray.findings)
    assert (right.grids, right.crs) == (12, "gcj02")
    assert not [one for one in right.findings if one.severity == "error"]
    assert editions.publish(right.edition_id).edition.status == "published"


@pytest.mark.data
@pytest.mark.parametrize("name", ["shannan/nedong_540502_GCJ02.geojson", SHANNAN.format("outline")])
def test_a_crs_member_that_only_repeats_the_default_is_not_believed(
    database: Database, test_data: Path, name: str
) -> None:
    with pytest.raises(file_errors.CrsNotSure):
        JurisdictionService(database).add("a", name="甲", outline_path=str(test_data / name))


def test_geojson_that_fits_its_outline_or_lies_elsewhere_is_not_asked_about(
    editions: EditionService, database: Database, folder: Path
) -> None:
    geojson(folder / "half.geojson", {"A": WEST})
    geojson(folder / "village.geojson", {"A": box(10.0, 50.0, 10.1, 50.1)})

    half = editions.import_file(str(folder / "half.geojson"), jurisdiction_code="town", fields=FIELDS)
    JurisdictionService(database).add("village", name="村", outline_path=str(folder / "village.geojson"))

    assert half.grids == 1


def wanted(editions: EditionService, path: Path, database: Database, **counts: int) -> set[tuple[str, str]]:
    """Return rule and grid of what is found when so many households live in each grid."""
    edition = imported(editions, path)
    places = {"A": "POINT(91.0005 29.0005)", "B": "POINT(91.0015 29.0005)", "between": "POINT(91.001 29.0005)"}
    for place, count in counts.items():
        run_sql(database, ADD_HOUSEHOLDS, wkt=places[place], count=count)
    return {(one.rule, *one.grid_codes) for one in editions.validate(edition)}


@pytest.mark.parametrize(
    ("west", "east", "found"),
    [
        (295, 300, {("few-households", "A")}),  # they are counted by fives that live together
        (500, 505, {("many-households", "B")}),
        (300, 500, set()),
    ],
)
def test_grids_with_too_few_or_too_many_households_are_remarked_on(
    editions: EditionService, database: Database, folder: Path, west: int, east: int, found: set[tuple[str, str]]
) -> None:
    assert wanted(editions, folder / "whole.geojson", database, A=west, B=east) == found


def test_a_household_on_the_border_counts_for_the_grid_that_owns_it(
    editions: EditionService, database: Database, folder: Path
) -> None:
    assert wanted(editions, folder / "whole.geojson", database, A=299, B=299, between=1) == {("few-households", "B")}


def test_a_jurisdiction_has_its_own_range_and_form_of_codes(
    editions: EditionService, database: Database, folder: Path
) -> None:
    jurisdictions = JurisdictionService(database)
    jurisdictions.set_up("town", households_min=20, households_max=30, grid_code_pattern="A|C")

    assert wanted(editions, folder / "whole.geojson", database, A=30, B=35) == {
        ("many-households", "B"),
        ("code-pattern", "B"),
    }
    jurisdictions.set_up("town", households_max=40, grid_code_pattern="")
    [edition] = editions.editions("town")
    assert editions.validate(edition.id) == editions.findings(edition.id) == ()
    assert jurisdictions.jurisdictions()[0].households_min == 20


def test_what_is_remarked_on_can_be_published(editions: EditionService, database: Database, folder: Path) -> None:
    assert wanted(editions, folder / "whole.geojson", database, A=10)
    [edition] = editions.editions("town")
    assert edition.warning_count == 2

    assert editions.publish(edition.id).edition.status == "published"


@pytest.mark.parametrize(
    ("norms", "said"),
    [
        ({"households_min": 501}, "501 to 500 households"),
        ({"households_max": 299}, "300 to 299 households"),
        ({"grid_code_pattern": "(A"}, "The code pattern (A can not be read: invalid regular expression"),
        ({"grid_code_pattern": "A)|(?:B"}, "The code pattern A)|(?:B can not be read: invalid regular expression"),
        ({"grid_code_pattern": "x" * 201}, "1 to 200 characters, not 201"),
    ],
)
def test_what_can_not_be_wanted_is_refused_with_a_remedy(
    editions: EditionService, database: Database, norms: dict[str, Any], said: str
) -> None:
    with pytest.raises(RefusedByDatabase) as refused:
        JurisdictionService(database).set_up("town", **norms)

    assert said in refused.value.message
    assert refused.value.hint
