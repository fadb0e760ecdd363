"""What is refused, in the standard's own shape: a list of codes and descriptions, 404, 403, and 400 for the rest."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, request

from geoservice.open311.writing import errors_body
from geoservice.web.problems import RETRY_AFTER_S, Kind, ProblemError

PREFIX = "/open311/v2"
#: Statuses of a server or of HTTP itself, which the standard does not name and clients know all the same.
_KEPT = (404, 405, 408, 411, 413, 414, 416, 429, 431)


class Refused(Exception):
    """A request that the standard has an error for."""

    def __init__(self, status: int, *descriptions: str) -> None:
        super().__init__(*descriptions)
        self.status = status
        self.descriptions = descriptions


def refusal(error: Refused) -> Response:
    """Write what a view refused."""
    return _response(error.status, error.descriptions)


def problem_response(kind: Kind, detail: str, errors: list[ProblemError]) -> Response:
    """Write a problem of the application in the standard's shape."""
    status = kind.status
    if status in (401, 403):
        status = 403
    elif status < 500 and status not in _KEPT:
        status = 400
    said = [f"{one.pointer.removeprefix('#/')}: {one.detail}" for one in errors] or [detail]
    response = _response(status, tuple(said))
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _response(status: int, descriptions: tuple[str, ...]) -> Response:
    form = "json" if request.path.endswith(".json") else "xml"
    body, content_type = errors_body(form, status, descriptions)
    return Response(body, status, {"Content-Type": content_type, "Cache-Control": "no-store"})
