"""What an operator says about a jurisdiction at the command line, and what the gate makes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from geoservice.cli.main import geoservice


@pytest.fixture(autouse=True)
def community(community_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", community_url)


def run(*words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(geoservice, words)
    assert result.exit_code == code, (result.output, result.exception)
    return result


def validated(draft: int) -> list[dict[str, Any]]:
    findings: list[dict[str, Any]] = json.loads(run("edition", "validate", str(draft), "--json").stdout)["findings"]
    return findings


def test_the_gate_remarks_on_what_the_jurisdiction_wants() -> None:
    draft = json.loads(run("edition", "draft", "--jurisdiction", "sare", "--title", "t", "--json").stdout)["edition_id"]
    assert validated(draft) == []

    set_up = run("jurisdiction", "set", "sare", "--households-max", "421", "--code-pattern", r"5405\d{10}[2-9]").output

    assert "300 to 421 households in a grid, codes of the form 5405" in set_up
    found = {(one["rule"], *one["grid_codes"]): one for one in validated(draft)}
    assert {(rule, code[-1]) for rule, code in found} == {
        ("code-pattern", "1"),
        ("many-households", "2"),
        ("many-households", "5"),
    }
    large = found["many-households", "540502001001002"]
    assert (large["severity"], large["size"], large["unit"]) == ("warning", 468, "households")
    assert "many-households" in run("edition", "show", str(draft)).output
    assert "any code" in run("jurisdiction", "set", "sare", "--households-max", "500", "--code-pattern", "").output
    assert validated(draft) == []
    [listed] = json.loads(run("jurisdiction", "list", "--json").stdout)
    assert (listed["households_min"], listed["households_max"], listed["grid_code_pattern"]) == (300, 500, None)


def test_what_becomes_of_open_incidents_is_said_and_shown_in_the_preview() -> None:
    said = run("jurisdiction", "set", "sare", "--reroute", "ask").output
    draft = json.loads(run("edition", "draft", "--jurisdiction", "sare", "--title", "t", "--json").stdout)["edition_id"]

    assert "stays and somebody is asked to decide" in said
    assert "somebody is asked whether they should" in run("edition", "preview", str(draft)).output
    assert json.loads(run("jurisdiction", "list", "--json").stdout)[0]["reroute"] == "ask"
    assert "goes along" in run("jurisdiction", "set", "sare", "--reroute", "move").output
    assert "Open incidents" not in run("edition", "preview", str(draft)).output


def test_a_name_and_a_time_zone_are_put_right() -> None:
    assert "(Sare)" in run("jurisdiction", "correct", "sare", "--name", "萨热一区", "--name-en", "Sare").output
    said = run("jurisdiction", "correct", "sare", "--time-zone", "Asia/Urumqi", "--name-en", "").output
    [listed] = json.loads(run("jurisdiction", "list", "--json").stdout)

    assert said == "Jurisdiction sare is 萨热一区, time zone Asia/Urumqi.\n"
    assert (listed["name"], listed["name_en"], listed["time_zone"]) == ("萨热一区", None, "Asia/Urumqi")


@pytest.mark.parametrize(
    ("option", "value", "said"), [("--time-zone", "Mars/Utopia", "unknown time zone"), ("--name", "", "name")]
)
def test_what_can_not_be_put_so_is_refused(option: str, value: str, said: str) -> None:
    assert said in str(run("jurisdiction", "correct", "sare", option, value, code=1).exception)


def test_a_pattern_that_can_not_be_read_is_told_with_an_example() -> None:
    refused = run("jurisdiction", "set", "sare", "--code-pattern", "[", code=1)

    assert "can not be read" in str(refused.exception)
    assert "Write it as in" in str(refused.exception)


def test_an_unknown_jurisdiction_is_named() -> None:
    assert "nowhere" in str(run("jurisdiction", "set", "nowhere", "--households-min", "1", code=1).exception)
