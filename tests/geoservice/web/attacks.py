"""What hostile or mistaken callers send, and what every answer to it must be."""

from __future__ import annotations

import cProfile
import itertools
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, event
from werkzeug.test import TestResponse

#: Most work for any answer: calls of Python functions, and statements that the database was asked.
CALLS_MOST, STATEMENTS_MOST = 50_000, 30

#: Text for a parameter, by kind; each was a failure of some service once.
KINDS: Mapping[str, tuple[str, ...]] = {
    "blank": ("", " ", "\t", "\n"),
    "control": ("\r\nSet-Cookie: a=b", "\x00", "a\x00b", "\x1b[31m", "\x7f"),
    "unseen": ("\u202e", "\u2066", "\u200b", "\ufeff", "\ufffd", "\U0010ffff"),
    "of other alphabets": ("💣", "İ", "１１６", "萨热社区", "٣"),
    "no number": ("NaN", "nan", "-NaN", "Infinity", "-inf", "true", "null", "undefined"),
    "of no size": ("1e999", "-1e999", "1e-400", "5e-324", "9" * 400, "0." + "9" * 400, "-" + "1" * 400),
    "nearly a number": ("91,77", "+1", "+91.77", "0x74", "1_16", "1e3", "1.", ".5", "--1", "-"),
    "beside the range": ("-1", "0", "1001", "2147483648", "9223372036854775808"),
    "JSON": ("[]", "[1]", "{}", '{"$gt": ""}'),
    "SQL": ("' OR 1=1--", "1;DROP TABLE incident", "1) OR (1=1"),
    "code": (
        "%s%s%n", "%00", "{0.__class__}", "{{7*7}}", "${jndi:ldap://x}", "$(id)", "`id`", "<script>alert(1)</script>",
    ),
    "a path": ("%2e%2e%2f", "../../etc/passwd", "..\\..\\x", "file:///etc/passwd"),
    "a pattern": ("*", "%", "_", "(a+)+$"),
    "long": ("a" * 65, "a" * 3000, "é" * 600),
    "a time": (
        "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "infinity", "now", "1700000000",
        "2026-01-31T24:00:00Z", "2026-01-31T23:59:60Z", "2026-01-31T08:00:00", "2026-01-31",
        "2026-01-31T08:00:00+99:99", "2026-01-31T08:00:00+14:00", "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ),
    "an id": (
        "00000000-0000-0000-0000-00000000000g", "{00000000-0000-0000-0000-000000000000}", "0" * 32,
        "MjAyNi0wMS0zMVQwMDowMDowMCswMDowMHx4", "bnVsbA",
    ),
    "a CRS": ("epsg:4978", "epsg:5773", "epsg:0", "epsg:999999", "EPSG:3857", "gcj02"),
}  # fmt: skip
TEXTS: tuple[str, ...] = tuple(itertools.chain.from_iterable(KINDS.values()))


#: Of so many kinds a text is sent every day to each address: all of them to some.
KINDS_A_DAY = 6


def of_some_kinds(turn: int) -> list[str]:
    """Return texts of some kinds, one of each: at each turn others, of kinds that begin with the next one."""
    texts = [kind[turn % len(kind)] for kind in KINDS.values()]
    first = turn % len(texts)
    return (texts[first:] + texts[:first])[:KINDS_A_DAY]


def hostile_texts(turn: int) -> pytest.MarkDecorator:
    """Return what gives a test `texts`: some in the everyday run, by `make prove` all there are."""
    cases = [pytest.param(of_some_kinds(turn), id="few"), pytest.param(TEXTS, id="all", marks=pytest.mark.prove)]
    return pytest.mark.parametrize("texts", cases)


#: JSON values for a field of a body, beside texts.
OTHERS: tuple[Any, ...] = (
    None, True, False, 0, -1, 5e-324, 1e300, -1e300, 2**63, 2**64 - 1, -(2**63), [], {}, [None], [[]], [91.77],
    {"a": {"b": 1}}, ["91.77", "29.24"],
)  # fmt: skip
VALUES: tuple[Any, ...] = (*OTHERS, *TEXTS)

_DEEP = 100_000
#: Whole bodies sent as application/json.
BODIES: Mapping[str, bytes] = {
    "empty": b"", "null": b"null", "a list": b"[]", "a text": b'"x"', "a number": b"1", "true": b"true",
    "json in a text": b'"{}"', "NaN": b'{"lon": NaN}', "Infinity": b'{"lon": -Infinity}',
    "1e999": b'{"lon": 1e999}', "400 digits": b'{"lon": %s}' % (b"9" * 400),
    "a million digits": b'{"lon": %s}' % (b"1" * 900_000), "hexadecimal": b'{"lon": 0x74}',
    "plus": b'{"lon": +1}', "5,000 brackets": b"[" * 5000, "deep list": b"[" * _DEEP,
    "deep object": b'{"a":' * _DEEP, "deep and closed": b'{"a":' * 50 + b"1" + b"}" * 50,
    "brackets in a text": b'{"a": "' + b"[" * 5000 + b'"}', "spaces": b" " * 900_000, "quotes": b'"' * 900_000,
    "backslashes": b'"' + b"\\" * 900_000, "quoted brackets": b'"[' * 400_000,
    "lone surrogate": b'{"a": "\\ud800"}', "surrogate in a name": b'{"\\udfff": 1}',
    "NUL in a name": b'{"a\\u0000": 1}', "byte order mark": b"\xef\xbb\xbf{}", "UTF-16": "{}".encode("utf-16"),
    "UTF-32": "{}".encode("utf-32"), "Latin-1": b'{"a": "\xe9"}', "raw NUL": b'{"a": "\x00"}',
    "comment": b"{/**/}", "trailing comma": b'{"a": 1,}', "two values": b"{} {}", "single quotes": b"{'a': 1}",
    "unfinished": b'{"a": ', "60,000 fields": b"{%s}" % b",".join(b'"k%d":1' % n for n in range(60_000)),
    "prototype": b'{"__proto__": {}, "constructor": 1}', "yaml": b"!!python/object:os.system",
    "xml": b"<?xml version='1.0'?><a/>", "pickle": b"\x80\x04\x95", "gzip": b"\x1f\x8b\x08\x00",
    "the same name twice": b'{"a": 1, "a": 2}',
}  # fmt: skip

_KEYS = {"type", "title", "status", "detail", "instance"}
#: What some problems carry beside (RFC 9457, 3.2).
_MEMBERS = {
    "grid_codes", "position", "conflicts", "appeared", "gone", "incident_status", "legal_actions", "version", "changes",
    "code", "values",
}  # fmt: skip
#: Below it errors have the shape of GeoReport v2.
OPEN311 = "/open311/v2/"
#: Below it the service answers 400 where it says 422 elsewhere.
OGC = "/ogc"
#: What only a programmer should see.
_LEAKS = re.compile(
    r"Traceback|File \"|\.py\b|site-packages|psycopg|sqlalchemy|pydantic|werkzeug|orjson|flask|"
    r"SELECT |INSERT |WHERE |geoservice\.|relation \"|constraint|column \"|0x[0-9a-f]{8}|Error\b|Exception"
)


@dataclass(frozen=True)
class Answer:
    """An answer and the work that it took."""

    response: TestResponse
    calls: int
    statements: int
    #: How often it was asked for: what took much is asked for twice.
    asked: int = 1

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def said(self) -> str:
        """Return what each error says of which part of the request, in one line."""
        told = self.response.get_json(force=True)
        if isinstance(told, list):
            return "; ".join(error["description"] for error in told)
        return "; ".join(f"{error['pointer']}: {error['detail']}" for error in told["errors"])

    def assert_tame(self, *, statuses: set[int] | None = None) -> None:
        """Fail on a server error, too much work, an error that is no problem document or that tells of our inside."""
        sent = f"{self.response.request.method} {self.response.request.url!r:.200}"
        assert self.status < 500, sent
        assert self.calls <= CALLS_MOST, f"{self.calls} calls: {sent}"
        assert self.statements <= STATEMENTS_MOST, f"{self.statements} statements: {sent}"
        by_standard = self.response.request.path.startswith(OPEN311)
        if statuses is not None and by_standard:  # which knows no 422, 401 or 415
            statuses = {{422: 400, 401: 403}.get(status, status) for status in statuses} | {400}
        if statuses is not None and self.response.request.path.startswith(OGC):  # which knows no 422
            statuses = {400 if status == 422 else status for status in statuses}
        if statuses is not None:
            assert self.status in statuses, f"{self.status} is not documented: {sent}"
        if self.status >= 400 and self.response.request.method != "HEAD":
            if by_standard:
                self._assert_errors(sent)
            else:
                self._assert_problem(sent)

    def _assert_errors(self, sent: str) -> None:
        """Fail on an error below /open311/v2 that is not a list of codes and descriptions, in the form asked for."""
        body = self.response.get_data()
        if self.response.request.path.endswith(".json"):
            assert self.response.content_type == "application/json; charset=utf-8", sent
            told = [(error.keys(), str(error["code"]), error["description"]) for error in json.loads(body)]
        else:
            assert self.response.content_type == "text/xml; charset=utf-8", sent
            errors = ET.fromstring(body).findall("error")  # noqa: S314 - our own
            told = [
                ({one.tag for one in error}, error.findtext("code"), error.findtext("description")) for error in errors
            ]
        assert told, sent
        for keys, code, description in told:
            assert (set(keys), code) == ({"code", "description"}, str(self.status)), sent
            assert len(str(description)) > 10, sent
        leak = _LEAKS.search(body.decode())
        assert leak is None, f"{leak} in the answer to {sent}"
        assert len(body) < 20_000, sent

    def _assert_problem(self, sent: str) -> None:
        assert self.response.content_type == "application/problem+json", sent
        told = self.response.json
        assert told.keys() - {"errors"} - _MEMBERS == _KEYS, sent
        assert told["status"] == self.status
        assert len(told["detail"]) > 10, sent
        leak = _LEAKS.search(self.response.get_data(as_text=True))
        assert leak is None, f"{leak} in the answer to {sent}"
        assert len(self.response.get_data()) < 20_000, sent


def ask(client: FlaskClient, path: str, *, method: str = "GET", **arguments: Any) -> Answer:
    """Send a request and count its work.

    What took much is sent once more for its work alone, so that what is done once in a process, such as an import, is
    no finding; what is judged is the first answer.
    """
    answer = _counted(client, path, method, arguments)
    if answer.calls > CALLS_MOST:
        again = _counted(client, path, method, arguments)
        return Answer(answer.response, again.calls, again.statements, asked=2)
    return answer


def answer_to(client: FlaskClient, path: str, *, method: str = "GET", **arguments: Any) -> TestResponse:
    """Send a request of which nobody asks how much work it was: counting takes a good part of the time."""
    response = client.open(path, method=method, **arguments)
    response.get_data()
    response.close()
    return response


def _counted(client: FlaskClient, path: str, method: str, arguments: dict[str, Any]) -> Answer:
    before = _sent.statements
    # It counts in C; a function of Python that is called at each call would take longer than the answer.
    with cProfile.Profile(subcalls=False, builtins=False) as calls:
        response = answer_to(client, path, method=method, **arguments)
    return Answer(response, sum(one.callcount for one in calls.getstats()), _sent.statements - before)


class _Sent(threading.local):
    """How many statements each thread has sent to databases."""

    statements = 0


_sent = _Sent()


@event.listens_for(Engine, "before_cursor_execute")
def _count(*_: object) -> None:
    _sent.statements += 1
