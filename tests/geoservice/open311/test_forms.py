"""Forms are read as they were written or refused in a sentence: encodings, bodies that break off, limits."""

from __future__ import annotations

import http.client
import socket
from urllib.parse import quote_from_bytes, urlsplit
from uuid import uuid4

import orjson
import psycopg
import pytest
from flask.testing import FlaskClient

from geoservice.auth.model import Role
from geoservice.services.keys import KeyService
from geoservice.wiring import Services
from layers.db.session import Database
from tests.conftest import LiveServer
from tests.factories import select_one

AT = "/open311/v2/requests.json"
WORDS = "路灯不亮，影響照明"
URLENCODED = "application/x-www-form-urlencoded"
PLACE = b"service_code=light&lat=29.24&long=91.77"


@pytest.fixture
def reporter(services: Services) -> str:
    return services.keys.create(Role.REPORTER, "open311")


def stored(client: FlaskClient, key: str, answer: object) -> str:
    (told,) = orjson.loads(answer.data)  # type: ignore[attr-defined]
    found = client.get(f"/v1/incidents/{told['service_request_id']}", headers={"Authorization": f"Bearer {key}"})
    return str(found.json["description"])  # type: ignore[index]


def form(reporter: str, words: bytes) -> bytes:
    return PLACE + b"&api_key=" + reporter.encode() + b"&description=" + words


TAIWAN = "路燈不亮，影響照明"
ENCODED = [
    ("gbk", "gbk"), ("GB2312", "gbk"), ("gb18030", "gb18030"), ('"GBK"', "gbk"), ("big5", "big5"), ("utf8", "utf-8"),
    ("", "utf-8"),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "codec"), ENCODED)
@pytest.mark.parametrize("raw", [False, True], ids=["percent", "bytes"])
def test_a_declared_encoding_is_read(
    client: FlaskClient, key: str, reporter: str, declared: str, codec: str, raw: bool
) -> None:
    words = TAIWAN if codec == "big5" else WORDS
    encoded = words.encode(codec)
    sent = encoded if raw else quote_from_bytes(encoded).encode()
    content_type = f"{URLENCODED}; charset={declared}" if declared else URLENCODED

    answer = client.post(AT, data=form(reporter, sent), content_type=content_type)

    assert answer.status_code == 200, answer.data
    assert stored(client, key, answer) == words


def part(name: str, value: bytes, charset: str = "") -> bytes:
    typed = f"\r\nContent-Type: text/plain; charset={charset}".encode() if charset else b""
    return b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n' % (name.encode(), typed, value)


def parts(reporter: str, *more: bytes) -> bytes:
    known = {"service_code": b"light", "lat": b"29.24", "long": b"91.77", "api_key": reporter.encode()}
    return b"".join([*(part(name, value) for name, value in known.items()), *more, b"--b--\r\n"])


@pytest.mark.parametrize(("of_form", "of_part", "codec"), [
    ("", "gbk", "gbk"), ("gb18030", "", "gb18030"), ("gbk", "utf-8", "utf-8"), ("", "", "utf-8"), ("", "big5", "big5"),
])  # fmt: skip
def test_so_is_that_of_a_part(
    client: FlaskClient, key: str, reporter: str, of_form: str, of_part: str, codec: str
) -> None:
    words = "路灯" if codec != "big5" else "路燈"
    declared = f"; charset={of_form}" if of_form else ""

    answer = client.post(
        AT, data=parts(reporter, part("description", words.encode(codec), of_part)),
        content_type=f"multipart/form-data{declared}; boundary=b",
    )  # fmt: skip

    assert answer.status_code == 200, answer.data
    assert stored(client, key, answer) == words


NOISE = {
    "GBK that is not declared": (URLENCODED, quote_from_bytes(WORDS.encode("gb18030")).encode()),
    "bytes of GBK": (URLENCODED, WORDS.encode("gb18030")),
    "declared UTF-8": (f"{URLENCODED}; charset=utf-8", quote_from_bytes(WORDS.encode("gb18030")).encode()),
    "UTF-8 declared GBK": (f"{URLENCODED}; charset=gbk", quote_from_bytes("路灯不亮了".encode()).encode()),
    "cut within a character": (URLENCODED, quote_from_bytes("路".encode()[:2]).encode()),
    "half a surrogate": (URLENCODED, b"%ED%A0%80"),
    "what was lost before": (URLENCODED, quote_from_bytes("路\ufffd".encode()).encode()),
}


@pytest.mark.parametrize("name", NOISE)
def test_noise_is_refused_with_what_to_declare(
    client: FlaskClient, reporter: str, community_url: str, name: str
) -> None:
    content_type, words = NOISE[name]
    answer = client.post(AT, data=form(reporter, words), content_type=content_type)

    assert answer.status_code == 400, answer.data
    assert orjson.loads(answer.data)[0]["description"] == (
        "description: not all of it can be read. Send UTF-8, or declare what it is written in:"
        " Content-Type: application/x-www-form-urlencoded; charset=GB18030"
    )
    with psycopg.connect(community_url) as connection:
        assert select_one(connection, "SELECT count(*) FROM geoservice.incident") == 286


def test_the_advice_works(client: FlaskClient, key: str, reporter: str) -> None:
    sent = form(reporter, quote_from_bytes(WORDS.encode("gb18030")).encode())
    refused = orjson.loads(client.post(AT, data=sent, content_type=URLENCODED).data)[0]["description"]

    answer = client.post(AT, data=sent, content_type=refused.rpartition("Content-Type: ")[2])

    assert stored(client, key, answer) == WORDS


