"""Where servers listen, whether they answer, and how a person opens them."""

from __future__ import annotations

import errno
import http.client
import socket
from contextlib import ExitStack
from ipaddress import ip_address

from geoservice.running.instance_errors import AddressRefused, EventsPortTaken, HostsNotNamed, WebPortTaken
from geoservice.settings import Settings

BACKLOG = 1024
#: What the kernel calls "all addresses"; asking ourselves there works over loopback only.
ALL_ADDRESSES = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  compared with, not bound to


def listen_on(host: str, port: int) -> socket.socket:
    """Return a socket that takes connections there; raise WebPortTaken or AddressRefused.

    Whoever connects before a server accepts waits.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        try:
            # Not SO_REUSEPORT: a second server of the same user would start without an error and take half the calls.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port just closed is free
            listening.bind(address)
            listening.listen(BACKLOG)
            listening.setblocking(False)
        except BaseException:  # whatever stops it, no socket stays open; it is raised again
            listening.close()
            raise
    except OSError as exc:
        if isinstance(exc, socket.gaierror) or exc.errno != errno.EADDRINUSE:
            raise AddressRefused(host=host, port=port, reason=exc.strerror) from exc
        raise WebPortTaken(host=host, port=port) from exc
    return listening


def listen_for_events(settings: Settings) -> socket.socket | None:
    """Return the socket of the server that streams events, None without one; raise EventsPortTaken, AddressRefused."""
    if settings.events_at is None:
        return None
    try:
        return listen_on(settings.host, settings.events_at)
    except WebPortTaken as exc:
        raise EventsPortTaken(host=settings.host, port=settings.events_at) from exc


def check_addresses_free(settings: Settings) -> None:
    """Raise WebPortTaken, EventsPortTaken or AddressRefused when a server could not listen where the settings say.

    Nor may two of ours have one port: the second one would find out when the database is filled already.
    """
    with ExitStack() as taken:
        if settings.embedded and settings.database_port == settings.port:
            raise WebPortTaken(host=settings.host, port=settings.port)
        taken.enter_context(listen_on(settings.host, settings.port))
        if settings.embedded and settings.database_port == settings.events_at:
            raise EventsPortTaken(host=settings.host, port=settings.events_at)
        if (events := listen_for_events(settings)) is not None:
            taken.enter_context(events)


def check_hosts_named(settings: Settings) -> None:
    """Raise HostsNotNamed when others reach the service, and it is not said by which names."""
    if not settings.trusted_hosts.strip() and not _is_loopback(settings.host):
        raise HostsNotNamed(host=settings.host)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_address_free(host: str, port: int) -> None:
    """Raise WebPortTaken or AddressRefused when the web server could not listen there."""
    listen_on(host, port).close()


def answers(host: str, port: int, *, timeout_s: float = 1.0) -> bool:
    """Tell whether a web server answers GET /livez there, in whatever words."""
    connection = http.client.HTTPConnection(ALL_ADDRESSES.get(host, host), port, timeout=timeout_s)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def base_url(host: str, port: int) -> str:
    """Return the address that a person on this machine can open."""
    name = ALL_ADDRESSES.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
