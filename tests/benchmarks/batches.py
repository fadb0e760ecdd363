"""Batches over HTTP: many positions in one request, in every form; the worker's memory; what is beyond the limits."""

from __future__ import annotations

import http.client
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from geoservice.api.batch.answering import MAX_ROWS, MAX_ROWS_PUBLIC
from geoservice.engine.index import OwnershipIndex
from geoservice.settings import Settings
from tests.benchmarks.bodies import FORMS, Codes
from tests.benchmarks.building import resident_mb
from tests.benchmarks.datasets import community, spread_evenly
from tests.benchmarks.goals import Goal, at_least, below, number
from tests.benchmarks.measuring import Figures, Say, WrongAnswers
from tests.benchmarks.processor import Threads
from tests.benchmarks.scale import Scale
from tests.benchmarks.servers import HOST, Server, demo_database, new_key, running
from tests.oracles import Lonlats

TITLE = "Batches over HTTP"
PATH = "/v1/owner/batch"
PATIENCE_S = 120
JSON_MS, ARROW_S = 150, 1.5
#: Rows in a second of the worker's processor time, as CSV and as NDJSON.
TEXT_ROWS = 500_000
#: More than this between the second and the last of many equal requests, and memory is not flat.
FLAT_MB = 16


@dataclass(frozen=True)
class Sent:
    """An answer, how long it took until its last byte, and what the worker spent and held meanwhile and afterwards."""

    status: int
    body: bytes
    seconds: float
    peak_mb: float
    after_mb: float
    #: Of the worker's threads, seconds for which they ran.
    processor_s: float


@dataclass(frozen=True)
class Batch:
    """A request that can be sent again and again."""

    form: str
    rows: int
    body: bytes


@dataclass(frozen=True)
class Client:
    """Sends batches to a server, with a key or as a stranger."""

    server: Server
    key: str

    def send(self, batch: Batch, *, as_stranger: bool = False) -> Sent:
        """Send a batch on a connection of its own."""
        headers = {"Content-Type": FORMS[batch.form].media_type}
        if not as_stranger:
            headers["Authorization"] = f"Bearer {self.key}"
        worker = self.server.worker
        forget_peak(worker)
        with Threads(worker) as threads:
            earlier = threads.spent()
            status, body, seconds = self._exchanged(batch, headers)
            spent = threads.spent() - earlier
        peak_mb, after_mb = resident_mb("VmHWM", worker), resident_mb("VmRSS", worker)
        return Sent(status, body, seconds, peak_mb, after_mb, spent.ran_ms / 1e3)

    def _exchanged(self, batch: Batch, headers: Mapping[str, str]) -> tuple[int, bytes, float]:
        """Return status and body of an answer, and seconds until its last byte."""
        began = time.perf_counter()
        connection = http.client.HTTPConnection(HOST, self.server.port, timeout=PATIENCE_S)
        try:
            connection.request("POST", PATH, batch.body, dict(headers))
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        return answer.status, body, time.perf_counter() - began

    def answered(self, batch: Batch) -> Sent:
        """Send a batch; raise WrongAnswers when it is not answered."""
        sent = self.send(batch)
        if sent.status != 200:
            raise WrongAnswers(f"{batch.form}, {batch.rows} rows: {sent.status} {sent.body[:300]!r}")
        return sent

    def announced(self, length: int) -> int:
        """Return the status of a request that says it has so many bytes and sends none."""
        connection = http.client.HTTPConnection(HOST, self.server.port, timeout=PATIENCE_S)
        try:
            connection.putrequest("POST", PATH)
            connection.putheader("Content-Type", FORMS["CSV"].media_type)
            connection.putheader("Content-Length", str(length))
            connection.endheaders()
            return connection.getresponse().status
        finally:
            connection.close()


def forget_peak(process: int) -> None:
    """Let the peak memory of a process begin anew with what it holds (Linux, proc(5): clear_refs)."""
    Path(f"/proc/{process}/clear_refs").write_text("5")


