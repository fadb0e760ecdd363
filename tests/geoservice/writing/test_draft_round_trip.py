"""A draft out to GeoPackage, by ogr2ogr to metres and back to degrees, and in again: nothing is different."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import shapely

from geoservice.reading.grids import grids_of_file
from geoservice.reading.shapes import GridFields
from geoservice.services.exporting import ExportService
from geoservice.wiring import Services
from layers.grids.model import GridShape, has_errors

FIELDS = GridFields("code", "name", "name_en", "parent_code")
HEAL_M = 0.01
#: 11 nanometres: what two transformations round.
ROUNDING_DEG = 1e-13


def through_metres(out: Path) -> Path:
    """Transform a GeoPackage to CGCS2000 / Gauss-Krueger and back as an analyst would."""
    metres, degrees = out.with_name("metres.gpkg"), out.with_name("degrees.gpkg")
    for source, target, crs in ((out, metres, "EPSG:4540"), (metres, degrees, "EPSG:4326")):
        subprocess.run(["ogr2ogr", "-t_srs", crs, "-f", "GPKG", str(target), str(source)], check=True, timeout=60)
    return degrees


def moved_vertices(before: tuple[GridShape, ...], after: tuple[GridShape, ...]) -> tuple[int, float]:
    """Return how many vertices have other doubles, and how far the farthest moved in degrees."""
    pairs = [[shapely.get_coordinates(one.geom) for one in grids] for grids in (before, after)]
    steps = np.concatenate([np.abs(one - other).max(axis=1) for one, other in zip(*pairs, strict=True)])
    return int((steps > 0).sum()), float(steps.max())


def test_a_draft_comes_back_through_ogr2ogr_without_a_difference(services: Services, tmp_path: Path) -> None:
    if shutil.which("ogr2ogr") is None:
        pytest.skip("no ogr2ogr: install gdal-bin")
    drafts = services.drafts
    draft = drafts.create("sare", title="round trip")
    ExportService(services.database).export(draft.id, tmp_path / "draft.gpkg")

    again = grids_of_file(str(through_metres(tmp_path / "draft.gpkg")), FIELDS)
    taken = drafts.take_state(draft.id, sorted(again.grids, key=lambda one: one.code), revision=draft.revision)
    raw = drafts.compare(draft.base_id or 0, draft.id)
    _, before = drafts.grids(draft.base_id or 0)
    _, there = drafts.grids(draft.id)
    _, healing, _ = drafts.heal(draft.id, HEAL_M, commit=True)

    assert len(taken.put) == len(before)
    count, farthest_deg = moved_vertices(before, there)
    assert 0 < count
    assert farthest_deg < ROUNDING_DEG
    assert raw.is_empty
    assert healing.changes == ()  # both sides of every border were rounded alike
    assert drafts.compare(draft.base_id or 0, draft.id).is_empty
    assert not has_errors(services.editions.validate(draft.id))
    assert services.editions.publish(draft.id).moved_features == 0
