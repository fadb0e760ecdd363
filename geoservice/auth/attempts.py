"""How long the next try to sign in waits, and what failures are counted by: the name that is tried, and the network."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

#: Failures in a row that cost nothing: of a name, and of a network, in which many may sit.
FREE_OF_NAME, FREE_OF_NETWORK = 5, 20
LONGEST_WAIT_S = 15 * 60
#: Without a failure for so long it is counted anew.
WINDOW = timedelta(hours=1)
#: What of an address is counted together: what one customer of a provider usually has.
_PREFIXES = {4: 24, 6: 64}


def name_subject(login: str) -> bytes:
    """Return what failures of a name are counted by, 32 bytes; there need be no account of this name."""
    return hashlib.sha256(f"login {login}".encode("utf-8", "replace")).digest()


def network_subject(address: str | None) -> bytes:
    """Return what failures from an address are counted by, 32 bytes: those of its network."""
    return hashlib.sha256(f"network {_network(address)}".encode()).digest()


def wait_s(failures: int, *, free: int) -> float:
    """Return how long the next try waits after so many failures: 0 below the free ones, then 1, 2, 4 … 900 s."""
    if failures < free:
        return 0
    return float(min(LONGEST_WAIT_S, 2 ** min(failures - free, 20)))


def _network(address: str | None) -> str:
    try:
        found: IPv4Address | IPv6Address = ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return str(ip_network(f"{found}/{_PREFIXES[found.version]}", strict=False))
