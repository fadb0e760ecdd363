"""Where a webhook leads: its URL read strictly, its host resolved once, the one address that may be connected to.

Whoever registers a webhook chooses where this service sends to. So nothing is guessed: what can be read in two ways is
refused. A name is looked up once, every address found must be permitted, and the sender connects to the address that
was looked at: a name that leads elsewhere a moment later changes nothing.
"""

from __future__ import annotations

import ipaddress
import queue
import re
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv6Address

from geoservice.webhooks.networks import Address, Network, is_allowed, unwrapped, why_refused
from geoservice.webhooks.webhook_errors import AddressRefused, HostNotFound, UrlRefused

#: Finds the addresses of a host's name; raises HostNotFound.
Resolver = Callable[[str], Sequence[Address]]

MAX_URL = 2000
RESOLVE_WITHIN_S = 5.0
DEFAULT_PORTS = {"https": 443, "http": 80}

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<target>[^#]*)(?P<fragment>#.*)?")
_AUTHORITY = re.compile(r"(?:\[(?P<v6>[^\[\]]*)\]|(?P<name>[^:\[\]]*))(?::(?P<port>[^:]*))?")
_PORT = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*", re.ASCII)
_MAX_NAME = 253  # RFC 1035
#: A last part like this makes a name a number to some resolvers (WHATWG URL, "ends in a number"): 127.1, 0x7f000001.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_DOTS = (".", "\u3002", "\uff0e", "\uff61")  # those that IDNA takes for one
#: Letters that IDNA 2003, which Python knows, turns into others, and IDNA 2008 keeps: two names, two owners. (The
#: joiners, which are of that kind too, do not show and are refused as such.)
_TWO_READINGS = re.compile("[\u00df\u1e9e\u03c2]")


@dataclass(frozen=True)
class WebhookUrl:
    """The parts of a webhook's URL, checked."""

    scheme: str
    #: In ASCII and lower case: a name (IDNA), or an address without brackets.
    host: str
    port: int
    #: Path and query. Often a secret of the receiver's: it does not show itself.
    target: str = field(repr=False)

    @property
    def address(self) -> Address | None:
        """Return the address when the host is one, None when it is a name."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None

    @property
    def authority(self) -> str:
        """Return host and port as the Host header and a URL have them; a scheme's usual port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def text(self) -> str:
        """Return the whole URL, in one spelling."""
        return f"{self.scheme}://{self.authority}{self.target}"


@dataclass(frozen=True)
class PinnedUrl:
    """A URL with the one address that may be connected to for it. It is good for one attempt."""

    url: WebhookUrl
    address: Address


def read_url(text: str) -> WebhookUrl:
    """Read the URL of a webhook, without asking anybody about its host.

    Raises
    ------
    UrlRefused
        Unless it is an http or https URL of 2,000 characters at most, with a host that can be read in one way only,
        and neither user, password nor fragment.
    """
    if len(text) > MAX_URL:
        raise UrlRefused("The URL is too long.", f"Use {MAX_URL} characters at most.")
    if not text.isprintable() or " " in text or "\\" in text:
        raise UrlRefused(
            "The URL holds a space, a backslash or a sign that does not show.", "Write it percent-encoded."
        )
    parts = _URL.fullmatch(text)
    if parts is None or parts["scheme"].lower() not in DEFAULT_PORTS:
        raise UrlRefused("The URL is not one of the web.", "Begin it with https://")
    if parts["fragment"] is not None:
        raise UrlRefused("The URL has a fragment, which no receiver gets to see.", "Leave out # and what follows.")
    if not parts["target"].isascii():
        raise UrlRefused("The URL's path has letters that a URL can not hold.", "Write them percent-encoded.")
    scheme = parts["scheme"].lower()
    host, port = _host_and_port(parts["authority"], DEFAULT_PORTS[scheme])
    target = parts["target"] if parts["target"].startswith("/") else "/" + parts["target"]
    return WebhookUrl(scheme, host, port, target)


def pin(url: WebhookUrl, *, allowed: Sequence[Network] = (), resolve: Resolver | None = None) -> PinnedUrl:
    """Find the address that may be connected to for a URL.

    Parameters
    ----------
    allowed
        Networks that webhooks may go to besides public ones; only to these by http.
    resolve
        Asked once, and not for a host that is an address; the system's own unless given.

    Raises
    ------
    HostNotFound
        When the name has no address, or none is found within 5 s.
    AddressRefused
        When one of its addresses is not permitted, be the others as they may.
    """
    literal = url.address
    addresses = [literal] if literal is not None else list((resolve or resolve_by_system)(url.host))
    if not addresses:
        raise _not_found()
    for address in addresses:
        words = why_refused(address, allowed)
        if words is not None:
            raise AddressRefused(
                f"The host leads to where webhooks may not go: {words}.",
                "Give the URL of a public receiver, or have the operator allow its network.",
            )
        if url.scheme == "http" and not is_allowed(address, allowed):
            raise AddressRefused(
                "By http, which anybody on the way can read, webhooks go to networks the operator allows and no other.",
                "Begin the URL with https://",
            )
    return PinnedUrl(url, unwrapped(addresses[0]))


def resolve_by_system(host: str) -> Sequence[Address]:
    """Find a name's addresses as the system does, in its order of preference.

    Raises
    ------
    HostNotFound
        When there are none, or after 5 s.
    """
    found: queue.SimpleQueue[list[Address]] = queue.SimpleQueue()
    # getaddrinfo knows no time limit; a thread that it holds ends with it, and holds up neither us nor our end.
    threading.Thread(target=lambda: found.put(_ask_system(host)), name="resolve", daemon=True).start()
    try:
        addresses = found.get(timeout=RESOLVE_WITHIN_S)
    except queue.Empty:
        addresses = []
    if not addresses:
        raise _not_found()
    return addresses


def _ask_system(host: str) -> list[Address]:
    try:
        answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [ipaddress.ip_address(answer[4][0]) for answer in answers]


def _not_found() -> HostNotFound:
    return HostNotFound("No address was found for the host of the URL.", "Check its name, and that it is known here.")


def _host_and_port(authority: str, default_port: int) -> tuple[str, int]:
    if "@" in authority:
        raise UrlRefused("The URL holds a user or a password.", "Leave out the @ and what is before it.")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None or not (parts["v6"] or parts["name"]):
        raise UrlRefused("The URL's host can not be read.", "Write a name or an address; one with colons in brackets.")
    host = _v6(parts["v6"]) if parts["v6"] is not None else _name(parts["name"])
    return host, default_port if parts["port"] is None else _port(parts["port"])


def _port(text: str) -> int:
    if not _PORT.fullmatch(text) or int(text) > 65535:
        raise UrlRefused("The URL's port is none.", "Write a number from 1 to 65535, or leave out the colon too.")
    return int(text)


def _v6(text: str) -> str:
    if "%" in text:
        raise UrlRefused("The URL's address names a zone, which only one machine knows.", "Give an address without %.")
    try:
        return str(IPv6Address(text))
    except ValueError as exc:
        raise UrlRefused("What the URL has in brackets is no IPv6 address.", "Correct it.") from exc


def _name(text: str) -> str:
    if text.endswith(_DOTS):
        raise UrlRefused("The URL's host ends in a dot.", "Leave out the dot.")
    if _TWO_READINGS.search(text):
        raise UrlRefused("The URL's host has a letter that programs read in two ways.", "Write it in its xn-- form.")
    try:
        name = text.encode("idna").decode("ascii").lower()
    except UnicodeError as exc:
        raise UrlRefused("The URL's host is no name that can be looked up.", "Write it in its xn-- form.") from exc
    if len(name) > _MAX_NAME or not _NAME.fullmatch(name):
        raise UrlRefused("The URL's host is no name that can be looked up.", "Use letters, digits, hyphens and dots.")
    if _NUMBER.fullmatch(name.rpartition(".")[2]) and not _is_v4(name):
        raise UrlRefused("The URL's host is a number in an odd notation.", "Write an address as four decimal numbers.")
    return name


def _is_v4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True
