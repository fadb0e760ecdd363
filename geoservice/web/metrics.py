"""Counts and times of requests for Prometheus, by route and status: nothing of who asked, nothing of what."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

from flask import Flask, Request, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from geoservice.services.snapshot_cache import SnapshotCache
from geoservice.web.counters import RequestCounter, RequestCounters
from geoservice.web.pipeline import Step
from layers.errors import LayerError


class JobAges(Collector):
    """How long ago each scheduled job was done last, by the database. While it does not answer, ages grow on."""

    def __init__(self, ages: Callable[[], Mapping[str, float | None]]) -> None:
        self._ages = ages
        self._last: Mapping[str, float | None] = {}
        self._read_s = time.monotonic()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return the figures of this moment."""
        try:
            self._last, self._read_s = self._ages(), time.monotonic()
        except LayerError:
            pass
        told = GaugeMetricFamily(
            "geoservice_job_age_seconds", "Since a scheduled job was done last, by whichever instance", labels=["job"]
        )
        for job, age_s in self._last.items():
            told.add_metric([job], float("nan") if age_s is None else age_s + time.monotonic() - self._read_s)
        yield told


class RequestMetrics:
    """The figures of one application; each worker process has its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._counters = RequestCounters()
        self._registry.register(self._counters)
        #: Looking one up with three words costs less here than where it is made.
        self._known: dict[tuple[str, str, int], RequestCounter] = {}

    def watch_cache(self, cache: SnapshotCache) -> None:
        """Tell how old what is held in memory is, how long reading it took, and how often that failed."""
        age = Gauge(
            "geoservice_held_age_seconds", "Since the database last confirmed what look-ups are answered from",
            registry=self._registry,
        )  # fmt: skip
        age.set_function(lambda: cache.confirmed.age_s if cache.confirmed else float("nan"))
        failures = Counter(
            "geoservice_held_failures_total", "Readings of what look-ups need that failed", registry=self._registry
        )
        seconds = Histogram(
            "geoservice_held_reading_seconds", "Time to read what look-ups need and to make it ready",
            registry=self._registry, buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100),
        )  # fmt: skip
        cache.on_reading = lambda took_s: failures.inc() if took_s is None else seconds.observe(took_s)

    def watch_jobs(self, ages: Callable[[], Mapping[str, float | None]]) -> None:
        """Tell how long ago each scheduled job was done; `ages` asks the database, and may raise LayerError."""
        self._registry.register(JobAges(ages))

    def watch(self, app: Flask) -> Step:
        """Measure every request of an application; return the step at which one begins."""
        app.after_request(self._end)
        return self._begin

    def text(self) -> Response:
        """Write the figures as Prometheus reads them."""
        return Response(generate_latest(self._registry), content_type=CONTENT_TYPE_LATEST)

    def count(self, route: str, method: str, status: int, seconds: float | None) -> None:
        """Count an answered request and, where it is known, how long it took."""
        counter = self._known.get((route, method, status))
        if counter is None:
            counter = self._known[route, method, status] = self._counters.of(route, method, status)
        counter.add(seconds)

    def counter(self, route: str, method: str, status: int) -> RequestCounter:
        """Return where one kind of answer is counted, for those who count nothing else."""
        return self._counters.of(route, method, status)

    @staticmethod
    def _begin(request: Request) -> None:
        g.began = time.perf_counter()

    def _end(self, response: Response) -> Response:
        # The rule, not the path: a path holds codes, and every new one would be a new series.
        asked: Request = request._get_current_object()  # type: ignore[attr-defined]
        rule, began = asked.url_rule, g.get("began")
        route, method = (rule.rule, asked.method) if rule else ("none", "any")
        self.count(route, method, response.status_code, None if began is None else time.perf_counter() - began)
        return response
