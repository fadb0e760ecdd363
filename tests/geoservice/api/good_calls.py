"""A good call of every operation of the interface, as its document describes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from geoservice.auth.model import Role
from geoservice.auth.permissions import Permission
from geoservice.web.guard import LABEL
from tests.geoservice.api import draft_calls, kept_calls, step_calls, webhook_calls
from tests.geoservice.web.attacks import Answer, answer_to, ask
from tests.geoservice.web.door import Door
from tests.unserved import APP

DOCUMENT: dict[str, Any] = APP.api_doc


@dataclass(frozen=True)
class Operation:
    """One operation of the interface as its document describes it."""

    method: str
    path: str
    details: dict[str, Any]

    def parameters(self, place: str) -> list[str]:
        return [one["name"] for one in self.details.get("parameters", []) if one["in"] == place]

    @property
    def statuses(self) -> set[int]:
        return {int(status) for status in self.details["responses"]}

    @property
    def takes_body(self) -> bool:
        return "requestBody" in self.details

    @property
    def form_fields(self) -> list[str]:
        """Of a body that is a form, not JSON."""
        content = self.details.get("requestBody", {}).get("content", {}).get("application/x-www-form-urlencoded")
        return [] if content is None else list(content["schema"]["properties"])

    @property
    def fields(self) -> list[str]:
        content = self.details.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            return []
        schema = DOCUMENT["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
        return list(schema.get("properties", ()))


def _operations() -> Iterator[Operation]:
    for path, methods in DOCUMENT["paths"].items():
        for method, details in methods.items():
            yield Operation(method.upper(), path, details)


OPERATIONS = list(_operations())
every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.method} {one.path}")


def permission_of(operation: Operation, app: Flask) -> Permission:
    """Return what an operation asks of whoever calls it."""
    for rule in app.url_map.iter_rules():
        if re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) == operation.path and operation.method in (
            rule.methods or ()
        ):
            return Permission(getattr(app.view_functions[rule.endpoint], LABEL))
    raise LookupError(operation.path)


def _showing(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}


def _valid(names: list[str], door: Door) -> dict[str, Any]:
    return {name: door.existing[name] for name in names if name in door.existing}


def send(operation: Operation, door: Door, *, key: str | None = None, **parts: Any) -> Answer:
    """Send a valid call with some of its parts replaced: path, query, body; count its work.

    Parameters
    ----------
    key
        What is shown; empty: nothing; None: the administrator's.
    """
    path, more = _call(operation, door, key, parts)
    answer = ask(door.client, path, **more)
    if answer.status in {200, 201}:
        _waiting.pop(operation.path, None)
    return answer


def call(operation: Operation, door: Door, *, key: str) -> TestResponse:
    """Send a valid call of which nobody asks how much work it is."""
    path, more = _call(operation, door, key, {})
    response = answer_to(door.client, path, **more)
    if response.status_code in {200, 201}:
        _waiting.pop(operation.path, None)
    return response


def _call(operation: Operation, door: Door, key: str | None, parts: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the address of a call and what else it sends; what it needs is made ready."""
    shown = door.keys[Role.ADMIN] if key is None else key
    if webhook_calls.is_call(operation.path):
        webhook_calls.ready(door)
    kept_calls.ready(door, operation.path)
    named = kept_calls.named(door, operation.method, operation.path)
    path = door.fill(operation.path, named | (parts.get("path") or {}))
    query = _valid(operation.parameters("query"), door) | kept_calls.query(operation.path) | parts.get("query", {})
    more: dict[str, Any] = {"method": operation.method, "query_string": query}
    own = kept_calls.body(door, operation.method, operation.path)
    body, headers = _valid(operation.fields, door) if own is None else own, _showing(shown)
    if draft_calls.is_verb(operation.method, operation.path):
        draft, body = _draft_for(operation, door)
        headers["If-Match"] = draft.etag
        path = path.replace(f"/editions/{door.existing['editions.id']}/", f"/editions/{draft.id}/")
    if step_calls.is_step(operation.method, operation.path):
        incident, token, body = step_calls.ready(door, operation.path)
        headers = token | headers if key else headers | token
        path = path.replace(door.existing["incidents.id"], incident)
    if operation.takes_body:
        more |= {"data": json.dumps(body | parts.get("body", {})), "content_type": "application/json"}
    if operation.form_fields:
        form = _valid(operation.form_fields, door) | {"api_key": shown}
        more |= {"data": form, "content_type": "application/x-www-form-urlencoded"}
    if "raw" in parts:
        more |= {"data": parts["raw"], "content_type": "application/json"}
    return path, more | {"headers": headers}


#: Drafts that were made ready for an operation which was refused: they are as good for the next call.
_waiting: dict[str, tuple[draft_calls.Ready, dict[str, Any]]] = {}


def _draft_for(operation: Operation, door: Door) -> tuple[draft_calls.Ready, dict[str, Any]]:
    if operation.path not in _waiting or _waiting[operation.path][0].door is not door:
        draft = draft_calls.ready(door)
        _waiting[operation.path] = draft, draft_calls.body(draft, operation.path)
    return _waiting[operation.path]
