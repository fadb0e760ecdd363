"""Figures of requests: every answer is counted once, through Flask or in front of it, whoever counts at once."""

from __future__ import annotations

import threading

from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from geoservice.web.counters import BUCKETS_S, RequestCounters
from geoservice.web.metrics import RequestMetrics


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_answers_are_counted_by_route_and_status(client: FlaskClient) -> None:
    for _ in range(3):
        client.get("/v1/owner?lon=91.77&lat=29.24")
    client.get("/v1/owner?lon=500&lat=29.24")
    client.get("/nowhere")

    found = samples(client.get("/metrics").get_data(as_text=True))

    def count(route: str, status: str, method: str = "GET") -> float:
        return found["geoservice_requests_total", (("method", method), ("route", route), ("status", status))]

    assert count("/v1/owner", "200") == 3
    assert count("/v1/owner", "422") == 1
    assert count("none", "404", "any") == 1
    assert found["geoservice_request_seconds_count", (("route", "/v1/owner"),)] == 4


def test_nothing_is_lost_when_many_count_at_once() -> None:
    metrics = RequestMetrics()
    times = [0.0001, 0.001, 0.3, 100.0, None]

    def count() -> None:
        for turn in range(5000):
            metrics.count("/a", "GET", 200, times[turn % 5])

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = samples(metrics.text().get_data(as_text=True))
    assert found["geoservice_requests_total", (("method", "GET"), ("route", "/a"), ("status", "200"))] == 40_000
    buckets = {dict(labels)["le"]: value for (name, labels), value in found.items() if name.endswith("_bucket")}
    assert [buckets[end] for end in ("0.001", "0.0025", "0.25", "0.5", "5.0", "+Inf")] == [
        16_000, 16_000, 16_000, 24_000, 24_000, 32_000]  # fmt: skip
    assert len(buckets) == len(BUCKETS_S) + 1


def test_a_new_service_has_nothing_to_tell() -> None:
    registry = CollectorRegistry()
    registry.register(RequestCounters())

    assert [family.samples for family in registry.collect()] == [[], []]
