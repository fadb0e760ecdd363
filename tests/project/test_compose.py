"""docker-compose.yml and Dockerfile name only what exists: commands, settings, ports, routes, files."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from geoservice.cli.main import geoservice
from geoservice.embedded.config import SERVICE_LOGIN
from geoservice.running.commands import FINISH_REQUESTS_S
from geoservice.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
APP: dict[str, Any] = COMPOSE["services"]["app"]


def assert_command_exists(words: list[str]) -> None:
    assert words[0] == "geoservice"
    command = geoservice.get_command(click.Context(geoservice), words[1])
    assert command is not None, f"no command {words[1]}"
    options = {option for parameter in command.params for option in parameter.opts}
    assert set(words[2:]) <= options


def dockerfile_command() -> list[str]:
    match = re.search(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert match is not None
    command: list[str] = json.loads(match.group(1))
    return command


def test_commands_exist() -> None:
    assert_command_exists(APP["command"])
    assert_command_exists(dockerfile_command())


def test_every_setting_named_exists() -> None:
    named = set(APP["environment"]) | set(re.findall(r"\b(GEOSERVICE_[A-Z_]+)=", DOCKERFILE))
    fields = {f"GEOSERVICE_{name.upper()}" for name in Settings.model_fields}

    assert named <= fields


def test_settings_are_valid_when_their_defaults_are_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in APP["environment"].items():
        monkeypatch.setenv(name, re.sub(r"\$\{\w+(?::-([^}]*))?\}", r"\1", str(text)))

    settings = Settings()

    assert not settings.embedded
    assert settings.host == "0.0.0.0"  # noqa: S104  a container is reached from outside itself


def test_published_exposed_and_checked_ports_are_those_listened_on() -> None:
    port = APP["environment"]["GEOSERVICE_PORT"]
    events = str(Settings(port=int(port)).events_at)

    assert [entry.rsplit(":", 1)[1] for entry in APP["ports"]] == [port, events]
    assert f"EXPOSE {port} {events}\n" in DOCKERFILE
    assert f"http://127.0.0.1:{port}/livez" in APP["healthcheck"]["test"][-1]


def test_service_is_not_opened_to_the_network_unasked() -> None:
    assert APP["ports"] == [
        "${GEOSERVICE_PUBLISH:-127.0.0.1:8080}:8080", "${GEOSERVICE_PUBLISH_EVENTS:-127.0.0.1:8081}:8081",
    ]  # fmt: skip
    assert "ports" not in COMPOSE["services"]["database"]


def test_health_check_is_a_program_that_runs() -> None:
    program, option, code = APP["healthcheck"]["test"][1:]

    assert (program, option) == ("python", "-c")
    compile(code, "healthcheck", "exec")


def test_database_address_fits_the_database() -> None:
    database = COMPOSE["services"]["database"]["environment"]
    owner = APP["environment"]["GEOSERVICE_DATABASE_OWNER_URL"]
    service = re.sub(r":\?[^}]*", "", APP["environment"]["GEOSERVICE_DATABASE_URL"])

    user, name = database["POSTGRES_USER"], database["POSTGRES_DB"]
    assert owner == f"postgresql://{user}:${{POSTGRES_PASSWORD}}@database:5432/{name}"
    assert service == f"postgresql://{SERVICE_LOGIN}:${{SERVICE_PASSWORD}}@database:5432/{name}"
    assert user != SERVICE_LOGIN
    assert {user, name} <= set(COMPOSE["services"]["database"]["healthcheck"]["test"])


def test_app_waits_for_a_database_that_answers() -> None:
    assert APP["depends_on"]["database"]["condition"] == "service_healthy"
    assert "healthcheck" in COMPOSE["services"]["database"]


def test_no_password_is_written_down() -> None:
    assert COMPOSE["services"]["database"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
    assert "${SERVICE_PASSWORD:?" in APP["environment"]["GEOSERVICE_DATABASE_URL"]
    assert "PASSWORD" not in DOCKERFILE


def test_image_copies_what_exists_and_the_context_lets_it_in() -> None:
    let_in = {line[1:].rstrip("/") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"}
    copied = {
        source.rstrip("/")
        for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)
        for source in shlex.split(line)[:-1]
    }

    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)


def test_grace_is_longer_than_a_stop_takes() -> None:

    assert int(APP["stop_grace_period"].removesuffix("s")) > FINISH_REQUESTS_S + 2
