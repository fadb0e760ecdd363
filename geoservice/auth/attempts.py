"""How long the next try to sign in waits, and what failures are counted by: the name that is tried, and the network.

Codes of a name are counted apart from its passwords: whoever has the password gets no new tries by showing it again.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from geoservice.auth.networks import network_of

#: Failures in a row that cost nothing: of a name, and of a network, in which many may sit.
FREE_OF_NAME, FREE_OF_NETWORK = 5, 20
LONGEST_WAIT_S = 15 * 60
#: Without a failure for so long it is counted anew.
WINDOW = timedelta(hours=1)
#: What of an address is counted together.
_BITS_OF_4 = 24


def name_subject(login: str) -> bytes:
    """Return what failures of a name are counted by, 32 bytes; there need be no account of this name."""
    return hashlib.sha256(f"login {login}".encode("utf-8", "replace")).digest()


def code_subject(login: str) -> bytes:
    """Return what wrong codes of a name are counted by, whose password was right, 32 bytes."""
    return hashlib.sha256(f"code {login}".encode("utf-8", "replace")).digest()


def network_subject(address: str | None) -> bytes:
    """Return what failures from an address are counted by, 32 bytes: those of its network."""
    network = network_of(address, bits_of_4=_BITS_OF_4) or "unknown"
    return hashlib.sha256(f"network {network}".encode()).digest()


def wait_s(failures: int, *, free: int) -> float:
    """Return how long the next try waits after so many failures: 0 below the free ones, then 1, 2, 4 … 900 s."""
    if failures < free:
        return 0
    return float(min(LONGEST_WAIT_S, 2 ** min(failures - free, 20)))
