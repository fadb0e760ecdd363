"""Receivers of webhooks: real sockets that say what a test tells them to, and traps that nobody may ever knock at."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from types import TracebackType

from geoservice.webhooks.addresses import PinnedUrl, pin, read_url
from geoservice.webhooks.networks import Address, Network
from geoservice.webhooks.signing import SignedMessage, new_secret, sign

#: What a receiver does once it has read a request.
Speech = Callable[[socket.socket], None]

OK = b"HTTP/1.1 204 No Content\r\n\r\n"
LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1"))
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def _has_v6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return socket.has_dualstack_ipv6()


#: Whether this machine speaks IPv6 with itself; some containers do not.
V6_HERE = _has_v6()


def saying(answer: bytes) -> Speech:
    return lambda link: link.sendall(answer)


def message(body: bytes = b'{"type": "incident.reported"}') -> SignedMessage:
    return sign("msg_1", body, secrets=[new_secret()], sent_at=NOW)


def resolver(*addresses: Address) -> Callable[[str], tuple[Address, ...]]:
    """Return a name service that knows one answer."""
    return lambda host: addresses


@dataclass
class Request:
    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A server on 127.0.0.1; `with` starts and ends it."""

    speak: Speech
    tls: ssl.SSLContext | None = None
    #: Whether it reads the request before it speaks.
    reads: bool = True
    requests: list[Request] = field(default_factory=list)

    def __enter__(self) -> Receiver:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept
        self._listener.close()
        self._thread.join()

    def pinned(self, host: str = "127.0.0.1", path: str = "/hook") -> PinnedUrl:
        scheme = "http" if self.tls is None else "https"
        url = read_url(f"{scheme}://{host}:{self.port}{path}")
        return pin(url, allowed=LOOPBACK, resolve=resolver(ip_network("127.0.0.1")[0]))

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            try:
                self._receive(link)
            except OSError:  # the sender hung up
                link.close()

    def _receive(self, link: socket.socket) -> None:
        if self.tls is not None:
            link = self.tls.wrap_socket(link, server_side=True)
        with link:
            if self.reads:
                self.requests.append(read_request(link))
            self.speak(link)


def read_request(link: socket.socket) -> Request:
    """Read a request and its body."""
    with link.makefile("rb") as stream:
        line = stream.readline().decode("ascii").rstrip()
        headers = {}
        while text := stream.readline().decode("ascii").rstrip():
            name, value = text.split(": ", 1)
            headers[name.lower()] = value
        return Request(line, headers, stream.read(int(headers.get("content-length", 0))))


class Trap:
    """A socket that listens and counts who knocked: on every address of this machine, or on one."""

    def __init__(self, host: str | None = None, port: int = 0) -> None:
        if host is None and V6_HERE:
            self._listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
        else:
            self._listener = socket.create_server((host or "", port))
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]

    def knocks(self) -> int:
        """Return how many connections came since last asked. The kernel has them before the other side goes on."""
        count = 0
        while True:
            try:
                link, _ = self._listener.accept()
            except BlockingIOError:
                return count
            link.close()
            count += 1

    def close(self) -> None:
        self._listener.close()


def make_certificate(directory: Path, *names: str) -> tuple[Path, ssl.SSLContext]:
    """Return the file of a certificate for some names, and what a server shows it with."""
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-subj", "/CN=receiver", "-addext", f"subjectAltName={','.join(names)}", "-days", "2",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context
