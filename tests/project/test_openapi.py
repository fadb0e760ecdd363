"""The interface's document is valid OpenAPI 3.1, and the service is as it says: schemathesis tries every operation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.generation.meta import CoveragePhaseData
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi import checks
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from geoservice.api.batch.answering import FORMS
from geoservice.auth.model import Role
from geoservice.web.problems import HTTP_KINDS, INTERNAL, KINDS
from tests.depth import depths
from tests.geoservice.web.attacks import OPEN311, ask
from tests.geoservice.web.door import Door
from tests.unserved import APP

#: Chance cases of an operation, beside those at the bounds of each parameter: in the everyday run, in the long proof.
#: Strangers, whom most operations refuse whatever they send, are tried with fewer.
ONE, FEW, MANY = 1, 3, 150
#: Of alike cases at those bounds one in so many is tried in the everyday run, the first always.
SHARE = 3
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.ignored_auth,
    checks.unsupported_method,
    checks.allow_header_conformance,
]
DOCUMENT: dict[str, Any] = APP.api_doc
CONFIG = SchemathesisConfig.from_dict({"seed": 20260101, "generation": {"deterministic": True}})
INTERFACE: BaseSchema = schemathesis.openapi.from_wsgi("/openapi.json", APP, config=CONFIG)


def _as_text(context: schemathesis.SerializationContext, value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


for media_type in FORMS:
    schemathesis.serializer(media_type)(_as_text)


def _checks(case: Case) -> list[CheckFunction]:
    # A batch answers a row that is no position in that row's place, so that one bad row does not cost the others.
    in_place = case.operation.path.endswith("/batch")
    return [check for check in CHECKS if not (in_place and check is checks.negative_data_rejection)]


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


#: Without a server between them the caller does not unpack what he says that he could.
PLAIN = {"Accept-Encoding": "identity"}
every_operation = pytest.mark.parametrize(("path", "method"), [(path, method) for path, method, _ in _operations()])


def _try(path: str, method: str, examples: int, check: Callable[[Case], object]) -> None:
    """Try an operation with the cases of every phase; they are made here, as there are too many to make beforehand.

    The everyday run tries of those at the bounds of parameters some of each kind.
    """
    met: Counter[tuple[object, ...]] = Counter()

    @settings(
        max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    def holds(case: Case) -> None:
        if examples != FEW or _is_in_turn(case, met):
            check(case)

    operation = INTERFACE[path][method.upper()]
    build_operation_test(
        config=INTERFACE.config, operation=operation, test_func=holds, given_kwargs={}, feedback=FeedbackSources()
    )()


def _is_in_turn(case: Case, met: Counter[tuple[object, ...]]) -> bool:
    """Return whether a case is the first of its kind at the bounds, one of so many after it, or none of those."""
    bounds = case.meta.phase.data if case.meta is not None else None
    if not isinstance(bounds, CoveragePhaseData):
        return True
    kind = (bounds.scenario, bounds.parameter_location)
    met[kind] += 1
    return met[kind] % SHARE == 1


@pytest.mark.slow
@depths(ONE, MANY)
@every_operation
def test_strangers_get_what_the_document_says(path: str, method: str, depth: int, door: Door) -> None:
    _try(path, method, depth, lambda case: case.call_and_validate(app=door.app, checks=_checks(case), headers=PLAIN))


@depths(FEW, MANY)
@every_operation
def test_holders_of_a_key_get_what_the_document_says(path: str, method: str, depth: int, door: Door) -> None:
    headers = door.headers(Role.ADMIN) | PLAIN
    _try(path, method, depth, lambda case: case.call_and_validate(app=door.app, checks=_checks(case), headers=headers))


def test_the_document_is_valid_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    OPENAPI_31_VALIDATOR.validate(DOCUMENT)


def test_operation_ids_are_unique_and_stay_names() -> None:
    ids = Counter(operation["operationId"] for _, _, operation in _operations())

    assert [name for name, count in ids.items() if count > 1] == []
    assert all(name.isidentifier() for name in ids)


def test_every_operation_is_told_in_words_and_its_errors_are_problems() -> None:
    for path, method, operation in _operations():
        assert operation["summary"], (path, method)
        assert operation["description"], (path, method)
        for status, response in operation["responses"].items():
            if status[0] in "45":
                form = "application/json" if path.startswith(OPEN311) else "application/problem+json"
                assert form in response["content"], (path, method, status)


def test_every_kind_of_problem_has_its_place_in_the_page_of_documents(door: Door) -> None:
    page = ask(door.client, "/docs").response.get_data(as_text=True)

    assert "&lt;br" not in page  # paragraphs, not their marks
    for kind in {*KINDS.values(), *HTTP_KINDS.values(), INTERNAL}:
        assert f'id="problem-{kind.slug}"' in page
