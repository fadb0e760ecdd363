"""What is stored of a layer, as a reader of a file would hand it on."""

from __future__ import annotations

import numpy as np
import shapely
from sqlalchemy import text

from geoservice.domain.importing.model import ReadFeatures
from geoservice.wiring import Services
from layers.catalogue import catalogue


def stored(services: Services, layer_id: str) -> ReadFeatures:
    """Return the features of a layer of the demo community, by key, every column told."""
    layer = catalogue()[layer_id]
    names = [column.name for column in layer.written if column.name != "code"]
    query = f"SELECT code, st_asbinary(geom), {', '.join(names)} FROM geoservice.{layer.table} ORDER BY code"  # noqa: S608
    with services.database.transaction() as connection:
        found = connection.execute(text(query)).all()
    return ReadFeatures(
        keys=[row[0] for row in found],
        values={name: [row[n] for row in found] for n, name in enumerate(names, start=2)},
        geoms=shapely.from_wkb(np.array([bytes(row[1]) for row in found], dtype=object)),
    )
