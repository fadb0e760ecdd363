"""One attempt to deliver a message: to the pinned address, before a deadline, whatever the receiver does.

No redirect is followed, no proxy of the environment asked, no name looked up. Nothing that a receiver says is kept but
the status and Retry-After.
"""

from __future__ import annotations

import email.utils
import http
import http.client
import io
import os
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from geoservice.webhooks.addresses import PinnedUrl
from geoservice.webhooks.networks import Address
from geoservice.webhooks.schedule import MAX_WAIT_S
from geoservice.webhooks.signing import SignedMessage

DEADLINE_S = 10.0
#: Of an answer, head and body together.
ANSWER_BYTES = 4096
MAX_REASON = 200
#: Statuses whose Retry-After is honoured.
_BUSY = (429, 503)


class Verdict(StrEnum):
    """What became of an attempt."""

    DELIVERED = "delivered"  #: the receiver has it
    GONE = "gone"  #: the receiver wants no more, ever: 410
    FAILED = "failed"  #: to be tried again


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt, and why."""

    verdict: Verdict
    #: Plain words, 200 characters at most; nothing in them comes from the receiver's answer but its status.
    reason: str
    #: The answer's HTTP status; None when there was no answer.
    status: int | None = None
    #: What a busy receiver asked for, from 0 s to the longest wait; None when it did not.
    retry_after_s: float | None = None


def tls_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """Return how receivers are known: by the system's authorities, and those of a PEM file beside them.

    Raises
    ------
    OSError
        When the file can not be read; ssl.SSLError, one of its kind, when it holds no certificate.
    """
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    context.set_alpn_protocols(["http/1.1"])
    return context


def deliver(message: SignedMessage, to: PinnedUrl, *, tls: ssl.SSLContext, deadline_s: float = DEADLINE_S) -> Outcome:
    """Send a message to its receiver once, and say what became of it. What goes wrong is an outcome, not an error.

    Parameters
    ----------
    to
        Where to connect; the certificate must be that of the host's name.
    deadline_s
        When connecting, sending and reading the answer's head must be done, all together. Reading the body as well
        ends then.
    """
    connection = _PinnedConnection(to, tls, time.monotonic() + deadline_s)
    try:
        answer = _answer(connection, message, to)
        outcome = _judged(answer.status, answer.getheader("Retry-After"), message.sent_at)
        # A receiver that is cut off while it speaks may take the whole for broken; what it says is not looked at.
        with suppress(OSError, http.client.HTTPException):
            answer.read(ANSWER_BYTES)
    except (OSError, http.client.HTTPException) as exc:
        outcome = Outcome(Verdict.FAILED, _why(exc, deadline_s)[:MAX_REASON])
    finally:
        connection.hang_up()
    return outcome


class _PinnedConnection(http.client.HTTPConnection):
    """HTTP with one address."""

    def __init__(self, to: PinnedUrl, tls: ssl.SSLContext, ends_at_s: float) -> None:
        super().__init__(to.url.host, to.url.port)
        self._to = to
        self._tls = tls
        self._ends_at_s = ends_at_s
        self._link: socket.socket | None = None

    def connect(self) -> None:
        """Connect to the pinned address; the base class would look the name up again."""
        self._link = _connected(self._to.address, self._to.url.port, self._ends_at_s)
        if self._to.url.scheme == "https":
            self._link = _secured(self._link, self._tls, self._to.url.host, self._ends_at_s)
        self.sock = _Wire(self._link, self._ends_at_s)

    def hang_up(self) -> None:
        """Close the connection, whether or not there ever was one."""
        if self._link is not None:
            self._link.close()


class _Wire:
    """What http.client needs of a socket, up to a deadline. A socket's own limit begins anew with each read."""

    def __init__(self, link: socket.socket, ends_at_s: float) -> None:
        self._link = link
        self._ends_at_s = ends_at_s

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._link.settimeout(_left_s(self._ends_at_s))
            rest = rest[self._link.send(rest) :]

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Answer(self._link, self._ends_at_s))

    def close(self) -> None:
        """Leave the link open: http.client closes before it reads an answer's body, and `hang_up` ends it."""


