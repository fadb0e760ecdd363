"""One attempt to deliver, to receivers of every kind: good, gone, busy, slow, loud, broken, impostors."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from datetime import timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geoservice.webhooks.addresses import PinnedUrl, read_url
from geoservice.webhooks.schedule import MAX_WAIT_S
from geoservice.webhooks.sending import ANSWER_BYTES, MAX_REASON, Outcome, Verdict, deliver, tls_context
from tests.geoservice.webhooks.receivers import (
    NOW,
    OK,
    Receiver,
    Speech,
    make_certificate,
    message,
    read_request,
    saying,
)

#: Short, for receivers that would never come to an end.
SOON_S = 0.3
SECRET_WORDS = "the receiver's own words"


def answered(status: str, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "Content-Length: 24", "", SECRET_WORDS]).encode()


def outcome_of(speak: Speech, *, deadline_s: float = 10.0, body: bytes = b"{}") -> Outcome:
    with Receiver(speak) as receiver:
        return deliver(message(body), receiver.pinned(), tls=ssl.create_default_context(), deadline_s=deadline_s)


def by_https(speak: Speech) -> Outcome:
    """Return what becomes of a message by https to a receiver that speaks at once and knows no TLS."""
    with Receiver(speak, reads=False) as receiver:
        to = PinnedUrl(read_url(f"https://127.0.0.1:{receiver.port}/"), ip_address("127.0.0.1"))
        return deliver(message(), to, tls=ssl.create_default_context(), deadline_s=SOON_S)


def dripping(head: bytes, drop: bytes) -> Speech:
    """Return what ends at last, after far more than `SOON_S`, with an answer that would count as delivered."""

    def speak(link: socket.socket) -> None:
        link.sendall(head)
        for _ in range(200):
            link.sendall(drop)
            time.sleep(0.05)
        link.sendall(b"\r\n\r\n")

    return speak


def test_message_arrives_as_it_was_signed() -> None:
    sent = message(b'{"text": "\xe8\xb7\xaf\xe7\x81\xaf"}')
    with Receiver(saying(OK)) as receiver:
        to = receiver.pinned("wall.example", "/hook?of=sare")
        outcome = deliver(sent, to, tls=ssl.create_default_context())
        (request,) = receiver.requests

    assert outcome == Outcome(Verdict.DELIVERED, "The receiver answered 204 No Content.", 204)
    assert request.line == "POST /hook?of=sare HTTP/1.1"
    assert request.body == sent.body
    assert request.headers == {
        **sent.headers, "host": f"wall.example:{receiver.port}", "user-agent": "geoservice",
        "content-type": "application/json", "content-length": str(len(sent.body)), "connection": "close",
    }  # fmt: skip


@pytest.mark.parametrize("size", [0, 1, 20_000, 5_000_000])
def test_body_of_any_size_arrives(size: int) -> None:
    body = b"x" * size
    with Receiver(saying(OK)) as receiver:
        deliver(message(body), receiver.pinned(), tls=ssl.create_default_context())

    assert receiver.requests[0].body == body


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "202 Accepted", "204 No Content", "299 Strange"])
def test_any_2xx_is_delivered(status: str) -> None:
    assert outcome_of(saying(answered(status))).verdict is Verdict.DELIVERED


def test_gone_is_for_good() -> None:
    outcome = outcome_of(saying(answered("410 Gone", "Retry-After: 5")))

    assert outcome == Outcome(Verdict.GONE, "The receiver answered 410 Gone. It wants no more messages.", 410)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_redirect_is_a_failure_that_says_so(status: int) -> None:
    outcome = outcome_of(saying(answered(f"{status} Elsewhere", "Location: https://example.org/")))

    assert (outcome.verdict, outcome.status) == (Verdict.FAILED, status)
    assert "Redirects are not followed" in outcome.reason


@pytest.mark.parametrize("status", [101, 103, 400, 401, 404, 409, 411, 429, 500, 502, 503, 504, 599, 600, 999])
def test_everything_else_is_tried_again(status: int) -> None:
    outcome = outcome_of(saying(answered(f"{status} {SECRET_WORDS}")))

    assert (outcome.verdict, outcome.status, outcome.retry_after_s) == (Verdict.FAILED, status, None)
    assert str(status) in outcome.reason


def test_answer_after_a_word_of_patience_counts() -> None:
    assert outcome_of(saying(b"HTTP/1.1 100 Continue\r\n\r\n" + OK)).verdict is Verdict.DELIVERED


@pytest.mark.parametrize(
    ("said", "asked_s"),
    [("0", 0), ("120", 120), (" 120 ", 120), ("9" * 400, MAX_WAIT_S), ("-5", None), ("1.5", None), ("soon", None),
     ("", None), ("١٢", None), (format_datetime(NOW + timedelta(minutes=3), usegmt=True), 180),
     (format_datetime(NOW - timedelta(minutes=3), usegmt=True), 0),
     (format_datetime(NOW + timedelta(days=3000), usegmt=True), MAX_WAIT_S),
     ("Thu, 26 Nov 2026 12:01:00 -0000", 60), ("Thu, 32 Nov 2026 12:00:00 GMT", None),
     ("Thu, 26 Nov 99999 12:00:00 GMT", None), ("Thu, 26 Nov 2026 12:00:00 +9999", None)],
)  # fmt: skip
@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_busy_receiver_may_ask_for_time_within_a_limit(status: str, said: str, asked_s: float | None) -> None:
    outcome = outcome_of(saying(answered(status, f"Retry-After: {said}")))

    assert (outcome.verdict, outcome.retry_after_s) == (Verdict.FAILED, asked_s)


def test_others_may_not_ask_for_time() -> None:
    assert outcome_of(saying(answered("500 Broken", "Retry-After: 120"))).retry_after_s is None


@pytest.mark.slow
@pytest.mark.parametrize(
    "speak",
    [dripping(b"", b"H"), dripping(b"HTTP/1.1 200 OK\r\nX: ", b"x"), dripping(b"HTTP/1.1 200 ", b"O"),
     dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), lambda link: time.sleep(2)],
    ids=["status", "header", "phrase", "patience", "silence"],
)  # fmt: skip
def test_drip_of_a_head_ends_at_the_deadline(speak: Speech) -> None:
    outcome = outcome_of(speak, deadline_s=SOON_S)

    assert outcome == Outcome(Verdict.FAILED, f"The receiver did not answer within {SOON_S} s.")


def test_drip_of_a_body_ends_at_the_deadline_and_the_head_counts() -> None:
    reached: list[bool] = []
    speak = dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x")

    def to_the_end(link: socket.socket) -> None:
        speak(link)
        reached.append(True)

    assert outcome_of(to_the_end, deadline_s=SOON_S).verdict is Verdict.DELIVERED
    assert reached == [], "the drip was listened to till its end"


def test_receiver_that_reads_late_ends_at_the_deadline() -> None:
    sent = message(b"x" * 30_000_000)  # more than the kernel takes on its own
    arrived: list[int] = []

    def late(link: socket.socket) -> None:
        time.sleep(1.5)
        arrived.append(len(read_request(link).body))

    with Receiver(late, reads=False) as receiver:
        outcome = deliver(sent, receiver.pinned(), tls=ssl.create_default_context(), deadline_s=SOON_S)

    assert outcome == Outcome(Verdict.FAILED, f"The receiver did not answer within {SOON_S} s.")
    assert arrived[0] < len(sent.body), "the sender waited until the receiver was pleased to read"


@pytest.mark.slow
@pytest.mark.parametrize(
    "speak", [dripping(b"\x16\x03\x03\x40\x00", b"\x00"), lambda link: time.sleep(2)], ids=["drip", "silence"]
)
def test_handshake_that_drips_ends_at_the_deadline(speak: Speech) -> None:
    assert by_https(speak).reason == f"The receiver did not answer within {SOON_S} s."


def test_no_more_than_four_kilobytes_of_an_answer_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    original = socket.socket.recv_into

    def counting(link: socket.socket, buffer: memoryview, wanted: int = 0) -> int:
        got = original(link, buffer, wanted)
        if threading.current_thread() is threading.main_thread():  # the receiver reads too, in a thread of its own
            read.append(got)
        return got

    monkeypatch.setattr(socket.socket, "recv_into", counting)
    outcome = outcome_of(saying(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 10_000_000))

    assert outcome.verdict is Verdict.DELIVERED
    assert sum(read) == ANSWER_BYTES == 4096


@pytest.mark.parametrize("head", [b"X: " + b"x" * 9_000_000, b"X: x\r\n" * 1_000_000])
def test_endless_head_is_cut_off(head: bytes) -> None:
    outcome = outcome_of(saying(b"HTTP/1.1 500 No\r\n" + head))

    assert outcome.verdict is Verdict.FAILED


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: b"HTTP/1.1 " + tail))
def test_whatever_a_receiver_says_is_an_outcome_in_bounded_plain_words(answer: bytes) -> None:
    outcome = outcome_of(saying(answer))

    assert 0 < len(outcome.reason) <= MAX_REASON
    assert outcome.reason.isprintable()


@pytest.mark.parametrize(
    ("speak", "reason"),
    [
        (saying(b""), "The connection was broken off before an answer came."),
        (saying(b"SSH-2.0-OpenSSH_9.2\r\n"), "What the receiver answered is not HTTP."),
        (saying(b"\x00" * 5000), "What the receiver answered is not HTTP."),
        (saying(b"HTTP/1.1 9999 OK\r\n\r\n"), "What the receiver answered is not HTTP."),
    ],
)
def test_what_is_no_answer_is_said_in_plain_words(speak: Speech, reason: str) -> None:
    assert outcome_of(speak) == Outcome(Verdict.FAILED, reason)


def test_closed_port_is_said_in_plain_words() -> None:
    with Receiver(saying(OK)) as receiver:
        to = receiver.pinned()

    outcome = deliver(message(), to, tls=ssl.create_default_context())

    assert outcome == Outcome(Verdict.FAILED, "Nobody listens at the receiver's port.")


def test_nothing_of_message_or_answer_is_kept_or_logged(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        outcome = outcome_of(saying(answered(f"500 {SECRET_WORDS}", f"X: {SECRET_WORDS}")), body=b'"sent words"')

    told = repr(outcome) + caplog.text + "".join(capfd.readouterr())
    assert SECRET_WORDS not in told
    assert "sent words" not in told


def test_certificate_is_checked_by_the_name_and_the_name_is_asked_for(
    certificate: tuple[Path, ssl.SSLContext], tls: ssl.SSLContext
) -> None:
    asked: list[str | None] = []
    certificate[1].sni_callback = lambda link, name, context: asked.append(name)
    with Receiver(saying(OK), certificate[1]) as receiver:
        assert deliver(message(), receiver.pinned("receiver.test"), tls=tls).verdict is Verdict.DELIVERED
        assert deliver(message(), receiver.pinned("127.0.0.1"), tls=tls).verdict is Verdict.DELIVERED

    assert asked == ["receiver.test", None]
    assert len(receiver.requests) == 2


@pytest.mark.parametrize("host", ["other.test", "receiver.test.other.test", "127.0.0.2"])
def test_certificate_of_another_is_not_accepted(
    certificate: tuple[Path, ssl.SSLContext], tls: ssl.SSLContext, host: str
) -> None:
    with Receiver(saying(OK), certificate[1]) as receiver:
        to = PinnedUrl(read_url(f"https://{host}:{receiver.port}/"), ip_address("127.0.0.1"))
        outcome = deliver(message(), to, tls=tls)

    assert outcome.verdict is Verdict.FAILED
    assert outcome.reason.startswith("The receiver's certificate was not accepted: ")
    assert receiver.requests == []


def test_certificate_of_an_unknown_authority_is_not_accepted(tmp_path: Path, tls: ssl.SSLContext) -> None:
    _, unknown = make_certificate(tmp_path, "DNS:receiver.test")
    with Receiver(saying(OK), unknown) as receiver:
        outcome = deliver(message(), receiver.pinned("receiver.test"), tls=tls)

    assert "certificate was not accepted" in outcome.reason
    assert receiver.requests == []


def test_receiver_without_tls_is_not_spoken_to_in_the_clear() -> None:
    outcome = by_https(saying(OK))

    assert outcome == Outcome(Verdict.FAILED, "No TLS connection came about: wrong version number.")


def test_drip_over_tls_ends_at_the_deadline(certificate: tuple[Path, ssl.SSLContext], tls: ssl.SSLContext) -> None:
    with Receiver(dripping(b"HTTP/1.1 200 OK\r\nX: ", b"x"), certificate[1]) as receiver:
        outcome = deliver(message(), receiver.pinned("receiver.test"), tls=tls, deadline_s=SOON_S)

    assert outcome.reason == f"The receiver did not answer within {SOON_S} s."


def test_authorities_of_a_file_stand_beside_those_of_the_system(certificate: tuple[Path, ssl.SSLContext]) -> None:
    both, system = tls_context(certificate[0]), tls_context()

    assert both.cert_store_stats()["x509"] == system.cert_store_stats()["x509"] + 1
    assert both.verify_mode is ssl.CERT_REQUIRED
    assert both.check_hostname
