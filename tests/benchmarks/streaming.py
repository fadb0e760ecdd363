"""How soon many listeners hear of a report, and what they cost those who look up meanwhile."""

from __future__ import annotations

import asyncio
import http.client
import json
import statistics
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.benchmarks import servers
from tests.benchmarks.goals import Goal, below, number
from tests.benchmarks.measuring import Figures, Say, WrongAnswers
from tests.benchmarks.processor import Threads
from tests.benchmarks.scale import Scale
from tests.listening import streaming

TITLE = "Streams: an event to many listeners"
GOAL_MS = 300.0
PATIENCE_S = 30.0
#: The slowest look-ups, of which is told what they waited for.
SLOWEST = 0.01


@dataclass(frozen=True)
class LookUp:
    """What one look-up took, milliseconds."""

    took_ms: float
    #: The processor's time of the web worker meanwhile, whatever of it worked.
    ran_ms: float
    #: How long the worker or we were ready and had no processor; threads wait side by side, so at most all the time.
    waited_ms: float


class Crowd:
    """Listeners on streams of their own, all in one thread; each notes when it heard of an event."""

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._key = key
        self._streams: list[asyncio.StreamReader] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def come(self, count: int) -> None:
        """Open so many streams, and read what each begins with."""
        for _ in range(count):
            reader, writer = await asyncio.open_connection(servers.HOST, self._port, limit=1 << 20)
            writer.write(
                f"GET /v1/events HTTP/1.1\r\nHost: {servers.HOST}\r\nAuthorization: Bearer {self._key}\r\n\r\n".encode()
            )
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head.splitlines()[0]:
                raise WrongAnswers(f"streams: {head.splitlines()[0]!r}")
            await reader.readuntil(b"event: open\ndata: ")
            self._streams.append(reader)
            self._writers.append(writer)

    async def hear(self, incident: str) -> list[float]:
        """Return when each heard of an incident, by the clock of perf_counter."""

        async def one(reader: asyncio.StreamReader) -> float:
            await reader.readuntil(incident.encode())
            return time.perf_counter()

        return await asyncio.wait_for(asyncio.gather(*map(one, self._streams)), PATIENCE_S)

    def go(self) -> None:
        """Close every stream."""
        for writer in self._writers:
            writer.close()


def report(port: int, key: str) -> tuple[str, float]:
    """Hand in a report; return its incident's id and when it was acknowledged."""
    connection = http.client.HTTPConnection(servers.HOST, port, timeout=PATIENCE_S)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    body = {"service_code": "light", "lon": 91.77, "lat": 29.24, "jurisdiction": "sare"}
    connection.request("POST", "/v1/incidents", json.dumps(body), headers)
    told: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return told["id"], time.perf_counter()


async def _delays(crowd: Crowd, port: int, key: str, events: int) -> list[float]:
    """Return for each event, after how many milliseconds the last listener heard of it."""
    slowest = []
    for _ in range(events):
        # Listening first: an event is told within a moment.
        sent = asyncio.create_task(asyncio.to_thread(report, port, key))
        incident, at = await sent
        heard = await crowd.hear(incident)
        slowest.append(max(0.0, (max(heard) - at) * 1000))
        await asyncio.sleep(0.1)
    return slowest


async def _beside(
    web: servers.Server, events_port: int, key: str, *, listeners: int, events: int, seconds: float
) -> tuple[list[float], list[LookUp]]:
    """Return how late events are heard of, and look-ups meanwhile."""
    crowd = Crowd(events_port, key)
    await crowd.come(listeners)
    asking = asyncio.create_task(asyncio.to_thread(_look_ups, web, seconds))
    delays = await _delays(crowd, web.port, key, events)
    asked = await asking
    crowd.go()
    return delays, asked


