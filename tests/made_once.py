"""What is the same in every application is made once by a run, which makes thousands: it takes most of making one.

Each part is the library's own, kept from the first time; no test asks how often it was made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask_openapi3 import APIBlueprint, OpenAPI
from flask_openapi3.utils import parse_parameters
from werkzeug.routing import Rule

from geoservice.auth import passwords

#: What passwords are kept by where the service runs.
SERVED_HASHER = passwords._HASHER


def make_once(patch: pytest.MonkeyPatch) -> None:
    """Have documents of interfaces and builders of addresses kept for the next application."""
    _keep_documents(patch)
    _keep_builders(patch)


def hash_quickly(patch: pytest.MonkeyPatch) -> None:
    """Have passwords kept by hashes that cost nothing: what they should cost is looked at by the tests of passwords."""
    patch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def _keep_documents(patch: pytest.MonkeyPatch) -> None:
    """Keep what a blueprint told of its views; the next of its name has views of the same parameters."""
    kept: dict[str, dict[str, Any]] = {}
    collect, register = APIBlueprint._collect_openapi_info, OpenAPI.register_api

    def collected(blueprint: APIBlueprint, rule: str, view: Callable[..., Any], **told: Any) -> Any:
        if blueprint.name in kept:
            return parse_parameters(view, doc_ui=False)
        return collect(blueprint, rule, view, **told)

    def registered(app: OpenAPI, blueprint: APIBlueprint, **options: Any) -> None:
        for name, value in kept.get(blueprint.name, {}).items():
            setattr(blueprint, name, value.copy())
        register(app, blueprint, **options)
        said = {name: getattr(blueprint, name) for name in ("paths", "components_schemas", "tags", "tag_names")}
        kept.setdefault(blueprint.name, said)

    patch.setattr(APIBlueprint, "_collect_openapi_info", collected)
    patch.setattr(OpenAPI, "register_api", registered)


def _keep_builders(patch: pytest.MonkeyPatch) -> None:
    """Keep the compiled function by which a rule writes its address: rules that read alike have the same."""
    kept: dict[tuple[Any, ...], Callable[..., tuple[str, str]]] = {}
    compile_builder = Rule._compile_builder

    def compiled(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        read = (tuple(rule._trace), repr(rule.defaults), append_unknown)
        if read not in kept:
            kept[read] = compile_builder(rule, append_unknown)
        return kept[read]

    patch.setattr(Rule, "_compile_builder", compiled)
