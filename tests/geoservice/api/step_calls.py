"""Good calls of the steps with an incident, each with a report of its own."""

from __future__ import annotations

from typing import Any

from geoservice.auth.model import Identity, Role
from geoservice.services.incidents import NewReport
from layers.crs import declared_position
from tests.geoservice.web.door import Door

#: Open to a dispatcher and to a reporter, and good once.
BODY = {"reason": "reported by mistake"}
ERASES: dict[str, dict[str, object]] = {
    "/v1/report/erase": {"sure": True}, "/v1/incidents/{id}/erase": {"because": "mistake"}
}  # fmt: skip


def is_step(method: str, path: str) -> bool:
    """Return whether an operation takes a step with an incident, erases its words, or follows a report."""
    return "/actions/" in path or path.endswith("/erase") or (method, path) == ("GET", "/v1/report")


def ready(door: Door, path: str) -> tuple[str, dict[str, str], dict[str, Any]]:
    """Return the id of a fresh report, the header with its token, and a body that cancels it, or has it erased."""
    place = declared_position(door.existing["lon"], door.existing["lat"])
    incident, token = door.services.incidents.report(
        NewReport(door.existing["service_code"], place, "resident"), identity=Identity(Role.DISPATCHER)
    )
    body = ERASES.get(path, BODY)
    return str(incident.id), {"Report-Token": token}, dict(body)
