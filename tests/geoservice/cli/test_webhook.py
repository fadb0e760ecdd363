"""Webhooks at the command line: made, listed, disabled, enabled, rotated, replayed, removed; refused in words."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from geoservice.cli.webhook import webhook
from geoservice.errors import WebhookUnknown
from geoservice.webhooks.webhook_errors import AddressRefused

URL = "http://127.0.0.1:9/hook"


@pytest.fixture(autouse=True)
def _settings(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", database_url)
    monkeypatch.setenv("GEOSERVICE_WEBHOOK_NETWORKS", "127.0.0.0/8")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(webhook, arguments, catch_exceptions=False)


def said(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_life_of_a_webhook() -> None:
    secret = said("add", URL, "--topic", "grid=02", "--topic", "grid=01", "--topic", "type=incident", "--label", "wall")
    assert secret.startswith("whsec_")
    assert secret.count("\n") == 1

    line = "1  all  http://127.0.0.1:9/hook  grid=01 grid=02 type=incident  sent up to 0  0 wait  0 dead"
    assert said("list") == f"{line}  in use  wall\n"
    assert said("disable", "1", "--reason", "moving house") == "The webhook 1 is disabled.\n"
    assert said("list") == f"{line}  disabled: moving house  wall\n"
    assert said("enable", "1") == "The webhook 1 is in use; 0 deliveries wait.\n"
    assert said("rotate", "1") not in ("", secret)
    assert said("replay", "1") == "0 deliveries wait again.\n"
    assert said("replay", "1", "--after", "0") == "0 events are fanned out again.\n"
    assert said("deliveries", "1", "--status", "dead") == ""
    assert said("remove", "1") == "The webhook 1 is gone, and 0 deliveries that waited.\n"
    assert said("list") == ""


@pytest.mark.parametrize("topic", ["colour=red", "grid", "grid=", "=02"])
def test_what_is_no_topic_is_refused_with_the_names_there_are(topic: str) -> None:
    result = run("add", URL, "--topic", topic)

    assert result.exit_code == 2
    assert "jurisdiction, grid, officer, service, type" in " ".join(result.stderr.split())


def test_what_can_not_be_is_said() -> None:
    with pytest.raises(AddressRefused, match="may not go"):
        run("add", "https://10.0.0.1/hook")
    with pytest.raises(WebhookUnknown):
        run("rotate", "7")
