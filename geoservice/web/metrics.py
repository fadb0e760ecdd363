"""Counts and times of requests for Prometheus, by route and status: nothing of who asked, nothing of what."""

from __future__ import annotations

import time

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest


class RequestMetrics:
    """The figures of one application; each worker process has its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "geoservice_requests_total", "Requests answered", ["route", "method", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "geoservice_request_seconds", "Time to answer", ["route"], registry=self._registry,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
        )  # fmt: skip

    def watch(self, app: Flask) -> None:
        """Measure every request of an application."""
        app.before_request(self._begin)
        app.after_request(self._end)

    def text(self) -> Response:
        """Write the figures as Prometheus reads them."""
        return Response(generate_latest(self._registry), content_type=CONTENT_TYPE_LATEST)

    @staticmethod
    def _begin() -> None:
        g.began = time.perf_counter()

    def _end(self, response: Response) -> Response:
        # The rule, not the path: a path holds codes, and every new one would be a new series.
        route = request.url_rule.rule if request.url_rule else "none"
        method = request.method if request.url_rule else "any"
        self._requests.labels(route, method, str(response.status_code)).inc()
        if "began" in g:
            self._seconds.labels(route).observe(time.perf_counter() - g.began)
        return response
