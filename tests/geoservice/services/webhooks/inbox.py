"""A receiver that keeps what it is sent: a real server that goes away, comes back and answers what a test wants."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conftest import free_port
from tests.geoservice.webhooks.receivers import Request, read_request
from tests.waiting import wait_until


@dataclass(frozen=True)
class Received:
    """A message as it came in, and what was answered."""

    id: str
    body: dict[str, Any]
    request: Request
    status: int

    @property
    def incident(self) -> str:
        return str(self.body["data"].get("incident"))

    @property
    def number(self) -> int:
        return int(self.body["data"]["number"])


@dataclass
class Inbox:
    """A server on one port of 127.0.0.1; `with` starts and ends it, as often as wanted."""

    #: What is answered to a body: a status. It may take its time, and is asked on several threads.
    answer: Callable[[dict[str, Any]], int] = lambda body: 204
    port: int = field(default_factory=free_port)
    #: Everything that was answered, in the order in which it was.
    heard: list[Received] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def taken(self) -> list[Received]:
        """Return what was answered with 204."""
        return [one for one in self.heard if one.status == 204]

    def __enter__(self) -> Inbox:
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept
        self._listener.close()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._receive, args=(link,), daemon=True).start()

    def _receive(self, link: socket.socket) -> None:
        with link, suppress(OSError, ValueError):  # a sender that was killed, perhaps in the midst of a header
            request = read_request(link)
            if len(request.body) != int(request.headers.get("content-length", -1)):
                return  # it was killed in the midst of it: nothing has arrived
            body = json.loads(request.body)
            status = self.answer(body)
            self.heard.append(Received(request.headers["webhook-id"], body, request, status))
            link.sendall(f"HTTP/1.1 {status} Said\r\nContent-Length: 0\r\n\r\n".encode())

    def wait_for(self, count: int) -> None:
        """Wait until so many different messages were taken, for each next one as long as it may take."""
        while (had := self._different()) < count:
            wait_until(lambda had=had: self._different() > had, f"more than {had} of {count} messages are taken")  # type: ignore[misc]

    def _different(self) -> int:
        return len({one.id for one in self.taken})

    def assert_in_order(self) -> None:
        """Fail when a message of an incident was taken before an earlier one of it; doubles count once."""
        numbers = defaultdict(list)
        for one in self.taken:
            if one.number not in numbers[one.incident]:
                numbers[one.incident].append(one.number)
        assert {incident: seen for incident, seen in numbers.items() if seen != sorted(seen)} == {}


def verifies(received: Received, secret: str) -> bool:
    """Return whether a message is signed with a secret, as docs/webhooks.md tells receivers to check it."""
    headers = received.request.headers
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + received.request.body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    sent_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    fresh = abs(datetime.now(UTC) - sent_at) < timedelta(minutes=5)
    return fresh and any(hmac.compare_digest(expected, one) for one in headers["webhook-signature"].split())
