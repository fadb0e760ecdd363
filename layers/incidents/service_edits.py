"""Writes of table service."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, text

from layers.incidents.model import Service

_LOCK = text("SELECT FROM geoservice.jurisdiction AS j WHERE j.id = :jurisdiction_id FOR NO KEY UPDATE")
_PUT = text("""
    INSERT INTO geoservice.service (jurisdiction_id, code, name, name_en, description, category, keywords, attributes,
                                    limit_working_hours, sensitive, retired)
    VALUES (:jurisdiction_id, :code, :name, :name_en, :description, :category, :keywords, CAST(:attributes AS jsonb),
            :limit_working_hours, :sensitive, :retired)
    ON CONFLICT (jurisdiction_id, code) DO UPDATE
       SET name = excluded.name, name_en = excluded.name_en, description = excluded.description,
           category = excluded.category, keywords = excluded.keywords, attributes = excluded.attributes,
           limit_working_hours = excluded.limit_working_hours, sensitive = excluded.sensitive,
           retired = excluded.retired
""")
_REMOVE = text("DELETE FROM geoservice.service WHERE jurisdiction_id = :jurisdiction_id AND code = ANY(:codes)")
_IN_USE = text("""
    SELECT s.code FROM geoservice.service AS s
     WHERE s.jurisdiction_id = :jurisdiction_id
       AND EXISTS (SELECT FROM geoservice.incident AS i
                    WHERE i.jurisdiction_id = s.jurisdiction_id AND i.service_code = s.code)
""")

_OPEN = text("""
    SELECT count(*) FROM geoservice.incident AS i
     WHERE i.jurisdiction_id = :jurisdiction_id AND i.service_code = :code AND geoservice.is_open(i.status)
""")


def lock_services(connection: Connection, jurisdiction_id: int) -> None:
    """Let nobody else change the services of a jurisdiction by a list until this transaction ends."""
    connection.execute(_LOCK, {"jurisdiction_id": jurisdiction_id})


def put_services(connection: Connection, *, jurisdiction_id: int, services: Iterable[Service]) -> None:
    """Write services, new or changed."""
    for one in services:
        connection.execute(_PUT, {
            "jurisdiction_id": jurisdiction_id, "code": one.code, "name": one.name, "name_en": one.name_en,
            "description": one.description, "category": one.category, "keywords": list(one.keywords),
            "attributes": json.dumps(one.attributes, ensure_ascii=False),
            "limit_working_hours": one.limit_working_hours, "sensitive": one.sensitive,
            "retired": one.retired,
        })  # fmt: skip


def services_in_use(connection: Connection, *, jurisdiction_id: int) -> frozenset[str]:
    """Return the codes of services of which there are incidents: those can not be removed."""
    return frozenset(connection.execute(_IN_USE, {"jurisdiction_id": jurisdiction_id}).scalars())


def open_incidents(connection: Connection, *, jurisdiction_id: int, code: str) -> int:
    """Return how many incidents of a service are in hand."""
    found: int = connection.execute(_OPEN, {"jurisdiction_id": jurisdiction_id, "code": code}).scalar_one()
    return found


def remove_services(connection: Connection, *, jurisdiction_id: int, codes: Sequence[str]) -> None:
    """Remove services; raise RefusedByDatabase when there are incidents of one."""
    connection.execute(_REMOVE, {"jurisdiction_id": jurisdiction_id, "codes": list(codes)})