def _look_ups(web: servers.Server, seconds: float) -> list[LookUp]:
    """Return look-ups asked one after another for so long."""
    connection = http.client.HTTPConnection(servers.HOST, web.port, timeout=PATIENCE_S)
    asked, ends = [], time.perf_counter() + seconds
    _look_up(connection)
    with Threads(web.worker) as theirs, Threads() as ours:
        while time.perf_counter() < ends:
            their_before, our_before, began = theirs.spent(), ours.spent(), time.perf_counter()
            _look_up(connection)
            took_ms = (time.perf_counter() - began) * 1000
            server, client = theirs.spent() - their_before, ours.spent() - our_before
            asked.append(LookUp(took_ms, server.ran_ms, min(took_ms, server.waited_ms + client.waited_ms)))
            time.sleep(0.005)
    connection.close()
    return asked


def _look_up(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", "/v1/owner?lon=91.77&lat=29.24")
    connection.getresponse().read()


def measured(scale: Scale, say: Say) -> Figures:
    """Return how soon events are heard, and look-ups with listeners and without; raise LeftOut, WrongAnswers."""
    rounds, listeners = scale.stream_rounds, scale.stream_listeners
    events, seconds = scale.stream_events // rounds, scale.stream_seconds / rounds
    alone: list[LookUp] = []
    beside: list[LookUp] = []
    delays: list[float] = []
    with servers.demo_database() as url:
        key = servers.new_key(url)
        with servers.running(url) as web, streaming(url) as events_port:
            say(f"streams: {listeners} listeners, {rounds} rounds of {events} events")
            for _ in range(rounds):  # in turn: a busy machine hits both alike
                alone += _look_ups(web, seconds)
                heard, asked = asyncio.run(
                    _beside(web, events_port, key, listeners=listeners, events=events, seconds=seconds)
                )
                delays += heard
                beside += asked
    return {
        "listeners": listeners, "events": len(delays), "delay_ms": statistics.median(delays),
        "slowest_delay_ms": max(delays), "alone": _spread(alone), "beside": _spread(beside),
    }  # fmt: skip


def _spread(asked: list[LookUp]) -> Figures:
    by_time = sorted(asked, key=lambda one: one.took_ms)
    slowest = by_time[int(len(by_time) * (1 - SLOWEST)) :]
    took, ran = ([getattr(one, name) for one in asked] for name in ("took_ms", "ran_ms"))
    return {
        "p50_ms": float(np.percentile(took, 50)), "p99_ms": float(np.percentile(took, 99)),
        "ran_p50_ms": float(np.percentile(ran, 50)), "ran_p99_ms": float(np.percentile(ran, 99)),
        "slowest_took_ms": statistics.mean(one.took_ms for one in slowest),
        "slowest_waited_ms": statistics.mean(one.waited_ms for one in slowest), "asked": len(asked),
    }  # fmt: skip


def goals(found: Figures) -> list[Goal]:
    """Return what was to be reached."""
    what = f"streams: an event to the last of {found['listeners']} listeners, slowest of {found['events']}"
    return [below(what, found["slowest_delay_ms"], GOAL_MS, " ms")]


def table(found: Figures) -> list[str]:
    """Return the figures as markdown."""
    alone, beside = found["alone"], found["beside"]
    return [
        f"{found['listeners']} listeners in one process on the same two cores; from the acknowledgement of a report"
        " until the last of them has",
        f"heard of it: median {number(found['delay_ms'])} ms, slowest of {found['events']}"
        f" {number(found['slowest_delay_ms'])} ms.",
        "",
        "Look-ups one after another, with listeners and without in turn. `ran` is the web worker's time on a",
        "processor during a look-up; `waited` is how long the worker or the client was ready while others had it.",
        "",
        "| | p50 ms | p99 ms | ran, p50 ms | ran, p99 ms | slowest hundredth ms | of it waited ms |",
        "|---|--:|--:|--:|--:|--:|--:|",
        _row("nobody listens", alone),
        _row("all listen", beside),
    ]


def _row(name: str, found: Figures) -> str:
    columns = ("p50_ms", "p99_ms", "ran_p50_ms", "ran_p99_ms", "slowest_took_ms", "slowest_waited_ms")
    return f"| {name} | {' | '.join(number(found[column]) for column in columns)} |"
