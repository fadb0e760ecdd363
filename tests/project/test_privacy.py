"""The promise about people, held against the schema: what can not be stored can not leak."""

from __future__ import annotations

import re

import psycopg
import pytest
from sqlalchemy import text

from geoservice.domain.privacy import holds_personal_number
from layers.db.session import Database

#: Parts of column names that speak of a person. `name` alone is the name of a place or thing and is listed below.
PERSONAL = re.compile(
    r"first_?name|last_?name|surname|full_?name|phone|mobile|email|passport|id_?card|id_?number|birth|sex|gender|"
    r"religion|ethnic|nation|health|disease|face|photo|picture|image|video|plate|track|wechat|account"
)
#: Tables and views whose `name` is that of a place or thing.
NAMED_THINGS = {
    "jurisdiction",
    "grid",
    "draft_grid",
    "territory",
    "basemap_feature",
    "building",
    "organisation",
    "service",
    "served_grid",
    "served_building",
}


def columns(database: Database) -> list[tuple[str, str]]:
    with database.transaction() as connection:
        return list(
            connection.execute(
                text("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'geoservice'")
            )
        )


def test_no_column_speaks_of_a_person(database: Database) -> None:
    found = columns(database)

    assert len(found) > 100
    assert [(table, column) for table, column in found if PERSONAL.search(column)] == []


def test_only_places_and_things_have_names(database: Database) -> None:
    assert {table for table, column in columns(database) if column in ("name", "name_en")} <= NAMED_THINGS


def test_a_household_holds_counts_and_nothing_else(database: Database) -> None:
    household = {column for table, column in columns(database) if table == "household"}

    assert household == {
        "id", "jurisdiction_id", "building_code", "unit", "geom", "age_0_13", "age_14_17", "age_18_59", "age_60_79",
        "age_80_plus", "residents", "floating", "grid_code", "recorded_at",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "personal"),
    [
        ("路灯不亮", False),
        ("电话 13912345678", True),
        ("tel:13912345678.", True),
        ("单号 139123456789", False),
        ("540502199001011234", True),
        ("54050219900101123X 的事", True),
        ("编号 540502001001002", False),
        ("2026-11-23 08:00 第3栋", False),
    ],
)
def test_interface_and_database_agree_on_personal_numbers(database: Database, words: str, personal: bool) -> None:
    with database.transaction() as connection:
        said = connection.execute(
            text("SELECT geoservice.holds_personal_number(:words)"), {"words": words}
        ).scalar_one()

    assert holds_personal_number(words) is personal
    assert said is personal


def test_direct_sql_can_not_store_a_phone_number(community_url: str) -> None:
    with psycopg.connect(community_url) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(
            "INSERT INTO geoservice.incident (service_code, geom, description)"
            " SELECT code, 'SRID=4326;POINT(91.77 29.24)', '找 13912345678' FROM geoservice.service LIMIT 1"
        )


def test_the_map_shows_no_text_of_an_incident(services, client) -> None:  # type: ignore[no-untyped-def]
    features = client.get("/maps/sare/layers/incidents.geojson").json["features"]

    assert len(features) == 286
    assert all("description" not in feature["properties"] for feature in features)
