"""Places: a few threads stay free when all others are stuck, and nobody is refused who would be served soon."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from geoservice.web.admission import RESERVED, STUCK_S, Places, admit
from geoservice.web.guard import guard
from geoservice.web.pipeline import before_request_chain
from geoservice.web.problems import register_problems
from layers.errors import TooBusy
from tests.geoservice.web.attacks import ask
from tests.waiting import PATIENCE_S


class HandTurnedClock:
    """A clock that goes on only while somebody waits for a place, in vain."""

    def __init__(self) -> None:
        self.now_s = 0.0
        #: How long each wait was, seconds.
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.now_s

    def wait_in_vain(self, *, timeout: float) -> bool:
        self.waits.append(timeout)
        self.now_s += timeout
        return False


def test_who_comes_when_all_are_stuck_waits_a_little_and_the_next_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = HandTurnedClock()
    monkeypatch.setattr("geoservice.web.admission.time", clock)
    places = Places(1)
    places.take()
    monkeypatch.setattr(places._free, "acquire", clock.wait_in_vain)

    for _ in range(2):
        with pytest.raises(TooBusy):
            places.take()

    assert clock.waits == [STUCK_S, 0.0]


def test_a_place_given_back_is_waited_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    places = Places(1)
    places.take()
    with pytest.raises(TooBusy):
        places.take()
    places.give_back()
    places.take()
    monkeypatch.setattr("geoservice.web.admission.time", HandTurnedClock())  # that nobody turns
    threading.Timer(STUCK_S / 5, places.give_back).start()

    places.take()


def _app(threads: int, entered: threading.Semaphore, release: threading.Event) -> Flask:
    def stay() -> str:
        entered.release()
        return str(release.wait(PATIENCE_S))

    app = Flask("places")
    register_problems(app)
    before_request_chain(app, admit(app, threads=threads))
    slow = guard("view_map")(stay)
    fails = guard("view_map")(lambda: 1 / 0)
    app.add_url_rule("/v1/slow", "slow", slow)
    app.add_url_rule("/v1/fails", "fails", fails)
    app.add_url_rule("/livez", "livez", guard("see_health")(lambda: "alive"))
    return app


def test_probes_are_answered_while_every_place_is_taken() -> None:
    entered, release = threading.Semaphore(0), threading.Event()
    app = _app(8, entered, release)
    with ThreadPoolExecutor(16) as clients:
        asked = [clients.submit(ask, app.test_client(), "/v1/slow") for _ in range(8 - RESERVED)]
        for _ in asked:
            assert entered.acquire(timeout=PATIENCE_S)

        assert ask(app.test_client(), "/livez").status == 200
        assert ask(app.test_client(), "/v1/slow").status == 503
        release.set()
        assert {one.result().status for one in asked} == {200}
    assert ask(app.test_client(), "/v1/slow").status == 200


@pytest.mark.slow
def test_a_request_that_fails_gives_its_place_back() -> None:
    app = _app(5, threading.Semaphore(0), threading.Event())

    statuses = [ask(app.test_client(), path).status for path in ["/v1/fails"] * 10]

    assert set(statuses) == {500}


class ServedClock:
    """A clock that goes on by what each request takes, and by nothing else: a busy machine does not hurry it."""

    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    def serve(self) -> None:
        self.now_s += self._seconds


def test_a_crowd_that_is_served_quickly_is_never_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ServedClock(seconds=0.001)
    monkeypatch.setattr("geoservice.web.admission.time", clock)
    app = Flask("crowd")
    register_problems(app)
    before_request_chain(app, admit(app, threads=8))
    app.add_url_rule("/v1/quick", "quick", guard("view_map")(lambda: str(clock.serve())))

    with ThreadPoolExecutor(32) as clients:
        statuses = set(clients.map(lambda _: ask(app.test_client(), "/v1/quick").status, range(1000)))

    assert statuses == {200}
    assert clock.now_s > STUCK_S  # long enough that somebody could have been refused
