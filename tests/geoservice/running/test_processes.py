"""Who a process is, and who dies with whom."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import psutil

from geoservice.running.processes import identity_of, own_identity
from tests.waiting import wait_until


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "60"])


def test_reused_number_is_another_process() -> None:
    child = sleeper()
    now = identity_of(child.pid)
    assert now is not None
    earlier = dataclasses.replace(now, start_ticks=now.start_ticks - 100)

    assert now.is_alive()
    assert not earlier.is_alive()
    assert not earlier.send(signal.SIGKILL)
    assert child.poll() is None, "a process with a reused number was killed"
    assert now.send(signal.SIGKILL)
    assert child.wait(10) == -signal.SIGKILL


def test_number_from_before_the_reboot_is_another_process() -> None:
    assert not dataclasses.replace(own_identity(), boot_id="another boot").is_alive()


def test_zombie_does_not_live() -> None:
    child = sleeper()
    identity = identity_of(child.pid)
    assert identity is not None
    child.kill()

    wait_until(lambda: not identity.is_alive(), "the child dies")
    assert not identity.send(signal.SIGTERM)
    child.wait(10)


def test_program_name_with_brackets_and_blanks_is_read_right(tmp_path: object) -> None:
    name = os.path.join(str(tmp_path), "a) R (b 1 2")
    os.symlink("/bin/sleep", name)
    child = subprocess.Popen([name, "60"])
    identity = identity_of(child.pid)

    assert identity is not None
    assert identity.start_ticks > 0
    child.kill()
    child.wait(10)


def test_a_process_tells_since_when_it_runs_and_what_it_started() -> None:
    child = sleeper()
    identity = identity_of(child.pid)
    assert identity is not None
    began = datetime.fromtimestamp(psutil.Process(child.pid).create_time(), UTC)

    assert identity in own_identity().children
    assert abs(identity.started_at - began) < timedelta(seconds=5)
    child.kill()
    child.wait(10)
    assert identity not in own_identity().children
    assert identity.children == ()


def test_child_dies_with_a_parent_that_was_killed() -> None:
    inner = (
        "import os, sys, time; from geoservice.running.processes import die_with_parent;"
        "die_with_parent(int(sys.argv[1])); print(os.getpid(), flush=True); time.sleep(60)"
    )
    outer = "import os, subprocess, sys;subprocess.Popen([sys.executable, '-c', sys.argv[1], str(os.getpid())]).wait()"
    with subprocess.Popen([sys.executable, "-c", outer, inner], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = identity_of(int(parent.stdout.readline()))
        assert child is not None
        parent.kill()

        wait_until(lambda: not child.is_alive(), "the child dies")
