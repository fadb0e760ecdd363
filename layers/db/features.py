"""GeoJSON as the database writes it: RFC 7946, EPSG:4326, 7 decimals (1 cm)."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, TextClause


def feature_collection(connection: Connection, features: TextClause, asked: Mapping[str, object]) -> bytes:
    """Return the rows of a query as a FeatureCollection.

    Parameters
    ----------
    features
        A query of one column: each row the text of a GeoJSON Feature, as ST_AsGeoJSON(record, 'geom', 7) writes it.
    asked
        Its bound values.
    """
    rows = connection.execute(features, asked).scalars()
    return b'{"type":"FeatureCollection","features":[' + ",".join(rows).encode() + b"]}"
