"""Why the service cannot run on this machine; the same kind of error as those of the embedded database."""

from __future__ import annotations

from geoservice.embedded.cluster_errors import EmbeddedError


class RunningError(EmbeddedError):
    """The service cannot run."""


class WebPortTaken(RunningError):
    """The port of the web server is taken by another program, or by the database of this service."""

    remedy = "Set GEOSERVICE_PORT to a free port, or end the other program."


class EventsPortTaken(RunningError):
    """The port of the events' server is taken by another program, or by another server of this service."""

    remedy = "Set GEOSERVICE_EVENTS_PORT to a free port, or to 0 for no events, or end the other program."


class AddressRefused(RunningError):
    """The web server may not listen on this address."""

    remedy = "Set GEOSERVICE_HOST to an address of this machine and GEOSERVICE_PORT to a port from 1024 up."


class HostsNotNamed(RunningError):
    """Others reach the service at this address, and it is not said by which names."""

    remedy = (
        "Set GEOSERVICE_TRUSTED_HOSTS to the names and addresses by which it is reached, with commas between them,"
        " such as maps.example.org,10.0.0.5; to * if any name will do."
    )


class DatabaseUnreachable(RunningError):
    """The database of GEOSERVICE_DATABASE_URL cannot be reached."""

    remedy = "Correct the address, or unset it: then the service runs a database of its own."


class AnotherInstance(RunningError):
    """Another instance holds this data directory and does not answer."""

    remedy = "Wait a moment, then look at `geoservice status`; `geoservice stop` ends it."


class NotAnswering(RunningError):
    """The web server did not begin to answer."""

    remedy = "Its log says why; `geoservice serve` shows the same on the terminal."


class StopTimedOut(RunningError):
    """The service did not stop in time."""

    remedy = "Look at its log; as a last resort: kill -9 {pid}. The database recovers at the next start."
