"""Ends and removes what a run of tests leaves behind, however it ended: `python -m tests.reaper DIRECTORY DESCRIPTOR`.

It waits for the end of a pipe that only the run holds open, so a run that is killed is noticed as one that ends. What
belongs to the run is known by its directory: named in a process's command line, as a database's is, or inherited by its
environment, as by web servers and browsers.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

#: The environment variable by which everything that a run starts can be told.
MARK = "GEOSERVICE_TEST_RUN"
#: Between two looks at what is left.
PAUSE_S = 0.05
#: After so many looks a database that was asked to end is killed, and after all looks are over it gives up.
PATIENT_LOOKS, LOOKS = 100, 1200


def belonging_to(directory: str) -> list[int]:
    """Return the numbers of the processes of a run, but for this one and the one that runs the tests."""
    ours = {os.getpid(), os.getppid()}
    numbers = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [number for number in numbers if number not in ours and _belongs(number, directory.encode())]


def _belongs(number: int, directory: bytes) -> bool:
    for file in ("cmdline", "environ"):
        with suppress(OSError):  # it is gone, or somebody else's
            if directory in Path(f"/proc/{number}/{file}").read_bytes():
                return True
    return False


def end_all(directory: str) -> None:
    """End the processes of a run: databases are asked to stop at once, so that their shared memory goes with them."""
    for look in range(LOOKS):
        left = belonging_to(directory)
        if not left:
            return
        for number in left:
            with suppress(ProcessLookupError):
                asked = look < PATIENT_LOOKS and _is_database(number)
                os.kill(number, signal.SIGQUIT if asked else signal.SIGKILL)
        time.sleep(PAUSE_S)


def _is_database(number: int) -> bool:
    with suppress(OSError):
        return b"postgres" in Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0", 1)[0]
    return False


def main() -> None:
    """Wait for the end of the run, then clear up; no signal that is meant for the run ends this."""
    directory, descriptor = sys.argv[1], int(sys.argv[2])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while os.read(descriptor, 1):
        pass
    end_all(directory)
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
