"""A client that asks at a given rate however slow the answers are, and says how long they took."""

from __future__ import annotations

import random
import select
import socket
import time
from collections import deque

from tests.benchmarks.measuring import Figures, WrongAnswers
from tests.benchmarks.servers import HOST

CONNECTIONS = 16
PATIENCE_S = 10


class Paced:
    """An open-loop client: requests fall due like those of strangers (Poisson), however slow the answers are.

    A request that finds no idle connection waits, and the wait counts. One thread, so that it is not in its own way.
    """

    def __init__(self, port: int, paths: list[str]) -> None:
        self._connections = [socket.create_connection((HOST, port), PATIENCE_S) for _ in range(CONNECTIONS)]
        for one in self._connections:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        #: Seconds from when a request was due: until it was sent, and until it was answered.
        self.sent_s: list[float] = []
        self.answered_s: list[float] = []
        self._due: dict[socket.socket, float] = {}
        self._waiting: deque[float] = deque()
        self._idle = list(self._connections)
        self._requests = [f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode() for path in paths]

    def _send_waiting(self) -> None:
        while self._waiting and self._idle:
            connection, due = self._idle.pop(), self._waiting.popleft()
            connection.sendall(self._requests[len(self.sent_s) % len(self._requests)])
            self.sent_s.append(time.perf_counter() - due)
            self._due[connection] = due

    def _receive(self, connection: socket.socket) -> None:
        data = connection.recv(65536)
        while not _is_whole(data):
            more = connection.recv(65536)
            if not more:
                raise WrongAnswers("a connection was closed")
            data += more
        self.answered_s.append(time.perf_counter() - self._due.pop(connection))
        self._idle.append(connection)

    def ask(self, rate: float, seconds: float) -> None:
        """Ask so many times a second and wait for the last answer."""
        now = time.perf_counter()
        end, due = now + seconds, now + random.expovariate(rate)
        while now < end or self._due:
            while due <= now and due < end:
                self._waiting.append(due)
                due += random.expovariate(rate)
            if now >= end:
                self._waiting.clear()  # only a client at its limit has any left
            self._send_waiting()
            # Not epoll: it waits whole milliseconds.
            until = PATIENCE_S if due >= end and self._due else max(0.0, min(due, end) - time.perf_counter())
            ready, _, _ = select.select(list(self._due), [], [], until)
            for connection in ready:
                self._receive(connection)
            now = time.perf_counter()
            if now > end + PATIENCE_S:
                raise WrongAnswers(f"{len(self._due)} requests were not answered")

    def close(self) -> None:
        """Close the connections."""
        for one in self._connections:
            one.close()


def _is_whole(data: bytes) -> bool:
    # One answer with a length, as every one of these servers gives it.
    head, ended, body = data.partition(b"\r\n\r\n")
    if not ended:
        return False
    if not head.startswith(b"HTTP/1.1 200 "):
        raise WrongAnswers(repr(data[:500]))
    _, named, length = head.lower().partition(b"\r\ncontent-length:")
    if not named:
        raise WrongAnswers(f"no length: {head!r}")
    return len(body) >= int(length.split(b"\r\n", 1)[0])


def percentile_ms(seconds: list[float], share: float) -> float:
    """Return the milliseconds that this share of the requests stayed below."""
    return sorted(seconds)[min(len(seconds) - 1, int(share * len(seconds)))] * 1e3


def ask_paced(port: int, paths: list[str], rate: float, seconds: float) -> Figures:
    """Return what was offered, the latency, and how late the client itself was."""
    client = Paced(port, paths)
    try:
        client.ask(rate, seconds)
    finally:
        client.close()
    return {
        "offered_s": rate,
        "answered_s": len(client.answered_s) / seconds,
        "p50_ms": percentile_ms(client.answered_s, 0.5),
        "p99_ms": percentile_ms(client.answered_s, 0.99),
        "sent_late_p99_ms": percentile_ms(client.sent_s, 0.99),
    }
