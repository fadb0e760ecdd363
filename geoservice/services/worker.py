"""What goes on whether or not anybody asks: the clock, and the sending of webhooks where that is wanted."""

from __future__ import annotations

import threading

from geoservice.services.clock import Scheduler
from geoservice.services.webhooks.worker import DeliveryWorker
from layers.db.session import Database

#: A job that is under way when it is told to stop may end in this time; else its transaction ends with the process.
FINISH_JOB_S = 2.0


class Worker:
    """The worker of an instance; `run` returns after `stop`.

    Parameters
    ----------
    database
        Of both; closed at the end.
    delivery
        None when no webhooks are sent.
    """

    def __init__(self, database: Database, clock: Scheduler, delivery: DeliveryWorker | None) -> None:
        self._database = database
        self._clock = clock
        self._delivery = delivery
        if delivery is not None:
            # Whoever makes or enables a webhook is announced where the clock listens.
            clock.on_look = delivery.look

    def stop(self) -> None:
        """Have `run` return soon; may be called from a signal's handler."""
        self._clock.stop()
        if self._delivery is not None:
            self._delivery.stop()

    def run(self) -> None:
        """Work until told to stop."""
        clock = threading.Thread(target=self._clock.run, name="clock", daemon=True)
        clock.start()
        if self._delivery is None:
            clock.join()
        else:
            self._delivery.run()
            self._clock.stop()
            clock.join(FINISH_JOB_S)
        self._database.close()
