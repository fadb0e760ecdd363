"""What of an address is counted together."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

#: What one customer of a provider usually has of IPv6.
_BITS_OF_6 = 64


def network_of(address: str | None, *, bits_of_4: int) -> IPv4Network | IPv6Network | None:
    """Return the network of an address, so many bits of IPv4 and 64 of IPv6; None: it is no address."""
    found = _plain_address(address)
    if found is None:
        return None
    return ip_network(f"{found}/{bits_of_4 if found.version == 4 else _BITS_OF_6}", strict=False)


def is_within(address: str | None, networks: Collection[IPv4Network | IPv6Network]) -> bool:
    """Return whether an address lies in one of some networks; what is no address lies in none."""
    found = _plain_address(address)
    return found is not None and any(found in network for network in networks)


def _plain_address(address: str | None) -> IPv4Address | IPv6Address | None:
    """Return an address without its zone; one of IPv4 that is written as IPv6 is one of IPv4."""
    try:
        found = ip_address((address or "").partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found
