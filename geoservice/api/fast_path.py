"""GET /v1/owner without Flask: the plainest form of the question that is asked most, answered from memory.

Anything that is not plain (another form of query, a key it does not know, an error to tell, a question that memory can
not answer) goes on to Flask, so every rule has one place and this only knows when nothing stands in the way.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

import structlog

from geoservice.api.answers import age_header, owner_out
from geoservice.auth.permissions import Permission, permitted
from geoservice.services.ownership import OwnerQuery, OwnershipService
from geoservice.web.counters import RequestCounter
from geoservice.web.entry import Entry, Environ, StartResponse, WsgiApp
from geoservice.web.json import dumps
from geoservice.web.metrics import RequestMetrics
from layers.crs import Position, is_on_earth

log = structlog.get_logger()

PATH = "/v1/owner"
#: Decimal degrees and metres as everybody writes them.
_DECIMAL = r"-?[0-9]{1,4}(?:\.[0-9]{1,20})?"
_NUMBER = re.compile(_DECIMAL, re.ASCII)
#: The plainest of all; looked for first, because that is quicker than taking a query apart.
_PLAINEST = re.compile(f"lon=({_DECIMAL})&lat=({_DECIMAL})", re.ASCII)
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
_MAX_QUERY = 256


class FastPath:
    """A WSGI application that answers plain look-ups and hands on everything else.

    Parameters
    ----------
    app
        The whole application.
    entry
        Says who enters.
    headers
        What every answer says to browsers.
    """

    def __init__(
        self,
        app: WsgiApp,
        ownership: OwnershipService,
        entry: Entry,
        metrics: RequestMetrics,
        headers: dict[str, str],
    ) -> None:
        self._app = app
        self._ownership = ownership
        self._entry = entry
        self._metrics = metrics
        self._answered: RequestCounter | None = None
        self._headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store"), *headers.items()]

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, or let the application answer."""
        if environ["PATH_INFO"] == PATH and environ["REQUEST_METHOD"] == "GET":
            began = time.perf_counter()
            try:
                answer = self._answer(environ)
            except Exception as exc:  # whatever it is: the application can tell it, or do without memory
                log.exception("a plain look-up failed", exc_info=exc)
                answer = None
            if answer is not None:
                body, headers = answer
                start_response("200 OK", headers)
                if self._answered is None:  # not sooner: what never happened is no series
                    self._answered = self._metrics.counter(PATH, "GET", 200)
                self._answered.add(time.perf_counter() - began)
                return [body]
        return self._app(environ, start_response)

    def _answer(self, environ: Environ) -> tuple[bytes, list[tuple[str, str]]] | None:
        question = plain_query(environ["QUERY_STRING"])
        identity = None if question is None else self._entry.identity_of(environ, question.jurisdiction_code)
        if question is None or identity is None or not permitted(identity, Permission.LOOK_UP_OWNER):
            return None
        found = self._ownership.owner_from_memory(question)
        if found is None or not self._entry.limits.may_look_up(identity, environ):
            return None
        body = dumps(owner_out(found))
        return body, [*self._headers, age_header(found.age_s), ("Content-Length", str(len(body)))]


def plain_query(query: str) -> OwnerQuery | None:
    """Return what a query asks; None when it is not a plain one."""
    if plainest := _PLAINEST.fullmatch(query):
        lon, lat = float(plainest[1]), float(plainest[2])
        return OwnerQuery(Position(lon, lat)) if is_on_earth(lon, lat) else None
    if len(query) > _MAX_QUERY:
        return None
    said: dict[str, str] = {}
    for part in query.split("&"):
        name, equals, value = part.partition("=")
        if not equals or name in said:
            return None
        said[name] = value
    jurisdiction = said.pop("jurisdiction", None)
    if jurisdiction is not None and _CODE.fullmatch(jurisdiction) is None:
        return None
    if not {"lon", "lat"} <= said.keys() <= {"lon", "lat", "accuracy_m"}:
        return None
    if any(_NUMBER.fullmatch(value) is None for value in said.values()):
        return None
    numbers = {name: float(value) for name, value in said.items()}
    accuracy_m = numbers.get("accuracy_m")
    if not is_on_earth(numbers["lon"], numbers["lat"]) or not 0 <= (accuracy_m or 0.0) <= 1000:
        return None
    return OwnerQuery(Position(numbers["lon"], numbers["lat"]), None, accuracy_m, jurisdiction)
