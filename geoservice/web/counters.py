"""Counts of one kind of answer, added up more cheaply than a metric with labels does; read when they are asked for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from threading import Lock

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

#: Upper ends of the times told apart, seconds.
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class RequestCounter:
    """How many, and how long they took."""

    __slots__ = ("_lock", "count", "seconds", "timed")

    def __init__(self) -> None:
        self._lock = Lock()
        self.count = 0
        self.seconds = 0.0
        #: By bucket, the last one for what took longer than all.
        self.timed = [0] * (len(BUCKETS_S) + 1)

    def add(self, seconds: float | None) -> None:
        """Count one more and, where it is known, its time."""
        with self._lock:
            self.count += 1
            if seconds is not None:
                self.seconds += seconds
                self.timed[bisect_left(BUCKETS_S, seconds)] += 1


class RequestCounters(Collector):
    """The counters of requests by route, method and status, as Prometheus reads them."""

    def __init__(self) -> None:
        self._counters: dict[tuple[str, str, str], RequestCounter] = {}

    def of(self, route: str, method: str, status: int) -> RequestCounter:
        """Return the counter of a kind of answer."""
        return self._counters.setdefault((route, method, str(status)), RequestCounter())

    def collect(self) -> Iterator[Metric]:
        """Yield counts by route, method and status, and times by route."""
        counts = CounterMetricFamily(
            "geoservice_requests", "Requests answered", labels=["route", "method", "status"]
        )  # fmt: skip
        times = HistogramMetricFamily("geoservice_request_seconds", "Time to answer", labels=["route"])
        by_route: dict[str, list[RequestCounter]] = {}
        for labels, counter in list(self._counters.items()):
            counts.add_metric(labels, counter.count)
            by_route.setdefault(labels[0], []).append(counter)
        for route, counters in by_route.items():
            timed = [sum(column) for column in zip(*(counter.timed for counter in counters), strict=True)]
            times.add_metric([route], _cumulated(timed), sum(counter.seconds for counter in counters))
        yield counts
        yield times


def _cumulated(timed: Sequence[int]) -> list[tuple[str, float]]:
    ends = [*map(str, BUCKETS_S), "+Inf"]
    return list(zip(ends, accumulate(map(float, timed)), strict=True))
