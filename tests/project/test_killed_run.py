"""A run of tests that is killed leaves no PostGIS, no web server and no folder behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reaper import MARK, belonging_to
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
#: A test that has a database, a web server and a folder of its own, says so, and does not end.
ENDLESS = """
import time

def test_endless(live_server, tmp_path):
    print(f"\\nrun {tmp_path} {live_server}", flush=True)
    time.sleep(3600)
"""


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.parametrize(
    "number",
    [signal.SIGKILL, *(pytest.param(one, marks=pytest.mark.prove) for one in (signal.SIGINT, signal.SIGTERM))],
    ids=lambda number: number.name,
)
def test_a_killed_run_leaves_nothing(number: signal.Signals) -> None:
    module = ROOT / "tests" / f"test_endless_{os.getpid()}.py"
    module.write_text(ENDLESS)
    environment = {
        name: value for name, value in os.environ.items() if name not in (MARK, "TMPDIR", "PYTEST_XDIST_WORKER")
    }
    command = [sys.executable, "-m", "pytest", "-s", "-p", "no:cacheprovider", str(module)]
    try:
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
        ) as run:
            assert run.stdout is not None
            said = next((line for line in run.stdout if line.startswith("run ")), None)
            assert said is not None, "it ended before it began"
            directory = re.match(r"run (\S*?/gs-run-[^/]+)/", said)
            assert directory is not None, said
            assert any("postgres" in _command(one) for one in belonging_to(directory[1]))
            assert any("webserver" in _command(one) for one in belonging_to(directory[1]))

            os.killpg(run.pid, number)
            run.communicate()
        wait_until_gone(Path(directory[1]))
    finally:
        module.unlink()


def wait_until_gone(directory: Path) -> None:
    wait_until(
        lambda: not directory.exists() and not belonging_to(str(directory)),
        lambda: f"all is gone; left are {[_command(number) for number in belonging_to(str(directory))]}",
    )


def _command(number: int) -> str:
    try:
        return Path(f"/proc/{number}/cmdline").read_text(encoding="utf-8").replace("\0", " ")
    except OSError:
        return ""
