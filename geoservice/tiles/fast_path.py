"""Tiles without Flask: those that are held in memory, and the plain cases of those that are not.

Anything else (an error to tell, a key that memory does not know, too many at once) goes on to Flask, so every rule has
one place and this only knows when nothing stands in the way.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from threading import BoundedSemaphore

import structlog

from geoservice.errors import GeoserviceError
from geoservice.services.tiles.service import TileService
from geoservice.tiles.cache import TileCache
from geoservice.web.counters import RequestCounter
from geoservice.web.entry import Entry, Environ, StartResponse, WsgiApp
from geoservice.web.metrics import RequestMetrics
from geoservice.web.tile_answers import TileAnswer, answer_with, has_tag, may_read, tags_of, unchanged_headers
from layers.catalogue import catalogue
from layers.errors import LayerError
from tilegen.matrix import Tile, is_tile

log = structlog.get_logger()

ROUTE = "/tiles/<jurisdiction>/<layer>/<version>/<z>/<x>/<y>.mvt"
_START = "/tiles/"
_PATH = re.compile(
    r"/tiles/([^/]{1,64})/([a-z0-9_]{1,64})/(0|[1-9][0-9]{0,15})/(0|[1-9][0-9]?)/(0|[1-9][0-9]{0,4})/(0|[1-9][0-9]{0,4})\.mvt",
    re.ASCII,
)
#: So many are cut here at once; those who come then wait their turn with everybody else.
_AT_ONCE = 4


class TileFastPath:
    """A WSGI application that answers plain questions for tiles and hands on everything else.

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
        tiles: TileService,
        held: TileCache,
        entry: Entry,
        metrics: RequestMetrics,
        headers: dict[str, str],
    ) -> None:
        self._app, self._tiles, self._held = app, tiles, held
        self._entry, self._metrics = entry, metrics
        self._answered: dict[int, RequestCounter] = {}
        self._headers = list(headers.items())
        self._places = BoundedSemaphore(_AT_ONCE)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, or let the application answer."""
        path = environ["PATH_INFO"]
        if path.startswith(_START) and environ["REQUEST_METHOD"] == "GET":
            began = time.perf_counter()
            try:
                answered = self._answer(path, environ, start_response)
            except Exception as exc:  # whatever it is: the application can tell it
                log.exception("a tile was not given the short way", exc_info=exc)
                answered = None
            if answered is not None:
                status, body = answered
                self._count(status, time.perf_counter() - began)
                return [body]
        return self._app(environ, start_response)

    def _answer(self, path: str, environ: Environ, start_response: StartResponse) -> tuple[int, bytes] | None:
        """Start an answer and return its status and body; None when the application is to answer."""
        # A list of encodings with weights is for who reads it properly.
        if environ["QUERY_STRING"] or ";" in environ.get("HTTP_ACCEPT_ENCODING", ""):
            return None
        asked = _PATH.fullmatch(path)
        if asked is None or not self._may_enter(environ, asked[1], asked[2]):
            return None
        visitor = self._entry.visitor_of(asked[1])
        if visitor is None:
            return None
        shared = may_read(visitor, asked[2])
        answer = self._held.get(_kept_as(path, shared=shared))
        if answer is not None:
            return _start(answer, environ, start_response)
        version, tile = int(asked[3]), Tile(int(asked[4]), int(asked[5]), int(asked[6]))
        tag = matching_tag(environ, version)
        if tag is not None and is_tile(*tile):  # so it was given the tile at this address, under its own version
            start_response("304 Not Modified", unchanged_headers(tag, shared=shared) + self._headers)
            return 304, b""
        answer = self._cut(path, asked[1], asked[2], version, tile, shared=shared)
        return None if answer is None else _start(answer, environ, start_response)

    def _cut(
        self, path: str, jurisdiction: str, layer: str, version: int, tile: Tile, *, shared: bool
    ) -> TileAnswer | None:  # fmt: skip
        if not self._places.acquire(blocking=False):
            return None
        try:
            result = self._tiles.tile(jurisdiction, layer, version, tile)
        except (GeoserviceError, LayerError):
            return None
        finally:
            self._places.release()
        answer = answer_with(result, layer, version, tile, shared=shared).saying(self._headers)
        if answer.lasting:
            self._held.put(_kept_as(path, shared=shared), answer)
        return answer

    def _may_enter(self, environ: Environ, jurisdiction: str, layer: str) -> bool:
        identity = self._entry.identity_of(environ, jurisdiction) if layer in catalogue() else None
        return identity is not None and may_read(identity, layer)

    def _count(self, status: int, seconds: float) -> None:
        if status not in self._answered:  # not sooner: what never happened is no series
            self._answered[status] = self._metrics.counter(ROUTE, "GET", status)
        self._answered[status].add(seconds)


def _kept_as(path: str, *, shared: bool) -> str:
    """Return what an answer is kept under: one for caches between and one for the asker alone differ."""
    return path if shared else f"private {path}"


def _start(answer: TileAnswer, environ: Environ, start_response: StartResponse) -> tuple[int, bytes]:
    headers, body = answer.in_encoding(gzip_read=_reads_gzip(environ))
    if "HTTP_IF_NONE_MATCH" in environ and answer.plain_headers is not None and matching_tag(environ, answer.version):
        start_response("304 Not Modified", [pair for pair in headers if not pair[0].startswith("Content-")])
        return 304, b""
    start_response(answer.status_line, headers)
    return answer.status, body


def _reads_gzip(environ: Environ) -> bool:
    return "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")


def matching_tag(environ: Environ, version: int) -> str | None:
    """Return the tag that a client has of a tile under its own version, in the encoding that it asks for."""
    has = environ.get("HTTP_IF_NONE_MATCH")
    if has is None:
        return None
    tag = tags_of(version)[0 if _reads_gzip(environ) else 1]
    return tag if has_tag(has, tag) else None
