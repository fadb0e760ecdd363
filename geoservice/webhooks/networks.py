"""Which addresses a webhook may go to: public ones, and those of networks that the operator allows.

The tables name what `ipaddress.is_global` leaves open, or answers otherwise from one release of Python to the next.
What can not be known here: that a prefix of somebody's own is translated to an inner network. That is for a firewall.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Named = tuple[tuple[Network, str], ...]


def _named(*rows: tuple[str, str]) -> Named:
    return tuple((ipaddress.ip_network(network), words) for network, words in rows)


#: Closed even where an allowed network covers them: no receiver is there, but things that answer whoever asks.
_NEVER = _named(
    ("0.0.0.0/8", "an unspecified address"),
    ("169.254.0.0/16", "a link-local address, where clouds keep the data of machines"),
    ("100.100.100.200/32", "where a cloud keeps the data of machines"),  # Alibaba Cloud
    ("168.63.129.16/32", "where a cloud keeps the data of machines"),  # Azure; lies among the public addresses
    ("192.0.0.192/32", "where a cloud keeps the data of machines"),  # Oracle Cloud
    ("224.0.0.0/4", "a multicast address"),
    ("240.0.0.0/4", "a reserved address"),
    ("fd00:ec2::/32", "where a cloud keeps the data of machines"),  # AWS
    ("fd20:ce::254/128", "where a cloud keeps the data of machines"),  # Google Cloud
    ("fe80::/10", "a link-local address"),
    ("fec0::/10", "a site-local address"),  # RFC 3879
    ("ff00::/8", "a multicast address"),
    # An IPv4 address in the guise of IPv6. Mapped ones are unwrapped, NAT64's are judged; nobody needs the rest.
    ("::/96", "an IPv4 address in the guise of IPv6"),  # compatible, RFC 4291; `::` itself
    ("::ffff:0:0:0/96", "an IPv4 address in the guise of IPv6"),  # translated, RFC 2765
    ("64:ff9b:1::/48", "an IPv4 address in the guise of IPv6"),  # NAT64 of one's own, RFC 8215
    ("2002::/16", "an IPv4 address in the guise of IPv6"),  # 6to4, RFC 3056
    ("2001::/32", "an IPv4 address in the guise of IPv6"),  # Teredo, RFC 4380
)
#: IANA's registries of special-purpose addresses (RFC 6890): open to those whom the operator allows.
_NOT_PUBLIC = _named(
    ("127.0.0.0/8", "this machine itself"),
    ("10.0.0.0/8", "a private network"),
    ("172.16.0.0/12", "a private network"),
    ("192.168.0.0/16", "a private network"),
    ("100.64.0.0/10", "a provider's inner network"),  # RFC 6598
    ("192.0.0.0/24", "a network for protocols"),
    ("192.0.2.0/24", "a network for documents"),
    ("192.88.99.0/24", "a relay of 6to4"),
    ("198.18.0.0/15", "a network for measurements"),
    ("198.51.100.0/24", "a network for documents"),
    ("203.0.113.0/24", "a network for documents"),
    ("::1/128", "this machine itself"),
    ("fc00::/7", "a private network"),
    ("100::/16", "a network that discards"),  # 100::/64 and its younger neighbours
    ("2001::/23", "a network for protocols"),
    ("2001:db8::/32", "a network for documents"),
    ("3fff::/20", "a network for documents"),
)
_LOOPBACK_V6 = IPv6Address("::1")
#: All that is given out as global unicast (RFC 4291, IANA); what lies outside is reserved.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
#: NAT64's well-known prefix (RFC 6052): how IPv6-only networks name a public IPv4 address.
_NAT64 = IPv6Network("64:ff9b::/96")
#: The middle of an ISATAP interface id (RFC 5214), in front of an IPv4 address, without its bit for "unique".
_ISATAP = 0x00005EFE
_ISATAP_BITS = 0xFDFFFFFF


def unwrapped(address: Address) -> Address:
    """Return the IPv4 address of an IPv4-mapped one (`::ffff:a.b.c.d`), which is the same place; else the address."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_allowed(address: Address, allowed: Sequence[Network]) -> bool:
    """Return whether one of the operator's networks holds an address."""
    place = unwrapped(address)
    return any(place in network for network in allowed)


def why_refused(address: Address, allowed: Sequence[Network] = ()) -> str | None:
    """Return what an address is that a webhook may not go to, as words that complete "it is ..."; None when it may.

    An address that carries an IPv4 address inside must itself be permitted, and the inner one must be public.
    """
    place = unwrapped(address)
    carried = _carried(place)
    for one in (place, *carried):
        if one != _LOOPBACK_V6 and (words := _found(one, _NEVER)):
            return words
    if is_allowed(place, allowed):
        return None
    for one in (place, *carried):
        if words := _found(one, _NOT_PUBLIC):
            return words
        if not _is_public(one):
            return "a reserved address"
    return None


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return address in _NAT64
    return address.is_global


def _found(address: Address, table: Named) -> str | None:
    return next((words for network, words in table if address in network), None)


def _carried(address: Address) -> tuple[IPv4Address, ...]:
    """Return the IPv4 address that an IPv6 one carries for a gateway to send on to, if it does."""
    if isinstance(address, IPv4Address):
        return ()
    bits = int(address)
    carries = address in _NAT64 or (bits >> 32) & _ISATAP_BITS == _ISATAP
    return (IPv4Address(bits & 0xFFFFFFFF),) if carries else ()
