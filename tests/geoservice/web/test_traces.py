"""The service's own log: a line a request, with the id that errors carry, and nothing that anybody wrote or showed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from geoservice.auth.model import Role
from tests.geoservice.api.good_calls import Operation, every_operation, send
from tests.geoservice.web.door import Door

MARK = "marked-13800138000"


def lines_of(door: Door, method: str, path: str, **sent: Any) -> tuple[Any, dict[str, Any]]:
    """Return an answer and the one line that it left."""
    with capture_logs() as lines:
        answer = door.client.open(path, method=method, **sent)
    found = [line for line in lines if line["event"] == "request"]
    assert len(found) == 1, lines
    return answer, found[0]


@pytest.mark.parametrize(("path", "status", "problem"), [
    (f"/v1/nothing/{MARK}", 404, "not-found"), (f"/v1/incidents/{MARK}", 422, "invalid-input"),
    ("/v1/incidents", 401, "unauthorised"), (f"/v1/owner?lon=91.77&lat=29.24&{MARK}=1", 422, "invalid-input"),
    (f"/v1/incidents/00000000-0000-4000-8000-000000000000?{MARK}=1", 401, "unauthorised"),
    (f"/open311/v2/requests/{MARK}.json", 404, None), (f"/maps/{MARK}", 404, "jurisdiction-unknown"),
])  # fmt: skip
def test_the_instance_of_an_error_is_in_the_log(door: Door, path: str, status: int, problem: str | None) -> None:
    headers = {"Accept": "application/json", "X-Marked": MARK}
    headers |= door.headers(Role.DISPATCHER) if status == 422 else {}
    answer, line = lines_of(door, "GET", path, headers=headers)

    assert (answer.status_code, line["status"], line["log_level"]) == (status, status, "warning")
    assert line["problem"] == problem
    if answer.mimetype == "application/problem+json":
        assert answer.json["instance"] == f"urn:uuid:{line['request_id']}"
    assert MARK not in json.dumps(line)


def test_a_failure_that_nobody_foresaw_is_in_the_log_twice_by_the_same_id(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(type(door.services.incidents), "incident", fails)
    with capture_logs() as lines:
        answer = door.client.get(
            "/v1/incidents/00000000-0000-4000-8000-000000000000", headers=door.headers(Role.DISPATCHER)
        )

    assert answer.status_code == 500
    assert {line["request_id"] for line in lines} == {answer.json["instance"].removeprefix("urn:uuid:")}
    assert [line["event"] for line in lines] == ["request failed", "request"]
    assert {line["route"] for line in lines} == {"/v1/incidents/<id>"}


def test_what_was_done_is_entered_by_the_id_that_is_in_the_log(door: Door) -> None:
    incident = door.existing["incidents.id"]
    answer, line = lines_of(door, "GET", f"/v1/incidents/{incident}", headers=door.headers(Role.DISPATCHER))
    told = door.client.get("/v1/audit?what=incident_read&limit=1", headers=door.headers(Role.AUDITOR)).json["entries"][
        0
    ]

    assert (answer.status_code, line["log_level"]) == (200, "info")
    assert told["request"] == line["request_id"]


#: Answered from memory without the application, at thousands a second: counted in /metrics.
FROM_MEMORY = ("/v1/owner", "/tiles/{jurisdiction}/{layer}/{version}/{z}/{x}/{y}.mvt")


@every_operation
def test_every_operation_leaves_a_line_without_keys_tokens_or_words(operation: Operation, door: Door) -> None:
    with capture_logs() as lines:
        answer = send(operation, door)

    told = json.dumps(lines, default=str)
    expected = 0 if (operation.method, operation.path) in [("GET", path) for path in FROM_MEMORY] else answer.asked
    assert len([line for line in lines if line["event"] == "request"]) == expected, lines
    for hidden in ("grd_", "rpt_", "whsec_", "Bearer", door.existing["token"], door.keys[Role.ADMIN]):
        assert hidden not in told
