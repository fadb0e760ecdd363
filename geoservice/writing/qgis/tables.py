"""Tables without places that belong to features: who serves a grid, how many households a building has."""

from __future__ import annotations

from geoservice.writing.qgis.catalogue import project_id
from geoservice.writing.qgis.fields import Home, fields_of
from geoservice.writing.qgis.layers import ProjectLayer, Reference
from geoservice.writing.qgis.words import TABLES
from layers.buildings.layer import BUILDINGS
from layers.grids.layer import GRIDS
from layers.households.layer import HOUSEHOLDS
from layers.staff.posting_columns import POSTING_COLUMNS, POSTINGS

#: Of buildings, what the table of households tells.
_COUNTED = ("code", "name", "households", "grid_code")


def postings(home: Home, *, jurisdiction_id: int, time_zone: str, language: str) -> ProjectLayer:
    """Return who serves which grid today, as the days of the jurisdiction go, by code."""
    return ProjectLayer(
        id="table_of_postings", title=POSTINGS.text(language), table=home.relation,
        rows=f"jurisdiction_id = {jurisdiction_id} AND daterange(valid_from, valid_to)"
             f" @> (now() AT TIME ZONE '{time_zone}')::date",
        fields=fields_of(POSTING_COLUMNS, home, language), head='"staff_code"', group=TABLES.text(language),
        belongs=(Reference("grid_code", project_id(GRIDS), GRIDS.key),),
    )  # fmt: skip


def households(home: Home, *, jurisdiction_id: int, language: str) -> ProjectLayer:
    """Return how many households each building has of which that may be told."""
    columns = [BUILDINGS.column(name) for name in _COUNTED]
    return ProjectLayer(
        id="table_of_building_households", title=HOUSEHOLDS.title.text(language), table=home.relation,
        rows=f"jurisdiction_id = {jurisdiction_id} AND households IS NOT NULL",
        fields=fields_of(columns, home, language), key=BUILDINGS.key, head='"code"', group=TABLES.text(language),
        belongs=(
            Reference("grid_code", project_id(GRIDS), GRIDS.key),
            Reference("code", project_id(BUILDINGS), BUILDINGS.key),
        ),
    )  # fmt: skip
