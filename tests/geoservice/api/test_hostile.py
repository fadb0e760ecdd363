"""Every operation of the interface against the corpus of hostile input; a new route is covered by being there."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import SecretStr

from geoservice.app import create_app
from geoservice.auth.model import Role
from geoservice.settings import Settings
from tests.depth import depths
from tests.geoservice.api import draft_calls, kept_calls, step_calls, webhook_calls
from tests.geoservice.web.attacks import BODIES, OPEN311, TEXTS, VALUES, Answer, ask
from tests.geoservice.web.door import Door

DOCUMENT: dict[str, Any] = create_app(Settings(database_url=SecretStr("postgresql://unused"))).api_doc


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
#: The everyday run sends each operation one of so many shares of the corpus, so that each spoil meets as large a part
#: of the operations, and spreads it over the parts of the request; the proof sends all of it in every part.
SHARES, ALL = 5, 1
every_sender = pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.fields], ids=lambda one: f"{one.method} {one.path}"
)


def _share(operation: Operation, corpus: Iterable[Any], shares: int) -> list[Any]:
    return list(corpus)[OPERATIONS.index(operation) % shares :: shares]


def _spoilt(operation: Operation, names: list[str], corpus: Iterable[Any], shares: int) -> Iterable[tuple[str, Any]]:
    """Return which part of a call is to be replaced by what."""
    if not names or shares == 1:
        return itertools.product(names, corpus)
    return zip(itertools.cycle(names), _share(operation, corpus, shares), strict=False)


def _valid(names: list[str], door: Door) -> dict[str, Any]:
    return {name: door.existing[name] for name in names if name in door.existing}


def _send(operation: Operation, door: Door, **parts: Any) -> Answer:
    """Send a valid call with some of its parts replaced: path, query, body."""
    if webhook_calls.is_call(operation.path):
        webhook_calls.ready(door)
    kept_calls.ready(door, operation.path)
    path = door.fill(operation.path, parts.get("path"))
    query = _valid(operation.parameters("query"), door) | kept_calls.query(operation.path) | parts.get("query", {})
    more: dict[str, Any] = {}
    own = kept_calls.body(door, operation.method, operation.path)
    body, headers = _valid(operation.fields, door) if own is None else own, door.headers(Role.ADMIN)
    if draft_calls.is_verb(operation.method, operation.path):
        draft, body = _draft_for(operation, door)
        headers["If-Match"] = draft.etag
        path = path.replace(f"/editions/{door.existing['editions.id']}/", f"/editions/{draft.id}/")
    if step_calls.is_step(operation.method, operation.path):
        incident, token, body = step_calls.ready(door)
        headers |= token
        path = path.replace(door.existing["incidents.id"], incident)
    if operation.takes_body:
        more = {"data": json.dumps(body | parts.get("body", {})), "content_type": "application/json"}
    if operation.form_fields:
        form = _valid(operation.form_fields, door) | {"api_key": door.keys[Role.ADMIN]}
        more = {"data": form, "content_type": "application/x-www-form-urlencoded"}
    if "raw" in parts:
        more = {"data": parts["raw"], "content_type": "application/json"}
    answer = ask(door.client, path, method=operation.method, query_string=query, headers=headers, **more)
    if answer.status in {200, 201}:
        _waiting.pop(operation.path, None)
    return answer


#: Drafts that were made ready for an operation which was refused: they are as good for the next call.
_waiting: dict[str, tuple[draft_calls.Ready, dict[str, Any]]] = {}


def _draft_for(operation: Operation, door: Door) -> tuple[draft_calls.Ready, dict[str, Any]]:
    if operation.path not in _waiting or _waiting[operation.path][0].door is not door:
        draft = draft_calls.ready(door)
        _waiting[operation.path] = draft, draft_calls.body(draft, operation.path)
    return _waiting[operation.path]


@every_operation
def test_the_call_that_the_others_spoil_is_a_good_one(operation: Operation, door: Door) -> None:
    assert _send(operation, door).status in {200, 201}


@depths(SHARES, ALL)
@every_operation
def test_hostile_text_in_each_parameter_is_refused_or_answered(operation: Operation, door: Door, depth: int) -> None:
    for name, text in _spoilt(operation, operation.parameters("query"), TEXTS, depth):
        _send(operation, door, query={name: text}).assert_tame(statuses=operation.statuses)


@depths(SHARES, ALL)
@every_operation
def test_hostile_text_in_the_path_reaches_nothing(operation: Operation, door: Door, depth: int) -> None:
    for name, text in _spoilt(operation, operation.parameters("path"), TEXTS, depth):
        answer = _send(operation, door, path={name: text})
        answer.assert_tame()
        assert answer.status in operation.statuses | {404}


@every_operation
def test_a_parameter_twice_is_refused(operation: Operation, door: Door) -> None:
    for name in operation.parameters("query"):
        answer = _send(operation, door, query={name: ["1", "2"]})

        answer.assert_tame(statuses={422})
        assert f"{name}: give it once" in answer.said


@every_operation
def test_an_unknown_parameter_is_refused_or_ignored(operation: Operation, door: Door) -> None:
    for name in ("debug", "fields", "sort", "role", "__class__", "a" * 500, "\x00", "a[]", "lon "):
        answer = _send(operation, door, query={name: "pg_sleep(10)"})

        answer.assert_tame(statuses=operation.statuses)
        # A misspelt parameter must not be overlooked where any is read.
        # GeoReport v2 lets clients send more than it names, and they do.
        assert answer.status == 422 or not operation.parameters("query") or operation.path.startswith(OPEN311)


@depths(SHARES, ALL)
@every_sender
def test_hostile_values_in_each_field_are_refused_or_answered(operation: Operation, door: Door, depth: int) -> None:
    for name, value in _spoilt(operation, operation.fields, VALUES, depth):
        _send(operation, door, body={name: value}).assert_tame(statuses=operation.statuses)


@every_sender
def test_an_unknown_field_is_refused(operation: Operation, door: Door) -> None:
    for name in ("role", "grid_code", "status", "created_by", "id", "__proto__", "a" * 500, "\x00", ""):
        answer = _send(operation, door, body={name: "admin"})

        answer.assert_tame(statuses={422})


@depths(SHARES, ALL)
@every_sender
def test_a_hostile_body_is_refused(operation: Operation, door: Door, depth: int) -> None:
    for body in _share(operation, BODIES.values(), depth):
        _send(operation, door, raw=body).assert_tame(statuses={400, 422})


@every_sender
def test_a_body_above_the_limit_is_refused_before_it_is_parsed(operation: Operation, door: Door) -> None:
    answer = _send(operation, door, raw=b" " * 10_000_000)

    answer.assert_tame(statuses={413})
    assert "1000000 bytes" in answer.response.json["detail"]


MEDIA_TYPES = (
    None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml",
    "application/json, text/plain", "application/problem+json", "é", "x" * 9000, "/", ";", "application/*",
)  # fmt: skip


@every_sender
def test_another_media_type_is_refused(operation: Operation, door: Door) -> None:
    for media_type in MEDIA_TYPES:
        more = {} if media_type is None else {"content_type": media_type}

        path = door.fill(operation.path)
        answer = ask(door.client, path, method=operation.method, data=b"{}", headers=door.headers(), **more)

        answer.assert_tame(statuses={415})


@every_sender
def test_a_compressed_body_is_refused(operation: Operation, door: Door) -> None:
    for encoding in ("gzip", "br", "deflate", "gzip, identity", "x" * 500):
        headers = door.headers() | {"Content-Encoding": encoding, "Content-Type": "application/json"}

        path = door.fill(operation.path)
        answer = ask(door.client, path, method=operation.method, data=b"\x1f\x8b", headers=headers)

        answer.assert_tame(statuses={415})


def test_a_row_that_is_no_position_says_so_in_its_place(door: Door) -> None:
    rows: list[Any] = [None, True, {}, [], [[]], [1], ["1", 2], [1, None]]
    rows += [[2**63, 1], [1e300, 1], [1, 2, 3, 4], "x", [29.24, 91.77]]

    answer = ask(door.client, "/v1/owner/batch", method="POST", json={"positions": rows})

    assert all(result["problem"] and result["grid_code"] is None for result in answer.response.json["results"])


@pytest.mark.parametrize("lonlat", [[-0.0, 0.0], [180, 90], [-180, -90], [91.77, -0.0], [0, 90]])
def test_the_ends_of_the_earth_are_places(door: Door, lonlat: list[float]) -> None:
    answer = ask(door.client, "/v1/owner/batch", method="POST", json={"positions": [lonlat]})

    assert answer.response.json["results"][0]["method"] == "none"


def test_a_number_too_small_to_reckon_with_is_no_fault_of_the_server(door: Door) -> None:
    answer = ask(door.client, "/v1/owner/batch", method="POST", json={"positions": [[5e-324, 1e-320]]})

    answer.assert_tame(statuses={200, 422})


def test_a_batch_of_the_largest_size_is_answered_without_a_call_for_each_position(door: Door) -> None:
    answer = ask(door.client, "/v1/owner/batch", method="POST", json={"positions": [[91.77, 29.24]] * 10_000})

    answer.assert_tame(statuses={200})
