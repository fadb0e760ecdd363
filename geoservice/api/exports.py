"""An edition as a file: /v1/editions/{id}/export."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from geoservice.services.exporting import ExportService
from geoservice.web.guard import guard
from geoservice.web.parsing import RowNumber, StrictModel
from geoservice.web.problems import problem_responses
from geoservice.writing.format_names import MAP_FORMATS, MapFormat
from geoservice.writing.formats import FORMATS

TAG = Tag(name="editions", description="Complete sets of grids, one in force at a time")


class ExportPath(StrictModel):
    """Which edition."""

    id: RowNumber


class ExportQuery(StrictModel):
    """As what."""

    format: MapFormat = "geojson"
    crs: Annotated[str, Field(max_length=20, description="wgs84, cgcs2000 or epsg:N")] = "wgs84"


def exports_blueprint(exports: ExportService) -> APIBlueprint:
    """Return the route."""
    blueprint = APIBlueprint("exports", __name__, url_prefix="/v1", abp_tags=[TAG])

    @blueprint.get(
        "/editions/<id>/export",
        summary="Its grids as a file",
        responses={200: _documented(), **problem_responses(404)},
    )
    @guard("read_grids")
    def export(path: ExportPath, query: ExportQuery) -> Response:
        """Return the grids as GeoPackage, GeoJSON, zipped shapefile, GeoParquet or FlatGeobuf, to the last digit.

        Fields are code, name, name_en, parent_code and all properties. A shapefile cuts texts at 254 bytes.
        """
        form = FORMATS[query.format]
        name = f"edition-{path.id}{form.suffixes[0]}"
        with tempfile.TemporaryDirectory(prefix="geoservice-export-") as directory:
            out = Path(directory) / name
            exports.export(path.id, out, crs=query.crs, format_name=query.format, timeout_s=None)
            body = out.read_bytes()
        response = Response(body, content_type=form.media_type)
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        response.headers["Cache-Control"] = "no-store"
        return response

    return blueprint


def _documented() -> dict[str, Any]:
    binary = {"schema": {"type": "string", "format": "binary"}}
    content: dict[str, Any] = {form.media_type: binary for form in (FORMATS[name] for name in MAP_FORMATS)}
    content[FORMATS["geojson"].media_type] = {"schema": {"type": "object"}}
    return {"description": "The file", "content": content}
