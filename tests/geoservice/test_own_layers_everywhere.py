"""A layer that one process makes is seen by every other, without a restart: web workers hear of it, or look."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from geoservice.auth.model import Role
from geoservice.running.commands import web_command, web_environment
from geoservice.settings import Settings
from geoservice.wiring import Services
from layers.catalogue import catalogue, hold
from tests.conftest import free_port, wait_until_answering
from tests.geoservice.own_layers import geojson, in_grids, make, read
from tests.loading import wait_until_loaded
from tests.waiting import wait_until

#: So many answers in a row, on connections of their own, are of every worker.
ANSWERS = 40


@pytest.fixture(autouse=True)
def _no_own_layers_afterwards() -> Iterator[None]:
    yield
    hold(())


@pytest.fixture(params=[
    pytest.param("true", id="held in memory"), pytest.param("false", id="asked each time", marks=pytest.mark.slow),
])  # fmt: skip
def server(request: pytest.FixtureRequest, community_url: str) -> Iterator[str]:
    """Return the address of a web server of two workers."""
    settings = Settings(port=free_port(), workers=2)
    environment = web_environment(community_url) | {"GEOSERVICE_HOLD_EDITIONS": request.param}
    with subprocess.Popen(web_command(settings), env=environment) as process:
        try:
            wait_until_answering(settings.host, settings.port, process)
            yield f"http://{settings.host}:{settings.port}"
        finally:
            process.terminate()


def status(address: str) -> int:
    try:
        with urllib.request.urlopen(address) as answer:  # noqa: S310  our own server
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_every_worker_sees_it_come_and_go(services: Services, server: str, tmp_path: Path) -> None:
    paths = ("/v1/layers/zones", "/maps/sare/layers/zones.geojson", "/tiles/sare/zones.json")

    def all_say(code: int) -> bool:
        return all(status(server + path) == code for _ in range(ANSWERS) for path in paths)

    assert all_say(404)
    make(services, geojson(tmp_path / "zones.geojson", in_grids(services), risk=[1] * 8), "zones")
    wait_until(lambda: all_say(200), "every worker sees the layer")
    with urllib.request.urlopen(f"{server}/maps/sare/layers/zones.geojson") as answer:  # noqa: S310
        assert json.load(answer)["numberMatched"] == 8
    with urllib.request.urlopen(f"{server}/maps/sare?lang=en") as answer:  # noqa: S310
        assert b"own_zones" in answer.read()

    services.own_layers.drop("zones", actor="t", door="command", commit=True)
    wait_until(lambda: all_say(404), "no worker sees the layer")


def test_a_cache_brings_them_and_keeps_the_same_ones(services: Services, tmp_path: Path) -> None:
    made = read(geojson(tmp_path / "zones.geojson", in_grids(services), risk=[1] * 8), "zones")
    wait_until_loaded(services)
    services.own_layers.create("sare", made.layer, made.features, actor="t", door="command", commit=True)
    hold(())  # as if another process had made it

    found = wait_until(lambda: catalogue().get("zones"), "the cache hears of the layer")
    cache = services.cache
    assert cache is not None
    before = cache.confirmed
    services.keys.create(Role.READER, "something else changes")

    wait_until(lambda: cache.confirmed and cache.confirmed.snapshot is not before.snapshot, "the cache is renewed")
    assert catalogue()["zones"] is found
