"""Takes the service down: what runs, what is left of what ran, and the database."""

from __future__ import annotations

import signal

from geoservice.running.commands import CUT_STREAMS_S, FINISH_ATTEMPTS_S, FINISH_REQUESTS_S
from geoservice.running.database import embedded_cluster
from geoservice.running.instance import Instance, Report, wait_for_end
from geoservice.running.instance_errors import AnotherInstance, StopTimedOut
from geoservice.settings import Settings

#: Both servers, the worker, the database and some air.
STOP_S = FINISH_REQUESTS_S + 2 + CUT_STREAMS_S + 2 + FINISH_ATTEMPTS_S + 40 + 10


def take_down(settings: Settings, report: Report) -> bool:
    """Stop the service and whatever is left of it; False when nothing ran.

    Raises: StopTimedOut, StopFailed.
    """
    instance = Instance(settings.data_dir)
    if not instance.data_dir.is_dir():
        return False
    stopped = False
    state = instance.running()
    if state is not None:
        report("stopping the service")
        state.supervisor.send(signal.SIGTERM)
        if not wait_for_end(state.supervisor, timeout_s=STOP_S):
            raise StopTimedOut(pid=state.supervisor.pid, log=instance.log_file)
        stopped = True
    elif not instance.acquire():
        raise AnotherInstance(data_dir=instance.data_dir, phase="starting")
    instance.end_leftovers()
    cluster = embedded_cluster(settings)
    if cluster is not None and cluster.postmaster() is not None:
        report("stopping the database")
        cluster.stop()
        stopped = True
    instance.release()
    return stopped
