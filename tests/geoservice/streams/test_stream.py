"""The parts of a stream that no listener sees: that it rests, and that its place is given back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest

from geoservice.services.events import Audience, EventService
from geoservice.streams import stream
from geoservice.streams.endpoint import Streams
from geoservice.streams.hub import Hub
from geoservice.streams.seats import Seats
from geoservice.streams.stream import EventStream, Listener
from geoservice.streams.subscription import Subscription
from layers.db.session import Database

Told = TypeVar("Told")
GET = {"type": "http", "method": "GET", "path": "/v1/events", "query_string": b"", "headers": []}


class RestedEnough(Exception):
    """Ends a stream where it rests."""


class FirstRest(Hub):
    """Notes how long a stream would wait for events, and ends it."""

    rest_s = 0.0

    async def wait(self, timeout_s: float) -> None:
        self.rest_s = timeout_s
        raise RestedEnough


def run(told: Coroutine[Any, Any, Told]) -> Told:
    """Return what a coroutine does, in a thread of its own: a browser of other tests keeps a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, told).result()


async def takes_all(_message: Mapping[str, Any]) -> None:
    pass


def test_a_stream_of_the_public_rests_though_nobody_looks_again_who_listens(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "LOOK_AGAIN_S", 0.0)  # as if it was open for longer than that
    events = EventService(database, lambda _: None)
    hub = FirstRest(events)

    with pytest.raises(RestedEnough):
        run(EventStream(events, hub, Listener(Subscription(), Audience(False), None), takes_all).run())

    assert hub.rest_s > 0


async def leaves() -> Mapping[str, Any]:
    return {"type": "http.disconnect"}


@asynccontextmanager
async def open_for_one(database: Database) -> AsyncIterator[Streams]:
    """Streams of which one can be open, in time to have read the database."""
    told: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
    streams = Streams(EventService(database, lambda _: None), Seats(1, 1))
    living = asyncio.create_task(streams({"type": "lifespan"}, told.get, takes_all))
    await told.put({"type": "lifespan.startup"})
    while await status_of(streams) != 200:
        await asyncio.sleep(0.05)
    yield streams
    await told.put({"type": "lifespan.shutdown"})
    await living


async def status_of(streams: Streams) -> int:
    """Ask for a stream and leave when it begins; raise TimeoutError when it does not end then."""
    statuses: list[int] = []

    async def note(message: Mapping[str, Any]) -> None:
        statuses.append(message.get("status", 0))

    await asyncio.wait({asking := asyncio.create_task(streams(GET, leaves, note))}, timeout=10)
    if not asking.done():
        asking.cancel()
        raise TimeoutError
    return statuses[0]


def test_a_stream_ends_when_its_listener_leaves_as_something_is_taken(database: Database) -> None:
    async def come_and_leave() -> list[int]:
        async with open_for_one(database) as streams:
            return [await status_of(streams) for _ in range(3)]

    assert run(come_and_leave()) == [200, 200, 200]


def test_whoever_is_gone_before_the_stream_begins_gives_the_place_back(database: Database) -> None:
    async def gone(_message: Mapping[str, Any]) -> None:
        raise ConnectionResetError

    async def one_after_another() -> int:
        async with open_for_one(database) as streams:
            with pytest.raises(ConnectionResetError):
                await streams(GET, leaves, gone)
            return await status_of(streams)

    assert run(one_after_another()) == 200
