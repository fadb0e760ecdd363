"""No webhook leads into the house: a socket listens there, and must see no connection whatever is tried."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

import pytest

from geoservice.webhooks.addresses import Resolver, pin, read_url, resolve_by_system
from geoservice.webhooks.networks import Address
from geoservice.webhooks.sending import Outcome, Verdict, deliver
from geoservice.webhooks.webhook_errors import AddressRefused, WebhookRefused
from tests.geoservice.webhooks.receivers import LOOPBACK, OK, V6_HERE, Receiver, Trap, message, saying

SOON_S = 0.3
#: Ways to write this machine that the system's own look-up understands.
ODD_NOTATIONS = ("0x7f.1", "0x7f000001", "2130706433", "127.1", "127.0.1", "017700000001", "0177.0.0.1", "0")
HERE = (
    *ODD_NOTATIONS, "127.0.0.1", "127.0.0.1.", "localhost", "LOCALHOST", "localhost.", "0.0.0.0",  # noqa: S104
    "①②⑦.0.0.1", "１２７.0.0.1", "127。0。0。1", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[2001::80ff:fffe]", "[::1%25lo]", "[fe80::1%25lo]", "user@127.0.0.1",
    "example.org@127.0.0.1", "127.0.0.1#@example.org", "127.0.0.1\\@example.org", "example.org\\@127.0.0.1",
    "127.0.0.1%00.example.org", "127.0.0.1%2f.example.org", "127.0.0.1\t", "%31%32%37.0.0.1",
)  # fmt: skip
ELSEWHERE = (
    "169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "[fd00:ec2::254]", "[fd20:ce::254]",
    "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376",
    "169.254.43518", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "198.18.0.1", "224.0.0.1",
    "255.255.255.255", "[fe80::1]", "[fc00::1]", "[ff02::1]", "[::ffff:10.0.0.1]", "[::ffff:192.168.0.1]",
)  # fmt: skip
#: What a name may be found to be.
FOUND = (
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",  # noqa: S104
    "2002:7f00:1::", "2001:0:7f00:1::", "169.254.169.254", "fd00:ec2::254", "10.0.0.1", "fe80::1%1", "100.64.0.1",
)  # fmt: skip


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return every address that a connection was tried to, by whomever, since the test began."""
    tried: list[object] = []
    original = socket.socket.connect

    def noting(link: socket.socket, address: object) -> None:
        tried.append(address)
        original(link, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", noting)
    return tried


@pytest.fixture
def doors() -> Iterator[tuple[Receiver, Trap]]:
    """Return a receiver on 127.0.0.1 and a trap on the same port of 127.0.0.2."""
    with Receiver(saying(OK)) as receiver:
        trap = Trap("127.0.0.2", receiver.port)
        yield receiver, trap
        trap.close()


class Turncoat:
    """A name service that says one address when first asked, and another ever after."""

    def __init__(self, first: str, later: str) -> None:
        self._answers = [ip_address(later), ip_address(first)]
        self.asked = 0

    def __call__(self, host: str) -> tuple[Address, ...]:
        self.asked += 1
        return (self._answers.pop() if len(self._answers) > 1 else self._answers[0],)


def send(url: str, resolve: Resolver = resolve_by_system) -> Outcome:
    """Do all that is done with a webhook's URL, from reading it to sending."""
    pinned = pin(read_url(url), resolve=resolve)
    return deliver(message(), pinned, tls=ssl.create_default_context(), deadline_s=SOON_S)


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("host", HERE)
def test_no_notation_of_this_machine_connects(scheme: str, host: str, trap: Trap, attempts: list[object]) -> None:
    with pytest.raises(WebhookRefused):
        send(f"{scheme}://{host}:{trap.port}/")

    assert trap.knocks() == 0
    assert attempts == []


@pytest.mark.parametrize("host", ODD_NOTATIONS)
def test_careless_sender_would_knock_by_odd_notations(host: str, trap: Trap) -> None:
    socket.create_connection((host, trap.port), timeout=5).close()

    assert trap.knocks() == 1


@pytest.mark.parametrize("host", ELSEWHERE)
def test_no_inner_address_is_even_tried(host: str, attempts: list[object]) -> None:
    for scheme in ("https", "http"):
        with pytest.raises(WebhookRefused):
            send(f"{scheme}://{host}/latest/meta-data/")

    assert attempts == []


@pytest.mark.parametrize("found", FOUND)
@pytest.mark.parametrize("before", [(), ("1.1.1.1", "2606:4700::1111")], ids=["alone", "among public ones"])
def test_no_name_that_is_found_inside_connects(
    found: str, before: tuple[str, ...], trap: Trap, attempts: list[object]
) -> None:
    answer = tuple(map(ip_address, (*before, found)))
    with pytest.raises(AddressRefused):
        send(f"https://innocent.example:{trap.port}/", lambda host: answer)

    assert trap.knocks() == 0
    assert attempts == []


def test_trap_sees_who_is_allowed(trap: Trap, attempts: list[object]) -> None:
    """The traps of the other tests would see a connection if there were one."""
    hosts = ["127.0.0.1", "[::ffff:127.0.0.1]", "localhost", *(["[::1]"] if V6_HERE else [])]
    for host in hosts:
        pinned = pin(read_url(f"https://{host}:{trap.port}/"), allowed=LOOPBACK)
        deliver(message(), pinned, tls=ssl.create_default_context(), deadline_s=SOON_S)

        assert trap.knocks() == 1
    assert len(attempts) == len(hosts)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["http://127.0.0.1:{port}/", "//127.0.0.1:{port}/", "https://[::1]:{port}/"])
