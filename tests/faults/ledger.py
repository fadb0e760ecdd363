"""Writers hand in numbered reports, each until it is acknowledged; afterwards each is there once, and told of once."""

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

from tests.waiting import wait_until

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

    def wait_for_the_next(self) -> None:
        """Wait until a report that begins from now on is acknowledged."""
        since = time.monotonic()
        wait_until(lambda: self._took_one_since(since), lambda: f"a report is taken; {self.tally}")

    def _took_one_since(self, since: float) -> bool:
        with self._lock:
            return any(entry.began > since for entry in self.entries[-500:])

    def _write(self, chance: random.Random) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=ANSWER_S)
        west, south, east, north = self._bounds
        while not self._stop.is_set():
            with self._lock:
                self._next += 1
                number = self._next
            lon, lat = chance.uniform(west, east), chance.uniform(south, north)
            while not self._report(connection, number, lon, lat) and not self._stop.is_set():
                time.sleep(0.02)
            if number % 4 == 0:
                self._handle(connection, number)
        connection.close()

    def _handle(self, connection: http.client.HTTPConnection, number: int) -> None:
        """Take two steps with a report, as far as what is killed lets us."""
        incident = next((entry.id for entry in reversed(self.entries) if entry.number == number), None)
        for action in ("accept", "resolve") if incident else ():
            try:
                connection.request("POST", f"/v1/incidents/{incident}/actions/{action}", "{}", self._headers)
                connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                connection.close()

    def _report(self, connection: http.client.HTTPConnection, number: int, lon: float, lat: float) -> bool:
        """Hand in a report; False when nobody knows whether it arrived: its key lets it be sent again."""
        body = {"service_code": self._service_code, "lon": lon, "lat": lat, "description": f"ledger {number}"}
        headers = self._headers | {"Idempotency-Key": f"ledger-{number:012}"}
        began = time.monotonic()
        try:
            connection.request("POST", "/v1/incidents", json.dumps(body), headers)
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError):
            connection.close()
            with self._lock:
                self.tally.cut += 1
            return False
        now = time.monotonic()
        with self._lock:
            self.tally.slowest_s = max(self.tally.slowest_s, now - began)
            if response.status == 201:
                self.entries.append(Entry(number, answer["id"], answer["grid_code"], lon, lat, began, now))
            elif response.status == 503 and response.headers["Retry-After"]:
                self.tally.refused += 1
            else:
                self.tally.unexpected.append(f"{response.status} {answer}")
        return response.status == 201


#: What must not be found among reports and their events.
_FAULTS = {
    "in nobody's hands and not in the queue": """
        SELECT i.id FROM geoservice.incident AS i
         WHERE i.description LIKE 'ledger %' AND (i.officer_code IS NULL) <> (i.status = 'reported')""",
    "not told of once": """
        SELECT e.id FROM geoservice.incident_event AS e
          LEFT JOIN geoservice.outbox AS o ON o.incident_event_id = e.id
         GROUP BY e.id HAVING count(o.id) <> 1""",
    "told of without a line of history": """
        SELECT o.id FROM geoservice.outbox AS o
         WHERE o.topic = 'incident'
           AND NOT EXISTS (SELECT FROM geoservice.incident_event AS e WHERE e.id = o.incident_event_id)""",
    "told of in another order": """
        SELECT l.incident_id FROM (
            SELECT e.incident_id, o.number, lag(o.number) OVER (PARTITION BY e.incident_id ORDER BY e.id) AS before
              FROM geoservice.incident_event AS e JOIN geoservice.outbox AS o ON o.incident_event_id = e.id) AS l
         WHERE l.before >= l.number OR l.number IS NULL""",
}


def faults_in(entries: list[Entry], connection: psycopg.Connection) -> list[str]:
    """Return what is not as it was acknowledged: lost, double, misrouted, in no hands, not told of, out of order."""
    while connection.execute("SELECT count(*) FROM geoservice.outbox WHERE number IS NULL").fetchone() != (0,):
        connection.execute("SELECT geoservice.number_outbox()")
        connection.commit()
    rows = connection.execute("SELECT id::text, grid_code, description, method FROM geoservice.incident").fetchall()
    stored = {row[0]: row for row in rows}
    reports = Counter(row[2] for row in rows if row[2].startswith("ledger "))
    twice = [report for report, count in reports.items() if count > 1]
    told = {row[0] for row in connection.execute("SELECT DISTINCT incident_id::text FROM geoservice.incident_event")}
    grids = grids_of(connection)
    faults = [f"twice: {name}" for name in twice]
    faults += [f"{what}: {found}" for what, query in _FAULTS.items() for found in connection.execute(query).fetchall()]
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
