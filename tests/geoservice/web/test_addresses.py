"""Odd methods, addresses and hosts: nothing but the routes that are meant is reached, and every answer is a problem."""

from __future__ import annotations

import itertools
import re

import pytest
from pydantic import SecretStr
from werkzeug.routing import Rule

from geoservice.app import create_app
from geoservice.settings import Settings
from tests.depth import depths
from tests.geoservice.web.attacks import TEXTS, ask, of_some_kinds
from tests.geoservice.web.door import Door
from tests.unserved import APP

RULES: list[Rule] = list(APP.url_map.iter_rules())
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.endpoint}")


#: The everyday run puts texts of some kinds into an address, each into one of its parts, and sends two methods that it
#: does not know, in turn; the proof puts all into every part, and sends every method.
FEW, ALL = 1, 2


@depths(FEW, ALL)
@every_rule
def test_hostile_text_in_any_part_of_an_address_finds_nothing(rule: Rule, door: Door, depth: int) -> None:
    names = sorted(rule.arguments)
    few = zip(itertools.cycle(names), of_some_kinds(RULES.index(rule)), strict=False) if names else ()
    for name, text in few if depth == FEW else itertools.product(names, TEXTS):
        path = door.fill(rule.rule, {name: text})
        answer = ask(door.client, path, method="GET", headers=door.headers())
        if answer.status in {302, 303}:  # to an address of our own, where it is looked at
            assert re.fullmatch(r"/(?![/\\])[!-~]*", answer.response.headers["Location"]), path
        elif answer.status != 200:
            answer.assert_tame()
        # Some of the texts are numbers: of a tile where nothing is.
        empty = {204} if rule.endpoint == "tiles.tile" and text.isdecimal() else set()
        assert answer.status in {200, 302, 303, 404, 405, 422} | empty, path


@pytest.mark.parametrize(
    "path",
    [
        "/v1/editions/{}", "/v1/editions/{}/grids", "/v1/webhooks/{}/deliveries",
        "/v1/visits?jurisdiction=sare&before={}",
        "/v1/changes?jurisdiction=sare&before={}",
    ],
)  # fmt: skip
def test_rows_are_named_by_every_number_that_the_database_gives(door: Door, path: str) -> None:
    for number in (10**9, 2**31, 2**53 + 1, 2**63 - 1):
        answer = ask(door.client, path.format(number), headers=door.headers())
        answer.assert_tame(statuses={200} if "before" in path else {404})
    for number in (0, 2**63, 10**19, 10**400):
        ask(door.client, path.format(number), headers=door.headers()).assert_tame(statuses={422})


METHODS = {"TRACE", "PROPFIND", "CONNECT", "DELETE", "PUT", "PATCH", "FOO", "G" * 500}


@depths(FEW, ALL)
@every_rule
def test_a_method_that_a_route_does_not_know_is_refused_with_those_it_does(rule: Rule, door: Door, depth: int) -> None:
    of_address = [other.methods or set() for other in door.app.url_map.iter_rules() if other.rule == rule.rule]
    unknown = sorted(METHODS.difference(*of_address))
    turn = RULES.index(rule) % len(unknown)
    for method in unknown if depth == ALL else (unknown[turn:] + unknown[:turn])[:2]:
        answer = ask(door.client, door.fill(rule.rule), method=method, headers=door.headers())

        answer.assert_tame(statuses={405})
        assert rule.methods is not None
        assert rule.methods - {"OPTIONS"} <= set(answer.response.headers["Allow"].split(", "))


@every_rule
def test_a_long_query_is_refused(rule: Rule, door: Door) -> None:
    answer = ask(door.client, f"{door.fill(rule.rule)}?{'a' * 5000}", headers=door.headers())

    answer.assert_tame(statuses={405, 422})


@pytest.mark.parametrize(
    "path",
    [
        "/v1//owner", "/v1/../openapi.json", "/v1/%2e%2e/docs", "/v1/owner/", "/v1/owner.", "/v1/owner;x=1",
        "/V1/owner", "/v1/grids/a%2fb", "/.git/config", "/console", "/metrics/", "/static/x", "/debug",
        "/assets/x/../../etc/passwd", "/assets/x/static/..%2f..%2fapp.py", "/assets/x/%2fetc%2fpasswd",
        "/assets/x/static/%00.js", "/assets/x/static/.", "/assets/x/static/icons",
        "/assets/x/static/" + "a" * 300 + ".js", "/assets/x/templates/index.html", "/" + "a" * 8000,
        "/v1/grids/" + "a/" * 3000, "/%00", "/%ff%fe", "/maps/%00", "/maps/%00/layers/grids.geojson",
        "/maps/%00/figures.json", "/maps/none", "/maps/none/layers/grids.geojson",
        "/maps/sare/layers/households_raw.geojson", "/maps/sare/layers/%2e%2e.geojson",
        "/maps/sare/layers/api_key.geojson", "/v1/incidents/1", "/v1/incidents/%00",
    ],
)  # fmt: skip
def test_a_trick_in_the_address_leads_nowhere(door: Door, path: str) -> None:
    answer = ask(door.client, path, headers=door.headers())

    answer.assert_tame(statuses={404, 422})


def test_a_host_that_is_not_trusted_is_refused(door: Door) -> None:
    settings = Settings(database_url=SecretStr("postgresql://unused"), trusted_hosts="good.example, localhost")
    client = create_app(settings, services=door.services).test_client()

    for host in ("evil.example", "good.example.evil", "evil@good.example", "", "a b", "é", "x" * 9000, "[::1]"):
        for path in ("/", "/v1/jurisdictions", "/nothing", "/docs", "/v1//owner"):
            ask(client, path, headers={"Host": host}).assert_tame(statuses={400})
    # Probes of this machine know no other name.
    for host in ("good.example", "localhost:8080", "127.0.0.1:8080"):
        assert ask(client, "/v1/jurisdictions", headers={"Host": host}).status == 200


def test_a_short_way_to_an_address_is_no_way(door: Door) -> None:
    # Merged slashes would answer with a redirect to whatever host the caller names.
    answer = ask(door.client, "/v1//owner?lon=91.77&lat=29.24", headers={"Host": "evil.example"})

    answer.assert_tame(statuses={404})
    assert "Location" not in answer.response.headers
