"""Every operation that an interface's own description has, against the corpus of hostile input.

A new route is covered by being described; one that is not described fails, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from geoservice.auth.model import Role
from layers.catalogue import catalogue
from tests.depth import depths
from tests.geoservice.ogc.test_editing import POINT
from tests.geoservice.ogc.test_standard import ROOT, get
from tests.geoservice.web.attacks import BODIES, TEXTS, VALUES, Answer, ask
from tests.geoservice.web.door import Door

#: Parts of a collection's addresses, with the methods there; those that write where it is written one by one.
READ = ("/collections/{}", "/collections/{}/queryables", "/collections/{}/schema", "/collections/{}/items",
        "/collections/{}/items/{{featureId}}")  # fmt: skip
TILED = ("/collections/{}/tiles", "/collections/{}/tiles/WebMercatorQuad",
         "/collections/{}/tiles/WebMercatorQuad/{{tileMatrix}}/{{tileRow}}/{{tileCol}}")  # fmt: skip
STYLED = ("/collections/{}/styles", "/collections/{}/styles/map")
#: What stands in the path of a tile that is there.
TILE = {"tileMatrix": "14", "tileRow": "6799", "tileCol": "12368"}
WRITTEN = (("post", READ[3]), ("put", READ[4]), ("patch", READ[4]), ("delete", READ[4]))
#: The everyday run sends each operation one of so many shares of the corpus; the proof sends all of it in every part.
SHARES, ALL = 40, 1
TYPES = {"post": "application/geo+json", "put": "application/geo+json", "patch": "application/merge-patch+json"}


@dataclass(frozen=True)
class Operation:
    """One operation of an interface."""

    method: str
    path: str
    number: int

    @property
    def collection(self) -> str:
        return self.path.split("/")[2] if self.path.count("/") > 1 else ""


def _operations() -> Iterator[tuple[str, str]]:
    for path in (
        "/", "/api", "/conformance", "/collections", "/tileMatrixSets", "/tileMatrixSets/WebMercatorQuad"
    ):  # fmt: skip
        yield "get", path
    for name, layer in catalogue().items():
        offered = (*READ, *(TILED if layer.tiling else ()), *(STYLED if layer.styles else ()))
        yield from (("get", path.format(name)) for path in offered)
        if layer.is_written and not layer.personal:
            yield from ((method, path.format(name)) for method, path in WRITTEN)


OPERATIONS = [Operation(*one, n) for n, one in enumerate(_operations())]
every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.method} {one.path}")
every_sender = pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.method in TYPES], ids=lambda one: f"{one.method} {one.path}"
)


@pytest.fixture(scope="module")
def described(door: Door) -> dict[str, Any]:
    """Return the description as whoever writes reads it."""
    found: dict[str, Any] = get(door, f"{ROOT}/api", role=Role.ADMIN).json
    return found


def _details(described: dict[str, Any], operation: Operation) -> tuple[dict[str, Any], set[int]]:
    details = described["paths"][operation.path][operation.method]
    return details, {int(status) for status in details["responses"]}


def _parameters(described: dict[str, Any], operation: Operation, place: str) -> list[str]:
    details, _ = _details(described, operation)
    shared = described["components"]["parameters"]
    every = [shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in details["parameters"]]
    return [one["name"] for one in every if one["in"] == place]


def _address(door: Door, operation: Operation) -> str:
    """Return an address of the operation at which something is; what is removed or written has been made for that."""
    if "{featureId}" not in operation.path:
        return ROOT + _of_tile(operation.path)
    items = ROOT + operation.path.partition("/{featureId}")[0]
    first = get(door, f"{items}?limit=1").json["features"][0]
    if operation.method == "get":
        return f"{items}/{first['id']}"
    sent = first | {"properties": first["properties"] | {"code": str(uuid4())}}
    made = ask(door.client, items, method="POST", json=sent, headers=door.headers(Role.ADMIN))
    assert made.status == 201, made.response.get_data(as_text=True)
    return str(made.response.headers["Location"].removeprefix("http://localhost"))


def _of_tile(path: str) -> str:
    for name, value in TILE.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def _send(door: Door, operation: Operation, path: str, **more: Any) -> Answer:
    headers = door.headers(Role.ADMIN) | more.pop("headers", {})
    if operation.method in TYPES:
        headers["Content-Type"] = more.pop("type_", TYPES[operation.method])
        more.setdefault("data", b'{"type":"Feature","geometry":null,"properties":{"nothing":1}}')
    return ask(door.client, path, method=operation.method.upper(), headers=headers, **more)


def _share(operation: Operation, corpus: Any, shares: int) -> list[Any]:
    shares = min(shares, len(corpus))  # each is sent something
    return list(corpus)[operation.number % shares :: shares]


def test_every_route_is_in_the_description_and_nothing_else_is(door: Door, described: dict[str, Any]) -> None:
    told = {(method, path) for path, of in described["paths"].items() for method in of if method != "parameters"}
    routed = set()
    for rule in door.app.url_map.iter_rules():
        if not rule.rule.startswith("/ogc/<jurisdiction>"):
            continue
        path = rule.rule.removeprefix("/ogc/<jurisdiction>").replace("<path:key>", "{featureId}") or "/"
        path = path.replace("<matrix>/<row>/<column>", "{tileMatrix}/{tileRow}/{tileCol}")
        routed |= {(method.lower(), path) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}

    # Drafts are collections as long as there are any; other tests make some behind the same door.
    lasting = {one for one in told if not one[1].startswith("/collections/draft-")}
    assert {(one.method, one.path) for one in OPERATIONS} == lasting
    of_any = {(method, re.sub(r"^/collections/[^/]+", "/collections/<collection>", path)) for method, path in told}
    assert of_any == routed


@every_operation
def test_what_is_read_is_answered_as_described(door: Door, operation: Operation, described: dict[str, Any]) -> None:
    path = _address(door, operation)
    if operation.method == "get":
        _send(door, operation, path).assert_tame(statuses={200})
    elif operation.method in TYPES:
        _send(door, operation, path).assert_tame(statuses={400})


@depths(SHARES, ALL)
@every_operation
def test_hostile_text_in_each_parameter_is_refused_or_answered(
    door: Door, operation: Operation, described: dict[str, Any], depth: int
) -> None:
    names, (_, statuses) = _parameters(described, operation, "query"), _details(described, operation)
    path = _address(door, operation)
    for n, text in enumerate(_share(operation, TEXTS, depth)):
        for name in names if depth == ALL else names[n % len(names) : n % len(names) + 1] if names else ():
            limited = {"limit": "1"} if name != "limit" and "limit" in names else {}
            _send(door, operation, path, query_string=limited | {name: text}).assert_tame(statuses=statuses)
        if operation.method == "get":
            unknown = _send(door, operation, path, query_string={"none": text})
            unknown.assert_tame(statuses={400})


@depths(SHARES, ALL)
@every_operation
def test_hostile_text_in_the_path_reaches_nothing(
    door: Door, operation: Operation, described: dict[str, Any], depth: int
) -> None:
    _, statuses = _details(described, operation)
    parts = _of_tile(operation.path).replace("{featureId}", "no-such-feature").split("/")
    for text in _share(operation, TEXTS, depth):
        for n in range(2, len(parts)):
            path = ROOT + "/".join([*parts[:n], quote(text, safe=""), *parts[n + 1 :]])
            answer = _send(door, operation, path)
            answer.assert_tame()
            assert answer.status in statuses | {200, 308, 400, 404, 405}, path


@depths(SHARES, ALL)
@pytest.mark.parametrize("name", ["If-Match", "Content-Crs"])
@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.method != "get"], ids=lambda one: f"{one.method} {one.path}"
)
def test_hostile_text_in_each_header_is_refused_or_ignored(
    door: Door, operation: Operation, name: str, described: dict[str, Any], depth: int
) -> None:
    _, statuses = _details(described, operation)
    path = ROOT + operation.path.replace("{featureId}", "no-such-feature")
    assert name in _parameters(described, operation, "header")
    for text in _share(operation, TEXTS, depth):
        if "\n" not in text and "\r" not in text and text.isascii():
            _send(door, operation, path, headers={name: text}).assert_tame(statuses=statuses - {201, 204})


@depths(SHARES, ALL)
@every_sender
def test_a_hostile_body_is_refused(door: Door, operation: Operation, described: dict[str, Any], depth: int) -> None:
    path = _address(door, operation)
    for body in _share(operation, BODIES.values(), depth):
        _send(door, operation, path, data=body).assert_tame(statuses={400})


@depths(SHARES, ALL)
@every_sender
def test_hostile_values_in_each_property_are_refused_or_stored(
    door: Door, operation: Operation, described: dict[str, Any], depth: int
) -> None:
    _, statuses = _details(described, operation)
    layer, path = catalogue()[operation.collection], _address(door, operation)
    names = [column.name for column in layer.columns]
    for n, value in enumerate(_share(operation, VALUES, depth)):
        for name in names if depth == ALL else [names[n % len(names)]]:
            body = {"type": "Feature", "properties": {name: value}}
            body |= {"geometry": POINT} if operation.method != "patch" else {}
            answer = _send(door, operation, path, data=door.app.json.dumps(body))
            answer.assert_tame(statuses=statuses)
        answer = _send(door, operation, path, data=door.app.json.dumps(body | {"geometry": value}))
        answer.assert_tame(statuses={400})
