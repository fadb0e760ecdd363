"""Bytes on the wire that no client library would send: the live server refuses them and goes on answering."""

from __future__ import annotations

import json
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pytest

from tests.waiting import PATIENCE_S, wait_until

HOST = b"Host: localhost\r\nConnection: close\r\n"
JSON = b"Content-Type: application/json\r\n"
BATCH = b"POST /v1/owner/batch HTTP/1.1\r\n" + HOST + JSON
BODY = b'{"positions": []}'
CHUNKED = b"Transfer-Encoding: chunked\r\n"
ALIVE = b"GET /livez HTTP/1.1\r\n" + HOST + b"\r\n"


def _chunks(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (*parts, b""))


@contextmanager
def _sent(url: str, data: bytes) -> Iterator[socket.socket]:
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), timeout=PATIENCE_S) as connection:
        connection.sendall(data)
        yield connection


def _answer(url: str, data: bytes) -> tuple[int, bytes]:
    """Return status and body of the answer to raw bytes; 0 when the server only hung up."""
    received = b""
    with _sent(url, data) as connection:
        try:
            while part := connection.recv(65_536):
                received += part
        except ConnectionResetError:
            pass
    head, _, body = received.partition(b"\r\n\r\n")
    return (int(head.split()[1]) if head else 0), body


def _unanswered(held: list[socket.socket]) -> int:
    """Return how many of these connections the server has neither answered nor closed yet."""
    heard, _, _ = select.select(held, [], [], 0)
    return len(held) - len(heard)


@pytest.fixture(autouse=True)
def _still_answers(live_server: str) -> Iterator[None]:
    """Ask after each attack whether the server still lives."""
    yield
    assert _answer(live_server, ALIVE)[0] == 200


