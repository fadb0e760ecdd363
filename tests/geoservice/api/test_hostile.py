"""Every operation of the interface against the corpus of hostile input; a new route is covered by being there."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import pytest

from tests.depth import depths
from tests.geoservice.api.good_calls import OPERATIONS, Operation, every_operation, send
from tests.geoservice.web.attacks import BODIES, OPEN311, OTHERS, TEXTS, VALUES, ask, of_some_kinds
from tests.geoservice.web.door import Door

#: The everyday run sends each operation a text of each kind, and one of so many shares of all else, so that each spoil
#: meets as large a part of the operations, and spreads it over the parts of the request; the proof sends all of it in
#: every part.
SHARES, ALL = 5, 1
every_sender = pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.fields], ids=lambda one: f"{one.method} {one.path}"
)


def _share(operation: Operation, corpus: Iterable[Any], shares: int) -> list[Any]:
    return list(corpus)[OPERATIONS.index(operation) % shares :: shares]


def _texts(operation: Operation, names: list[str], shares: int) -> Iterable[tuple[str, str]]:
    """Return which part of a call is to be replaced by what text."""
    if not names or shares == ALL:
        return itertools.product(names, TEXTS)
    return zip(itertools.cycle(names), of_some_kinds(OPERATIONS.index(operation)), strict=False)


def _values(operation: Operation, shares: int) -> Iterable[tuple[str, Any]]:
    """Return which field of a body is to be replaced by what value."""
    if shares == ALL:
        return itertools.product(operation.fields, VALUES)
    few = _share(operation, OTHERS, shares) + of_some_kinds(OPERATIONS.index(operation))
    return zip(itertools.cycle(operation.fields), few, strict=False)


@every_operation
def test_the_call_that_the_others_spoil_is_a_good_one(operation: Operation, door: Door) -> None:
    assert send(operation, door).status in {200, 201}


@depths(SHARES, ALL)
@every_operation
def test_hostile_text_in_each_parameter_is_refused_or_answered(operation: Operation, door: Door, depth: int) -> None:
    for name, text in _texts(operation, operation.parameters("query"), depth):
        send(operation, door, query={name: text}).assert_tame(statuses=operation.statuses)


@depths(SHARES, ALL)
@every_operation
def test_hostile_text_in_the_path_reaches_nothing(operation: Operation, door: Door, depth: int) -> None:
    for name, text in _texts(operation, operation.parameters("path"), depth):
        answer = send(operation, door, path={name: text})
        answer.assert_tame()
        assert answer.status in operation.statuses | {404}


@every_operation
def test_a_parameter_twice_is_refused(operation: Operation, door: Door) -> None:
    for name in operation.parameters("query"):
        answer = send(operation, door, query={name: ["1", "2"]})

        answer.assert_tame(statuses={422})
        assert f"{name}: give it once" in answer.said


UNKNOWN = ("debug", "fields", "sort", "role", "__class__", "a" * 500, "\x00", "a[]", "lon ")


@depths(SHARES, ALL)
@every_operation
def test_an_unknown_parameter_is_refused_or_ignored(operation: Operation, door: Door, depth: int) -> None:
    for name in _share(operation, UNKNOWN, depth):
        answer = send(operation, door, query={name: "pg_sleep(10)"})

        answer.assert_tame(statuses=operation.statuses)
        # A misspelt parameter must not be overlooked where any is read.
        # GeoReport v2 lets clients send more than it names, and they do.
        assert answer.status == 422 or not operation.parameters("query") or operation.path.startswith(OPEN311)


@depths(SHARES, ALL)
@every_sender
def test_hostile_values_in_each_field_are_refused_or_answered(operation: Operation, door: Door, depth: int) -> None:
    for name, value in _values(operation, depth):
        send(operation, door, body={name: value}).assert_tame(statuses=operation.statuses)


FIELDS = ("role", "grid_code", "status", "created_by", "id", "__proto__", "a" * 500, "\x00", "")


@depths(SHARES, ALL)
@every_sender
def test_an_unknown_field_is_refused(operation: Operation, door: Door, depth: int) -> None:
    for name in _share(operation, FIELDS, depth):
        if name in operation.fields and operation.path.endswith(("/grants", "/v1/keys")):
            continue  # there it is a field, and this one of its values
        answer = send(operation, door, body={name: "admin"})

        answer.assert_tame(statuses={422})


@depths(SHARES, ALL)
@every_sender
def test_a_hostile_body_is_refused(operation: Operation, door: Door, depth: int) -> None:
    for body in _share(operation, BODIES.values(), depth):
        send(operation, door, raw=body).assert_tame(statuses={400, 422})


@every_sender
def test_a_body_above_the_limit_is_refused_before_it_is_parsed(operation: Operation, door: Door) -> None:
    answer = send(operation, door, raw=b" " * 10_000_000)

    answer.assert_tame(statuses={413})
    assert "1000000 bytes" in answer.response.json["detail"]


MEDIA_TYPES = (
    None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml",
    "application/json, text/plain", "application/problem+json", "é", "x" * 9000, "/", ";", "application/*",
)  # fmt: skip


@depths(SHARES, ALL)
@every_sender
def test_another_media_type_is_refused(operation: Operation, door: Door, depth: int) -> None:
    for media_type in _share(operation, MEDIA_TYPES, depth):
        more = {} if media_type is None else {"content_type": media_type}

        path = door.fill(operation.path)
        answer = ask(door.client, path, method=operation.method, data=b"{}", headers=door.headers(), **more)

        answer.assert_tame(statuses={415})


ENCODINGS = ("gzip", "br", "deflate", "gzip, identity", "x" * 500)


@depths(SHARES, ALL)
@every_sender
def test_a_compressed_body_is_refused(operation: Operation, door: Door, depth: int) -> None:
    for encoding in _share(operation, ENCODINGS, depth):
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
