"""The worker's process: `python -m geoservice.worker [--end-with PID]`. It does what is due, and sends webhooks."""

from __future__ import annotations

import signal
import sys

from geoservice.running.commands import FINISH_ATTEMPTS_S
from geoservice.running.logging import configure_logging
from geoservice.running.processes import end_with
from geoservice.settings import Settings
from geoservice.wiring import build_worker


def main() -> None:
    """Work until SIGTERM or SIGINT, or until the process of that number dies."""
    settings = Settings()
    configure_logging(settings.log_level)
    worker = build_worker(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    if sys.argv[1:2] == ["--end-with"]:
        end_with(int(sys.argv[2]), finish_s=FINISH_ATTEMPTS_S)
    worker.run()


if __name__ == "__main__":
    main()
