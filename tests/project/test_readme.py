"""The five-minute tour of the README, walked: every call to the interface is made as it is written."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
CALLS = re.findall(r"^    (curl (?:.*\\\n)*.*)", README, re.MULTILINE)


def test_the_tour_has_calls() -> None:
    assert len(CALLS) >= 6


@pytest.mark.parametrize("call", CALLS)
def test_a_call_of_the_tour_works(call: str, live) -> None:  # type: ignore[no-untyped-def]
    command = call.replace("http://127.0.0.1:8080", live.url).replace("curl ", "curl -sS --fail-with-body ", 1)

    done = subprocess.run(
        ["bash", "-c", command], env={"KEY": live.key, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert "problem" not in json.loads(done.stdout).get("type", "")