def test_redirect_leads_nowhere(status: int, target: str, trap: Trap, attempts: list[object]) -> None:
    location = target.format(port=trap.port)
    with Receiver(saying(f"HTTP/1.1 {status} Go\r\nLocation: {location}\r\n\r\n".encode())) as receiver:
        outcome = deliver(message(), receiver.pinned(), tls=ssl.create_default_context())

    assert outcome.verdict is Verdict.FAILED
    assert trap.knocks() == 0
    assert attempts == [("127.0.0.1", receiver.port)]


def test_name_that_changes_its_address_is_connected_where_it_was_looked_at(
    doors: tuple[Receiver, Trap], attempts: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver, trap = doors
    turncoat = Turncoat("127.0.0.1", "127.0.0.2")
    allowed = (ip_network("127.0.0.1"),)
    asked: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *question, **_: asked.append(question))

    pinned = pin(read_url(f"http://turncoat.example:{receiver.port}/"), allowed=allowed, resolve=turncoat)
    outcome = deliver(message(), pinned, tls=ssl.create_default_context())

    assert outcome.verdict is Verdict.DELIVERED
    assert receiver.requests[0].headers["host"] == f"turncoat.example:{receiver.port}"
    assert turncoat.asked == 1
    assert asked == [], "the name was looked up behind the pin's back"
    assert attempts == [("127.0.0.1", receiver.port)]
    assert trap.knocks() == 0


def test_name_that_turns_inside_is_refused_at_the_next_attempt(trap: Trap, attempts: list[object]) -> None:
    turncoat = Turncoat("1.1.1.1", "127.0.0.1")
    url = read_url(f"https://turncoat.example:{trap.port}/")

    assert pin(url, resolve=turncoat).address == ip_address("1.1.1.1")
    with pytest.raises(AddressRefused):
        pin(url, resolve=turncoat)
    assert trap.knocks() == 0
    assert attempts == []


@pytest.mark.parametrize(
    "variable", ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
)
def test_proxy_of_the_environment_is_not_asked(variable: str, trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, f"http://127.0.0.1:{trap.port}")
    with Receiver(saying(OK)) as receiver:
        outcome = deliver(message(), receiver.pinned(), tls=ssl.create_default_context())

    assert outcome.verdict is Verdict.DELIVERED
    assert trap.knocks() == 0
