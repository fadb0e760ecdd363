"""Writers hand in numbered reports and note what was acknowledged; nothing of that may be missing afterwards."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import psycopg
import shapely

#: No answer may take longer, whatever is killed.
ANSWER_S = 30.0


@dataclass(frozen=True)
class Entry:
    """One acknowledged report."""

    number: int
    id: str
    grid_code: str | None
    lon: float
    lat: float
    #: Monotonic clock when it was sent and when it was acknowledged.
    began: float
    at: float


@dataclass
class Tally:
    """What else the writers met."""

    refused: int = 0
    cut: int = 0
    slowest_s: float = 0.0
    unexpected: list[str] = field(default_factory=list)


class Ledger:
    """Writers that report without a pause, on several threads, until told to stop."""

    def __init__(self, port: int, key: str, service_code: str, bounds: tuple[float, float, float, float]) -> None:
        self._port = port
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._service_code = service_code
        self._bounds = bounds
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._next = 0
        self.entries: list[Entry] = []
        self.tally = Tally()

    def start(self, writers: int) -> None:
        """Begin to write."""
        for seed in range(writers):
            thread = threading.Thread(target=self._write, args=(random.Random(seed),))
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End when the reports that are under way are answered."""
        self._stop.set()
        for thread in self._threads:
            thread.join(2 * ANSWER_S)
            assert not thread.is_alive(), "a writer hangs"

    def longest_silence_s(self, since: float, until: float) -> float:
        """Return the longest time between two acknowledgements from one instant to another."""
        times = sorted([since, *(entry.at for entry in self.entries if since < entry.at < until), until])
        return max(later - earlier for earlier, later in pairwise(times))

    def seconds_to_next(self, since: float, *, timeout_s: float) -> float:
        """Return the time from an instant to the first report begun after it that was acknowledged."""
        while time.monotonic() < since + timeout_s:
            with self._lock:
                later = [entry.at for entry in self.entries[-500:] if entry.began > since]
            if later:
                return min(later) - since
            time.sleep(0.01)
        raise AssertionError(f"no report was taken within {timeout_s} s; {self.tally}")

    def _write(self, chance: random.Random) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=ANSWER_S)
        while not self._stop.is_set():
            with self._lock:
                self._next += 1
                number = self._next
            self._report(connection, number, chance)
        connection.close()

    def _report(self, connection: http.client.HTTPConnection, number: int, chance: random.Random) -> None:
        """Hand in one report; a failed one is not tried again under its number, as nobody knows whether it arrived."""
        west, south, east, north = self._bounds
        lon, lat = chance.uniform(west, east), chance.uniform(south, north)
        body = {"service_code": self._service_code, "lon": lon, "lat": lat, "description": f"ledger {number}"}
        began = time.monotonic()
        try:
            connection.request("POST", "/v1/incidents", json.dumps(body), self._headers)
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError):
            connection.close()
            with self._lock:
                self.tally.cut += 1
            time.sleep(0.02)
            return
        now = time.monotonic()
        with self._lock:
            self.tally.slowest_s = max(self.tally.slowest_s, now - began)
            if response.status == 201:
                self.entries.append(Entry(number, answer["id"], answer["grid_code"], lon, lat, began, now))
            elif response.status == 503 and response.headers["Retry-After"]:
                self.tally.refused += 1
            else:
                self.tally.unexpected.append(f"{response.status} {answer}")
        if response.status != 201:
            time.sleep(0.02)


def faults_in(entries: list[Entry], connection: psycopg.Connection) -> list[str]:
    """Return what the database does not hold as it was acknowledged: lost, double, misrouted, without a history."""
    rows = connection.execute("SELECT id::text, grid_code, description, method FROM geoservice.incident").fetchall()
    stored = {row[0]: row for row in rows}
    reports = Counter(row[2] for row in rows if row[2].startswith("ledger "))
    twice = [report for report, count in reports.items() if count > 1]
    told = {row[0] for row in connection.execute("SELECT DISTINCT incident_id::text FROM geoservice.incident_event")}
    grids = grids_of(connection)
    faults = [f"twice: {name}" for name in twice]
    for entry in entries:
        row = stored.get(entry.id)
        if row is None:
            faults.append(f"lost: {entry}")
        elif row[1] != entry.grid_code or row[2] != f"ledger {entry.number}":
            faults.append(f"changed: {entry} {row}")
        elif not agrees(row[1], row[3], entry, grids):
            faults.append(f"misrouted: {entry} {row}")
        elif entry.id not in told:
            faults.append(f"without history: {entry}")
    return faults


def grids_of(connection: psycopg.Connection) -> dict[str, shapely.Geometry]:
    """Return the grids in force by code."""
    rows = connection.execute("SELECT code, st_asbinary(geom) FROM geoservice.territory WHERE valid @> now()")
    return {code: shapely.from_wkb(bytes(shape)) for code, shape in rows}


def agrees(grid_code: str | None, method: str, entry: Entry, grids: Mapping[str, shapely.Geometry]) -> bool:
    """Tell whether a grid is the one that a search through all of them finds: smallest code that covers the place."""
    place = shapely.Point(entry.lon, entry.lat)
    covering = sorted((code for code, shape in grids.items() if shape.covers(place)), key=str.encode)
    if covering:
        return grid_code == covering[0] and method == "covers"
    # Outside: the nearest grid within the tolerance (25 m is at most 0.0003 degrees here), or none.
    near = {code for code, shape in grids.items() if shape.distance(place) < 0.0003}
    return (grid_code is None and method == "none") or (grid_code in near and method == "nearest")
