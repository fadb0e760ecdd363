"""A country of 34,753 areas, 94 of them not valid: found in seconds, healed on request, published."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

import psycopg
import pytest
import shapely

from geoservice.reading.grids import grids_of_file
from geoservice.reading.shapes import GridFields
from geoservice.services.editions import EditionService
from geoservice.services.healing.heal import heal_in_process
from layers.db.session import Database
from layers.geometry import as_multipolygon
from tests.factories import make_jurisdiction

pytestmark = pytest.mark.prove

FILE = "scale/uk_lsoa_2011_england_wales.parquet"
FIELDS = GridFields("LSOA11CD", name="LSOA11NM")


def test_a_country_is_found_wanting_healed_and_published(test_data: Path, database_url: str) -> None:
    path = str(test_data / FILE)
    raw = grids_of_file(path, FIELDS).grids
    whole = heal_in_process(raw, None, 0.5)  # nobody gives its outline: what the areas cover, once they are mended
    outline = as_multipolygon(shapely.union_all([grid.geom for grid in whole.grids]))
    with psycopg.connect(database_url) as connection:
        make_jurisdiction(connection, code="country", outline=outline, metric_srid=27700, time_zone="Europe/London")
    database = Database.connect(database_url, pool_size=2)
    editions = EditionService(database)

    began = time.monotonic()
    as_it_is = editions.import_file(path, jurisdiction_code="country", fields=FIELDS)
    found_s = time.monotonic() - began
    rules = Counter(one.rule for one in as_it_is.findings)
    began = time.monotonic()
    result = editions.import_file(path, jurisdiction_code="country", fields=FIELDS, heal_m=0.5)
    healed_s = time.monotonic() - began
    began = time.monotonic()
    editions.publish(result.edition_id)
    published_s = time.monotonic() - began
    database.close()

    assert result.healing is not None
    mended = sum(one.mended for one in result.healing.changes)
    print(
        f"\n{len(raw)} areas: imported and looked at in {found_s:.1f} s: {dict(rules)}; healed and imported in"
        f" {healed_s:.1f} s: {len(result.healing.changes)} changed, {mended} rings mended,"
        f" {result.healing.moved_m2:.1f} m2, vertices {result.healing.vertices}; published in {published_s:.1f} s;"
        f" load {os.getloadavg()[0]:.1f}"
    )
    assert rules["invalid-ring"] == mended == 94
    assert [one.rule for one in result.findings if one.severity == "error"] == []
    assert result.grids == len(raw) == 34_753
