"""What of an address is counted together."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

#: What one customer of a provider usually has of IPv6.
_BITS_OF_6 = 64


def network_of(address: str | None, *, bits_of_4: int) -> IPv4Network | IPv6Network | None:
    """Return the network of an address, so many bits of IPv4 and 64 of IPv6; None: it is no address."""
    try:
        found = ip_address((address or "").partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return ip_network(f"{found}/{bits_of_4 if found.version == 4 else _BITS_OF_6}", strict=False)
