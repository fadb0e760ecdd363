"""How soon many listeners hear of a report, and what they cost those who look up meanwhile."""

from __future__ import annotations

import asyncio
import http.client
import json
import statistics
import threading
import time
from contextlib import suppress
from typing import Any

import numpy as np

from tests.benchmarks import servers
from tests.benchmarks.goals import Goal, below, number
from tests.benchmarks.measuring import Figures, Say, WrongAnswers
from tests.benchmarks.scale import Scale
from tests.listening import streaming

TITLE = "Streams: an event to many listeners"
GOAL_MS = 300.0
PATIENCE_S = 30.0


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


async def _delays(port: int, events_port: int, key: str, listeners: int, rounds: int) -> list[float]:
    """Return for each event, after how many milliseconds the last listener heard of it."""
    crowd, slowest = Crowd(events_port, key), []
    await crowd.come(listeners)
    for _ in range(rounds):
        # Listening first: an event is told within a moment.
        sent = asyncio.create_task(asyncio.to_thread(report, port, key))
        incident, at = await sent
        heard = await crowd.hear(incident)
        slowest.append(max(0.0, (max(heard) - at) * 1000))
        await asyncio.sleep(0.1)
    crowd.go()
    return slowest


def _look_ups(port: int, seconds: float) -> list[float]:
    """Return milliseconds of look-ups asked one after another for so long."""
    connection = http.client.HTTPConnection(servers.HOST, port, timeout=PATIENCE_S)
    spent, ends = [], time.perf_counter() + seconds
    while (began := time.perf_counter()) < ends:
        connection.request("GET", "/v1/owner?lon=91.77&lat=29.24")
        connection.getresponse().read()
        spent.append((time.perf_counter() - began) * 1000)
        time.sleep(0.005)
    connection.close()
    return spent


def measured(scale: Scale, say: Say) -> Figures:
    """Return how soon events are heard, and look-ups with listeners and without; raise LeftOut, WrongAnswers."""
    with servers.demo_database() as url:
        key = servers.new_key(url)
        with servers.running(url) as web, streaming(url) as events_port:
            alone = _look_ups(web.port, scale.stream_seconds)
            say(f"streams: {scale.stream_listeners} listeners, {scale.stream_events} events")
            beside: list[float] = []
            asking = threading.Thread(target=lambda: beside.extend(_look_ups(web.port, scale.stream_seconds)))
            delays: list[float] = []
            with suppress(KeyboardInterrupt):
                asking.start()
                delays = asyncio.run(_delays(web.port, events_port, key, scale.stream_listeners, scale.stream_events))
                asking.join()
    return {
        "listeners": scale.stream_listeners, "events": scale.stream_events, "delay_ms": statistics.median(delays),
        "slowest_delay_ms": max(delays), "alone": _spread(alone), "beside": _spread(beside),
    }  # fmt: skip


def _spread(spent: list[float]) -> Figures:
    return {"p50_ms": float(np.percentile(spent, 50)), "p99_ms": float(np.percentile(spent, 99)), "asked": len(spent)}


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
        "| look-ups one after another | p50 ms | p99 ms |",
        "|---|--:|--:|",
        f"| nobody listens | {number(alone['p50_ms'])} | {number(alone['p99_ms'])} |",
        f"| all listen | {number(beside['p50_ms'])} | {number(beside['p99_ms'])} |",
    ]
