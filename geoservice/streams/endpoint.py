"""The ASGI application of the events' process: GET /v1/events, GET /livez, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import Any

from geoservice.auth.model import PUBLIC, Identity
from geoservice.auth.sessions import cookie_name
from geoservice.services.events import EventService
from geoservice.services.keys import KeyElsewhere
from geoservice.streams.answers import (
    Headers,
    Receive,
    Refusal,
    Scope,
    Send,
    begin,
    come_again,
    cookie,
    end,
    host_name,
    own_page,
    refuse,
    shared_with,
)
from geoservice.streams.hub import Hub
from geoservice.streams.seats import Seats, Stranger
from geoservice.streams.stream import EventStream, Listener, LookAgain
from geoservice.streams.subscription import InvalidSubscription, parse_subscription
from geoservice.web.addresses import Networks, caller_of, counted_network
from layers.errors import LayerError

_STREAM_HEADERS: Headers = (
    ("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-store"), ("x-accel-buffering", "no"),
    ("x-content-type-options", "nosniff"),
)  # fmt: skip

_ELSEWHERE = Refusal(403, "This key is not good where it was shown", "It is for networks that were named for it.")
_AWAY = come_again("The database does not answer", "Come again in a moment.")


class Streams:
    """Every stream of this process.

    Parameters
    ----------
    seats
        How many streams are open at once; whoever finds none is told 503 and when to come again.
    proxies
        Networks whose `X-Forwarded-For` is believed.
    hosts
        Names that requests may carry as Host; none: any.
    web_port
        Of the web server, whose pages come to listen with the session that their browser keeps.
    """

    def __init__(
        self, events: EventService, seats: Seats, *, proxies: Networks = (), hosts: tuple[str, ...] = (),
        web_port: int = 0,
    ) -> None:  # fmt: skip
        self._events = events
        self._hub = Hub(events)
        self._seats = seats
        self._proxies = proxies
        self._hosts = hosts
        self._web_port = web_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Read events as long as the server runs."""
        await receive()
        reading = asyncio.create_task(self._hub.run())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        reading.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        shared = shared_with(headers, self._web_port)
        try:
            self._check(scope, headers)
            if scope["path"] == "/livez" or scope["method"] == "OPTIONS":
                await begin(send, 204, shared)
                await end(send)
                return
            listener = await self._listener(scope, headers)
            seat = self._seats.taken_by(self._stranger(scope, headers) if listener.look_again is None else None)
            await self._stream(listener, seat, shared, receive, send)
        except InvalidSubscription as exc:
            await refuse(send, Refusal(422, "The stream that was asked for can not be understood", str(exc)), shared)
        except Refusal as refusal:
            await refuse(send, refusal, shared)
        except LayerError:
            await refuse(send, _AWAY, shared)

    def _check(self, scope: Scope, headers: Mapping[str, str]) -> None:
        if self._hosts and host_name(headers.get("host", "")) not in self._hosts:
            raise Refusal(400, "The request can not be understood", "This name is not one that is served here.")
        if scope["path"] not in ("/v1/events", "/livez"):
            raise Refusal(404, "There is nothing at this address", "Events are at /v1/events.")
        if scope["method"] not in ("GET", "OPTIONS"):
            allowed = (("allow", "GET, OPTIONS"),)
            raise Refusal(405, "This address does not know that method", "Events are only read: GET.", allowed)

    async def _listener(self, scope: Scope, headers: Mapping[str, str]) -> Listener:
        subscription = parse_subscription(scope["query_string"].decode("latin-1"), headers.get("last-event-id"))
        look, identity = await self._identity(scope, headers)
        return Listener(subscription, await asyncio.to_thread(self._events.audience, identity), look)

    async def _identity(self, scope: Scope, headers: Mapping[str, str]) -> tuple[LookAgain | None, Identity]:
        """Return who asks, and how to look again whether he still may; of the public nobody looks."""
        authorization = headers.get("authorization")
        if authorization is None:
            return await self._signed_in(headers)
        scheme, _, key = authorization.partition(" ")
        look = partial(self._events.identify, key.strip(), self._caller(scope, headers))
        try:
            identity = await asyncio.to_thread(look) if scheme.lower() == "bearer" else None
        except KeyElsewhere:
            raise _ELSEWHERE from None
        if identity is None:
            asked = (("www-authenticate", "Bearer"),)
            raise Refusal(401, "A key is needed", "The key is not one that is in use; send it as Bearer grd_…", asked)
        return partial(_still, look), identity

    async def _signed_in(self, headers: Mapping[str, str]) -> tuple[LookAgain | None, Identity]:
        page = own_page(headers, self._web_port)
        secret = None if page is None else cookie(headers, cookie_name(page.host, secure=page.secure))
        identity = None if secret is None else await asyncio.to_thread(self._events.listener, secret)
        if secret is None or identity is None:
            return None, PUBLIC
        return partial(self._events.listener, secret), identity

    def _stranger(self, scope: Scope, headers: Mapping[str, str]) -> Stranger:
        return Stranger(counted_network(self._caller(scope, headers)))

    def _caller(self, scope: Scope, headers: Mapping[str, str]) -> str | None:
        client = scope.get("client")
        return caller_of(client[0] if client else None, headers.get("x-forwarded-for", ""), self._proxies)

    async def _stream(
        self, listener: Listener, seat: AbstractContextManager[None], shared: Headers, receive: Receive, send: Send
    ) -> None:
        with seat:
            async with self._hub.attended() as awake:
                if not awake:
                    raise _AWAY
                await begin(send, 200, (*_STREAM_HEADERS, *shared))
                await _first_to_end(_until_gone(receive), EventStream(self._events, self._hub, listener, send).run())


def _still(look: LookAgain) -> Identity | None:
    try:
        return look()
    except KeyElsewhere:
        return None


async def _first_to_end(*parts: Coroutine[Any, Any, None]) -> None:
    """Run parts of a stream until one of them ends, or this is cancelled."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
            # Whoever left, or took nothing any more, is told nothing.
            with suppress(asyncio.CancelledError, OSError, RuntimeError, TimeoutError, LayerError):
                await task


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
