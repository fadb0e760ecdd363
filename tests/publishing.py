"""One edition after another, quickly: the same shapes, each under the code of another."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

_DRAFT = "INSERT INTO geoservice.edition (jurisdiction_id, title) VALUES (%s, 'turned') RETURNING id"
#: Every grid of the edition in force under the code and name of the next one, the last under those of the first.
_TURNED = """
    INSERT INTO geoservice.grid (edition_id, code, name, geom)
    SELECT %(draft)s, coalesce(lead(t.code) OVER w, first_value(t.code) OVER w),
           coalesce(lead(t.name) OVER w, first_value(t.name) OVER w), t.geom
      FROM geoservice.territory AS t
     WHERE t.jurisdiction_id = %(jurisdiction)s AND upper_inf(t.valid)
    WINDOW w AS (ORDER BY t.code ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
"""
_VALIDATED = "UPDATE geoservice.edition SET validated_hash = geoservice.edition_hash(id) WHERE id = %s"


def publish_turned(connection: Connection[Any], jurisdiction_id: int) -> int:
    """Publish the edition in force with its codes moved on by one; return the new edition's id. Does not commit."""
    row = connection.execute(_DRAFT, [jurisdiction_id]).fetchone()
    assert row is not None
    (draft,) = row
    connection.execute(_TURNED, {"draft": draft, "jurisdiction": jurisdiction_id})
    connection.execute(_VALIDATED, [draft])
    connection.execute("SELECT geoservice.publish_edition(%s, now())", [draft])
    return int(draft)
