"""A web server whose supervisor was killed ends, also when it does not hear the kernel's signal."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil

from tests.waiting import wait_until

CHILD = (
    "import os, signal, threading, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "from geoservice.running.processes import end_with; end_with(os.getppid(), finish_s=0);"
    "print(os.getpid(), flush=True); time.sleep(60)"
)
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"


def test_a_deaf_web_server_ends_after_its_supervisor() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, CHILD], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        os.kill(parent.pid, 9)
        wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, "it ends")
