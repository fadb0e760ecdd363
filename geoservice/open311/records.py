"""Our nouns as the standard's records. The order of the fields is the order of its examples."""

from __future__ import annotations

from typing import Any

from geoservice.open311.writing import instant
from layers.incidents.model import Incident, IncidentEvent, Service, StatusChange

#: What the standard calls closed; everything else is open.
CLOSED = ("resolved", "closed", "duplicate", "cancelled")
OPEN = ("reported", "dispatched", "accepted", "returned")
#: Our statuses in the fuller list of states that FixMyStreet reads (perllib/Open311.pm, map_state; db/fixture.sql):
#: what is open here is in an open state there, what is closed in a closed or a fixed one. Others it leaves unread.
UPDATE_STATES = {
    "reported": "OPEN", "dispatched": "ACTION_SCHEDULED", "accepted": "IN_PROGRESS", "returned": "OPEN",
    "resolved": "FIXED", "closed": "CLOSED", "duplicate": "DUPLICATE", "cancelled": "NO_FURTHER_ACTION",
}  # fmt: skip
NOTICE_FILES = "No pictures are kept: the files and media_url were left out. 本服务不保存照片，附件已忽略。"
NOTICE_ERASED = "What was written of it was erased. 文字已删除。"
NOTICE_PERSONAL = "Names, telephone numbers and addresses of e-mail are not kept. 本服务不保存姓名、电话和邮箱。"


def service_record(service: Service) -> dict[str, Any]:
    """Return a service of the list."""
    return {
        "service_code": service.code, "service_name": service.name, "description": service.description or "",
        "metadata": bool(service.attributes), "type": "realtime", "keywords": ",".join(service.keywords),
        "group": service.category or "",
    }  # fmt: skip


def definition_record(service: Service) -> dict[str, Any]:
    """Return what a service asks for."""
    return {
        "service_code": service.code,
        "attributes": [_attribute(one, order) for order, one in enumerate(service.attributes, start=1)],
    }


def _attribute(one: dict[str, Any], order: int) -> dict[str, Any]:
    return {
        "variable": bool(one.get("variable", True)), "code": str(one["code"]),
        "datatype": str(one.get("datatype", "string")), "required": bool(one.get("required", False)),
        "datatype_description": one.get("datatype_description"), "order": order,
        "description": str(one.get("description", "")),
        "values": [{"key": str(value["key"]), "name": str(value["name"])} for value in one.get("values", ())],
    }  # fmt: skip


def request_record(
    incident: Incident, service_name: str, *, with_text: bool, history: tuple[IncidentEvent, ...] | None = None
) -> dict[str, Any]:
    """Return an incident as a service request.

    Parameters
    ----------
    with_text
        Whether the reader may see words that people wrote.
    history
        Its lines, for readers who asked for extensions; None leaves them out.
    """
    closed = incident.status in CLOSED
    record = {
        "service_request_id": str(incident.id), "status": "closed" if closed else "open",
        "status_notes": incident.status, "service_name": service_name, "service_code": incident.service_code,
        "description": incident.description if with_text else None, "agency_responsible": incident.grid_code,
        "service_notice": NOTICE_ERASED if with_text and incident.words_gone_at else None,
        "requested_datetime": instant(incident.reported_at),
        "updated_datetime": instant(incident.closed_at or incident.status_since if closed else incident.updated_at),
        "expected_datetime": instant(incident.expected_at), "address": None, "address_id": incident.building_code,
        "zipcode": None, "lat": incident.position.lat, "long": incident.position.lon, "media_url": None,
    }  # fmt: skip
    if history is None:
        return record
    answers = incident.attributes.items() if with_text else ()
    return record | {
        "extended_attributes": [{"code": code, "value": _joined(value)} for code, value in answers],
        "notes": [
            {"datetime": instant(line.at), "type": line.rule, "description": line.to_status}
            for line in history if line.from_status != line.to_status
        ],
    }  # fmt: skip


def update_record(change: StatusChange) -> dict[str, Any]:
    """Return a change of status as FixMyStreet reads it."""
    return {
        "update_id": str(change.number), "service_request_id": str(change.incident_id),
        "status": UPDATE_STATES[change.status], "updated_datetime": instant(change.at), "description": "",
        "media_url": None,
    }  # fmt: skip


def _joined(value: object) -> str:
    return ",".join(str(part) for part in value) if isinstance(value, list) else str(value)
