"""Cut the service off from its database for a moment."""

from __future__ import annotations

import os
import signal

import psycopg

_BACKENDS = """
    SELECT pid FROM pg_stat_activity WHERE application_name = 'geoservice' AND datname = current_database()
"""


def end_connections(url: str) -> int:
    """End every connection of the service to a database; return how many there were."""
    with psycopg.connect(url, autocommit=True) as connection:
        backends = connection.execute(_BACKENDS).fetchall()
    for (pid,) in backends:
        os.kill(pid, signal.SIGTERM)
    return len(backends)