def test_noise_in_a_part_is_refused(client: FlaskClient, reporter: str) -> None:
    body = parts(reporter, part("description", WORDS.encode("gb18030")))
    answer = client.post(AT, data=body, content_type="multipart/form-data; boundary=b")

    assert answer.status_code == 400
    assert "description: not all of it can be read" in answer.text


@pytest.mark.parametrize("charset", ["utf-16", "utf-7", "ebcdic", "rot13", "x" * 200, "idna", "utf-8-sig"])
def test_an_encoding_that_is_not_read_is_refused_with_those_that_are(
    client: FlaskClient, reporter: str, charset: str
) -> None:
    answer = client.post(AT, data=form(reporter, b"x"), content_type=f"{URLENCODED}; charset={charset}")

    assert answer.status_code == 400
    assert "send UTF-8, GB18030, GBK, GB2312, Big5 or ISO-8859-1" in answer.text


LIMIT = "A form has 200 fields at most and 65536 bytes in them; with files (multipart/form-data) 33554432 bytes in all."
TOO_MUCH = {
    "fields of 70 kB": (URLENCODED, form("k", b"x" * 70_000)),
    "a field of 70 kB": ("multipart/form-data; boundary=b", parts("k", part("description", b"x" * 70_000))),
    "many fields of 9 kB": (
        "multipart/form-data; boundary=b", parts("k", *(part(f"f{n}", b"x" * 9_000) for n in range(9)))),
    "201 fields": (URLENCODED, b"&".join(b"f%d=1" % n for n in range(201))),
    "201 parts": ("multipart/form-data; boundary=b", parts("k", *(part(f"f{n}", b"1") for n in range(201)))),
}  # fmt: skip


@pytest.mark.parametrize("name", TOO_MUCH)
def test_too_much_is_refused_with_the_limit_that_it_is_above(client: FlaskClient, name: str) -> None:
    content_type, body = TOO_MUCH[name]
    answer = client.post(AT, data=body, content_type=content_type)

    assert (answer.status_code, orjson.loads(answer.data)) == (413, [{"code": 413, "description": LIMIT}])


def test_so_is_what_is_announced(client: FlaskClient) -> None:
    answer = client.post(AT, data=b"x", environ_overrides={"CONTENT_LENGTH": "33554433"},
                         content_type="multipart/form-data; boundary=b")  # fmt: skip

    assert orjson.loads(answer.data)[0]["description"] == LIMIT


@pytest.mark.parametrize("end", [b"", b"\r", b"\n", b"\r\n--", b"\r\n--c"])
def test_a_picture_of_any_length_and_ending_passes(client: FlaskClient, reporter: str, end: bytes) -> None:
    picture = (b"\xff\xd8\r\n--x" * 40_000)[: 131_072 - len(end)] + end
    sent = b'--b\r\nContent-Disposition: form-data; name="media"; filename="1.jpg"\r\n\r\n%s\r\n' % picture

    answer = client.post(AT, data=parts(reporter, sent), content_type="multipart/form-data; boundary=b")

    assert answer.status_code == 200, answer.data


CUT = {
    "chunk size no number": b"5\r\nlat=2\r\nZZ\r\n",
    "first chunk size no number": b"ZZ\r\nlat=2\r\n0\r\n\r\n",
    "no last chunk": b"5\r\nlat=2\r\n",
    "nothing in it": b"0\r\n\r\n",
    "half a chunk": b"50\r\nlat=2",
}


def told(live: LiveServer, head: bytes, body: bytes, content_type: bytes) -> tuple[int, str]:
    place = urlsplit(live.url)
    with socket.create_connection((place.hostname, place.port), timeout=60) as connection:
        connection.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\n%s\r\n\r\n%s" % (
            AT.encode(), content_type, head, body))  # fmt: skip
        if not body.endswith(b"0\r\n\r\n"):
            connection.shutdown(socket.SHUT_WR)  # nothing more comes
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, orjson.loads(answer.read())[0]["description"]


@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("content_type", [URLENCODED.encode(), b"multipart/form-data; boundary=b"])
def test_a_body_in_broken_chunks_is_not_an_empty_form(live: LiveServer, name: str, content_type: bytes) -> None:
    status, said = told(live, b"Transfer-Encoding: chunked", CUT[name], content_type)

    if content_type == URLENCODED.encode():
        assert (status, said.startswith("Send the form with its Content-Length")) == (411, True)
    else:
        assert (status, said.startswith("The form can not be read")) == (400, True)


@pytest.mark.parametrize("arrives", [0, 1, 20, 99])
def test_a_body_that_breaks_off_is_refused(live: LiveServer, arrives: int) -> None:
    whole = (PLACE + b"&description=" + b"x" * 100)[:100]

    status, said = told(live, b"Content-Length: 100", whole[:arrives], URLENCODED.encode())

    assert (status, said) == (400, "The body ended before its Content-Length: not all of it arrived. Send it again.")


def test_parts_in_chunks_are_read_to_their_end(live: LiveServer) -> None:
    database = Database.connect(live.database_url, pool_size=1)
    key = KeyService(database).create(Role.REPORTER, str(uuid4()))
    database.close()
    body = parts(key)
    place = urlsplit(live.url)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=60)
    pieces = (body[at : at + 50] for at in range(0, len(body), 50))
    connection.request("POST", AT, pieces, {"Content-Type": "multipart/form-data; boundary=b"}, encode_chunked=True)

    assert connection.getresponse().status == 200
    connection.close()
