"""What a request says, read by a model; what pydantic refuses is answered as a problem."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

from flask import Response, abort, request
from pydantic import BaseModel, ValidationError

from geoservice.web import parsing
from geoservice.web.problems import KINDS, from_validation, problem

Model = TypeVar("Model", bound=BaseModel)


def abort_with_validation(error: ValidationError) -> Response:
    """Answer what pydantic refused; flask-openapi3 calls it before a view runs."""
    return problem(
        KINDS[parsing.InvalidInput], "See `errors` for each thing that is wrong.", errors=from_validation(error)
    )


def with_query(model: type[Model]) -> Callable[[Callable[[Model], Response]], Callable[..., Response]]:
    """Let a view without other parameters read its query by a model of single values.

    What flask-openapi3 does itself for such a view, without asking the model's schema and fields anew for each request;
    that a name comes once was checked on the way in. The documents are made from the view's signature as ever.
    """

    def read(view: Callable[[Model], Response]) -> Callable[..., Response]:
        @functools.wraps(view)
        def answer() -> Response:
            return view(validated(model, {name: values[0] for name, values in request.args.lists()}))

        answer.__dict__["__delay_validate_request__"] = True  # flask-openapi3: this view validates by itself
        return answer

    return read


def validated(model: type[Model], value: object) -> Model:
    """Return a value as a model; answer what pydantic refuses."""
    try:
        return model.model_validate(value)
    except ValidationError as exc:
        abort(abort_with_validation(exc))
