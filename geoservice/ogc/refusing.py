"""What is refused: problem details as everywhere, but 400 where the service says 422, which clients do not expect."""

from __future__ import annotations

from dataclasses import replace

from flask import Response

from geoservice.web.problems import Kind, ProblemError, as_problem

PREFIX = "/ogc"


def problem_response(kind: Kind, detail: str, errors: list[ProblemError]) -> Response:
    """Write a problem of the application with a status that the standard knows."""
    return as_problem(replace(kind, status=400) if kind.status == 422 else kind, detail, errors)