class _Answer(io.RawIOBase):
    """What the receiver says, up to a deadline and a number of bytes; there it ends."""

    def __init__(self, link: socket.socket, ends_at_s: float) -> None:
        self._link = link
        self._ends_at_s = ends_at_s
        self._bytes_left = ANSWER_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._link.settimeout(_left_s(self._ends_at_s))
        wanted = min(len(buffer), self._bytes_left)
        got = self._link.recv_into(buffer, wanted) if wanted else 0
        self._bytes_left -= got
        return got


def _left_s(ends_at_s: float) -> float:
    left_s = ends_at_s - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    return left_s


def _connected(address: Address, port: int, ends_at_s: float) -> socket.socket:
    link = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    try:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # head and body are sent one after the other
        link.settimeout(_left_s(ends_at_s))
        link.connect((str(address), port))
    except BaseException:  # whatever stops it, an interruption too, no socket stays open; it is raised again
        link.close()
        raise
    return link


def _secured(link: socket.socket, tls: ssl.SSLContext, host: str, ends_at_s: float) -> socket.socket:
    try:
        link.settimeout(_left_s(ends_at_s))  # of the whole handshake, as Python counts it
        return tls.wrap_socket(link, server_hostname=host)
    except BaseException:  # as above
        link.close()
        raise


def _answer(connection: _PinnedConnection, message: SignedMessage, to: PinnedUrl) -> http.client.HTTPResponse:
    connection.putrequest("POST", to.url.target, skip_host=True, skip_accept_encoding=True)
    headers = {
        "Host": to.url.authority,
        "User-Agent": "geoservice",
        "Content-Type": "application/json",
        "Content-Length": str(len(message.body)),
        "Connection": "close",
    }
    for name, value in (headers | message.headers).items():
        connection.putheader(name, value)
    connection.endheaders(message.body)
    return connection.getresponse()


def _judged(status: int, retry_after: str | None, sent_at: datetime) -> Outcome:
    said = f"The receiver answered {_named(status)}."
    if 200 <= status < 300:
        return Outcome(Verdict.DELIVERED, said, status)
    if status == http.HTTPStatus.GONE:
        return Outcome(Verdict.GONE, f"{said} It wants no more messages.", status)
    if 300 <= status < 400:
        said += " Redirects are not followed: give the webhook the receiver's new URL."
    asked_s = _asked_s(retry_after, sent_at) if status in _BUSY and retry_after else None
    return Outcome(Verdict.FAILED, said, status, asked_s)


def _named(status: int) -> str:
    try:
        return f"{status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _asked_s(retry_after: str, sent_at: datetime) -> float | None:
    """Return what Retry-After asks for (RFC 9110, 10.2.3: seconds or a date); None when it can not be read."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), MAX_WAIT_S)
    try:
        at = email.utils.parsedate_to_datetime(text)
        asked_s = (at.replace(tzinfo=at.tzinfo or UTC) - sent_at).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(asked_s, 0.0), MAX_WAIT_S)


def _why(exc: Exception, deadline_s: float) -> str:
    """Return in plain words why there was no answer."""
    if isinstance(exc, TimeoutError):
        return f"The receiver did not answer within {deadline_s:g} s."
    if isinstance(exc, ssl.SSLCertVerificationError):
        return f"The receiver's certificate was not accepted: {exc.verify_message}."
    if isinstance(exc, ssl.SSLError):
        return f"No TLS connection came about: {(exc.reason or 'broken off').replace('_', ' ').lower()}."
    if isinstance(exc, ConnectionRefusedError):
        return "Nobody listens at the receiver's port."
    if isinstance(exc, ConnectionError):
        return "The connection was broken off before an answer came."
    if isinstance(exc, http.client.HTTPException):
        return "What the receiver answered is not HTTP."
    words = os.strerror(exc.errno).lower() if isinstance(exc, OSError) and exc.errno else "no connection"
    return f"The receiver can not be reached: {words}."
