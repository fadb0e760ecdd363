"""What a webhook's URL may be: read in one way or not at all, resolved once, every address permitted."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geoservice.webhooks import addresses
from geoservice.webhooks.addresses import pin, read_url, resolve_by_system
from geoservice.webhooks.networks import Address
from geoservice.webhooks.webhook_errors import AddressRefused, HostNotFound, UrlRefused, WebhookRefused
from tests.geoservice.webhooks.receivers import resolver

PUBLIC = ip_address("1.1.1.1")
PRIVATE = ip_address("10.0.0.7")
INTRANET = (ip_network("10.0.0.0/8"),)

READ = {
    "https://example.org": "https://example.org/",
    "HTTPS://Example.ORG:443/Hook?a=B": "https://example.org/Hook?a=B",
    "https://example.org?x": "https://example.org/?x",
    "https://example.org:8443//a//": "https://example.org:8443//a//",
    "http://example.org:80/": "http://example.org/",
    "https://münchen.example/": "https://xn--mnchen-3ya.example/",
    "https://萨热.example/": "https://xn--lrx332b.example/",
    "https://例え。jp/": "https://xn--r8jz45g.jp/",
    "https://my_receiver/": "https://my_receiver/",
    "https://1.1.1.1:65535/": "https://1.1.1.1:65535/",
    "https://①.①.①.①/": "https://1.1.1.1/",
    "https://[2606:4700:0::1111]:1/": "https://[2606:4700::1111]:1/",
    "https://[::ffff:8.8.8.8]/": "https://[::ffff:808:808]/",
    "https://3com.example.4you/": "https://3com.example.4you/",
    "https://example.org/%00%0d%0a?q=@[]": "https://example.org/%00%0d%0a?q=@[]",
}
REFUSED = (
    "", "example.org", "//example.org", "https:example.org", "https:/example.org", "https://", "https:///x",
    "https://:443/", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "javascript://x", "ws://x",
    "https+unix://x", "https://user@example.org/", "https://user:pw@example.org/", "https://@example.org/",
    "https://example.org＠evil.example/", "https://example.org#x", "https://example.org/#", "https://example.org:/",
    "https://example.org:0/", "https://example.org:65536/", "https://example.org:-1/", "https://example.org:+443/",
    "https://example.org:0443/", "https://example.org:443:443/", "https://example.org:４４３/", "https://example.org:x/",
    "https://a b.example/", "https://example.org/a b", "https://example.org/\t", "https://exam\nple.org/", " https://x/",
    "https://example.org/\r\nHost: x", "https://example.org/\x00", "https://example.org\\@evil.example/",
    "https://example.org\\.evil.example/", "https://example.org/\u202e", "https://exam\u200dple.org/",
    "https://exam\u00adple.org/", "https://example.org/ä", "https://straße.example/", "https://STRAẞE.example/",
    "https://βόλος.example/", "https://💣.\U0001fae8/", "https://example.org./", "https://example.org。/",
    "https://localhost./", "https://127.0.0.1./", "https://.example.org/", "https://a..b/", "https://./", "https://-a.b/",
    "https://a-.b/", "https://a%2eb/", "https://%31%32%37.0.0.1/", "https://a,b/", "https://a;b/", "https://a&b/",
    "https://" + "a" * 64 + ".example/", "https://" + "a." * 126 + "ab/", "https://example.org/" + "a" * 2000,
    # hosts that some resolvers take for numbers
    "https://127.1/", "https://127.0.1/", "https://2130706433/", "https://0x7f.1/", "https://0x7f000001/",
    "https://0X7F.0x0.0x0.0x1/", "https://017700000001/", "https://0177.0.0.1/", "https://127.0.0.01/", "https://0/",
    "https://0x/", "https://0x0/", "https://127.0.0.1.1/", "https://256.1.1.1/", "https://1.1.1.0x1/", "https://a.1/",
    "https://①②⑦.1/", "https://１２７.1/", "https://127。0。1/",
    # brackets
    "https://[]/", "https://[/", "https://]/", "https://[127.0.0.1]/", "https://[::1/", "https://::1/", "https://[::1]x/",
    "https://[fe80::1%25eth0]/", "https://[fe80::1%eth0]/", "https://[::1%251]/", "https://[:::1]/", "https://[1::2::3]/",
    "https://[v1.a]/", "https://[[::1]]/", "https://[::1].example/", "https://a[::1]/", "https://[::g]/",
    "https://[::１]/",
)  # fmt: skip


class Turncoat:
    """A name service that answers otherwise each time."""

    def __init__(self, *answers: Address) -> None:
        self._answers = iter(answers)
        self.asked: list[str] = []

    def __call__(self, host: str) -> tuple[Address, ...]:
        self.asked.append(host)
        return (next(self._answers),)


@pytest.mark.parametrize(("given", "read"), READ.items())
def test_url_is_read_in_one_spelling(given: str, read: str) -> None:
    assert read_url(given).text == read
    assert read_url(read) == read_url(given)


@pytest.mark.parametrize("text", REFUSED)
def test_what_can_be_read_in_two_ways_or_none_is_refused(text: str) -> None:
    with pytest.raises(UrlRefused) as refused:
        read_url(text)

    assert refused.value.message.endswith(".")
    assert refused.value.hint
    assert "pw" not in str(refused.value)


pieces = st.sampled_from(
    ["https", "http", "://", "/", "//", "@", ":", "[", "]", ".", "%", "#", "?", "\\", "0x7f", "127", "1", "::", "a",
     "é", "443", "xn--", "-", "_", "ß", "。", "①", " ", "\t", "example.org", "ffff"]
)  # fmt: skip
texts = (
    st.text()
    | st.lists(pieces, max_size=12).map("".join)
    | st.lists(pieces).map(lambda some: "https://" + "".join(some))
)


@pytest.mark.slow
@settings(deadline=None)
@given(texts)
def test_url_that_is_read_means_the_same_to_another_reader(text: str) -> None:
    try:
        url = read_url(text)
    except UrlRefused:
        return
    other = urlsplit(url.text)

    assert (other.scheme, other.hostname, other.port or {"https": 443, "http": 80}[url.scheme]) == (
        url.scheme, url.host, url.port,
    )  # fmt: skip
    assert other.username is other.password is None
    assert url.text.isascii()
    assert read_url(url.text) == url


def test_path_does_not_show_itself() -> None:
    url = read_url("https://example.org/services/T0/secret?token=secret")

    assert "secret" not in repr(url)
    assert "secret" not in repr(pin(url, resolve=resolver(PUBLIC)))


def test_name_is_pinned_to_the_first_of_its_addresses() -> None:
    v6 = ip_address("2606:4700::1111")

    assert pin(read_url("https://example.org/"), resolve=resolver(v6, PUBLIC)).address == v6


def test_mapped_address_is_pinned_as_the_place_it_is() -> None:
    assert pin(read_url("https://[::ffff:8.8.8.8]/")).address == ip_address("8.8.8.8")


def test_address_asks_no_name_service() -> None:
    turncoat = Turncoat()

    assert pin(read_url("https://1.1.1.1/"), resolve=turncoat).address == PUBLIC
    assert turncoat.asked == []


def test_name_service_is_asked_once_by_the_name_in_ascii() -> None:
    turncoat = Turncoat(PUBLIC, PRIVATE)

    pinned = pin(read_url("https://Bücher.example/"), resolve=turncoat)

    assert pinned.address == PUBLIC
    assert turncoat.asked == ["xn--bcher-kva.example"]
    with pytest.raises(AddressRefused):
        pin(pinned.url, resolve=turncoat)


@pytest.mark.parametrize("answer", [(PRIVATE,), (PUBLIC, PRIVATE), (PRIVATE, PUBLIC)])
def test_one_private_address_among_others_closes_a_name(answer: tuple[Address, ...]) -> None:
    with pytest.raises(AddressRefused, match="a private network") as refused:
        pin(read_url("https://example.org/"), resolve=resolver(*answer))

    assert str(PRIVATE) not in str(refused.value), "the inner addresses of names are nobody's business"


def test_allowed_network_is_open_by_https_and_http() -> None:
    for scheme in ("https", "http"):
        pinned = pin(read_url(f"{scheme}://wall.example/"), allowed=INTRANET, resolve=resolver(PRIVATE))
        assert pinned.address == PRIVATE


@pytest.mark.parametrize("answer", [(PUBLIC,), (PRIVATE, PUBLIC)])
def test_http_goes_to_allowed_networks_only(answer: tuple[Address, ...]) -> None:
    with pytest.raises(AddressRefused, match="https://"):
        pin(read_url("http://example.org/"), allowed=INTRANET, resolve=resolver(*answer))


def test_name_without_an_address_is_not_found() -> None:
    with pytest.raises(HostNotFound, match="Check its name"):
        pin(read_url("https://example.org/"), resolve=resolver())


def test_system_finds_this_machine() -> None:
    found = resolve_by_system("localhost")

    assert found
    assert all(address.is_loopback for address in found)
    with pytest.raises(AddressRefused, match="this machine"):
        pin(read_url("https://localhost/"))


def test_system_does_not_find_what_can_not_be() -> None:
    with pytest.raises(HostNotFound):
        resolve_by_system("no-such-host.invalid")


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the system's name service say nothing while the test runs."""
    over = threading.Event()

    def never(*_: object, **__: object) -> list[object]:
        over.wait(30)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", never)
    monkeypatch.setattr(addresses, "RESOLVE_WITHIN_S", 0.05)
    yield
    over.set()


@pytest.mark.usefixtures("silence")
def test_silent_name_service_holds_nobody_up() -> None:
    with pytest.raises(HostNotFound):
        pin(read_url("https://example.org/"))


def test_refusals_are_of_one_family() -> None:
    assert all(issubclass(kind, WebhookRefused) for kind in (UrlRefused, AddressRefused, HostNotFound))
