"""Traces of reads: written in the transaction that reads, so nothing is told of which none was written.

Of visitors there is nobody to name: what they are shown is everybody's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from geoservice.auth.model import Role
from geoservice.records.audit.queries import note
from layers.db.acting import present_acting
from layers.incidents.model import Incident, Search
from layers.layer import Layer


def note_read(
    connection: Connection, what: str, *, touched: Mapping[str, Any], jurisdiction_id: int | None = None
) -> None:  # fmt: skip
    """Write an entry of a read, or a copy, by somebody known."""
    if present_acting().role != Role.PUBLIC:
        note(connection, what, touched=touched, jurisdiction_id=jurisdiction_id)


def note_incident_read(connection: Connection, incident: Incident, part: str) -> None:
    """Write that somebody reads the words of an incident, or of a part of what is known of it."""
    touched = {"incident": str(incident.id), "part": part}
    note_read(connection, "incident_read", touched=touched, jurisdiction_id=incident.jurisdiction_id)


def note_incidents_read(connection: Connection, found: Sequence[Incident], search: Search, **stated: object) -> None:
    """Write that somebody reads the words of a list: an entry for each jurisdiction that has some of it, mostly one."""
    for jurisdiction_id, count in Counter(one.jurisdiction_id for one in found).items():
        note_read(
            connection, "incidents_read", jurisdiction_id=jurisdiction_id,
            touched={"count": count, "filter": _filter(search) | stated},
        )  # fmt: skip


def _filter(search: Search) -> dict[str, object]:
    """Return what was asked for. As something was found, its codes are codes of ours."""
    told: dict[str, object] = {
        "grid": search.grid_codes, "officer": search.officer_codes, "status": search.statuses,
        "service": search.service_codes, "source": search.sources, "overdue": search.overdue,
        "near_border": search.near_border, "named": search.ids is not None or None,
        "further": search.after is not None or None,
        "words": bool(search.words) or None,  # never the words themselves
        "own": search.with_grids_or_officer is not None or None,
    }  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def note_features_read(
    connection: Connection, layer: Layer, jurisdiction_id: int, count: int | None, *, part: str = "features"
) -> None:
    """Write that somebody reads features (None: all) of a layer of people, which are counts; of others nothing."""
    if layer.personal:
        touched = {"layer": layer.id, "count": count, "part": part}
        note_read(connection, "counts_read", touched=touched, jurisdiction_id=jurisdiction_id)


def note_export(connection: Connection, jurisdiction_id: int, count: int, **of: object) -> None:
    """Write that somebody copies rows into a file."""
    note_read(connection, "exported", touched={"count": count, **of}, jurisdiction_id=jurisdiction_id)
