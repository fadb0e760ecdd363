"""A server that streams events, as the service runs it, and somebody who listens to it."""

from __future__ import annotations

import http.client
import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from geoservice.running.commands import events_command, web_environment
from geoservice.settings import Settings
from geoservice.streams.stream import HEARTBEAT_S
from tests.conftest import free_port, wait_until_answering
from tests.waiting import PATIENCE_S, wait_until

#: After so many that only say that the stream goes on, what is waited for does not come.
HEARTBEATS = int(PATIENCE_S / HEARTBEAT_S)


@dataclass(frozen=True)
class Message:
    """One message of a stream."""

    id: int | None
    event: str
    data: dict[str, Any]


class Listener:
    """Somebody who listens to a stream; a context, as a stream has no end."""

    def __init__(self, port: int, query: str = "", headers: Mapping[str, str] | None = None) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        self._connection.request("GET", f"/v1/events{query}", headers=dict(headers or {}))
        self.answer = self._connection.getresponse()
        self.begins = self.next() if self.answer.status == 200 else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def next(self) -> Message:
        """Wait for the next message; raise TimeoutError when for too long nothing is said, or only that it goes on."""
        fields: dict[str, str] = {}
        heartbeats = 0
        while True:
            line = self.answer.readline().decode()
            if not line:
                raise EOFError
            heartbeats += line.startswith(":")
            if heartbeats > HEARTBEATS:
                raise TimeoutError
            if line == "\n":
                if "data" in fields:
                    number = int(fields["id"]) if "id" in fields else None
                    return Message(number, fields.get("event", "message"), json.loads(fields["data"]))
                fields = {}
            elif not line.startswith(":"):
                name, _, value = line.rstrip("\n").partition(": ")
                fields[name] = value

    def take(self, count: int) -> list[Message]:
        """Wait for so many messages."""
        return [self.next() for _ in range(count)]


@contextmanager
def streaming(database_url: str, **settings: Any) -> Iterator[int]:
    """Run the events' server on a database; yield its port."""
    told = Settings(events_port=free_port(), **settings)
    environment = web_environment(database_url) | {
        f"GEOSERVICE_{name.upper()}": str(value) for name, value in settings.items()
    }
    with subprocess.Popen(events_command(told), env=environment) as process:
        try:
            assert told.events_at is not None
            wait_until_answering(told.host, told.events_at, process)
            yield told.events_at
        finally:
            process.terminate()  # a test that fails must not wait for it for good


def listen(port: int, query: str = "", **headers: str) -> Listener:
    """Return a listener; a server that has just started may say that it is not ready."""
    said = {name.replace("_", "-"): value for name, value in headers.items()}

    def answered() -> Listener | None:
        listener = Listener(port, query, said)
        if listener.answer.status == 503:
            listener.__exit__()
            return None
        return listener

    found = wait_until(answered, "the events' server is ready")
    assert found is not None
    return found