def batches(lonlats: Lonlats, scale: Scale) -> dict[str, Batch]:
    """Return the batches that are timed; JSON and GeoJSON have lower limits."""
    rows = {"JSON": MAX_ROWS_PUBLIC, "GeoJSON": scale.geojson_rows}
    found = {}
    for form, how in FORMS.items():
        some = lonlats[: rows.get(form, scale.batch_rows)]
        found[form] = Batch(form, len(some), how.written(some))
    return found


def measured(scale: Scale, say: Say) -> Figures:
    """Return seconds by form, memory over equal requests, and how too much is refused; raise LeftOut, WrongAnswers."""
    lonlats = spread_evenly(community(), max(scale.batch_rows, scale.geojson_rows, MAX_ROWS_PUBLIC))
    asked = batches(lonlats, scale)
    with demo_database() as url, running(url) as server:
        client = Client(server, new_key(url))
        say("batch: memory over equal requests")
        client.answered(asked["JSON"])
        memory = memory_over(client, asked["Arrow"], scale.batch_rounds)
        say("batch: answers compared")
        check_equal({form: FORMS[form].codes(client.answered(batch).body) for form, batch in asked.items()}, lonlats)
        say("batch: every form in turns")
        sent: dict[str, list[Sent]] = {form: [] for form in asked}
        for _ in range(scale.batch_rounds):
            for form, batch in asked.items():
                sent[form].append(client.answered(batch))
        say("batch: beyond the limits")
        refused = refusals(client)
    return {
        "rounds": scale.batch_rounds,
        "forms": {form: _figures(asked[form], rounds) for form, rounds in sent.items()},
        "memory": memory,
        "refused": refused,
    }


def _figures(batch: Batch, rounds: list[Sent]) -> Figures:
    seconds = [one.seconds for one in rounds]
    return {
        "rows": batch.rows,
        "sent_mb": len(batch.body) / 1e6,
        "received_mb": len(rounds[0].body) / 1e6,
        "seconds": statistics.median(seconds),
        "shortest_s": min(seconds),
        "longest_s": max(seconds),
        "processor_s": statistics.median(one.processor_s for one in rounds),
        "peak_mb": max(one.peak_mb for one in rounds),
    }


def memory_over(client: Client, batch: Batch, rounds: int) -> Figures:
    """Return the worker's resident megabytes before, after each of equal requests, and the peak of each."""
    before = resident_mb("VmRSS", client.server.worker)
    sent = [client.answered(batch) for _ in range(max(rounds, 3))]
    return {
        "form": batch.form,
        "rows": batch.rows,
        "before_mb": before,
        "after_mb": [one.after_mb for one in sent],
        "peak_mb": [one.peak_mb for one in sent],
    }


def check_equal(codes: Mapping[str, Codes], lonlats: Lonlats) -> None:
    """Raise WrongAnswers when the forms disagree, or with the index where a grid covers the position."""
    grids = community()
    index = OwnershipIndex.build(list(grids), list(grids.values()))
    owners = index.owners(lonlats[:, 0], lonlats[:, 1]).tolist()
    longest = max(codes.values(), key=len)
    for place, (owner, code) in enumerate(zip(owners, longest, strict=False)):
        if owner >= 0 and index.codes[owner] != code:
            raise WrongAnswers(f"{lonlats[place]}: {code} owns it over HTTP, {index.codes[owner]} in the index")
    for form, some in codes.items():
        if some != longest[: len(some)]:
            raise WrongAnswers(f"{form} names other owners than the other forms")


