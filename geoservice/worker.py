"""The worker's process: `python -m geoservice.worker [--die-with PID]`. It sends webhooks."""

from __future__ import annotations

import signal
import sys

from geoservice.running.processes import die_with_parent
from geoservice.settings import Settings
from geoservice.web.logging import configure_logging
from geoservice.wiring import build_worker


def main() -> None:
    """Work until SIGTERM or SIGINT, or until the process of that number dies."""
    settings = Settings()
    configure_logging(settings.log_level)
    worker = build_worker(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    if sys.argv[1:2] == ["--die-with"]:
        die_with_parent(int(sys.argv[2]))
    worker.run()


if __name__ == "__main__":
    main()
