"""Streams of the real server: who hears what, in order, without a gap, and what is refused."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from geoservice.auth.model import Role
from geoservice.services.accounts.accounts import AccountService
from geoservice.services.accounts.sessions import SessionLimits, SessionService
from geoservice.services.keys import KeyService
from layers.db.session import Database
from tests.conftest import DatabaseMaker, free_port
from tests.cutting import end_connections
from tests.factories import insert, make_incident, make_town
from tests.listening import Listener, listen, streaming
from tests.places import CENTRE, Place, lonlat

WEB_PORT = free_port()
IN_A = Place("in a", *lonlat(9, 6), "a")


@dataclass
class Hall:
    """A town with two grids and an officer in B, and a server that streams its events."""

    port: int
    url: str
    keys: KeyService
    database: Database

    def key(self, role: Role, staff: str | None = None) -> str:
        return self.keys.create(role, "test", staff=None if staff is None else ("town", staff))

    def listen(self, role: Role | None = Role.DISPATCHER, query: str = "", **headers: str) -> Listener:
        if role is not None:
            headers["Authorization"] = f"Bearer {self.key(role, 'G1' if role is Role.OFFICER else None)}"
        return listen(self.port, query, **headers)

    def report(self, count: int = 1, **columns: object) -> list[str]:
        with psycopg.connect(self.url) as connection:
            return [str(make_incident(connection, **columns)["id"]) for _ in range(count)]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def hall(cluster_url: str, template: str) -> Iterator[Hall]:
    maker = DatabaseMaker(cluster_url)
    url = maker.clone(template)
    with psycopg.connect(url) as connection:
        town = make_town(connection)
        known = {"jurisdiction_id": town.jurisdiction_id}
        insert(connection, "staff", known | {"code": "G1", "call_sign": "G1", "role": "grid_officer"})
        insert(
            connection,
            "posting",
            known | {"staff_code": "G1", "grid_code": "B", "role": "grid_officer", "valid_from": "2020-01-01"},
        )
        # That the town was published was told of long ago: no test is to hear of it.
        connection.execute("SELECT geoservice.number_outbox()")
    database = Database.connect(url, pool_size=2)
    with streaming(url, event_streams=12) as port:
        yield Hall(port, url, KeyService(database), database)
    database.close()
    maker.drop_all()


def test_a_dispatcher_hears_of_every_incident_in_order(hall: Hall) -> None:
    with hall.listen() as stream:
        incidents = hall.report(20)
        heard = stream.take(20)

    assert [message.data["incident"] for message in heard] == incidents
    assert {message.data["type"] for message in heard} == {"incident.reported"}
    numbers = [message.id for message in heard]
    assert numbers == sorted(set(numbers), key=lambda number: number or 0)


@pytest.mark.parametrize("role", [None, Role.READER, Role.REPORTER])
def test_who_may_not_read_incidents_hears_of_none(hall: Hall, role: Role | None) -> None:
    with hall.listen(role) as stream, hall.listen() as staff:
        hall.report()
        staff.next()
        with psycopg.connect(hall.url) as connection:
            connection.execute("INSERT INTO geoservice.outbox (topic, payload) VALUES ('edition.published', '{}')")
        first = stream.next()

    assert first.data["type"] == "edition.published"


def test_an_officer_hears_of_the_own_grid_and_of_what_left_it(hall: Hall) -> None:
    with hall.listen(Role.OFFICER) as stream:
        [elsewhere] = hall.report(place=IN_A)
        [own] = hall.report(place=CENTRE)
        heard = stream.next()
        assert heard.data["incident"] == own
        with psycopg.connect(hall.url) as connection:
            connection.execute(
                "UPDATE geoservice.incident SET geom = st_setsrid(st_makepoint(%s, %s), 4326) WHERE id = %s",
                [IN_A.lon, IN_A.lat, own],
            )
        left = stream.next()

    assert left.data["from_grid"] == "B"
    assert left.data["grid"] != "B"
    assert elsewhere not in str(heard) + str(left)


def test_topics_are_all_to_fit(hall: Hall) -> None:
    with hall.listen(query="?grid=B&service=light&type=incident") as stream:
        hall.report(place=IN_A)
        [meant] = hall.report(place=CENTRE)
        heard = stream.next()

    assert heard.data["incident"] == meant


def test_whoever_comes_back_misses_nothing(hall: Hall) -> None:
    with hall.listen() as stream:
        hall.report(3)
        [first, *rest] = stream.take(3)
    meanwhile = hall.report(4)
    with hall.listen(Last_Event_ID=str(first.id)) as again:
        heard = again.take(6)
    with hall.listen(query=f"?after={first.id}") as by_address:
        same = by_address.take(6)

    assert heard[:2] == rest
    assert [message.data["incident"] for message in heard[2:]] == meanwhile
    assert same == heard


@pytest.mark.slow
def test_whoever_begins_with_the_first_is_read_to_from_the_database(hall: Hall, cluster_url: str) -> None:
    incidents = hall.report(5)
    with streaming(hall.url) as port:  # one that remembers nothing
        headers = {"Authorization": f"Bearer {hall.key(Role.AUDITOR)}"}
        with listen(port, "?after=0", **headers) as stream:
            heard: list[str] = []
            while incidents[-1] not in heard:
                heard.append(stream.next().data.get("incident", ""))

    assert [incident for incident in heard if incident in incidents] == incidents


@pytest.mark.parametrize("asked", ["999999999", "99999999999999999"])
def test_a_number_that_was_never_given_is_a_gap(hall: Hall, asked: str) -> None:
    with hall.listen(Last_Event_ID=asked) as stream:
        said = stream.next()
        [after] = hall.report()
        heard = stream.next()

    assert said.event == "gap"
    assert said.data["asked"] == int(asked)
    assert heard.data["incident"] == after


@pytest.mark.slow
def test_a_revoked_key_hears_no_more(hall: Hall) -> None:
    key = hall.key(Role.DISPATCHER)
    with listen(hall.port, Authorization=f"Bearer {key}") as stream:
        hall.keys.revoke(key.split("_")[1])
        with pytest.raises(EOFError):
            stream.next()


def test_beyond_the_most_one_is_told_when_to_come_again(hall: Hall) -> None:
    streams = [hall.listen() for _ in range(12)]
    one_more = Listener(hall.port, headers={"Authorization": f"Bearer {hall.key(Role.DISPATCHER)}"})
    status, again = one_more.answer.status, one_more.answer.headers["Retry-After"]
    for stream in (*streams, one_more):
        stream.__exit__()

    assert (status, again) == (503, "5")
    with hall.listen() as stream:  # it waits until those who left are gone
        assert stream.answer.status == 200


@pytest.mark.parametrize(
    ("query", "headers", "status", "says"),
    [
        ("?colour=red", {}, 422, "colour"),
        ("?grid=", {}, 422, "grid"),
        ("?grid=" + "x" * 65, {}, 422, "64"),
        ("?after=yesterday", {}, 422, "number"),
        ("", {"Last-Event-ID": "-1"}, 422, "number"),
        ("", {"Last-Event-ID": "１"}, 422, "number"),
        ("?" + "grid=1&" * 200, {}, 422, "100"),
        ("?grid=" + "x" * 20_000, {}, 422, "10000"),
        ("", {"Authorization": "Bearer grd_xxxxxxxx_" + "x" * 43}, 401, "Bearer"),
        ("", {"Authorization": "Basic eDp5"}, 401, "Bearer"),
        ("/x", {}, 404, "/v1/events"),
    ],
)
def test_what_can_not_be_answered_says_why(
    hall: Hall, query: str, headers: dict[str, str], status: int, says: str
) -> None:
    encoded = {name: value.encode().decode("latin-1") for name, value in headers.items()}
    with Listener(hall.port, query, encoded) as stream:
        problem = json.loads(stream.answer.read())

    assert stream.answer.status == problem["status"] == status
    assert says in problem["detail"]
    assert stream.answer.headers["Content-Type"] == "application/problem+json"


def test_a_page_of_the_same_host_may_listen_and_others_may_not(hall: Hall) -> None:
    with hall.listen(Origin="http://127.0.0.1:8080") as same, hall.listen(Origin="http://evil.example") as other:
        assert same.answer.headers["Access-Control-Allow-Origin"] == "http://127.0.0.1:8080"
        assert other.answer.headers["Access-Control-Allow-Origin"] is None


@dataclass
class Signed:
    """Somebody who signed in at the web server beside the stream."""

    cookie: str

    def asks(self, **headers: str) -> dict[str, str]:
        return {"Host": f"127.0.0.1:{WEB_PORT}", "Cookie": self.cookie} | headers


def signed_in(hall: Hall, login: str, role: Role = Role.DISPATCHER, *, change: bool = True) -> Signed:
    accounts, sessions = AccountService(hall.database), SessionService(hall.database, SessionLimits(3600, 3600))
    password = accounts.create(login, role, created_by="test", jurisdiction="town")
    if change:
        sessions.change_password(login, password, "ein neues wort 7", address="192.0.2.1")
        password = "ein neues wort 7"
    secret = sessions.sign_in(login, password, address="192.0.2.1").secret
    return Signed(f"other=1; geoservice-{WEB_PORT}={secret}")


@pytest.fixture(scope="module")
def beside(hall: Hall) -> Iterator[int]:
    """Return the port of a server of events that stands beside a web server."""
    with streaming(hall.url, port=WEB_PORT) as port:
        yield port


@pytest.mark.parametrize("headers", [
    {}, {"Origin": "http://127.0.0.1:{web}", "Host": "127.0.0.1:{port}"},
    {"Origin": "http://127.0.0.1:{web}", "Host": "127.0.0.1:{port}", "Sec-Fetch-Site": "same-site"},
])  # fmt: skip
def test_a_page_of_the_service_listens_with_its_session(hall: Hall, beside: int, headers: dict[str, str]) -> None:
    said = {name: value.format(web=WEB_PORT, port=beside) for name, value in headers.items()}
    signed = signed_in(hall, f"desk-{len(headers)}")
    with listen(beside, **signed.asks(**said)) as stream:
        [incident] = hall.report()
        heard = stream.next()

    assert stream.begins is not None
    assert stream.begins.data["incidents"] is True
    assert heard.data["incident"] == incident
    allowed = stream.answer.headers["Access-Control-Allow-Credentials"]
    assert allowed == ("true" if "Origin" in said else None)


@pytest.mark.slow
@pytest.mark.parametrize("headers", [
    {"Origin": "http://127.0.0.1:9999", "Host": "127.0.0.1:{port}"}, {"Origin": "http://evil.example"},
    {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Cookie": "geoservice-1=" + "x" * 43},
    {"Cookie": "geoservice-{web}=" + "x" * 43}, {"Cookie": ";;=;"}, {"Host": "127.0.0.1:{port}"},
])  # fmt: skip
def test_no_other_page_listens_with_it(hall: Hall, beside: int, headers: dict[str, str]) -> None:
    said = {name: value.format(web=WEB_PORT, port=beside) for name, value in headers.items()}
    signed = signed_in(hall, f"desk-{abs(hash(str(headers)))}"[:40])
    with listen(beside, **signed.asks(**said)) as stream:
        assert stream.begins is not None
        assert stream.begins.data["incidents"] is False
        assert stream.answer.headers["Access-Control-Allow-Credentials"] is None


def test_a_password_for_one_use_hears_nothing(hall: Hall, beside: int) -> None:
    with listen(beside, **signed_in(hall, "desk-once", change=False).asks()) as stream:
        assert stream.begins is not None
        assert stream.begins.data["incidents"] is False


@pytest.mark.slow
def test_a_session_that_is_over_hears_no_more_and_to_listen_is_no_use_of_it(hall: Hall) -> None:
    with streaming(hall.url, port=WEB_PORT) as port, listen(port, **signed_in(hall, "desk-over").asks()) as stream:
        seen = "SELECT seen_at FROM geoservice.session WHERE login = 'desk-over' ORDER BY created_at DESC LIMIT 1"
        with psycopg.connect(hall.url) as connection:
            connection.execute("UPDATE geoservice.session SET seen_at = now() - interval '10 minutes'")
            [before] = connection.execute(seen).fetchall()
        hall.report()
        stream.next()
        with psycopg.connect(hall.url) as connection:
            assert connection.execute(seen).fetchall() == [before]
            connection.execute("UPDATE geoservice.session SET revoked_at = now() WHERE login = 'desk-over'")
        with pytest.raises(EOFError):
            stream.next()


def test_a_stream_outlives_the_connections_to_the_database(hall: Hall) -> None:
    with hall.listen() as stream:
        ended = end_connections(hall.url)
        [incident] = hall.report()
        heard = stream.next()

    assert ended > 0
    assert heard.data["incident"] == incident


def test_a_stream_outlives_an_error_that_nobody_foresaw(database_url: str) -> None:
    with (
        streaming(database_url) as port,
        listen(port) as stream,
        psycopg.connect(database_url, autocommit=True) as connection,
    ):
        # While a function is away, as it is for a moment when the schema is older than the program.
        connection.execute("ALTER FUNCTION geoservice.number_outbox(integer, boolean) RENAME TO away")
        time.sleep(1)  # it looks every 50 ms
        connection.execute("ALTER FUNCTION geoservice.away(integer, boolean) RENAME TO number_outbox")
        connection.execute("INSERT INTO geoservice.outbox (topic, payload) VALUES ('edition.published', '{}')")
        heard = stream.next()

    assert heard.data["type"] == "edition.published"