REFUSED = {
    "two lengths": BATCH + b"Content-Length: 17\r\nContent-Length: 18\r\n\r\n" + BODY,
    "negative length": BATCH + b"Content-Length: -1\r\n\r\n",
    "signed length": BATCH + b"Content-Length: +17\r\n\r\n" + BODY,
    "length in words": BATCH + b"Content-Length: seventeen\r\n\r\n",
    "no length": BATCH + b"\r\n",
    "transfer encoding unknown": BATCH + b"Transfer-Encoding: identity\r\n\r\n",
    "transfer encoding not last": BATCH + b"Transfer-Encoding: chunked, gzip\r\n\r\n",
    "chunk size no number": BATCH + CHUNKED + b"\r\nzz\r\n" + BODY,
    "chunk size too large": BATCH + CHUNKED + b"\r\nfffffffffffffffff\r\n",
    "long chunk extension": BATCH + CHUNKED + b"\r\n11;" + b"x" * 200_000 + b"\r\n" + BODY + b"\r\n0\r\n\r\n",
    "garbage": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "no request line": b"NONSENSE\r\n\r\n",
    "http 9.9": b"GET / HTTP/9.9\r\n" + HOST + b"\r\n",
    "http 0.9": b"GET /\r\n\r\n",
    "folded header": b"GET /livez HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n",
    "NUL in a header": b"GET /livez HTTP/1.1\r\n" + HOST + b"X: a\x00b\r\n\r\n",
    "space before the colon": b"GET /livez HTTP/1.1\r\nHost : localhost\r\n\r\n",
    "2 MB of header": b"GET /livez HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 2_000_000 + b"\r\n\r\n",
    "500 headers": b"GET /livez HTTP/1.1\r\n" + HOST + b"".join(b"X%d: a\r\n" % n for n in range(500)) + b"\r\n",
    "70 kB address": b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "bytes in the address": b"GET /\xff\xfe HTTP/1.1\r\n" + HOST + b"\r\n",
    "two slashes": b"GET //v1/owner HTTP/1.1\r\n" + HOST + b"\r\n",
    "address of another host": b"GET //evil.example/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "dots": b"GET /../../../etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n",
    "star": b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    "1 GB announced": BATCH + b"Content-Length: 1000000000\r\n\r\n",
    "2 MB in chunks": BATCH + CHUNKED + b"\r\n" + _chunks(*[b" " * 65_536] * 32),
    "good JSON, then 2 MB in chunks": BATCH + CHUNKED + b"\r\n" + _chunks(BODY, *[b" " * 65_536] * 32),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_client_would_send_is_refused(live_server: str, name: str) -> None:
    status, body = _answer(live_server, REFUSED[name])

    assert status == 0 or 400 <= status < 500
    assert b"Traceback" not in body


@pytest.mark.parametrize("name", ["2 MB in chunks", "good JSON, then 2 MB in chunks", "1 GB announced"])
def test_a_body_above_the_limit_is_refused_with_the_limit(live_server: str, name: str) -> None:
    status, body = _answer(live_server, REFUSED[name])

    assert status == 413
    assert "1000000 bytes" in json.loads(body)["detail"]


def test_a_body_in_chunks_is_read(live_server: str) -> None:
    assert _answer(live_server, BATCH + CHUNKED + b"\r\n" + _chunks(BODY[:5], BODY[5:]))[0] == 200


def test_length_and_chunks_at_once_end_the_connection(live_server: str) -> None:
    # RFC 9112, section 6.1: the chunks decide, and nothing that follows is taken for another request.
    both = BATCH.replace(b"Connection: close\r\n", b"") + b"Content-Length: 17\r\n" + CHUNKED + b"\r\n" + _chunks(BODY)

    with _sent(live_server, both + ALIVE) as connection:
        received = b""
        while part := connection.recv(65_536):
            received += part

    assert received.count(b"HTTP/1.1 ") <= 2
    assert b" 500 " not in received


@pytest.mark.parametrize("start", [b"GET /livez HT", b"GET /livez HTTP/1.1\r\nHost: local", b""])
def test_slow_headers_hold_nobody_up(live_server: str, start: bytes) -> None:
    with ExitStack() as stack:
        held = [stack.enter_context(_sent(live_server, start)) for _ in range(100)]

        assert _answer(live_server, ALIVE)[0] == 200
        assert _unanswered(held) == 100


@pytest.mark.parametrize("start", [b"Content-Length: 17\r\n\r\n{", CHUNKED + b"\r\n11\r\n{"])
def test_bodies_that_never_end_hold_up_neither_look_ups_nor_reports(live_server: str, start: bytes) -> None:
    owner = b"GET /v1/owner?lon=91.77&lat=29.24 HTTP/1.1\r\n" + HOST + b"\r\n"
    with ExitStack() as stack:
        held = [stack.enter_context(_sent(live_server, BATCH + start)) for _ in range(60)]
        wait_until(lambda: _unanswered(held) < 60, "those who are too many are told")

        for request in (ALIVE, owner):
            assert _answer(live_server, request)[0] == 200
            assert _unanswered(held) > 0
        status, body = _answer(live_server, BATCH + b"Content-Length: 17\r\n\r\n" + BODY)

    assert status == 503
    assert json.loads(body)["type"].endswith("#problem-too-many-senders")


def test_a_holder_of_a_key_reports_while_strangers_never_end_their_bodies(live: object, live_server: str) -> None:
    key = live.key.encode()  # type: ignore[attr-defined]
    report = b'{"service_code": "none", "lon": 91.77, "lat": 29.24}'
    request = (
        b"POST /v1/incidents HTTP/1.1\r\n" + HOST + JSON + b"Authorization: Bearer " + key
        + b"\r\nContent-Length: %d\r\n\r\n" % len(report) + report
    )  # fmt: skip
    with ExitStack() as stack:
        held = [stack.enter_context(_sent(live_server, BATCH + b"Content-Length: 17\r\n\r\n{")) for _ in range(60)]
        wait_until(lambda: _unanswered(held) < 60, "those who are too many are told")

        status, body = _answer(live_server, request)

    assert status == 422
    assert json.loads(body)["type"].endswith("#problem-service-unknown")


def test_a_reader_that_never_reads_holds_nobody_up(live_server: str) -> None:
    page = b"GET /maps/sare/layers/buildings.geojson HTTP/1.1\r\n" + HOST + b"\r\n"
    with ExitStack() as held:
        for _ in range(40):
            held.enter_context(_sent(live_server, page))

        time.sleep(1)
        assert _answer(live_server, ALIVE)[0] == 200
