"""Clients that look up without a pause while editions follow each other, and note every answer."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Look:
    """One answer: of one place, or of all in one batch."""

    #: Monotonic clock when it was asked and answered.
    began: float
    ended: float
    editions: tuple[int, ...]
    #: Numbers of the places, and the codes of their owners.
    places: tuple[int, ...]
    codes: tuple[str, ...]
    age_s: int


@dataclass
class Lookers:
    """Threads that ask a web server; each opens a new connection now and then, so every worker is asked."""

    port: int
    places: Sequence[tuple[float, float]]
    looks: list[Look] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, count: int, *, pause_s: float = 0.0) -> None:
        """Begin to look up on so many threads."""
        for seed in range(count):
            thread = threading.Thread(target=self._look, args=(random.Random(seed), pause_s))
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Stop, and wait for the last answers."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _look(self, chance: random.Random, pause_s: float) -> None:
        while not self._stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            try:
                for _ in range(50):
                    if self._stop.is_set():
                        break
                    self.looks.append(self._one(connection, chance) if chance.random() < 0.8 else self._all(connection))
                    time.sleep(pause_s)
            except (OSError, http.client.HTTPException, ValueError, KeyError) as exc:
                self.failures.append(f"{type(exc).__name__}: {exc}")
            finally:
                connection.close()

    def _one(self, connection: http.client.HTTPConnection, chance: random.Random) -> Look:
        place = chance.randrange(len(self.places))
        lon, lat = self.places[place]
        began = time.monotonic()
        connection.request("GET", f"/v1/owner?lon={lon!r}&lat={lat!r}")
        answer, age_s = self._read(connection)
        return Look(began, time.monotonic(), (answer["edition"],), (place,), (answer["grid"]["code"],), age_s)

    def _all(self, connection: http.client.HTTPConnection) -> Look:
        began = time.monotonic()
        body = json.dumps({"positions": self.places})
        connection.request("POST", "/v1/owner/batch", body, {"Content-Type": "application/json"})
        answer, age_s = self._read(connection)
        rows = answer["results"]
        codes = tuple(row["grid_code"] for row in rows)
        editions = tuple(sorted({row["edition"] for row in rows}))
        return Look(began, time.monotonic(), editions, tuple(range(len(rows))), codes, age_s)

    @staticmethod
    def _read(connection: http.client.HTTPConnection) -> tuple[dict, int]:
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise ValueError(f"{response.status} {body[:300]!r}")
        return json.loads(body), int(response.headers["Age"])
