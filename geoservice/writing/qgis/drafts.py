"""The grids of a draft, to be edited."""

from __future__ import annotations

from geoservice.writing.qgis.catalogue import VALID
from geoservice.writing.qgis.fields import Home, fields_of
from geoservice.writing.qgis.layers import ProjectLayer
from geoservice.writing.qgis.symbols import Look, alike
from geoservice.writing.qgis.words import DRAFT
from layers.layer import Layer

_LOOK = Look(fill="255,196,87,60", line="176,84,0,255", line_mm=0.6)


def draft_grids(layer: Layer, edition_id: int, home: Home, language: str) -> ProjectLayer:
    """Return the layer of a draft, which stands above all others."""
    return ProjectLayer(
        id=f"grids_of_draft_{edition_id}", title=DRAFT.text(language).format(id=edition_id), table=home.relation,
        rows=f"edition_id = {edition_id}", looks=alike(_LOOK), geometry_type=layer.geometry, label='"code"',
        fields=fields_of(
            layer.columns, home, language, geometry=layer.geom, given={"edition_id": str(edition_id)}
        ),
        head='"code"',
        # QGIS names an overlap before it saves more kindly than a refused commit does.
        editable=True, checks=(VALID, "QgsGeometryOverlapCheck"),
    )  # fmt: skip
