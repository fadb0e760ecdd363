"""The lock and the state file of a data directory."""

from __future__ import annotations

import dataclasses
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from geoservice.embedded.cluster_errors import DataDirRefused
from geoservice.running.instance import Instance, InstanceState
from geoservice.running.processes import ProcessIdentity, identity_of, own_identity

NOBODY = ProcessIdentity(pid=2**22, start_ticks=1, boot_id="none")


def state(supervisor: ProcessIdentity, web: ProcessIdentity | None = None) -> InstanceState:
    where = ("127.0.0.1", 8080, 54330)
    return InstanceState(supervisor, web, None, None, None, "serving", *where, "2026-01-01T00:00:00+00:00")


def test_second_holder_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    first, second = Instance(tmp_path), Instance(tmp_path)

    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()


def test_lock_is_free_after_its_holder_was_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from geoservice.running.instance import Instance;"
        "i = Instance(Path(sys.argv[1])); print(i.acquire(), flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"True\n"
        assert not Instance(tmp_path).acquire()
        holder.kill()
        holder.wait(10)

    instance = Instance(tmp_path)
    assert instance.acquire()
    instance.release()


def test_state_is_read_as_it_was_written_and_closed_to_others(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    written = state(own_identity(), own_identity())

    instance.write(written)

    assert instance.read() == written
    assert instance.running() == written
    assert stat.S_IMODE(instance.state_file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["instance.json"]


def test_state_of_a_dead_supervisor_is_not_running(tmp_path: Path) -> None:
    instance = Instance(tmp_path)
    instance.write(state(dataclasses.replace(own_identity(), start_ticks=1)))

    assert instance.running() is None


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '{"supervisor": 3}', '{"supervisor": {"pid": 1}}', "\x00"])
def test_unreadable_state_counts_as_none(tmp_path: Path, text: str) -> None:
    instance = Instance(tmp_path)
    instance.state_file.write_text(text)

    assert instance.read() is None


def test_left_over_web_server_is_ended(tmp_path: Path) -> None:
    child = subprocess.Popen(["sleep", "60"])
    instance = Instance(tmp_path)
    instance.write(state(NOBODY, identity_of(child.pid)))

    instance.end_leftovers()

    assert child.wait(10) == -signal.SIGTERM


def test_number_of_a_left_over_that_belongs_to_another_now_is_spared(tmp_path: Path) -> None:
    child = subprocess.Popen(["sleep", "60"])
    identity = identity_of(child.pid)
    assert identity is not None
    instance = Instance(tmp_path)
    instance.write(state(NOBODY, dataclasses.replace(identity, start_ticks=identity.start_ticks - 1)))

    instance.end_leftovers()

    assert child.poll() is None
    child.kill()
    child.wait(10)


def test_directory_that_cannot_be_is_refused_in_one_line() -> None:
    with pytest.raises(DataDirRefused) as caught:
        Instance(Path(os.devnull) / "data").acquire()

    assert "GEOSERVICE_DATA_DIR" in caught.value.advice()
