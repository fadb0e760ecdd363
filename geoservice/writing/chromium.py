"""Pages as PDF and pictures, by the Chromium of the machine: one at a time, without a network or much time."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from geoservice.errors import GeoserviceError
from layers.errors import TooBusy

NAMES = ("chromium", "chromium-browser", "google-chrome")
#: For a document, and to wait for one's turn.
LONGEST_S, WAIT_S = 60.0, 8.0
_POLL_S = 0.1
_ARGUMENTS = (
    "--headless", "--disable-gpu", "--no-first-run", "--disable-extensions", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    # What it shows is a file of ours, with every text escaped; containers have no user namespaces for its sandbox.
    "--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-pdf-header-footer",
)  # fmt: skip


class PrinterMissing(GeoserviceError):
    """There is no Chromium where the service runs: install one there, or print the page from your browser."""


class PrinterFailed(GeoserviceError):
    """Chromium made no document, or not in time: try fewer sheets, or print the page from your browser."""


def find_chromium() -> str | None:
    """Return the program; None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def pdf_of(document: str) -> bytes:
    """Return an HTML document as PDF; its own style sheet says how large its pages are.

    Raises
    ------
    PrinterMissing
        There is no Chromium.
    TooBusy
        Others print, and did not end in time.
    PrinterFailed
        It made nothing of the document.
    """
    return _made(document, "sheet.pdf", lambda out: [f"--print-to-pdf={out}"])


def png_of(document: str, width_px: int, height_px: int) -> bytes:
    """Return an HTML document as a picture, two pixels for each; errors as for `pdf_of`."""
    size = [f"--window-size={width_px},{height_px}", "--force-device-scale-factor=2", "--hide-scrollbars"]
    return _made(document, "sheet.png", lambda out: [f"--screenshot={out}", *size])


def _made(document: str, name: str, asked: Callable[[Path], list[str]]) -> bytes:
    program = find_chromium()
    if program is None:
        raise PrinterMissing
    with _turn(), tempfile.TemporaryDirectory(prefix="geoservice-print-") as place:
        page, out = Path(place) / "page.html", Path(place) / name
        page.write_text(document, encoding="utf-8")
        command = [program, *_ARGUMENTS, f"--user-data-dir={place}/profile", *asked(out), page.as_uri()]
        _run(command, place)
        try:
            return out.read_bytes()
        except FileNotFoundError:
            raise PrinterFailed from None


def _run(command: list[str], place: str) -> None:
    """Run it in a group of its own: its children go with it."""
    environment = {"HOME": place, "PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "TMPDIR": place}
    process = subprocess.Popen(  # noqa: S603  our own words, and paths of a directory of ours
        command, env=environment, cwd=place, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        process.wait(LONGEST_S)
    except subprocess.TimeoutExpired:
        raise PrinterFailed from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def _turn() -> Iterator[None]:
    """Hold the one place of this machine's account where a Chromium may run; raise TooBusy after a while."""
    path = Path(tempfile.gettempdir()) / f"geoservice-print-{os.geteuid()}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        end = time.monotonic() + WAIT_S
        while not _locked(descriptor):
            if time.monotonic() > end:
                raise TooBusy
            time.sleep(_POLL_S)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
