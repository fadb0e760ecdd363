"""A town, and an analyst who sits at QGIS; skipped where QGIS is not installed."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from geoservice.services.qgis_projects import WrittenProject
from tests.analysts import OpenTown, open_town

SCRIPT = Path(__file__).with_name("analyst_in_qgis.py")
Step = tuple[str, dict[str, Any]]


@pytest.fixture
def town(cluster_url: str, template: str) -> Iterator[OpenTown]:
    """Return a town of one's own."""
    with open_town(cluster_url, template) as town:
        yield town


@pytest.fixture
def signed_in(written: WrittenProject, town: OpenTown, tmp_path: Path) -> dict[str, str]:
    """Do what the service file says, as an analyst would, and return the environment of his QGIS."""
    filled = written.service_file.read_text().replace("# user=", f"user={town.analyst}")
    (tmp_path / ".pg_service.conf").write_text(filled)
    line = re.search(r"^#   (.*)$", filled, re.MULTILINE)
    assert line is not None
    passwords = tmp_path / ".pgpass"
    passwords.write_text(line[1].replace("LOGIN", town.analyst).replace("PASSWORD", town.password) + "\n")
    passwords.chmod(0o600)
    return {"PGSERVICEFILE": str(tmp_path / ".pg_service.conf"), "PGPASSFILE": str(passwords)}


@pytest.fixture
def at_qgis(qgis_python: str, tmp_path: Path) -> Callable[..., list[Any]]:
    """Return what runs steps in QGIS, one after the other, and returns what came of each."""

    def run(*steps: Step, env: dict[str, str] | None = None) -> list[Any]:
        home = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
        done = subprocess.run(
            [qgis_python, str(SCRIPT)], input=json.dumps(steps), capture_output=True, text=True, timeout=120,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **home, **(env or {})}, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        answers: list[Any] = json.loads(done.stdout.splitlines()[-1])
        return answers

    return run
