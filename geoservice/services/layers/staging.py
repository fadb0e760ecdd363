"""Features that are to be written, put beside those that are stored."""

from __future__ import annotations

from sqlalchemy import Connection

from geoservice.domain.importing.model import ReadFeatures
from geoservice.services.layers.errors import LayerNotWritten
from geoservice.services.lookups import get_layer
from layers.changes.staging import Staging
from layers.layer import Layer


def written_layer(layer_id: str) -> Layer:
    """Return a layer whose features people write; raise LayerUnknown, LayerNotWritten."""
    layer = get_layer(layer_id)
    if not layer.is_written:
        raise LayerNotWritten(layer=layer_id)
    return layer


def stage(connection: Connection, jurisdiction_id: int, layer: Layer, features: ReadFeatures) -> Staging:
    """Return features of a layer, ready to be compared and written."""
    staging = Staging(connection, layer, jurisdiction_id)
    rows = features.rows or range(1, len(features.keys) + 1)
    staging.fill(features.keys, features.values, features.geoms, features.buildings, rows)
    return staging