def refusals(client: Client) -> list[Figures]:
    """Return how more than the limits is refused; raise WrongAnswers when it is not, or not with 413."""

    def many(form: str, rows: int) -> Batch:
        return Batch(form, rows, FORMS[form].written(spread_evenly(community(), rows)))

    stranger, holder, too_long = MAX_ROWS_PUBLIC + 1, MAX_ROWS + 1, Settings().max_stream_bytes + 1
    tried: dict[str, Callable[[], int]] = {
        f"{stranger:,} rows of a stranger, JSON": _sender(client, many("JSON", stranger), as_stranger=True),
        f"{stranger:,} rows of a stranger, Arrow": _sender(client, many("Arrow", stranger), as_stranger=True),
        f"{holder:,} rows with a key, Arrow": _sender(client, many("Arrow", holder), as_stranger=False),
        f"a body said to have {too_long:,} bytes": lambda: client.announced(too_long),
    }
    found = []
    for what, send in tried.items():
        began = time.perf_counter()
        status = send()
        if status != 413:
            raise WrongAnswers(f"{what}: {status} instead of 413")
        found.append({"what": what, "status": status, "seconds": time.perf_counter() - began})
    return found


def _sender(client: Client, batch: Batch, *, as_stranger: bool) -> Callable[[], int]:
    return lambda: client.send(batch, as_stranger=as_stranger).status


def growth_mb(memory: Figures) -> float:
    """Return by how much the worker grew from the second of equal requests to the last."""
    after = memory["after_mb"]
    return float(after[-1] - after[1])


def goals(found: Figures) -> list[Goal]:
    """Return what was to be reached."""
    forms, memory = found["forms"], found["memory"]
    json_rows, arrow_rows = forms["JSON"]["rows"], forms["Arrow"]["rows"]
    return [
        below(f"Batch: {json_rows:,} positions as JSON", forms["JSON"]["seconds"] * 1e3, JSON_MS, " ms"),
        below(f"Batch: {arrow_rows:,} positions as Arrow", forms["Arrow"]["seconds"], ARROW_S, " s"),
        below(f"Batch: the worker's growth over {len(memory['after_mb'])} requests as Arrow, after the second",
              growth_mb(memory), FLAT_MB, " MB"),
        *(at_least(f"Batch: rows as {form} in a second of the worker's processor time",
                   forms[form]["rows"] / forms[form]["processor_s"], TEXT_ROWS)
          for form in ("CSV", "NDJSON") if "processor_s" in forms.get(form, ())),
    ]  # fmt: skip


def table(found: Figures) -> list[str]:
    """Return the figures as markdown."""
    memory = found["memory"]
    return [
        f"`POST {PATH}` on one worker, medians of {found['rounds']} rounds in turns, from the first byte sent to the",
        "last received; writing and reading the forms is the client's and not counted. All forms named the same",
        "owners, those of the index. Processor time is that of the worker's threads: it hardly grows while others keep",
        "the machine busy, as seconds do.",
        "",
        "| form | rows | sent MB | received MB | seconds | shortest to longest | rows/s | processor s "
        "| rows/processor s | worker's peak MB |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
        *(_row(form, one) for form, one in found["forms"].items()),
        "",
        f"The worker's memory over {len(memory['after_mb'])} equal requests of {memory['rows']:,} rows as "
        f"{memory['form']}: {number(memory['before_mb'])} MB before; after each {_list(memory['after_mb'])} MB; at "
        f"most during each {_list(memory['peak_mb'])} MB.",
        "",
        "Beyond the limits:",
        "",
        *(f"- {one['what']}: {one['status']} after {number(one['seconds'])} s" for one in found["refused"]),
    ]


def _list(figures: list[float]) -> str:
    return ", ".join(number(one) for one in figures)


def _row(form: str, one: Figures) -> str:
    cells = (
        form, f"{one['rows']:,}", number(one["sent_mb"]), number(one["received_mb"]), number(one["seconds"]),
        f"{number(one['shortest_s'])} to {number(one['longest_s'])}", number(one["rows"] / one["seconds"]),
        number(one["processor_s"]), number(one["rows"] / one["processor_s"]), number(one["peak_mb"]),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"
